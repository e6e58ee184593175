"""A simulation: the parts that hold its state, and the hooks around its steps.

`make.make_simulation` makes one with all terms. What happens to it are functions: `fields` and
`energies` evaluate, `stepper.run`, `relax.relax` and `minimize.minimize` advance it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from orchestrator.engines.cpu.physics.clock import Clock
from orchestrator.engines.cpu.physics.field_term import FieldTerm
from orchestrator.engines.cpu.physics.material import Material
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.settings import Settings
from orchestrator.engines.cpu.physics.state import State
from orchestrator.engines.cpu.physics.tables.cache import TableCache
from orchestrator.engines.cpu.physics.workers import Workers


class Simulation:
    """A magnet on a grid and how far its integration has come.

    Attributes
    ----------
    state : State
        Grid, regions, geometry and magnetization.
    material : Material
        Parameters and excitations by region.
    settings : Settings
        Numbers and switches under mumax3's names.
    clock : Clock
        Time and steps.
    terms : dict of FieldTerm
        Fields besides those of the one-pass kernels, by name.
    tables : TableCache
        What the kernels read.
    workers : Workers
        Threads.
    relaxing : bool
        Whether Relax or Minimize is under way.
    stop_requested : bool
        Set to end the run under way after the present step.
    before_run, post_step : list of callable
        Called before a run and after every step.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.state = State()
        self.material = Material()
        self.settings = Settings()
        self.clock = Clock()
        self.terms: dict[str, FieldTerm] = {}
        self.tables = TableCache(self.state, self.material, self.settings, self.clock)
        self.workers = Workers(threads)
        self._sum: np.ndarray | None = None
        self.relaxing = self.stop_requested = False
        self.before_run: list[Callable[[], None]] = []
        self.post_step: list[Callable[[], None]] = []

    def set_mesh(self, mesh: Mesh) -> list[str]:
        """Choose the grid, see `State.set_mesh`.

        Returns
        -------
        list of str
            Excitations whose added maps do not fit the grid and are dropped.
        """
        before = self.state.mesh
        self.state.set_mesh(mesh)
        if before is None or before.cells == mesh.cells:
            return []
        dropped = [name for name, e in self.material.excitations.items() if e.has_maps]
        for name in dropped:
            self.material.excitations[name].remove_extra_terms()
        return dropped

    def rows(self, kernel: Callable[..., Any], *arguments: Any, tail: tuple[Any, ...]) -> list[Any]:
        """Call kernel(*arguments, first, last, *tail) over blocks of rows, threaded."""
        return self.workers.rows(self.state.regions.shape, kernel, *arguments, tail=tail)

    def active_terms(self) -> list[FieldTerm]:
        """The terms that count at present."""
        return [
            term
            for term in self.terms.values()
            if term.is_active() and (term.while_relaxing or not self.relaxing)
        ]

    def sum_terms(self, terms: list[FieldTerm], m: np.ndarray) -> np.ndarray:
        """The fields in T of terms at a magnetization, (3, nz, ny, nx); one buffer, do not keep."""
        if self._sum is None or self._sum.shape != m.shape:
            self._sum = np.empty_like(m)
        self._sum[...] = 0
        for term in terms:
            term.add(m, self._sum)
        return self._sum

    def values(self, name: str) -> np.ndarray:
        """A parameter in all regions now, (256,) float32, or (256, 3) of a vector."""
        values = self.material.values(name, self.clock.time)
        return values[:, 0] if values.shape[1] == 1 else values

    def cell_values(self, name: str) -> np.ndarray:
        """A parameter in each cell now, (nz, ny, nx) float32 or (3, nz, ny, nx)."""
        values = self.values(name)[self.state.regions]
        return np.ascontiguousarray(values if values.ndim == 3 else np.moveaxis(values, 3, 0))

    def seed(self, number: int) -> None:
        """Start the random numbers of all fields that have some anew."""
        for term in self.terms.values():
            if term.seed is not None:
                term.seed(number)

    def close(self) -> None:
        """Free the threads."""
        self.workers.close()
