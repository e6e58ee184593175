"""Which name of the script language means what in a world."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.engines.cpu.commands.coupling import CouplingCommands
from orchestrator.engines.cpu.commands.custom import CustomCommands
from orchestrator.engines.cpu.commands.extras import ExtraCommands
from orchestrator.engines.cpu.commands.output import OutputCommands
from orchestrator.engines.cpu.commands.picture import PictureCommands
from orchestrator.engines.cpu.commands.run import RunCommands
from orchestrator.engines.cpu.commands.space import SpaceCommands
from orchestrator.engines.cpu.commands.window import WindowCommands
from orchestrator.engines.cpu.language.clock import now, since
from orchestrator.engines.cpu.language.errors import FatalError
from orchestrator.engines.cpu.language.values import (
    ScalarFunction,
    VectorFunction,
    go_format,
    vector,
)
from orchestrator.engines.cpu.physics.configs import CONFIGS, Config
from orchestrator.engines.cpu.physics.grains import grain_roughness
from orchestrator.engines.cpu.physics.shapes import SHAPES
from orchestrator.engines.cpu.script.faces import (
    Excitation,
    Geometry,
    Magnetization,
    Regions,
    ScalarParameter,
    VectorParameter,
)
from orchestrator.engines.cpu.script.quantities import ScalarField, ScalarValue, VectorField

if TYPE_CHECKING:
    from orchestrator.engines.cpu.physics.simulation import Simulation
    from orchestrator.engines.cpu.script.world import World

_FIELDS = {
    "B_eff": "T", "B_exch": "T", "B_anis": "T", "B_demag": "T", "B_therm": "T", "torque": "T",
    "LLtorque": "T", "STTorque": "T",
}  # fmt: skip
_ENERGIES = ("exch", "anis", "demag", "Zeeman", "therm")
_SETTINGS: dict[str, tuple[str, type]] = {
    "MinDt": ("MinDt", float), "MaxDt": ("MaxDt", float), "MaxErr": ("MaxErr", float),
    "Headroom": ("Headroom", float), "FixDt": ("FixDt", float), "GammaLL": ("GammaLL", float),
    "DoPrecess": ("DoPrecess", bool), "EnableDemag": ("EnableDemag", bool),
    "DemagAccuracy": ("DemagAccuracy", float), "OpenBC": ("OpenBC", bool),
    "DisableZhangLiTorque": ("DisableZhangLiTorque", bool),
    "DisableSlonczewskiTorque": ("DisableSlonczewskiTorque", bool),
    "RelaxTorqueThreshold": ("RelaxTorqueThreshold", float),
    "MinimizerStop": ("MinimizerStop", float), "MinimizerSamples": ("MinimizerSamples", int),
    "step": ("step", int),
}  # fmt: skip
_LOWEST: dict[str, tuple[float, bool]] = {
    "MinDt": (0.0, False), "MaxDt": (0.0, False), "FixDt": (0.0, False), "MaxErr": (0.0, True),
    "Headroom": (0.0, True), "DemagAccuracy": (0.0, True), "MinimizerStop": (0.0, True),
}  # fmt: skip
"""Lowest value of a setting, and whether it is excluded."""
_PARAMETERS = (
    "Msat", "Aex", "Ku1", "Ku2", "Kc1", "Kc2", "Kc3", "anisU", "anisC1", "anisC2", "Dbulk", "Dind",
    "alpha", "xi", "Pol", "Lambda", "EpsilonPrime", "Temp", "FrozenSpins", "NoDemagSpins",
    "FreeLayerThickness",
)  # fmt: skip
_EXCITATIONS = ("J", "B_ext", "FixedLayer")
_ELSEWHERE = {
    "magnetoelastic coupling": ("B1 B2 exx eyy ezz exy exz eyz B_mel F_mel Edens_mel E_mel"),
    "tools of mumax3's extensions": (
        "ext_make3dgrains ext_grainCutShape ext_hopfindex_solidangle ext_hopfindex_twopointstencil "
        "ext_hopfindex_fivepointstencil ext_hopfindex_solidanglefourier "
        "ext_hopfindexdensity_solidangle ext_hopfindexdensity_twopointstencil "
        "ext_hopfindexdensity_fivepointstencil ext_emergentmagneticfield_solidangle "
        "ext_emergentmagneticfield_twopointstencil ext_emergentmagneticfield_fivepointstencil"
    ),
    "magnetic force microscopy": "MFM MFMLift MFMDipole",
}


def declare_names(world: World) -> None:
    """Give a world all the names that scripts may use, and note those refused."""
    _declare_objects(world)
    _declare_fields(world)
    _declare_settings(world)
    world.declare_functions(*SHAPES, *CONFIGS, grain_roughness, vector, now, since)
    output = OutputCommands(world)
    for commands in (
        SpaceCommands(world), RunCommands(world), output, PictureCommands(world, output),
        CustomCommands(world), WindowCommands(world), ExtraCommands(world),
        CouplingCommands(world),
    ):  # fmt: skip
        world.declare_commands(commands)
    for what, names in _ELSEWHERE.items():
        for name in names.split():
            world.unsupported.setdefault(name.lower(), what)
    for name in ("relax", "minimize"):
        if not hasattr(world.sim, name):
            del world.scope.names[name]
    for name in (*_PARAMETERS, *_EXCITATIONS, *_SETTINGS, "relax", "minimize"):
        world.unsupported.setdefault(name.lower(), "its physics is not part of this engine")


def _declare_objects(world: World) -> None:
    m = Magnetization(world)
    world.table.add(m)
    world.declare_object("m", m, m.set, Config)
    world.declare_object("regions", Regions(world))
    world.declare_object("geom", Geometry(world))
    for name in _PARAMETERS:
        if (table := world.sim.parameters.get(name)) is not None:
            kind, input_type = (
                (ScalarParameter, ScalarFunction)
                if table.components == 1
                else (VectorParameter, VectorFunction)
            )
            parameter: Any = kind(world, name, table.unit, table)
            world.declare_object(name, parameter, parameter.assign, input_type)
    for name in _EXCITATIONS:
        if (excited := world.sim.excitations.get(name)) is not None:
            excitation = Excitation(world, name, excited.unit, excited)
            world.declare_object(name, excitation, excitation.assign, VectorFunction)


def _declare_fields(world: World) -> None:
    def field(name: str) -> np.ndarray:
        world.magnetize()
        return world.sim.field(name)

    def full() -> np.ndarray:
        msat = world.sim.parameters["Msat"].values(world.sim.time)[:, 0]
        moment = msat[world.regions()] * world.fill()
        return np.asarray(moment[..., None] * world.magnetization(), dtype=np.float32)

    def value(name: str, unit: str, read: Callable[[], float]) -> None:
        world.declare_object(name, ScalarValue(world, name, unit, read))

    def energy(name: str) -> float:
        world.magnetize()
        return world.sim.energy(name)

    for name, unit in _FIELDS.items():
        world.declare_object(name, VectorField(world, name, unit, 3, partial(field, name)))
    world.declare_object("m_full", VectorField(world, "m_full", "A/m", 3, full))

    def density(name: str) -> np.ndarray:
        world.magnetize()
        return np.asarray(world.sim.energy_density(name), np.float32)[..., None]

    for part in ("total", *_ENERGIES):
        name = f"Edens_{part}"
        world.declare_object(name, ScalarField(world, name, "J/m3", 1, partial(density, name)))
        value(f"E_{part}", "J", partial(energy, f"E_{part}"))
    sim = world.sim

    def max_torque() -> float:
        world.magnetize()
        return sim.max_torque()

    value("maxTorque", "T", max_torque)
    value("dt", "s", lambda: sim.dt)
    value("LastErr", "", lambda: sim.last_err)
    value("PeakErr", "", lambda: sim.peak_err)
    value("NEval", "", lambda: float(sim.neval))


def _set(sim: Simulation, name: str, value: Any) -> None:
    """Set a number or switch of the simulation.

    Raises
    ------
    FatalError
        If a number makes no sense there.
    """
    if (lowest := _LOWEST.get(name)) is not None:
        bound, excluded = lowest
        if not math.isfinite(value) or value < bound or (excluded and value == bound):
            words = "more than" if excluded else "at least"
            raise FatalError(f"{name} must be {words} {bound:g}, not {go_format(value)}")
    setattr(sim, name, value)


def _declare_settings(world: World) -> None:
    sim = world.sim
    for name, (attribute, kind) in _SETTINGS.items():
        if hasattr(sim, attribute):
            world.declare_variable(
                name, kind, partial(getattr, sim, attribute), partial(_set, sim, attribute)
            )
    world.declare_variable("t", float, world.time, partial(setattr, sim, "time"), is_time=True)
    world.declare_variable(
        "EdgeSmooth",
        int,
        lambda: world.edge_smooth,
        partial(setattr, world, "edge_smooth"),
    )
