"""The magnetic material, in mumax3's names and units."""

from __future__ import annotations

import math

from orchestrator.describe.described import described
from orchestrator.describe.plausibility import check_range


@described
class Material:
    """Magnetic parameters in mumax3's names and units.

    Parameters
    ----------
    Ms : float, A/m
        Saturation magnetization.
    Aex : float, J/m
        Exchange stiffness.
    alpha : float
        Gilbert damping; 0 for none.
    Dbulk : float, J/m2
        Bulk (Bloch) DMI; not with Dind.
    Dind : float, J/m2
        Interfacial (Neel) DMI; not with Dbulk.
    Ku1 : float, J/m3
        First-order uniaxial anisotropy along `axis`.
    axis : (x, y, z)
        Easy axis where Ku1 > 0, in any length.
    P : float
        Spin polarization of the current (mumax3's Pol).
    xi : float
        Non-adiabaticity of the Zhang-Li torque; 0 in the paper's Eq. (3).
    demag : bool
        Whether the demagnetizing field counts.
    """

    Ms: float
    Aex: float
    alpha: float
    Dbulk: float = 0.0
    Dind: float = 0.0
    Ku1: float = 0.0
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    P: float = 1.0
    xi: float = 0.0
    demag: bool = False

    def __post_init__(self) -> None:
        if not self.Ms > 0:
            raise ValueError(f"Ms must be positive (A/m), got {self.Ms:g}")
        check_range("Ms", self.Ms, 1e3, 1e7, "A/m")
        if self.Aex < 0:
            raise ValueError(f"Aex must not be negative (J/m), got {self.Aex:g}")
        if self.Aex > 1e-9:
            raise ValueError(f"Aex = {self.Aex:g} J/m is implausible; expected about 1e-11 J/m")
        if self.Aex:
            check_range("Aex", self.Aex, 1e-16, 1e-9, "J/m")
        if self.alpha < 0:
            raise ValueError(f"alpha must not be negative, got {self.alpha:g}")
        check_range("alpha", self.alpha, 0, 10)
        check_range("xi", self.xi, -100, 100)
        check_range("Ku1", self.Ku1, -1e9, 1e9, "J/m3")
        if self.Dbulk and self.Dind:
            raise ValueError("Dbulk and Dind cannot both be set: mumax3 accepts one DMI at a time")
        if (self.Dbulk or self.Dind) and not self.Aex > 0:
            raise ValueError("DMI needs Aex > 0: its edge condition divides by Aex")
        if abs(self.Dbulk) > 1 or abs(self.Dind) > 1:
            raise ValueError("DMI is given in J/m2; expected about 1e-3 J/m2")
        if abs(self.P) > 1:
            raise ValueError(f"|P| must be at most 1, got {self.P:g}")
        if self.Ku1 and not any(self.axis):
            raise ValueError("axis must not be the zero vector when Ku1 is set")
        if any(self.axis):
            check_range("the length of axis", math.hypot(*self.axis), 1e-6, 1e6)

    @property
    def helix_pitch(self) -> float:
        """Period 4 pi Aex / |D| in m of the free helix; inf without DMI."""
        d = abs(self.Dbulk) + abs(self.Dind)
        return 4 * math.pi * self.Aex / d if d else math.inf
