"""mumax3 as an engine: one live process for all blocks, fed through its web interface.

Each block starts as a new process would: magnetization and time are loaded, the time step is the
first one of a fresh start. So the results are those of the process engine, bit for bit where the
hardware repeats itself, and a process that died costs one block only.
"""

from __future__ import annotations

import shutil
import time as clock
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.base.errors import EngineError
from orchestrator.engines.collect import keep_rest
from orchestrator.engines.mumax3.blocks import LOG, Mumax3Engine, Mumax3Session, ProcessSession
from orchestrator.engines.mumax3.diagnosis import LASTING, disk_fault, in_block
from orchestrator.engines.mumax3.dialect import Dialect
from orchestrator.engines.mumax3.liveprocess import LiveProcess
from orchestrator.engines.mumax3.process import Watch
from orchestrator.engines.session import BlockResult, Progress, Session, load_state

TRIES = 2
"""Live processes that may fail at one block before the process engine takes over."""

FRESH_STEP = """{
	ownStep := FixDt
	FixDt = 1e-15
	Steps(1)
	FixDt = ownStep
}
"""
"""Sets dt to the 1e-15 s that a new process starts with; the state it steps is replaced after."""


class LiveEngine(Mumax3Engine):
    """The `mumax3` command, or another one with its flags and web interface, kept alive."""

    mode = "live"

    def start(
        self,
        setup: str,
        folder: Path,
        magnetization: str,
        *,
        time: float = 0.0,
        state: Mapping[str, Any] | None = None,
    ) -> Session:
        """Start a session; see `Engine.start`. The process starts with the first block."""
        dialect = self.prepare(setup)
        if not dialect.live:
            self.say(f"{dialect.name} has another web interface; one process for each block")
            return ProcessSession(self, dialect, setup, folder, magnetization, time)
        return LiveSession(self, dialect, setup, folder, magnetization, time)


class LiveSession(Mumax3Session):
    """Blocks sent to one process, which is replaced when it fails."""

    def __init__(
        self,
        engine: LiveEngine,
        dialect: Dialect,
        setup: str,
        folder: Path,
        magnetization: str,
        time: float,
    ) -> None:
        super().__init__(engine, dialect, setup, folder, magnetization, time)
        self._process: LiveProcess | None = None
        self._fallback: ProcessSession | None = None

    def execute(
        self,
        block: str,
        magnetization: str,
        outputs: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
        keep: Path | None = None,
    ) -> BlockResult:
        """Run a block; see `Session.execute`.

        mumax3 hands its table over when it ends; where that is wanted, each block has a process.
        """
        self._check_open()
        watch = Watch(self._engine.limits)
        with_table = keep is not None and "tableautosave" in block.lower()
        if with_table and self._fallback is None:
            self._fall_back("a table is written at the end of a process only")
        if self._fallback is None:
            what = f"{self._folder / magnetization}: mumax3 -i"
            for attempt in range(TRIES):
                watch.next_try()
                try:
                    return self._try(block, magnetization, outputs, watch, progress, keep)
                except EngineError as error:
                    fault = in_block(error, what, self._folder / LOG)
                    if fault.kind == "script":  # the process lives on
                        raise fault from None
                    self._discard()
                    if fault.kind in LASTING or (fault.kind == "silence" and attempt):
                        raise fault from None
                    if fault.kind == "start":
                        self._engine.say(str(fault))
                        break
                    self._engine.say(f"{fault}\nstarted again from {self._magnetization}")
                except BaseException:
                    self._discard()
                    raise
            self._fall_back("its live process has failed")
        assert self._fallback is not None
        watch.next_try()
        return self._fallback.execute_watched(block, magnetization, outputs, watch, progress, keep)

    def _fall_back(self, why: str) -> None:
        """Go on with a process for each block."""
        self._discard()
        self._engine.say(f"{self._folder}: goes on with one process for each block: {why}")
        self._fallback = ProcessSession(
            self._engine,
            self._dialect,
            self._setup,
            self._folder,
            self._magnetization,
            self._time,
        )

    def _try(
        self,
        block: str,
        magnetization: str,
        outputs: Sequence[str],
        watch: Watch,
        progress: Callable[[Progress], None] | None,
        keep: Path | None,
    ) -> BlockResult:
        start = clock.perf_counter()
        process = self._running(watch)

        def report(time: float | None) -> None:
            if progress is not None and time is not None:
                progress(Progress(time))
            if (full := disk_fault(self._folder, 4096)) is not None:  # nothing it prints arrives
                raise full

        load = load_state(self._magnetization, self._time)
        try:
            steps = process.execute([FRESH_STEP, load], block, watch, report)
        finally:
            self._engine.pass_on_warnings(process.text, self._setup)
        result = self._finished(process.out, block, magnetization, outputs, steps, start)
        if keep is not None:
            keep_rest(process.out, keep)
        if progress is not None:
            progress(Progress(result.time, steps))
        return result

    def _running(self, watch: Watch) -> LiveProcess:
        if self._process is not None and self._process.worn:
            self._process.close()
            self._process = None
        if self._process is None:
            engine = self._engine
            self._process = LiveProcess(
                engine.command,
                self._dialect,
                engine.place,
                self._setup,
                self._work,
                self._folder / LOG,
                watch.start_limit,
            )
        return self._process

    def _discard(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def close(self, *, tidy: bool = True) -> None:
        """End the process and remove what it leaves; may be called twice."""
        self._closed = True
        if self._process is not None:
            self._process.close()
            self._process = None
        if self._fallback is not None:
            self._fallback.close(tidy=tidy)
        elif tidy:
            shutil.rmtree(self._work, ignore_errors=True)
