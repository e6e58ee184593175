"""Which name of the script language means what in a world."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.engines.cpu.commands_output import OutputCommands
from orchestrator.engines.cpu.commands_run import RunCommands
from orchestrator.engines.cpu.commands_space import SpaceCommands
from orchestrator.engines.cpu.configs import CONFIGS, Config
from orchestrator.engines.cpu.faces import (
    Excitation,
    Geometry,
    Magnetization,
    Regions,
    ScalarParameter,
    VectorParameter,
)
from orchestrator.engines.cpu.language.values import ScalarFunction, VectorFunction, vector
from orchestrator.engines.cpu.quantities import ScalarValue, VectorField
from orchestrator.engines.cpu.shapes import SHAPES

if TYPE_CHECKING:
    from orchestrator.engines.cpu.world import World

_FIELDS = {
    "B_eff": "T", "B_exch": "T", "B_anis": "T", "B_demag": "T", "torque": "T", "LLtorque": "T",
    "STTorque": "T",
}  # fmt: skip
_ENERGIES = {"exch": "E_exch", "anis": "E_anis", "demag": "E_demag", "zeeman": "E_Zeeman"}
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
_PARAMETERS = (
    "Msat", "Aex", "Ku1", "Ku2", "Kc1", "Kc2", "Kc3", "anisU", "anisC1", "anisC2", "Dbulk", "Dind",
    "alpha", "xi", "Pol", "Lambda", "EpsilonPrime", "Temp", "FrozenSpins", "NoDemagSpins",
    "FreeLayerThickness",
)  # fmt: skip
_EXCITATIONS = ("J", "B_ext", "FixedLayer")
_ELSEWHERE = {
    "magnetoelastic coupling": ("B1 B2 exx eyy ezz exy exz eyz B_mel F_mel Edens_mel E_mel"),
    "tools of mumax3's extensions": (
        "ext_make3dgrains ext_rmSurfaceCharge ext_centerBubble ext_dwtilt ext_corepos ext_phi "
        "ext_theta ext_InitGeomFromOVF ext_makegrains ext_grainCutShape ext_hopfindex_solidangle "
        "ext_bubblepos ext_bubbledist ext_bubblespeed ext_BubbleMz ext_BackGroundTilt "
        "ext_centerWall ext_centerWallInRegion ext_centerWallInLayer ext_dwpos ext_dwxpos "
        "ext_dwspeed ext_enableCenterBubbleX ext_enableCenterBubbleY ext_topologicalchargelattice "
        "ext_topologicalchargedensity ext_topologicalchargedensitylattice ext_topologicalcharge "
        "ext_hopfindex_twopointstencil ext_hopfindex_fivepointstencil "
        "ext_hopfindex_solidanglefourier"
    ),
    "moving simulation window": (
        "Shift EdgeCarryShift ShiftMagL ShiftMagR ShiftMagU ShiftMagD ShiftM ShiftGeom "
        "ShiftRegions TotalShift"
    ),
    "custom fields": (
        "AddFieldTerm AddEdensTerm RemoveCustomFields RemoveCustomEnergies B_custom Edens_custom "
        "E_custom Add Madd Mul Div Dot Cross MulMV Const ConstVector Shifted Masked Normalized "
        "RunningAverage Sum SumVector"
    ),
    "coupling between two regions": (
        "ext_ScaleExchange ext_InterExchange ext_ScaleDind ext_InterDind"
    ),
    "magnetic force microscopy": "MFM MFMLift MFMDipole",
    "thermal fields": "ThermSeed B_therm E_therm Edens_therm",
    "coupling maps": "ExchCoupling DindCoupling spinAngle MaxAngle",
    "pictures and dump files": "DUMP Snapshot SnapshotAs AutoSnapshot SnapshotFormat",
    "energy densities": "Edens_total Edens_exch Edens_anis Edens_demag Edens_Zeeman",
    "clocks": "now since",
    "the position of a fixed layer": "FixedLayerPosition FIXEDLAYER_TOP FIXEDLAYER_BOTTOM",
    "rough surfaces": "GrainRoughness HopfionCompactSupport",
}


def declare_names(world: World) -> None:
    """Give a world all the names that scripts may use, and note those refused."""
    _declare_objects(world)
    _declare_fields(world)
    _declare_settings(world)
    world.declare_functions(*SHAPES, *CONFIGS, vector)
    for commands in (SpaceCommands(world), RunCommands(world), OutputCommands(world)):
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
    for name in ("E_total", *_ENERGIES.values()):
        value(name, "J", partial(energy, name))
    sim = world.sim

    def max_torque() -> float:
        world.magnetize()
        return sim.max_torque()

    value("maxTorque", "T", max_torque)
    value("dt", "s", lambda: sim.dt)
    value("LastErr", "", lambda: sim.last_err)
    value("PeakErr", "", lambda: sim.peak_err)
    value("NEval", "", lambda: float(sim.neval))


def _declare_settings(world: World) -> None:
    sim = world.sim
    for name, (attribute, kind) in _SETTINGS.items():
        if hasattr(sim, attribute):
            world.declare_variable(
                name, kind, partial(getattr, sim, attribute), partial(setattr, sim, attribute)
            )
    world.declare_variable("t", float, world.time, partial(setattr, sim, "time"), is_time=True)
    world.declare_variable(
        "EdgeSmooth",
        int,
        lambda: world.edge_smooth,
        partial(setattr, world, "edge_smooth"),
    )
