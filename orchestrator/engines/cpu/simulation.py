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
from typing import Any

import numpy as np

from orchestrator.engines.cpu import kernels
from orchestrator.engines.cpu.constants import BOHR_MAGNETON, ELEMENTARY_CHARGE, GAMMA0
from orchestrator.engines.cpu.exchange_table import pair_table
from orchestrator.engines.cpu.mesh import Mesh
from orchestrator.engines.cpu.parameters import Excitation, material_parameters
from orchestrator.engines.cpu.terms import FieldTerm
from orchestrator.errors import EngineError

CELLS_PER_THREAD = 1 << 16
"""With fewer cells a further thread costs more than it saves."""


class Simulation:
    """A magnet on a grid, with mumax3's parameters under their names.

    Attributes
    ----------
    parameters, excitations : dict
        Regional parameters (`Msat`, `Aex`, ...) and the excitations `J` (A/m2) and `B_ext` (T).
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
    threads : int
        Threads for the kernels; results do not depend on it.
    terms : dict of FieldTerm
        Fields besides the local ones, by name.
    relaxing : bool
        Whether Relax or Minimize is under way.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.parameters = material_parameters()
        self.excitations = {"J": Excitation("A/m2"), "B_ext": Excitation("T")}
        self.solver = 5
        self.MaxErr, self.Headroom = 1e-5, 0.8
        self.MinDt = self.MaxDt = self.FixDt = 0.0
        self.dt, self.time, self.step = 1e-15, 0.0, 0
        self.last_err = self.peak_err = 0.0
        self.undone, self.neval = 0, 0
        self.GammaLL = GAMMA0
        self.RelaxTorqueThreshold = -1.0
        self.DoPrecess, self.OpenBC, self.EnableDemag = True, False, True
        self.DisableZhangLiTorque = False
        self.dmi_faces = "3.11"
        self.threads = threads or len(os.sched_getaffinity(0))
        self.stop_requested = False
        self.relaxing = False
        self.before_run: list[Callable[[], None]] = []
        self.post_step: list[Callable[[], None]] = []
        self.mesh: Mesh | None = None
        self.terms: dict[str, FieldTerm] = {}
        self._summed_terms: np.ndarray | None = None
        self._tables: dict[str, Any] = {}
        self._revisions: tuple[Any, ...] | None = None
        self._pool: ThreadPoolExecutor | None = None
        _install_terms(self)

    def set_mesh(self, mesh: Mesh) -> None:
        """Choose the grid; drops regions, geometry and added maps."""
        self.mesh = mesh
        self.regions = np.zeros(mesh.shape, np.uint8)
        self.geometry = np.ones(mesh.shape, np.float32)
        self._m = np.zeros((3, *mesh.shape), np.float32)
        self._summed_terms = None
        for excitation in self.excitations.values():
            excitation.remove_extra_terms()

    def set_regions(self, regions: np.ndarray) -> None:
        """Set the region of each cell, shape (nz, ny, nx)."""
        self.regions[...] = regions
        self._revisions = None

    def set_geometry(self, fill: np.ndarray) -> None:
        """Set the fill factor of each cell, shape (nz, ny, nx); zero is vacuum."""
        self.geometry[...] = fill
        self._m[:, self.geometry == 0] = 0
        self._revisions = None

    @property
    def m(self) -> np.ndarray:
        """Magnetization, shape (nz, ny, nx, 3), float32; a copy."""
        return np.ascontiguousarray(np.moveaxis(self._m, 0, -1))

    def set_m(self, m: np.ndarray) -> None:
        """Set the magnetization, shape (nz, ny, nx, 3); it is normalized, zero in vacuum.

        Vectors of length 1 to rounding keep their bits, so that a saved state loads unchanged.
        """
        raw = np.ascontiguousarray(np.moveaxis(np.asarray(m, np.float32), -1, 0))
        raw[:, self.geometry == 0] = 0
        nothing = np.zeros((1, *raw.shape), np.float32)
        zero, rows = np.zeros(1, np.float32), raw.shape[1] * raw.shape[2]
        kernels.combine(raw, nothing, zero, np.float32(0), True, 0, rows, self._m)
        unit = np.abs((raw.astype(float) ** 2).sum(axis=0) - 1) < 1e-6
        self._m[:, unit] = raw[:, unit]

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
        self, m: np.ndarray, out: np.ndarray, *, landau: bool = True, zhang_li: bool = True
    ) -> None:
        """Torque in T of a magnetization, both component-first; dm/dt = GammaLL torque."""
        t = self._update_tables()
        self.neval += 1
        field, has_field = t["field"], t["has_field"]
        active = self.active_terms() if landau else []
        if active:
            field, has_field = self._sum_terms(active, m, field if has_field else None), True
        self.rows(
            kernels.torque,
            m, self.regions, t["inverse_ms"], t["cells"], t["pbc"], t["stiffness"], t["dmi_table"],
            t["dmi"], self.OpenBC, t["z_faces"], t["ku1"], t["ku2"], t["axis"], t["alpha"],
            t["xi"], t["stt"], t["j"], t["has_j"], field, has_field, self.DoPrecess,
            landau, zhang_li, t["uniform"],
            tail=(out,),
        )  # fmt: skip
        if t["frozen"].any():
            np.copyto(out, np.float32(0), where=t["frozen"][self.regions])

    def active_terms(self) -> list[FieldTerm]:
        """The terms that count at present."""
        return [
            term
            for term in self.terms.values()
            if term.is_active() and (term.while_relaxing or not self.relaxing)
        ]

    def _sum_terms(
        self, terms: list[FieldTerm], m: np.ndarray, field: np.ndarray | None
    ) -> np.ndarray:
        if self._summed_terms is None:
            self._summed_terms = np.empty_like(self._m)
        total = self._summed_terms
        total[...] = 0 if field is None else field
        for term in terms:
            term.add(m, total)
        return total

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
        t = self._update_tables()
        terms = {f"b_{term}": term for term in self.terms}
        if key in ("b_exch", "b_eff"):
            kernels.exchange_field(
                self._m, self.regions, t["inverse_ms"], t["cells"], t["pbc"], t["stiffness"],
                t["dmi_table"], t["dmi"], self.OpenBC, t["z_faces"], out,
            )  # fmt: skip
        if key in ("b_anis", "b_eff"):
            out += self._anisotropy_field(t)
        if key in ("b_ext", "b_eff"):
            out += self.excitations["B_ext"].evaluate(self.regions, self.time)
        if key == "b_eff" or key in terms:
            for term in self.active_terms():
                if key in ("b_eff", f"b_{term.name}"):
                    term.add(self._m, out)
        elif key in ("torque", "lltorque", "sttorque"):
            self.torque(self._m, out, landau=key != "sttorque", zhang_li=key != "lltorque")
        elif key not in ("b_exch", "b_anis", "b_ext", "b_demag"):
            for known, excitation in self.excitations.items():
                if key == known.lower():
                    out = excitation.evaluate(self.regions, self.time)
                    break
            else:
                raise EngineError(f"there is no field {name}")
        return np.ascontiguousarray(np.moveaxis(out, 0, -1))

    def _anisotropy_field(self, t: dict[str, Any]) -> np.ndarray:
        u = np.moveaxis(t["axis"][self.regions], -1, 0)
        s = (u * self._m).sum(axis=0)
        k = 2 * t["ku1"][self.regions] * s + 4 * t["ku2"][self.regions] * s**3
        return (k * t["inverse_ms"][self.regions]) * u

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
            t = self._update_tables()
            u = np.moveaxis(t["axis"][self.regions], -1, 0).astype(float)
            s = (u * self._m).sum(axis=0)
            density = t["ku1"][self.regions] * s**2 + t["ku2"][self.regions] * s**4
            return -density * self.geometry
        if key in self.terms:
            term = self.terms[key]
            if term not in self.active_terms():
                return np.zeros(self.regions.shape)
            if term.density is not None:
                return np.asarray(term.density(), float)
            factor, field = term.energy_factor, f"B_{key}"
        elif key == "demag":
            return np.zeros(self.regions.shape)
        elif key == "exch":
            factor, field = 0.5, "B_exch"
        elif key == "zeeman":
            factor, field = 1.0, "B_ext"
        else:
            raise EngineError(f"there is no energy {name}")
        scale = -factor * self.cell_values("Msat").astype(float) * self.geometry
        product = np.einsum("czyx,zyxc->zyx", self._m, self.field(field), dtype=float)
        return np.asarray(scale * product)

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

    def _update_tables(self) -> dict[str, Any]:
        """Tables that the kernels read, renewed where a parameter has changed."""
        if self.mesh is None:
            raise EngineError("the grid is not set: SetGridSize and SetCellSize come first")
        everything = [*self.parameters.values(), *self.excitations.values()]
        for parameter in everything:
            parameter.values(self.time)
        varying = tuple(e.varies for e in self.excitations.values())
        revisions = (
            self.mesh, self.dmi_faces, self.OpenBC, self.DisableZhangLiTorque,
            *(p.revision for p in everything),
            self.time if any(varying) else None,
        )  # fmt: skip
        if revisions == self._revisions:
            return self._tables
        demag = self.EnableDemag and "demag" not in self.terms
        if demag and self.parameters["Msat"].values().any():
            raise EngineError("demag is not in this engine: set EnableDemag = false")
        p = {name: q.values(self.time) for name, q in self.parameters.items()}
        msat, alpha, xi = p["Msat"][:, 0], p["alpha"][:, 0], p["xi"][:, 0]
        bulk, interfacial = p["Dbulk"][:, 0], p["Dind"][:, 0]
        if bulk.any() and interfacial.any():
            raise EngineError("Cannot have interfacial-induced DMI and bulk DMI at the same time")
        dmi = 1 if bulk.any() else 2 if interfacial.any() else 0
        with np.errstate(divide="ignore"):
            inverse_ms = np.where(msat == 0, 0, 1 / msat).astype(np.float32)
        length = np.linalg.norm(p["anisU"], axis=1, keepdims=True)
        axis = np.divide(p["anisU"], length, out=np.zeros_like(p["anisU"]), where=length > 0)
        stt = BOHR_MAGNETON / (2 * ELEMENTARY_CHARGE * GAMMA0) * p["Pol"][:, 0].astype(float)
        j, b = self.excitations["J"], self.excitations["B_ext"]
        has_j = not j.is_zero and not self.DisableZhangLiTorque
        if has_j and not p["Pol"].any():
            raise EngineError("spin polarization should not be 0")
        none = np.zeros((3, 1, 1, 1), np.float32)
        nz = self.mesh.cells[2]
        closed_faces = dmi == 1 and not self.OpenBC and self.dmi_faces == "3.11"
        self._tables = {
            "inverse_ms": inverse_ms,
            "cells": np.array(self.mesh.cell_size, np.float32),
            "pbc": np.array(self.mesh.pbc) > 0,
            "stiffness": pair_table(p["Aex"][:, 0], msat),
            "dmi_table": pair_table((bulk if dmi == 1 else interfacial), msat),
            "dmi": dmi,
            "z_faces": nz != 1 or (closed_faces and not self.mesh.pbc[2]),
            "ku1": p["Ku1"][:, 0].copy(),
            "ku2": p["Ku2"][:, 0].copy(),
            "axis": axis.astype(np.float32),
            "frozen": p["FrozenSpins"][:, 0] != 0,
            "alpha": alpha.copy(),
            "xi": xi.copy(),
            "stt": (stt * inverse_ms / (1 + xi.astype(float) ** 2)).astype(np.float32),
            "j": j.evaluate(self.regions, self.time) if has_j else none,
            "has_j": has_j,
            "field": none if b.is_zero else b.evaluate(self.regions, self.time),
            "has_field": not b.is_zero,
            "uniform": nz == 1
            and not (closed_faces and not self.mesh.pbc[2])
            and bool((self.geometry != 0).all())
            and bool((self.regions == self.regions[0, 0, 0]).all()),
        }
        self._revisions = revisions
        return self._tables

    def run(self, duration: float) -> None:
        """Run for a simulated time in s."""
        from orchestrator.engines.cpu.stepper import run_until

        end = self.time + duration
        run_until(self, lambda: self.time < end, alarm=end)

    def steps(self, count: int) -> None:
        """Run for a number of accepted steps."""
        from orchestrator.engines.cpu.stepper import run_until

        end = self.step + count
        run_until(self, lambda: self.step < end)

    def run_while(self, condition: Callable[[], bool]) -> None:
        """Run as long as a condition holds, asked before every step."""
        from orchestrator.engines.cpu.stepper import run_until

        run_until(self, condition)

    def relax(self) -> None:
        """Relax to an energy minimum, see `relax`."""
        from orchestrator.engines.cpu.relax import relax

        relax(self)


def _install_terms(sim: Simulation) -> None:
    """Let the modules with terms add them."""
