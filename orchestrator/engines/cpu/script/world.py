"""The world a script lives in: its names, the simulation behind them, and its outputs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.engines.cpu.language.errors import (
    FatalError,
    InterruptError,
    PanicError,
    ScriptError,
)
from orchestrator.engines.cpu.language.functions import Function, function_of, methods_of
from orchestrator.engines.cpu.language.interpret import check_script, run_script
from orchestrator.engines.cpu.language.nodes import EngineVariable
from orchestrator.engines.cpu.language.scope import Scope
from orchestrator.engines.cpu.language.statements import Statement
from orchestrator.engines.cpu.language.stdlib import add_stdlib
from orchestrator.engines.cpu.language.values import Closure, Vector
from orchestrator.engines.cpu.output.outputs import Outputs
from orchestrator.engines.cpu.output.table import Schedule, Table
from orchestrator.engines.cpu.physics.configs import Config, random_mag
from orchestrator.engines.cpu.physics.shapes import Shape
from orchestrator.engines.cpu.physics.simulation import Mesh, Simulation
from orchestrator.engines.cpu.physics.window import Window
from orchestrator.engines.cpu.script.limits import check_memory, finite
from orchestrator.engines.cpu.script.quantities import Grid
from orchestrator.engines.cpu.script.slices import resampled

RegionMap = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From the present regions and the places x, y, z (m) to the regions."""


class World(Grid):
    """A simulation with the names through which scripts reach it.

    Parameters
    ----------
    outputs : Outputs
        Where logs, tables and fields go.
    threads : int, optional
        Threads of the compiled kernels; all cores by default.
    folder : Path, optional
        Folder that relative names of files to load refer to; the working directory by default.
    """

    def __init__(
        self, outputs: Outputs, threads: int | None = None, folder: Path | None = None
    ) -> None:
        from orchestrator.engines.cpu.script.names import declare_names

        self.outputs = outputs
        self.folder = folder
        self.sim = Simulation()
        if threads is not None:
            self.sim.threads = threads
        self.table = Table(outputs.path("table.txt"), lambda: self.sim.time)
        self.autosaves: dict[str, tuple[Schedule, Callable[[], None]]] = {}
        self.interrupted = False
        self.running = 0
        self.resume_run = False
        self.cells = (0, 0, 0)
        self.size_of_cell = (0.0, 0.0, 0.0)
        self.periods = (0, 0, 0)
        self.shape: Shape | None = None
        self.edge_smooth = 0
        self.window = Window(self)
        self.region_history: list[RegionMap] = []
        self.post_steps: list[Callable[[], None]] = []
        self._unmagnetized = True
        self._stage_time: float | None = None
        self._fill: np.ndarray | None = None
        self.sim.post_step.append(self._after_step)
        self.sim.before_run.append(self.do_output)
        self.scope = Scope()
        self.unsupported: dict[str, str] = {}
        add_stdlib(self.scope)
        declare_names(self)

    # Scripts

    def check(self, text: str) -> list[Statement]:
        """Check a script in this world; see `check_script`."""
        return check_script(text, self.scope, self.unsupported, self.folder or Path())

    def run(self, program: list[Statement], *, echo: bool = True) -> None:
        """Run a checked script."""
        with np.errstate(all="ignore"):  # as Go, which yields Inf and NaN in silence
            run_script(program, self._guard, self.outputs.note if echo else None)

    def execute(self, text: str, *, script: str = "", echo: bool = True) -> None:
        """Check and run a script.

        Raises
        ------
        ScriptError
            With script, line and statement.
        """
        try:
            self.run(self.check(text), echo=echo)
        except ScriptError as error:
            error.script = script
            raise

    def interrupt(self) -> None:
        """Ask the script to end after the present step."""
        self.interrupted = True
        self.sim.stop_requested = True

    def _guard(self) -> None:
        if self.interrupted:
            raise InterruptError("interrupted")

    def close(self) -> None:
        """Close table and log."""
        self.table.close()
        self.outputs.close()

    # Names

    def declare_functions(self, *functions: Callable[..., Any]) -> None:
        """Give annotated functions a script name: theirs without underscores."""
        for function in functions:
            found = function_of(function)
            self.scope.declare(found.name, found)

    def declare_commands(self, commands: object) -> None:
        """Make the exposed methods of an object functions of the script."""
        kind: type = type(commands)
        for name, method in methods_of(kind).items():
            call = method.call.__get__(commands)
            self.scope.declare(
                name, Function(name, method.parameters, method.returns, call, method.variadic)
            )

    def declare_object(
        self,
        name: str,
        value: object,
        assign: Callable[[Any], None] | None = None,
        input_type: type = float,
    ) -> None:
        """Name an object; `assign` takes what a script assigns to it."""
        self.scope.declare(
            name,
            EngineVariable(
                name, type(value), lambda: value, assign, input_type=input_type, freezes=False
            ),
        )

    def declare_variable(
        self,
        name: str,
        kind: type,
        read: Callable[[], Any],
        write: Callable[[Any], None] | None = None,
        *,
        is_time: bool = False,
    ) -> None:
        """Name a number, string or boolean of the engine."""
        self.scope.declare(
            name, EngineVariable(name, kind, read, write, input_type=kind, is_time=is_time)
        )

    # Time

    def time(self) -> float:
        """The time that `t` means: of the stage while a closure is evaluated."""
        return self.sim.time if self._stage_time is None else self._stage_time

    def closure(self, name: str, function: Closure, *, freeze: bool) -> Any:
        """A closure as the simulation takes it: its value now, or a function of time.

        Parameters
        ----------
        name : str
            What takes it, for messages.
        freeze : bool
            Whether variables other than `t` keep the values of this moment.

        Raises
        ------
        FatalError
            Now or at any time later, if the value is not finite.
        """
        if not function.uses_time:
            return finite(name, _plain(function.evaluate()))
        kept = function.fixed() if freeze else function

        def at(time: float) -> Any:
            outer, self._stage_time = self._stage_time, time
            try:
                return finite(name, _plain(kept.evaluate()))
            finally:
                self._stage_time = outer

        return at

    def _after_step(self) -> None:
        for act in list(self.post_steps):
            act()
        if not self.sim.relaxing:  # Relax looks at its outputs itself, before every block
            self.do_output()

    def disturbed(self) -> None:
        """Let a run under way go on with fresh stages, since m has changed between steps."""
        if self.running and not self.sim.stop_requested:
            self.sim.stop_requested = self.resume_run = True

    def do_output(self) -> None:
        """Save what is due at this time."""
        for schedule, save in list(self.autosaves.values()):
            if schedule.due(self.sim.time):
                save()
                schedule.count += 1
        self.table.save_if_due()

    # Mesh

    def set_mesh_if_known(self) -> None:
        """Build the mesh as soon as cell counts and sizes are known; resize what lives on it."""
        if 0 in self.cells or 0.0 in self.size_of_cell:
            return
        check_memory(self.cells)
        old_m = old_regions = None
        if self.sim.mesh is not None and not self._unmagnetized:
            old_m, old_regions = self.sim.m, self.sim.regions
        self.sim.set_mesh(Mesh(self.cells, self.size_of_cell, self.periods))
        self._fill = None
        if old_m is not None and old_regions is not None:
            self.sim.set_regions(resampled(old_regions[..., None], self.cells)[..., 0])
            self.sim.set_m(resampled(old_m, self.cells))
        if self.region_history:
            self.sim.set_regions(self.region_at(*self.centers()))
        if self.shape is not None:
            self.set_geometry(self.shape)

    def mesh(self) -> Mesh:
        """The mesh.

        Raises
        ------
        PanicError
            If there is none yet.
        """
        if self.sim.mesh is None:
            raise PanicError("need to set mesh first (SetGridSize, SetCellSize)")
        return self.sim.mesh

    def cell_size(self) -> tuple[float, float, float]:
        return tuple(self.mesh().cell_size)  # type: ignore[return-value]

    def fill(self) -> np.ndarray:
        self.mesh()
        if self._fill is None:
            self._fill = np.asarray(self.sim.geometry)
        return self._fill

    def regions(self) -> np.ndarray:
        self.mesh()
        return np.asarray(self.sim.regions)

    def centers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, y, z of all cell centres, (nz, ny, nx) each, in m from the first box's centre."""
        mesh = self.mesh()
        x, y, z = (
            c * (np.arange(n) - 0.5 * (n - 1)) - self.window.total.get(axis, 0.0)
            for axis, n, c in zip("xyz", mesh.cells, mesh.cell_size, strict=True)
        )
        grid = np.meshgrid(z, y, x, indexing="ij")
        return grid[2], grid[1], grid[0]

    def region_at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The regions at places (m) by all definitions so far; the last that applies wins."""
        found = np.zeros(np.shape(x), np.uint8)
        for region_map in self.region_history:
            found = region_map(found, x, y, z)
        return found

    def map_regions(self, region_map: RegionMap) -> None:
        """Apply a definition of regions, which also holds for cells that enter later."""
        self.sim.set_regions(region_map(self.regions(), *self.centers()))
        self.region_history.append(region_map)

    def fill_cells(self, fill: np.ndarray) -> None:
        """Set the filled fraction of every cell, (nz, ny, nx)."""
        self.sim.set_geometry(np.asarray(fill, np.float32))
        self._fill = None

    def set_geometry(self, shape: Shape) -> None:
        """Fill the cells that lie in a shape; newly filled ones get random directions."""
        x, y, z = self.centers()
        fill = shape.inside(x, y, z).astype(np.float32)
        if self.edge_smooth > 0:
            fill = shape.smoothed(fill, (x, y, z), self.cell_size(), self.edge_smooth)
        if not fill.any():
            raise FatalError("SetGeom: geometry completely empty")
        self.shape = shape
        self.fill_and_magnetize(fill)

    def fill_and_magnetize(self, fill: np.ndarray) -> None:
        """Set the filled fraction of every cell; cells without m get random directions."""
        m = self.magnetization()
        self.fill_cells(fill)
        new = (fill > 0) & ~m.any(axis=-1)
        if new.any():
            # Directions are drawn for the new cells alone, in their order.
            x, y, z = self.centers()
            m[new] = random_mag().field(x[new], y[new], z[new])
        m[fill == 0] = 0
        self.sim.set_m(m)

    # Magnetization

    def magnetization(self) -> np.ndarray:
        """m, (nz, ny, nx, 3); random (seed 0) if a script has not set any."""
        self.magnetize()
        return np.asarray(self.sim.m)

    def magnetize(self) -> None:
        """Give m its default, random directions with seed 0, if nothing else has set it."""
        self.mesh()
        if self._unmagnetized:
            self.set_magnetization(random_mag().field(*self.centers()))

    @contextlib.contextmanager
    def at_stage(self, m: np.ndarray) -> Iterator[None]:
        """Let quantities see the m of a stage, component-first, while they are evaluated."""
        kept, self.sim._m = self.sim._m, m
        try:
            yield
        finally:
            self.sim._m = kept

    def set_magnetization(self, values: np.ndarray) -> None:
        """Set m from vectors of any length, (nz, ny, nx, 3).

        Raises
        ------
        FatalError
            If a cell of the magnet gets NaN or an infinite value.
        """
        if not np.isfinite(values[self.fill() > 0]).all():
            raise FatalError("m can not be NaN or infinite")
        self._unmagnetized = False
        self.sim.set_m(np.asarray(values, dtype=np.float32))

    def configure(self, config: Config, where: np.ndarray | None = None) -> None:
        """Set m from a configuration, everywhere or in some cells, (nz, ny, nx) bool."""
        values = np.asarray(config.field(*self.centers()), dtype=np.float32)
        if where is not None:
            values = np.where(where[..., None], values, self.magnetization())
        self.set_magnetization(values)

    # Files

    def input_path(self, name: str) -> str:
        """The path of a file to load."""
        return name if self.folder is None else str(self.folder / name)


def _plain(value: Any) -> Any:
    return value.components if isinstance(value, Vector) else value
