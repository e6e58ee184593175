"""The tables that the kernels read, from the parameters of a simulation."""

from __future__ import annotations

from typing import Any

import numpy as np

from orchestrator.base.constants import (
    BOHR_MAGNETON,
    ELEMENTARY_CHARGE,
    GAMMA0,
    REDUCED_PLANCK,
)
from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels import columns
from orchestrator.engines.cpu.kernels.tables import Tables
from orchestrator.engines.cpu.physics.clock import Clock
from orchestrator.engines.cpu.physics.material import Material
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.parameters import REGIONS
from orchestrator.engines.cpu.physics.settings import Settings
from orchestrator.engines.cpu.physics.state import State
from orchestrator.engines.cpu.physics.tables.couplings import missing_neighbors, next_couplings
from orchestrator.engines.cpu.physics.tables.exchange import Coupling, pair_table
from orchestrator.engines.cpu.physics.tables.segments import Segments, find_segments

_MAPS = ("J", "B_ext", "FixedLayer")
_NO_MAP = np.zeros(0, np.float32)
_NO_CELLS = np.zeros(0, bool)
_NO_NUMBERS = np.zeros(0, np.uint8)


class TableCache:
    """Tables of a simulation, made anew where something they depend on has changed.

    Parameters
    ----------
    state, material, settings, clock
        Parts of the simulation.

    Attributes
    ----------
    crowding : int
        Mean length of the runs of a row, but for one at the edge, below which it is crowded.
    """

    crowding = 64

    def __init__(self, state: State, material: Material, settings: Settings, clock: Clock) -> None:
        self._state, self._material = state, material
        self._settings, self._clock = settings, clock
        self._revision = state.revision
        self._couplings: dict[str, tuple[Any, np.ndarray]] = {}
        self._segments: Segments | None = None
        self._present = np.zeros(1, np.int64)
        self._next: tuple[Any, tuple[np.ndarray, np.ndarray, np.ndarray]] | None = None
        self._constants: tuple[Any, np.ndarray] | None = None
        self._tables: Tables | None = None
        self._key: tuple[Any, ...] | None = None

    def current(self) -> Tables:
        """The tables at the simulation's time.

        Raises
        ------
        EngineError
            If parameters exclude each other or something is not set.
        """
        mesh, material, settings = self._state.grid(), self._material, self._settings
        time = self._clock.time
        if self._revision != self._state.revision:
            self._segments = self._next = self._key = None
            self._revision = self._state.revision
        for parameter in material.tabled:
            parameter.values(time)
        map_varies = any(material.excitations[name].map_varies for name in _MAPS)
        key = (
            mesh, settings.dmi_faces, settings.OpenBC, settings.DoPrecess,
            settings.DisableZhangLiTorque, settings.DisableSlonczewskiTorque,
            settings.FixedLayerPosition,
            material.exchange_coupling.revision, material.dind_coupling.revision,
            *(parameter.revision for parameter in material.tabled),
            time if map_varies else None, self.crowding,
        )  # fmt: skip
        if self._tables is None or key != self._key:
            self._tables = self._make(mesh)
            self._key = key
        return self._tables

    def _make(self, mesh: Mesh) -> Tables:
        state, settings, time = self._state, self._settings, self._clock.time
        excitations = self._material.excitations
        p = {name: values.values(time) for name, values in self._material.parameters.items()}
        bulk, interfacial = bool(p["Dbulk"].any()), bool(p["Dind"].any())
        if bulk and interfacial:
            raise EngineError("Cannot have interfacial-induced DMI and bulk DMI at the same time")
        j, layer = excitations["J"], excitations["FixedLayer"]
        if not j.is_zero and not p["Pol"].any():
            raise EngineError("spin polarization should not be 0")
        periodic = (mesh.pbc[0] > 0, mesh.pbc[1] > 0, mesh.pbc[2] > 0)
        if self._segments is None:
            self._segments = find_segments(state.regions, state.vacuum, periodic)
            self._present = np.nonzero(np.bincount(state.regions.reshape(-1)))[0]
        closed_face = bulk and not settings.OpenBC and settings.dmi_faces == "3.11"

        def flat(name: str) -> np.ndarray:
            extra = excitations[name].map(time)
            return _NO_MAP if extra is None else extra.reshape(-1)

        kind = 1 if bulk else 2 if interfacial else 0
        stiffness = self._coupling("Aex", self._material.exchange_coupling)
        dmi = self._coupling("Dbulk" if bulk else "Dind", self._material.dind_coupling)
        material = self._by_region(mesh, p, stiffness, dmi)
        present = material[:, self._present]
        zhang_li = not j.is_zero and not settings.DisableZhangLiTorque
        slonczewski = not (j.is_zero or layer.is_zero or settings.DisableSlonczewskiTorque)
        acts = np.asarray(present.any(axis=1))
        read = _read(acts, zhang_li, slonczewski)
        tables = Tables(
            shape=np.array(mesh.cells, np.int64),
            per_length=1 / np.array(mesh.cell_size, np.float64),
            periodic=np.array(periodic),
            regions=state.regions.reshape(-1),
            vacuum=state.vacuum.reshape(-1) if state.vacuum.any() else _NO_CELLS,
            starts=self._segments.starts,
            rows=self._segments.rows,
            crowded=mesh.cells[0] // self.crowding + 1,
            material=material,
            read=read,
            acts=acts,
            varies=(present != present[:, :1]).any(axis=1) & read,
            stiffness=stiffness,
            dmi=dmi,
            ahead=_NO_MAP,
            twist=_NO_MAP,
            absent=_NO_NUMBERS,
            field=flat("B_ext"),
            current=flat("J"),
            layer=flat("FixedLayer"),
            kind=kind,
            closed=not settings.OpenBC,
            z_faces=mesh.cells[2] != 1 or (closed_face and not periodic[2]),
            zhang_li=zhang_li,
            slonczewski=slonczewski,
        )
        if (np.diff(tables.rows) > tables.crowded).any():
            ahead, twist, absent = self._couplings_ahead(tables)
            tables = tables._replace(ahead=ahead, twist=twist, absent=absent)
        return tables

    def _couplings_ahead(self, t: Tables) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What crowded rows need of their neighbors, see `couplings`."""
        key = (t.kind, t.closed, t.z_faces, self._pair_key())
        if self._next is None or self._next[0] != key:
            vacuum = self._state.vacuum.reshape(-1)
            around = t.shape, t.periodic, t.regions, vacuum
            axes = 3 if t.shape[2] > 1 else 2
            ahead = next_couplings(*around, t.stiffness, 2 * t.per_length[:axes] ** 2)
            twist, absent = _NO_MAP, _NO_NUMBERS
            if t.kind != 0:
                twisted = axes if t.kind == 1 else 2
                twist = next_couplings(*around, t.dmi, t.per_length[:twisted])
            if t.kind != 0 and t.closed:
                faced = 3 if t.kind == 1 and t.z_faces else 2
                absent = missing_neighbors(t.shape, t.periodic, vacuum, faced)
            self._next = key, (ahead, twist, absent)
        return self._next[1]

    def _pair_key(self) -> tuple[int, ...]:
        """What the couplings of pairs of regions depend on."""
        material = self._material
        used = (material.parameters[name] for name in ("Msat", "Aex", "Dbulk", "Dind"))
        return (
            material.exchange_coupling.revision, material.dind_coupling.revision,
            *(parameter.revision for parameter in used),
        )  # fmt: skip

    def _by_region(
        self, mesh: Mesh, p: dict[str, np.ndarray], stiffness: np.ndarray, dmi: np.ndarray
    ) -> np.ndarray:
        """The table of constants by region, see `columns`."""
        settings, material = self._settings, self._material
        key = (
            mesh, settings.FixedLayerPosition, settings.DoPrecess, *self._pair_key(),
            *(parameter.revision for parameter in material.tabled),
        )  # fmt: skip
        if self._constants is None or self._constants[0] != key:
            own = np.diag(stiffness), np.diag(dmi)
            self._constants = key, _constants(mesh, settings, p, *own)
        table = self._constants[1].copy()
        for column, name in ((columns.B, "B_ext"), (columns.J, "J"), (columns.P, "FixedLayer")):
            table[column : column + 3] = material.excitations[name].values(self._clock.time).T
        return table

    def _coupling(self, name: str, coupling: Coupling) -> np.ndarray:
        used = None if name == "Dbulk" else coupling
        values, msat = self._material.parameters[name], self._material.parameters["Msat"]
        key = (values.revision, msat.revision, coupling.revision)
        kept, table = self._couplings.get(name, (None, None))
        if table is None or kept != key:
            at = self._clock.time
            table = pair_table(values.values(at)[:, 0], msat.values(at)[:, 0], used)
            self._couplings[name] = key, table
        return table


def _constants(
    mesh: Mesh,
    settings: Settings,
    p: dict[str, np.ndarray],
    stiffness: np.ndarray,
    dmi: np.ndarray,
) -> np.ndarray:
    """The columns of the material parameters; stiffness and DMI of the regions with themselves."""
    scalar = {name: values[:, 0].astype(float) for name, values in p.items()}
    msat, xi, alpha = scalar["Msat"], scalar["xi"], scalar["alpha"]
    inverse_ms = np.divide(1, msat, out=np.zeros(REGIONS), where=msat != 0)
    table = np.zeros((columns.COUNT, REGIONS), np.float32)
    table[columns.INVERSE_MS] = inverse_ms
    with np.errstate(divide="ignore"):  # DMI without exchange has no edge condition
        ghost = np.divide(
            0.5 * dmi.astype(float) ** 2, stiffness, out=np.zeros(REGIONS), where=dmi != 0
        )
        table[columns.GHOST] = np.multiply(ghost, inverse_ms, out=np.zeros(REGIONS), where=dmi != 0)
    table[columns.ALPHA] = alpha
    precession = -1 / (1 + alpha**2)
    table[columns.PRECESSION] = precession if settings.DoPrecess else 0
    table[columns.DAMPING] = precession * alpha if settings.DoPrecess else -1
    stt = BOHR_MAGNETON / (2 * ELEMENTARY_CHARGE * GAMMA0)
    transfer = stt * scalar["Pol"] * inverse_ms / (1 + xi**2) * precession
    table[columns.TRANSFER_FIELD] = transfer * (xi - alpha)
    table[columns.TRANSFER_DAMPING] = transfer * (1 + xi * alpha)
    for name in ("Ku1", "Ku2", "Kc1", "Kc2", "Kc3"):
        table[getattr(columns, name.upper())] = scalar[name] * inverse_ms
    table[columns.FROZEN] = scalar["FrozenSpins"]
    c1, c2 = _unit(p["anisC1"]), _unit(p["anisC2"])
    vectors = ((columns.U, _unit(p["anisU"])), (columns.C1, c1), (columns.C2, c2))
    for column, values in (*vectors, (columns.C3, np.cross(c1, c2))):
        table[column : column + 3] = values.T
    thickness = scalar["FreeLayerThickness"]
    whole = mesh.cells[2] * mesh.cell_size[2]
    thickness = settings.FixedLayerPosition * np.where(thickness == 0, whole, thickness)
    per_current = REDUCED_PLANCK / ELEMENTARY_CHARGE * inverse_ms / thickness
    table[columns.SLONCZEWSKI] = per_current * scalar["Pol"]
    table[columns.SECONDARY] = per_current * scalar["EpsilonPrime"]
    table[columns.LAMBDA2] = scalar["Lambda"] ** 2
    return table


def _read(acts: np.ndarray, zhang_li: bool, slonczewski: bool) -> np.ndarray:
    """Which columns the kernels read."""
    c = columns
    read = np.ones(c.COUNT, bool)
    if not zhang_li:
        read[[c.TRANSFER_FIELD, c.TRANSFER_DAMPING]] = False
    if not slonczewski:
        read[[c.ALPHA, c.LAMBDA2, c.SLONCZEWSKI, c.SECONDARY, *range(c.P, c.P + 3)]] = False
    if not acts[[c.KU1, c.KU2]].any():
        read[c.U : c.U + 3] = False
    if not acts[[c.KC1, c.KC2, c.KC3]].any():
        read[c.C1 : c.C3 + 3] = False
    return read


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros(vectors.shape), where=length > 0)
