"""Which name of the script language means what in a world."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from orchestrator.engines.cpu.commands.coupling import CouplingCommands
from orchestrator.engines.cpu.commands.custom import CustomCommands
from orchestrator.engines.cpu.commands.extras import ExtraCommands
from orchestrator.engines.cpu.commands.output import OutputCommands
from orchestrator.engines.cpu.commands.picture import PictureCommands
from orchestrator.engines.cpu.commands.run import RunCommands
from orchestrator.engines.cpu.commands.space import SpaceCommands
from orchestrator.engines.cpu.commands.window import WindowCommands
from orchestrator.engines.cpu.geometry.configs import CONFIGS, Config
from orchestrator.engines.cpu.geometry.grains import grain_roughness
from orchestrator.engines.cpu.geometry.shapes import SHAPES
from orchestrator.engines.cpu.language.clock import now, since
from orchestrator.engines.cpu.language.errors import FatalError
from orchestrator.engines.cpu.language.values import (
    ScalarFunction,
    VectorFunction,
    go_format,
    vector,
)
from orchestrator.engines.cpu.output.table import Column
from orchestrator.engines.cpu.physics.energies import ENERGIES, energy, energy_density
from orchestrator.engines.cpu.physics.fields import FIELDS, field, max_torque
from orchestrator.engines.cpu.physics.terms.registered import TERMS
from orchestrator.engines.cpu.script.faces import (
    Geometry,
    Magnetization,
    Regions,
    ScalarExcitation,
    ScalarParameter,
    VectorExcitation,
    VectorParameter,
)
from orchestrator.engines.cpu.script.quantities import ScalarField, ScalarValue, VectorField
from orchestrator.engines.cpu.script.world import World

_ELSEWHERE = {
    "the force of magnetoelastic coupling": "F_mel",
    "tools of mumax3's extensions": (
        "ext_make3dgrains ext_grainCutShape ext_hopfindex_solidangle ext_hopfindex_twopointstencil "
        "ext_hopfindex_fivepointstencil ext_hopfindex_solidanglefourier "
        "ext_hopfindexdensity_solidangle ext_hopfindexdensity_twopointstencil "
        "ext_hopfindexdensity_fivepointstencil ext_emergentmagneticfield_solidangle "
        "ext_emergentmagneticfield_twopointstencil ext_emergentmagneticfield_fivepointstencil"
    ),
    "magnetic force microscopy": "MFM MFMLift MFMDipole",
    "it comes with mumax3.12": "CustomQuantity CellIndices CurrentMag ext_grainboundaries ExpectB",
    "since mumax3.10 its name is EdgeCarryShift": "FudgeShift",
    "the way of amumax; here SetGridSize(nx, ny, nz)": "Nx Ny Nz",
    "the way of amumax; here SetCellSize(cx, cy, cz)": "dx dy dz",
    "the way of amumax; here SetGridSize and SetCellSize": "Tx Ty Tz AutoMeshx AutoMeshy AutoMeshz",
    "the way of amumax; here SetPBC(px, py, pz)": "PBCx PBCy PBCz",
    "amumax's name for Save": "SaveOvf",
    "amumax's name for SaveAs": "SaveOvfAs",
    "amumax's name for AutoSave": "AutoSaveOvf",
    "amumax's name for LoadFile": "LoadOvfFile",
    "only amumax has it": (
        "SaveAsChunk AutoSaveAsChunk Chunk ShapeFromRegion MinimizeMaxSteps MinimizeMaxTimeSeconds"
    ),
}
"""Names of mumax3, its other versions and its fork that are refused, by the reason."""


def declare_names(world: World) -> None:
    """Give a world all the names that scripts may use, and note those refused."""
    names = world.names
    _declare_objects(world)
    _declare_fields(world)
    _declare_energies(world)
    _declare_settings(world)
    names.declare_functions(*SHAPES, *CONFIGS, grain_roughness, vector, now, since)
    output = OutputCommands(world)
    for commands in (
        SpaceCommands(world), RunCommands(world), output, PictureCommands(world, output),
        CustomCommands(world), WindowCommands(world), ExtraCommands(world),
        CouplingCommands(world),
    ):  # fmt: skip
        names.declare_commands(commands)
    for what, refused in _ELSEWHERE.items():
        names.refuse(refused.split(), what)


def _declare_objects(world: World) -> None:
    names, material = world.names, world.sim.material
    m = Magnetization(world)
    world.record.table.add(Column(m.name, m.unit, m.components, m.averages))
    names.declare_object("m", m, m.set, Config)
    names.declare_object("regions", Regions(world))
    names.declare_object("geom", Geometry(world))
    faces: dict[str, ScalarParameter | VectorParameter | ScalarExcitation | VectorExcitation] = {}
    for name, parameter in material.parameters.items():
        of_parameter = ScalarParameter if parameter.components == 1 else VectorParameter
        faces[name] = of_parameter(world, name, parameter)
    for name, excitation in material.excitations.items():
        of_excitation = ScalarExcitation if excitation.components == 1 else VectorExcitation
        faces[name] = of_excitation(world, name, excitation)
    for name, face in faces.items():
        input_type = ScalarFunction if face.components == 1 else VectorFunction
        names.declare_object(name, face, face.assign, input_type)


def _declare_fields(world: World) -> None:
    names, sim, grid = world.names, world.sim, world.space

    def evaluated(name: str) -> np.ndarray:
        world.magnet.ensure()
        return field(sim, name)

    def full() -> np.ndarray:
        moment = sim.values("Msat")[grid.regions()] * grid.fill()
        return np.asarray(moment[..., None] * world.magnet.values(), dtype=np.float32)

    for name, unit in (FIELDS | {f"B_{kind.name}": "T" for kind in TERMS}).items():
        quantity = VectorField(grid, name, unit, 3, partial(evaluated, name))
        names.declare_object(name, quantity)
    names.declare_object("m_full", VectorField(grid, "m_full", "A/m", 3, full))


def _declare_energies(world: World) -> None:
    names, sim, grid = world.names, world.sim, world.space

    def density(name: str) -> np.ndarray:
        world.magnet.ensure()
        return np.asarray(energy_density(sim, name), np.float32)[..., None]

    def whole(name: str) -> float:
        world.magnet.ensure()
        return energy(sim, name)

    for part in (*ENERGIES, *(kind.name for kind in TERMS)):
        name, of = f"E_{part}", f"Edens_{part}"
        names.declare_object(of, ScalarField(grid, of, "J/m3", 1, partial(density, of)))
        names.declare_object(name, ScalarValue(grid, name, "J", partial(whole, name)))


def _declare_settings(world: World) -> None:
    names, sim, grid = world.names, world.sim, world.space
    for setting in dataclasses.fields(sim.settings):
        if setting.metadata:
            name = setting.name
            names.declare_variable(
                name,
                type(setting.default),
                partial(getattr, sim.settings, name),
                partial(_set, sim.settings, setting),
            )
    clock, moments, space = sim.clock, world.moments, world.space
    names.declare_variable("step", int, lambda: clock.step, partial(setattr, clock, "step"))
    names.declare_variable("t", float, moments.time, moments.set_time, is_time=True)
    names.declare_variable(
        "EdgeSmooth", int, lambda: space.edge_smooth, partial(setattr, space, "edge_smooth")
    )

    def largest() -> float:
        world.magnet.ensure()
        return max_torque(sim)

    values: dict[str, tuple[str, Callable[[], float]]] = {
        "maxTorque": ("T", largest), "dt": ("s", lambda: clock.dt),
        "LastErr": ("", lambda: clock.last_err), "PeakErr": ("", lambda: clock.peak_err),
        "NEval": ("", lambda: float(clock.neval)),
    }  # fmt: skip
    for name, (unit, read) in values.items():
        names.declare_object(name, ScalarValue(grid, name, unit, read))


def _set(settings: Any, setting: dataclasses.Field[Any], value: Any) -> None:
    """Set a number or switch.

    Raises
    ------
    FatalError
        If a number makes no sense there.
    """
    at_least, more_than = setting.metadata["at_least"], setting.metadata["more_than"]
    bounded = at_least is not None or more_than is not None
    low = (at_least is not None and value < at_least) or (
        more_than is not None and value <= more_than
    )
    if bounded and (not math.isfinite(value) or low):
        words = f"at least {at_least:g}" if more_than is None else f"more than {more_than:g}"
        raise FatalError(f"{setting.name} must be {words}, not {go_format(value)}")
    setattr(settings, setting.name, value)
