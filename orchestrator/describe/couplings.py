"""What the current does to the film besides the spin-transfer torque: heat, spin-orbit torque."""

from __future__ import annotations

from orchestrator.base.errors import InputError
from orchestrator.describe.described import described
from orchestrator.describe.material import Material
from orchestrator.describe.plausibility import check_range


@described
class Heat:
    """Joule heat: the film as a whole has one temperature, which follows its power.

    C dT/dt = P - G (T - T0), with T0 the temperature of `conditions`, from which the film starts.

    Parameters
    ----------
    capacity : float, J/(m3 K)
        Heat capacity per volume; about 3.5e6 for metals.
    sink : float, W/(m2 K)
        Thermal conductance of the lower face per area to a sink at T0; about 1e8 between
        a metal and a dielectric. 0 lets no heat out.
    curie : float, K, optional
        Curie temperature. With it Ms, Aex, DMI and Ku1, given at T0, follow the temperature:
        with m = ((1 - T/curie) / (1 - T0/curie))^exponent as m, m^2, m^2 and m^3.
    exponent : float
        Of the magnetization.
    """

    capacity: float
    sink: float = 0.0
    curie: float | None = None
    exponent: float = 1 / 3

    def __post_init__(self) -> None:
        check_range("capacity", self.capacity, 1e3, 1e8, "J/(m3 K)")
        check_range("sink", self.sink, 0, 1e12, "W/(m2 K)")
        if self.curie is not None:
            check_range("curie", self.curie, 1, 1e4, "K")
        check_range("exponent", self.exponent, 0.1, 1)

    def constants(self, material: Material, T0: float, T: float) -> dict[str, float]:
        """Material constants at T (K), by mumax3's names; none without a Curie temperature.

        Raises
        ------
        InputError
            At and above the Curie temperature.
        """
        if self.curie is None:
            return {}
        if self.curie <= T:
            raise InputError(
                f"heat.curie: the film reaches {T:.4g} K, its Curie temperature is "
                f"{self.curie:g} K; take less voltage, shorter pulses or a better sink"
            )
        m = ((1 - T / self.curie) / (1 - T0 / self.curie)) ** self.exponent
        at_rest = {
            "Msat": (material.Ms, 1),
            "Aex": (material.Aex, 2),
            "Dbulk": (material.Dbulk, 2),
            "Dind": (material.Dind, 2),
            "Ku1": (material.Ku1, 3),
        }
        return {name: value * m**power for name, (value, power) in at_rest.items() if value}


@described
class SpinOrbit:
    """Spin-orbit torque of the current in a layer under the film.

    The layer's current density is taken as `share` times that of the film's lowest cells. With
    s = z x j, z pointing from the layer into the film, and a = hbar share / (2 e Ms thickness), the
    film feels the fields damping_like a (m x s) and field_like a s: a positive damping-like
    efficiency pulls m towards s.

    Parameters
    ----------
    share : float
        Current density in the layer over that in the film.
    damping_like, field_like : float
        Efficiencies (spin Hall angle times transparency).
    """

    share: float
    damping_like: float = 0.0
    field_like: float = 0.0

    def __post_init__(self) -> None:
        if not self.share > 0:
            raise ValueError(f"share must be positive, got {self.share:g}")
        check_range("share", self.share, 1e-6, 1e6)
        check_range("damping_like", self.damping_like, -100, 100)
        check_range("field_like", self.field_like, -100, 100)
        if not (self.damping_like or self.field_like):
            raise ValueError("damping_like and field_like are both 0; give one of them")
