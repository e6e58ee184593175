"""What a user may set of a simulation, with mumax3's names and defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.base.constants import GAMMA0


def setting(default: Any, *, at_least: float | None = None, more_than: float | None = None) -> Any:
    """A setting that scripts reach under its name, with the lowest number that makes sense."""
    return field(default=default, metadata={"at_least": at_least, "more_than": more_than})


@dataclass
class Settings:
    """Numbers and switches of a simulation.

    Attributes
    ----------
    MinDt, MaxDt, FixDt : float
        Bounds of the time step and its fixed length, s; 0 for none.
    MaxErr, Headroom : float
        Error of a step that is accepted, and the part of it aimed at, see `stepper`.
    GammaLL : float
        Gyromagnetic ratio in rad/(T s).
    DoPrecess, EnableDemag : bool
        Whether m precesses, and whether there is a demagnetizing field.
    DemagAccuracy : float
        Of the demagnetizing tensor, see `terms.demag_tensor`.
    OpenBC : bool
        Leave DMI out of the edge condition.
    DisableZhangLiTorque, DisableSlonczewskiTorque : bool
        Leave the torques of the current out.
    RelaxTorqueThreshold : float
        Largest torque in T at which Relax ends; not positive: where the torque stalls.
    MinimizerStop, MinimizerSamples
        When Minimize ends, see `minimize`.
    FixedLayerPosition : {1, -1}
        Whether the fixed layer is at the top or the bottom.
    solver : int
        Number of the scheme of integration, see `stepper`.
    dmi_faces : {"3.11", "3.10"}
        Whether one layer of cells has the DMI edge condition at its two faces.
    demag_cache : Path or None
        The folder that keeps demagnetizing tensors (None: they are computed each time).
    """

    MinDt: float = setting(0.0, at_least=0)
    MaxDt: float = setting(0.0, at_least=0)
    MaxErr: float = setting(1e-5, more_than=0)
    Headroom: float = setting(0.8, more_than=0)
    FixDt: float = setting(0.0, at_least=0)
    GammaLL: float = setting(GAMMA0)
    DoPrecess: bool = setting(True)
    EnableDemag: bool = setting(True)
    DemagAccuracy: float = setting(6.0, more_than=0)
    OpenBC: bool = setting(False)
    DisableZhangLiTorque: bool = setting(False)
    DisableSlonczewskiTorque: bool = setting(False)
    RelaxTorqueThreshold: float = setting(-1.0)
    MinimizerStop: float = setting(1e-6, more_than=0)
    MinimizerSamples: int = setting(10)
    FixedLayerPosition: int = 1
    solver: int = 5
    dmi_faces: str = "3.11"
    demag_cache: Path | None = None
