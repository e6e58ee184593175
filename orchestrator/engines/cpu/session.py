"""The embedded engine behind the session protocol."""

from __future__ import annotations

import os
import platform
import shutil
import time as clock
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.errors import EngineError
from orchestrator.engines.collect import collect, keep_rest
from orchestrator.engines.session import BlockResult, Progress, load_state

if TYPE_CHECKING:
    from orchestrator.engines.cpu.script.world import World

_PROGRESS_INTERVAL = 0.2
_RESTORED = {"dt": float, "step": int}


class CpuEngine:
    """mumax3's language and discretization on the CPU, in this process.

    Parameters
    ----------
    threads : int, optional
        Threads of the compiled kernels; all cores by default.
    """

    name = "cpu"

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads

    def describe(self) -> dict[str, str]:
        """Name, version, threads and processor."""
        return {
            "name": self.name,
            "version": metadata.version("mumax3-orchestrator"),
            "threads": str(self.threads or len(os.sched_getaffinity(0))),
            "processor": _processor(),
        }

    def play(self, script: str, folder: Path, out: Path | None = None) -> Path:
        """Run a script by itself; see `Engine.play`."""
        from orchestrator.engines.cpu.language.errors import ScriptExit
        from orchestrator.engines.cpu.make import make_world
        from orchestrator.engines.cpu.output.outputs import Outputs

        outputs = Outputs(out or folder / "script.out", clean=True, quiet=True)
        world = make_world(outputs, self.threads, folder)
        try:
            world.execute(script, echo=False)
        except ScriptExit:
            pass
        finally:
            world.close()
            world.sim.close()
        return outputs.folder

    def start(
        self,
        setup: str,
        folder: Path,
        magnetization: str,
        *,
        time: float = 0.0,
        state: Mapping[str, Any] | None = None,
    ) -> CpuSession:
        """Start a session: run the setup and load the state; see `Engine.start`.

        Raises
        ------
        EngineError
            If the setup, the magnetization or the state is unusable.
        """
        from orchestrator.engines.cpu.make import make_world
        from orchestrator.engines.cpu.output.outputs import Outputs

        # who starts a session brings to the disk what counts, see `collect`
        outputs = Outputs(folder / "engine.out", clean=True, quiet=True, durable=False)
        world = make_world(outputs, self.threads, folder)
        try:
            world.execute(setup, script="setup", echo=False)
            world.execute(load_state(magnetization, time), script="state", echo=False)
            for key, kind in _RESTORED.items():
                if state is not None and key in state:
                    setattr(world.sim.clock, key, kind(state[key]))
        except BaseException:
            CpuSession(world, folder).close()
            raise
        return CpuSession(world, folder)


class CpuSession:
    """A simulation that goes on from block to block."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._closed = False
        self._table = 0

    def execute(
        self,
        block: str,
        magnetization: str,
        outputs: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
        keep: Path | None = None,
    ) -> BlockResult:
        """Run a block; see `Session.execute`."""
        if self._closed:
            raise EngineError("the session is closed")
        world, sim = self._world, self._world.sim
        start, steps = clock.perf_counter(), sim.clock.step
        watch = _Watch(sim, progress)
        sim.post_step.append(watch)
        try:
            world.execute(block, script=f"block that saves {magnetization}", echo=False)
        finally:
            sim.post_step.remove(watch)
        shape = world.space.fill().shape
        for name in outputs:
            collect(world.outputs.path(name), self._folder / name, shape, unit_length=False)
        target = self._folder / magnetization
        field = collect(world.outputs.path(magnetization), target, shape, unit_length=True)
        if keep is not None:
            self._table = keep_rest(world.outputs.folder, keep, self._table)
        return BlockResult(
            target,
            field,
            sim.clock.time,
            sim.clock.step - steps,
            clock.perf_counter() - start,
            {key: kind(getattr(sim.clock, key)) for key, kind in _RESTORED.items()},
        )

    def close(self, *, tidy: bool = True) -> None:
        """Close the files, free the simulation and remove the output folder."""
        if not self._closed:
            self._closed = True
            self._world.close()
            self._world.sim.close()
            if tidy:
                shutil.rmtree(self._world.outputs.folder, ignore_errors=True)


class _Watch:
    """Reports progress, but not more often than anyone can read."""

    def __init__(self, sim: Any, report: Callable[[Progress], None] | None) -> None:
        self._sim = sim
        self._report = report
        self._next = clock.monotonic() + _PROGRESS_INTERVAL

    def __call__(self) -> None:
        if self._report is not None and clock.monotonic() >= self._next:
            self._report(Progress(self._sim.clock.time, self._sim.clock.step))
            self._next = clock.monotonic() + _PROGRESS_INTERVAL


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
