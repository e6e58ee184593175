"""mumax3 as an engine: one process for each block, from the last saved magnetization."""

from __future__ import annotations

import logging
import math
import os
import re
import shutil
import tempfile
import time as clock
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.base.errors import EngineError
from orchestrator.engines import selftest
from orchestrator.engines.collect import collect, keep_rest
from orchestrator.engines.mumax3.banner import Banner, read_banner
from orchestrator.engines.mumax3.diagnosis import EngineFault, disk_fault, exit_fault, in_block
from orchestrator.engines.mumax3.dialect import (
    AMUMAX,
    KERNELS,
    V3_11,
    Dialect,
    cache_folder,
    dialect_of,
)
from orchestrator.engines.mumax3.features import features
from orchestrator.engines.mumax3.hardware import find_gpus, find_mumax3, place_of
from orchestrator.engines.mumax3.memory import check_memory
from orchestrator.engines.mumax3.process import Limits, Process, Watch
from orchestrator.engines.mumax3.warnings import warnings_in
from orchestrator.engines.session import BlockResult, Progress, Session, load_state
from orchestrator.ovf.files import read_ovf

LOG = "mumax3.log"
"""Name of the file with all that mumax3 printed, in the session's folder."""
WORK = ".mumax3"
"""Folder of a session's scripts, outputs and kernels in the making; gone when it has ended."""
HEARTBEAT = "TableAutoSave(2e-12)\n"
"""Makes table.txt grow while a long block runs; it has no influence on the steps."""

_STEPS = re.compile(r"^//\s*steps\s+(\d+)", re.MULTILINE)
_CHECKED = "flags, loading and saving of OVF files, one damped spin in a field"
_TEST_LIMITS = Limits(time=60.0, silence=60.0)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Probe:
    """What a first run with a binary has shown."""

    banner: Banner
    dialect: Dialect
    warning: str


class Mumax3Engine:
    """The `mumax3` command, or another one with its flags; a process for each block.

    Parameters
    ----------
    command : sequence of str or str
        The binary and leading arguments.
    gpu : int
        Index for mumax3's -gpu, among the GPUs that CUDA_VISIBLE_DEVICES leaves.
    limits : Limits, optional
        Wall-clock limit and longest silence.
    """

    name = "mumax3"
    mode = "process"

    def __init__(
        self, command: Sequence[str] | str, gpu: int = 0, limits: Limits | None = None
    ) -> None:
        words = [command] if isinstance(command, str) else list(command)
        self.command = [find_mumax3(words[0]) or words[0], *words[1:]]
        self.gpu = gpu
        self.limits = limits or Limits()
        self._probe: Probe | None = None
        self._place: tuple[int, dict[str, str]] | None = None
        self._said: set[str] = set()

    def describe(self) -> dict[str, str]:
        """Name, mode, binary, dialect, and version, GPU and driver as the banner states them.

        Raises
        ------
        EngineFault
            If the binary does not pass the self-test.
        """
        probe = self.probe()
        about = {"name": self.name, "mode": self.mode, "command": " ".join(self.command)}
        about |= {"dialect": probe.dialect.name, "device": str(self.gpu)}
        return about | probe.banner.provenance()

    def probe(self) -> Probe:
        """Run the self-test once: banner, dialect, flags, output.

        Raises
        ------
        EngineFault
            Naming what went wrong.
        """
        if self._probe is None:
            banner = self.self_test()
            dialect, warning = dialect_of(banner, _CHECKED)
            self._probe = Probe(banner, dialect, warning)
            if warning:
                self.say(warning)
        return self._probe

    @property
    def place(self) -> tuple[int, dict[str, str]]:
        """The value of mumax3's -gpu and the environment in which it means this engine's GPU."""
        if self._place is None:
            self._place = place_of(self.gpu)
        return self._place

    def self_test(self) -> Banner:
        """Run a small script with a known answer.

        Raises
        ------
        EngineFault
            Naming what went wrong.
        """
        dialect = AMUMAX if "amumax" in Path(self.command[0]).name else V3_11
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            selftest.write_initial(folder)
            parts = [selftest.SETUP, load_state(selftest.INITIAL, 0.0), selftest.BLOCK]
            (folder / "selftest.mx3").write_text(dialect.translate("".join(parts)))
            arguments = dialect.arguments("selftest.mx3", "selftest.out", "", self.place[0])
            what = f"self-test of {self.command[0]}"
            out = folder / "selftest.out" / selftest.FINAL
            try:
                watch = Watch(_TEST_LIMITS)
                text = self.run_process(arguments, folder, out.parent, parts, watch)
                end = folder / selftest.FINAL
                block = selftest.BLOCK
                field = collect(out, end, (1, 4, 4), unit_length=True, start=0.0, block=block)
                selftest.check_answer(field)
            except EngineError as error:
                raise in_block(error, what, None) from None
        return read_banner(text)

    def run_process(
        self,
        arguments: list[str],
        folder: Path,
        out: Path,
        parts: Sequence[str],
        watch: Watch,
        tick: Callable[[], None] = lambda: None,
        log: Path | None = None,
    ) -> str:
        """Run the command to its end in `folder` and return what it printed.

        Files that grow in its output folder `out` are signs of life. What it prints goes to `log`,
        by default LOG in `folder`.

        Raises
        ------
        EngineFault
            If it cannot be started, exceeds a limit or fails; no process is left.
        """
        environment = os.environ | self.place[1]
        process = Process([*self.command, *arguments], folder, log or folder / LOG, environment)
        try:
            code = process.wait(watch, out, tick)
            text = process.text
            if code:
                raise exit_fault(code, text, parts)
        finally:
            process.kill()
        return text

    def pass_on_warnings(self, text: str, setup: str) -> None:
        """Log the warnings in what mumax3 has printed, those that matter to a setup, once."""
        for warning in warnings_in(text, features(setup)):
            self.say(f"mumax3 warns: {warning}")

    def say(self, text: str) -> None:
        """Log a warning, once."""
        if text not in self._said:
            self._said.add(text)
            _log.warning(text)

    def prepare(self, setup: str) -> Dialect:
        """The dialect for a setup, after checks that it can run.

        Raises
        ------
        EngineFault
            If the binary fails its self-test or the GPU's memory cannot hold the film.
        """
        dialect = self.probe().dialect
        for warning in dialect.warnings(setup):
            self.say(warning)
        gpus = find_gpus()
        if self.gpu < len(gpus):
            check_memory(features(setup), gpus[self.gpu])
        return dialect

    def play(self, script: str, folder: Path, out: Path | None = None) -> Path:
        """Run a script by itself, in a process of its own; see `Engine.play`."""
        if out is None:
            return self._play(script, folder, folder, folder / "script.out")
        with tempfile.TemporaryDirectory(prefix="mumax3-") as work:
            return self._play(script, folder, Path(work), Path(os.path.abspath(out)))

    def _play(self, script: str, folder: Path, work: Path, out: Path) -> Path:
        """Run a script with `folder` as working directory; its file and the log are in `work`."""
        dialect = self.prepare(script)
        file = work / "script.mx3"
        parts = [dialect.header(), script]
        names = (file.name, out.name) if work == folder else (str(file), str(out))
        arguments = dialect.arguments(*names, cache_folder(script, work), self.place[0])
        log = work / LOG
        try:
            file.write_text(dialect.translate("".join(parts)))
            watch = Watch(self.limits)
            text = self.run_process(arguments, folder, out, parts, watch, log=log)
        except OSError as error:
            raise EngineFault("disk", f"{error.filename}: {error.strerror}") from None
        except EngineError as error:
            stays = log if work == folder else None
            raise in_block(error, str(file) if stays else "script", stays) from None
        self.pass_on_warnings(text, script)
        return out

    def start(
        self,
        setup: str,
        folder: Path,
        magnetization: str,
        *,
        time: float = 0.0,
        state: Mapping[str, Any] | None = None,
    ) -> Session:
        """Start a session; see `Engine.start`. Its first process runs with the first block."""
        return ProcessSession(self, self.prepare(setup), setup, folder, magnetization, time)


class Mumax3Session:
    """A setup and the last saved magnetization; what the sessions of both engines share."""

    def __init__(
        self,
        engine: Mumax3Engine,
        dialect: Dialect,
        setup: str,
        folder: Path,
        magnetization: str,
        time: float,
    ) -> None:
        self._engine = engine
        self._dialect = dialect
        self._setup = setup
        self._folder = folder
        self._magnetization = magnetization
        self._time = time
        self._shape = read_ovf(folder / magnetization).data.shape[:3]
        self._closed = False
        self._work = folder / WORK
        shutil.rmtree(self._work, ignore_errors=True)  # a killed session's
        try:
            self._work.mkdir()
        except OSError as error:
            raise EngineFault("disk", f"{self._work}: {error.strerror}") from None

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("the session is closed")

    def _finished(
        self,
        out: Path,
        block: str,
        magnetization: str,
        outputs: Sequence[str],
        steps: int | None,
        start: float,
    ) -> BlockResult:
        """Collect a block's files from `out`; `start` is the clock at its begin."""
        saved, target = out / magnetization, self._folder / magnetization
        try:
            for name in outputs:
                collect(out / name, self._folder / name, self._shape, unit_length=False)
            field = collect(
                saved, target, self._shape, unit_length=True, start=self._time, block=block
            )
        except EngineError:
            if (full := self.disk_fault()) is not None:
                raise full from None
            raise
        assert field.time is not None
        self._magnetization, self._time = magnetization, field.time
        return BlockResult(target, field, self._time, steps, clock.perf_counter() - start)

    def disk_fault(self) -> EngineFault | None:
        """The full disk under the session, if it cannot take another magnetization."""
        return disk_fault(self._folder, 12 * math.prod(self._shape) + 4096)


class ProcessSession(Mumax3Session):
    """Blocks as processes: each runs setup, the last magnetization and the block."""

    def execute(
        self,
        block: str,
        magnetization: str,
        outputs: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
        keep: Path | None = None,
    ) -> BlockResult:
        """Run a block in a process of its own; see `Session.execute`."""
        self._check_open()
        watch = Watch(self._engine.limits)
        return self.execute_watched(block, magnetization, outputs, watch, progress, keep)

    def execute_watched(
        self,
        block: str,
        magnetization: str,
        outputs: Sequence[str],
        watch: Watch,
        progress: Callable[[Progress], None] | None,
        keep: Path | None = None,
    ) -> BlockResult:
        """Run a block, part of whose time may be spent already."""
        start = clock.perf_counter()
        script = self._work / f"{Path(magnetization).stem}.mx3"
        out = script.with_suffix(".out")
        heartbeat = "" if "tableautosave" in (self._setup + block).lower() else HEARTBEAT
        load = load_state(self._magnetization, self._time)
        parts = [self._dialect.header(), self._setup, heartbeat, load, block]
        try:
            script.write_text(self._dialect.translate("".join(parts)))
        except OSError as error:
            raise EngineFault("disk", f"{script}: {error.strerror}") from None
        cache = cache_folder(self._setup, self._work)
        name, folder = (str(path.relative_to(self._folder)) for path in (script, out))
        arguments = self._dialect.arguments(name, folder, cache, self._engine.place[0])

        def report() -> None:
            if progress is not None and (time := _last_time(out / "table.txt")) is not None:
                progress(Progress(time))

        try:
            text = self._engine.run_process(arguments, self._folder, out, parts, watch, report)
            self._engine.pass_on_warnings(text, self._setup)
            counted = _STEPS.search(text)
            steps = int(counted[1]) if counted else None
            result = self._finished(out, block, magnetization, outputs, steps, start)
            if keep is not None:
                keep_rest(out, keep)
        except EngineError as error:
            raise in_block(error, str(script), self._folder / LOG) from None
        shutil.rmtree(out, ignore_errors=True)
        script.unlink(missing_ok=True)
        if progress is not None:
            progress(Progress(result.time, steps))
        return result

    def close(self, *, tidy: bool = True) -> None:
        """Remove what was kept between blocks; the script of a block that failed stays.

        No further block is taken.
        """
        self._closed = True
        if not tidy:
            return
        shutil.rmtree(self._work / KERNELS, ignore_errors=True)
        with suppress(OSError):
            self._work.rmdir()


def _last_time(table: Path) -> float | None:
    try:
        with open(table, "rb") as file:
            file.seek(max(0, table.stat().st_size - 4096))
            rows = file.read().split(b"\n")[1:-1]
        return float(rows[-1].split(b"\t")[0])
    except (OSError, ValueError, IndexError):
        return None
