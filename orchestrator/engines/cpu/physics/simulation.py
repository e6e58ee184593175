"""The state of a simulation: grid, parameters, magnetization, fields and torque.

Fields that are not local enter as terms. A module that brings one has a function
`install(sim: Simulation) -> None`, listed in `_install_terms`, which

- puts a `FieldTerm` into `sim.terms` under its name, for the fields and energies of that name;
- puts further material parameters into `sim.parameters` (names as in mumax3);
- sets its settings as attributes of the simulation (names as in mumax3).

The fields of all active terms are summed in one preallocated array and enter the torque with the
local field; without an active term there is no such array. Parameters by region and cell come from
`sim.cell_values(name)`. A cell where `FrozenSpins` is not zero has no torque and keeps its bits.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels import local as kernels
from orchestrator.engines.cpu.kernels import step as kernels_step
from orchestrator.engines.cpu.physics.constants import GAMMA0
from orchestrator.engines.cpu.physics.exchange_table import Coupling
from orchestrator.engines.cpu.physics.material import TableCache
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.parameters import Excitation, material_parameters
from orchestrator.engines.cpu.physics.terms import FieldTerm

if TYPE_CHECKING:
    from orchestrator.engines.cpu.physics.thermal import ThermalField

CELLS_PER_THREAD = 1 << 16
"""With fewer cells a further thread costs more than it saves."""
_NO_FIELD = np.zeros(0, np.float32)
_LOCAL_FIELDS = {
    "b_exch": kernels.EXCHANGE,
    "b_anis": kernels.ANISOTROPY,
    "b_eff": kernels.EXCHANGE | kernels.ANISOTROPY | kernels.EXTERNAL,
}


class Simulation:
    """A magnet on a grid, with mumax3's parameters under their names.

    Attributes
    ----------
    parameters, excitations : dict
        Regional parameters (`Msat`, `Aex`, ...) and the excitations `J` (A/m2), `B_ext` (T) and
        `FixedLayer` (direction; Slonczewski torque where it is not zero).
    FixedLayerPosition : {1, -1}
        Whether the fixed layer is at the top or the bottom.
    exchange_coupling, dind_coupling : Coupling
        Pairs of regions whose Aex or Dind is not the mean.
    regions : ndarray, shape (nz, ny, nx), uint8
        Region of each cell.
    solver, MaxErr, MinDt, MaxDt, FixDt, Headroom, dt, time, step
        Settings and state of the time integration, see `stepper`.
    GammaLL : float
        Gyromagnetic ratio in rad/(T s).
    OpenBC : bool
        Leave DMI out of the edge condition.
    dmi_faces : {"3.11", "3.10"}
        Whether one layer of cells has the DMI edge condition at its two faces.
    DemagAccuracy, demag_cache
        Accuracy of the demagnetizing tensor, see `demag_kernel`, and the folder that keeps
        tensors (None: they are computed each time).
    tables : TableCache
        What the kernels read.
    threads : int
        Threads for the kernels; results do not depend on it.
    terms : dict of FieldTerm
        Fields besides the local ones, by name.
    MinimizerStop, MinimizerSamples
        When Minimize ends, see `minimize`.
    thermal : ThermalField
        The noise, whose `seed` starts it anew.
    relaxing : bool
        Whether Relax or Minimize is under way.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.parameters = material_parameters()
        self.excitations = {
            "J": Excitation("A/m2"),
            "B_ext": Excitation("T"),
            "FixedLayer": Excitation(""),
        }
        self.exchange_coupling, self.dind_coupling = Coupling(), Coupling()
        self.solver = 5
        self.MaxErr, self.Headroom = 1e-5, 0.8
        self.MinDt = self.MaxDt = self.FixDt = 0.0
        self.dt, self.time, self.step = 1e-15, 0.0, 0
        self.last_err = self.peak_err = 0.0
        self.undone, self.neval = 0, 0
        self.GammaLL = GAMMA0
        self.RelaxTorqueThreshold = -1.0
        self.MinimizerStop, self.MinimizerSamples = 1e-6, 10
        self.DoPrecess, self.OpenBC, self.EnableDemag = True, False, True
        self.DemagAccuracy = 6.0
        self.demag_cache: Path | None = None
        self.DisableZhangLiTorque = self.DisableSlonczewskiTorque = False
        self.FixedLayerPosition = 1
        self.dmi_faces = "3.11"
        self.threads = threads or len(os.sched_getaffinity(0))
        self.stop_requested = False
        self.relaxing = False
        self.before_run: list[Callable[[], None]] = []
        self.post_step: list[Callable[[], None]] = []
        self.mesh: Mesh | None = None
        self.terms: dict[str, FieldTerm] = {}
        self._summed_terms: np.ndarray | None = None
        self.tables = TableCache()
        self._pool: ThreadPoolExecutor | None = None
        self.thermal: ThermalField
        _install_terms(self)

    def set_mesh(self, mesh: Mesh) -> None:
        """Choose the grid; drops regions, geometry and added maps."""
        self.mesh = mesh
        self.regions = np.zeros(mesh.shape, np.uint8)
        self.geometry = np.ones(mesh.shape, np.float32)
        self._m = np.zeros((3, *mesh.shape), np.float32)
        self.vacuum = np.ones(mesh.shape, bool)
        self._summed_terms = None
        self.tables.forget_cells()
        for excitation in self.excitations.values():
            excitation.remove_extra_terms()

    def set_regions(self, regions: np.ndarray) -> None:
        """Set the region of each cell, shape (nz, ny, nx)."""
        self.regions[...] = regions
        self.tables.forget_cells()

    def set_geometry(self, fill: np.ndarray) -> None:
        """Set the fill factor of each cell, shape (nz, ny, nx); zero is vacuum."""
        self.geometry[...] = fill
        self._m[:, self.geometry == 0] = 0
        self._find_vacuum()

    def _find_vacuum(self) -> None:
        vacuum = np.asarray(~self._m.any(axis=0))
        if (vacuum != self.vacuum).any():
            self.vacuum = vacuum
            self.tables.forget_cells()

    @property
    def m(self) -> np.ndarray:
        """Magnetization, shape (nz, ny, nx, 3), float32; a copy."""
        return np.ascontiguousarray(np.moveaxis(self._m, 0, -1))

    def set_m(self, m: np.ndarray) -> None:
        """Set the magnetization, shape (nz, ny, nx, 3); it is normalized, zero in vacuum.

        Vectors of length 1 to rounding keep their bits, so that a saved state loads unchanged.
        """
        raw = np.array(np.moveaxis(m, -1, 0), np.float32, order="C")
        raw[:, self.geometry == 0] = 0
        no_stage, no_weight = np.zeros((0, *raw.shape), np.float32), np.zeros(0, np.float32)
        rows = raw.shape[1] * raw.shape[2]
        kernels_step.combine(raw, no_stage, no_weight, np.float32(0), True, 0, rows, self._m)
        unit = np.abs((raw.astype(float) ** 2).sum(axis=0) - 1) < 1e-6
        np.copyto(self._m, raw, where=unit)
        self._find_vacuum()

    def rows(self, kernel: Callable[..., Any], *arguments: Any, tail: tuple[Any, ...]) -> list[Any]:
        """Call kernel(*arguments, first, last, *tail) over blocks of rows, threaded."""
        nz, ny, _ = self.regions.shape
        count = nz * ny
        blocks = max(1, min(self.threads, count, self.regions.size // CELLS_PER_THREAD))
        edges = [count * k // blocks for k in range(blocks + 1)]
        if blocks == 1:
            return [kernel(*arguments, 0, count, *tail)]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads)
        calls = [
            self._pool.submit(kernel, *arguments, first, last, *tail)
            for first, last in pairwise(edges)
        ]
        return [call.result() for call in calls]

    def close(self) -> None:
        """Free the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def torque(
        self, m: np.ndarray, out: np.ndarray, *, landau: bool = True, transfer: bool = True
    ) -> None:
        """Torque in T of a magnetization, both component-first; dm/dt = GammaLL torque.

        Parameters
        ----------
        landau, transfer : bool
            Whether the torques of the field and of the current count.
        """
        tables = self.tables.current(self)
        self.neval += 1
        active = self.active_terms() if landau else []
        extra = self._sum_terms(active, m).reshape(-1) if active else _NO_FIELD
        parts = landau * kernels.LANDAU + transfer * kernels.TRANSFER
        self.rows(kernels.torque, tables, m.reshape(-1), parts, extra, tail=(out.reshape(-1),))

    def active_terms(self) -> list[FieldTerm]:
        """The terms that count at present."""
        return [
            term
            for term in self.terms.values()
            if term.is_active() and (term.while_relaxing or not self.relaxing)
        ]

    def _sum_terms(self, terms: list[FieldTerm], m: np.ndarray) -> np.ndarray:
        if self._summed_terms is None:
            self._summed_terms = np.empty_like(self._m)
        self._summed_terms[...] = 0
        for term in terms:
            term.add(m, self._summed_terms)
        return self._summed_terms

    @property
    def frozen_cells(self) -> np.ndarray | None:
        """Cells that FrozenSpins holds, (nz, ny, nx) bool; None where there are none."""
        frozen = self.parameters["FrozenSpins"].values(self.time)[:, 0] != 0
        return frozen[self.regions] if frozen.any() else None

    def cell_values(self, name: str) -> np.ndarray:
        """A material parameter in each cell, (nz, ny, nx) float32 or (3, nz, ny, nx)."""
        values = self.parameters[name].values(self.time)[self.regions]
        return np.ascontiguousarray(np.moveaxis(values, -1, 0)).reshape(-1, *self.regions.shape)[
            0 if values.shape[-1] == 1 else slice(None)
        ]

    def field(self, name: str) -> np.ndarray:
        """A field by mumax3's name, shape (nz, ny, nx, components), float32.

        Known are B_eff, B_exch, B_anis, B_ext, B_ and the name of a term, torque, LLtorque,
        STTorque and the excitations.

        Raises
        ------
        EngineError
            If there is no such field.
        """
        key = name.lower()
        out = np.zeros_like(self._m)
        terms = {f"b_{term}": term for term in self.terms}
        excitations = {known.lower(): known for known in self.excitations}
        if key in _LOCAL_FIELDS:
            tables = self.tables.current(self)
            flat = self._m.reshape(-1)
            tail = (out.reshape(-1),)
            self.rows(kernels.local_field, tables, flat, _LOCAL_FIELDS[key], tail=tail)
        if key == "b_eff" or key in terms:
            for term in self.active_terms():
                if key in ("b_eff", f"b_{term.name}"):
                    term.add(self._m, out)
        elif key in ("torque", "lltorque", "sttorque"):
            self.torque(self._m, out, landau=key != "sttorque", transfer=key != "lltorque")
        elif key in excitations:
            out = self.excitations[excitations[key]].evaluate(self.regions, self.time)
        elif key not in _LOCAL_FIELDS:
            raise EngineError(f"there is no field {name}")
        return np.ascontiguousarray(np.moveaxis(out, 0, -1))

    def energy_density(self, name: str) -> np.ndarray:
        """An energy density in J/m3, (nz, ny, nx) float64, by mumax3's name.

        Known are Edens_exch (with DMI), Edens_anis, Edens_Zeeman, Edens_ and the name of a term,
        and their sum Edens_total. A cell's density is weighted by its filled fraction.

        Raises
        ------
        EngineError
            If there is no such energy.
        """
        key = name.lower().removeprefix("edens_")
        if key == "total":
            names = ["exch", "anis", "zeeman", *(term.name for term in self.active_terms())]
            return np.sum([self.energy_density(f"Edens_{part}") for part in names], axis=0)
        if key == "anis":
            return np.asarray(self.geometry * self._anisotropy_density())
        if key in self.terms:
            term = self.terms[key]
            if term not in self.active_terms():
                return np.zeros(self.regions.shape)
            if term.density is not None:
                return np.asarray(term.density(), float)
            factor, field = term.energy_factor, f"B_{key}"
        elif key == "exch":
            factor, field = 0.5, "B_exch"
        elif key == "zeeman":
            factor, field = 1.0, "B_ext"
        else:
            raise EngineError(f"there is no energy {name}")
        scale = -factor * self.cell_values("Msat").astype(float) * self.geometry
        product = np.einsum("czyx,zyxc->zyx", self._m, self.field(field), dtype=float)
        return np.asarray(scale * product)

    def _anisotropy_density(self) -> np.ndarray:
        m = self._m.astype(float)

        def along(name: str) -> np.ndarray:
            axis = self.cell_values(name).astype(float)
            length = np.sqrt((axis**2).sum(axis=0))
            axis = np.divide(axis, length, out=np.zeros_like(axis), where=length > 0)
            return axis

        used = {n: p.values(self.time).any() for n, p in self.parameters.items()}
        density = np.zeros(self.regions.shape)
        if used["Ku1"] or used["Ku2"]:
            s2 = (along("anisU") * m).sum(axis=0) ** 2
            density -= self.cell_values("Ku1") * s2 + self.cell_values("Ku2") * s2**2
        if used["Kc1"] or used["Kc2"] or used["Kc3"]:
            c1, c2 = along("anisC1"), along("anisC2")
            a, b, c = ((axis * m).sum(axis=0) ** 2 for axis in (c1, c2, np.cross(c1, c2, axis=0)))
            density += self.cell_values("Kc1") * (a * b + b * c + c * a)
            density += self.cell_values("Kc2") * a * b * c
            density += self.cell_values("Kc3") * ((a * b) ** 2 + (b * c) ** 2 + (c * a) ** 2)
        return density

    def energy(self, name: str) -> float:
        """An energy in J by mumax3's name: E_exch, E_anis, E_Zeeman, E_total or a term's."""
        if self.mesh is None:
            raise EngineError("the grid is not set: SetGridSize and SetCellSize come first")
        if not name.lower().startswith("e_"):
            raise EngineError(f"there is no energy {name}")
        return self.mesh.cell_volume * float(self.energy_density(f"Edens_{name[2:]}").sum())

    def max_torque(self) -> float:
        """Largest torque in T."""
        return float(np.sqrt((self.field("torque").astype(float) ** 2).sum(axis=-1).max()))

    def run(self, duration: float) -> None:
        """Run for a simulated time in s."""
        from orchestrator.engines.cpu.physics.stepper import run_until

        end = self.time + duration
        run_until(self, lambda: self.time < end, alarm=end)

    def steps(self, count: int) -> None:
        """Run for a number of accepted steps."""
        from orchestrator.engines.cpu.physics.stepper import run_until

        end = self.step + count
        run_until(self, lambda: self.step < end)

    def run_while(self, condition: Callable[[], bool]) -> None:
        """Run as long as a condition holds, asked before every step."""
        from orchestrator.engines.cpu.physics.stepper import run_until

        run_until(self, condition)

    def relax(self) -> None:
        """Relax to an energy minimum, see `relax`."""
        from orchestrator.engines.cpu.physics.relax import relax

        relax(self)

    def minimize(self) -> None:
        """Descend to an energy minimum, see `minimize`."""
        from orchestrator.engines.cpu.physics.minimize import minimize

        minimize(self)


def _install_terms(sim: Simulation) -> None:
    """Let the modules with terms add them."""
    from orchestrator.engines.cpu.physics import demag, thermal

    demag.install(sim)
    thermal.install(sim)
