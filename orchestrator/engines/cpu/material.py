"""The tables that the kernels read, from the parameters of a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.engines.cpu import columns
from orchestrator.engines.cpu.constants import (
    BOHR_MAGNETON,
    ELEMENTARY_CHARGE,
    GAMMA0,
    REDUCED_PLANCK,
)
from orchestrator.engines.cpu.exchange_table import pair_table
from orchestrator.engines.cpu.parameters import REGIONS
from orchestrator.engines.cpu.segments import Segments, find_segments
from orchestrator.engines.cpu.tables import Tables
from orchestrator.errors import EngineError

if TYPE_CHECKING:
    from orchestrator.engines.cpu.simulation import Simulation

_NO_MAP = np.zeros(0, np.float32)


class TableCache:
    """Tables of a simulation, made anew where something they depend on has changed.

    Attributes
    ----------
    crowding : int
        Mean length of the runs of a row below which it counts as crowded.
    """

    crowding = 16

    def __init__(self) -> None:
        self._couplings: dict[str, tuple[Any, np.ndarray]] = {}
        self._segments: Segments | None = None
        self._constants: tuple[Any, np.ndarray] | None = None
        self._tables: Tables | None = None
        self._key: tuple[Any, ...] | None = None

    def forget_cells(self) -> None:
        """The regions or the vacuum have changed."""
        self._segments = self._key = None

    def current(self, sim: Simulation) -> Tables:
        """The tables at the simulation's time.

        Raises
        ------
        EngineError
            If parameters exclude each other or something is not set.
        """
        if sim.mesh is None:
            raise EngineError("the grid is not set: SetGridSize and SetCellSize come first")
        everything = [*sim.parameters.values(), *sim.excitations.values()]
        for parameter in everything:
            parameter.values(sim.time)
        map_varies = any(excitation.map_varies for excitation in sim.excitations.values())
        key = (
            sim.mesh, sim.dmi_faces, sim.OpenBC, sim.DoPrecess,
            sim.DisableZhangLiTorque, sim.DisableSlonczewskiTorque, sim.FixedLayerPosition,
            sim.exchange_coupling.revision, sim.dind_coupling.revision,
            *(parameter.revision for parameter in everything),
            sim.time if map_varies else None,
        )  # fmt: skip
        if self._tables is None or key != self._key:
            self._tables = self._make(sim)
            self._key = key
        return self._tables

    def _make(self, sim: Simulation) -> Tables:
        mesh = sim.mesh
        assert mesh is not None
        p = {name: parameter.values(sim.time) for name, parameter in sim.parameters.items()}
        bulk, interfacial = bool(p["Dbulk"].any()), bool(p["Dind"].any())
        if bulk and interfacial:
            raise EngineError("Cannot have interfacial-induced DMI and bulk DMI at the same time")
        j, layer = sim.excitations["J"], sim.excitations["FixedLayer"]
        if not j.is_zero and not p["Pol"].any():
            raise EngineError("spin polarization should not be 0")
        periodic = (mesh.pbc[0] > 0, mesh.pbc[1] > 0, mesh.pbc[2] > 0)
        if self._segments is None:
            self._segments = find_segments(sim.regions, sim.vacuum, periodic)
        closed_face = bulk and not sim.OpenBC and sim.dmi_faces == "3.11"

        def flat(name: str) -> np.ndarray:
            extra = sim.excitations[name].map(sim.time)
            return _NO_MAP if extra is None else extra.reshape(-1)

        return Tables(
            shape=np.array(mesh.cells, np.int64),
            per_length=1 / np.array(mesh.cell_size, np.float64),
            periodic=np.array(periodic),
            regions=sim.regions.reshape(-1),
            starts=self._segments.starts,
            rows=self._segments.rows,
            crowded=mesh.cells[0] // self.crowding,
            material=self._material(sim, p),
            stiffness=self._coupling("Aex", sim, sim.exchange_coupling),
            dmi=self._coupling("Dbulk" if bulk else "Dind", sim, sim.dind_coupling),
            field=flat("B_ext"),
            current=flat("J"),
            layer=flat("FixedLayer"),
            kind=1 if bulk else 2 if interfacial else 0,
            closed=not sim.OpenBC,
            z_faces=mesh.cells[2] != 1 or (closed_face and not periodic[2]),
            precess=sim.DoPrecess,
            zhang_li=not j.is_zero and not sim.DisableZhangLiTorque,
            slonczewski=not (j.is_zero or layer.is_zero or sim.DisableSlonczewskiTorque),
        )

    def _material(self, sim: Simulation, p: dict[str, np.ndarray]) -> np.ndarray:
        """The table of constants by region, see `columns`."""
        key = (sim.mesh, sim.FixedLayerPosition, *(q.revision for q in sim.parameters.values()))
        if self._constants is None or self._constants[0] != key:
            self._constants = key, _constants(sim, p)
        table = self._constants[1].copy()
        for column, name in ((columns.B, "B_ext"), (columns.J, "J"), (columns.P, "FixedLayer")):
            table[:, column : column + 3] = sim.excitations[name].values(sim.time)
        return table

    def _coupling(self, name: str, sim: Simulation, coupling: Any) -> np.ndarray:
        used = None if name == "Dbulk" else coupling
        values, msat = sim.parameters[name], sim.parameters["Msat"]
        key = (values.revision, msat.revision, coupling.revision)
        kept, table = self._couplings.get(name, (None, None))
        if table is None or kept != key:
            at = sim.time
            table = pair_table(values.values(at)[:, 0], msat.values(at)[:, 0], used)
            self._couplings[name] = key, table
        return table


def _constants(sim: Simulation, p: dict[str, np.ndarray]) -> np.ndarray:
    """The columns of the material parameters."""
    assert sim.mesh is not None
    scalar = {name: values[:, 0].astype(float) for name, values in p.items()}
    msat, xi = scalar["Msat"], scalar["xi"]
    inverse_ms = np.divide(1, msat, out=np.zeros(REGIONS), where=msat != 0)
    table = np.zeros((REGIONS, columns.COUNT), np.float32)
    table[:, columns.INVERSE_MS] = inverse_ms
    table[:, columns.ALPHA] = scalar["alpha"]
    table[:, columns.XI] = xi
    stt = BOHR_MAGNETON / (2 * ELEMENTARY_CHARGE * GAMMA0)
    table[:, columns.ZHANG_LI] = stt * scalar["Pol"] * inverse_ms / (1 + xi**2)
    for name in ("Ku1", "Ku2", "Kc1", "Kc2", "Kc3"):
        table[:, getattr(columns, name.upper())] = scalar[name] * inverse_ms
    table[:, columns.FROZEN] = scalar["FrozenSpins"]
    c1, c2 = _unit(p["anisC1"]), _unit(p["anisC2"])
    vectors = ((columns.U, _unit(p["anisU"])), (columns.C1, c1), (columns.C2, c2))
    for column, values in (*vectors, (columns.C3, np.cross(c1, c2))):
        table[:, column : column + 3] = values
    thickness = scalar["FreeLayerThickness"]
    whole = sim.mesh.cells[2] * sim.mesh.cell_size[2]
    thickness = sim.FixedLayerPosition * np.where(thickness == 0, whole, thickness)
    per_current = REDUCED_PLANCK / ELEMENTARY_CHARGE * inverse_ms / thickness
    table[:, columns.SLONCZEWSKI] = per_current * scalar["Pol"]
    table[:, columns.SECONDARY] = per_current * scalar["EpsilonPrime"]
    table[:, columns.LAMBDA2] = scalar["Lambda"] ** 2
    return table


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros(vectors.shape), where=length > 0)
