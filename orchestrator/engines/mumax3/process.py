"""A guarded process whose output goes to a log file, and the limits it has to keep."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import subprocess
import sys
import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engines.mumax3 import guard
from orchestrator.engines.mumax3.diagnosis import EngineFault


@dataclass(frozen=True)
class Limits:
    """How long to wait for an engine.

    Attributes
    ----------
    time : float or None
        Wall-clock limit of one block, s.
    silence : float or None
        Longest time without any sign of life (output, growth of a file, an answer), s.
    start : float
        Longest time until a live process opens its port, s.
    """

    time: float | None = None
    silence: float | None = 600.0
    start: float = 120.0


class Process:
    """A command in a process group of its own, which dies with this process.

    Parameters
    ----------
    command : sequence of str
        Binary and arguments.
    folder : Path
        Working directory.
    log : Path
        File that its stdout and stderr are appended to.
    environment : mapping, optional
        Environment instead of the present one.
    gui : Path, optional
        File with the address of its web interface, which is then polled to keep it alive.

    Raises
    ------
    EngineFault
        If the binary is missing or cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        gui: Path | None = None,
    ) -> None:
        program = shutil.which(command[0])
        if program is None:
            raise EngineFault(
                "missing",
                f"{command[0]}: cannot be started (no such program); "
                "set MUMAX3 to the path of mumax3, or take --engine cpu",
            )
        self.log = log
        # relative to where this process works, not to the folder in which the command starts
        words = [os.path.abspath(program), *command[1:]]
        given = os.environ if environment is None else environment
        try:
            with open(log, "ab") as file:
                moment = clock.strftime("%Y-%m-%d %H:%M:%S")
                file.write(f"---- {moment} {shlex.join(words)}\n".encode())
                file.flush()
                self._position = file.tell()
                self._guard = subprocess.Popen(
                    [sys.executable, "-I", "-S", guard.__file__, str(gui or "-"), *words],
                    cwd=folder,
                    env=dict(given),
                    stdin=subprocess.PIPE,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise EngineFault(
                "start", f"{command[0]}: cannot be started in {folder} ({error.strerror})"
            ) from None
        self._text = bytearray()

    @property
    def code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._guard.poll()

    @property
    def session(self) -> int:
        """Number of the session that it and all its children are in."""
        return self._guard.pid

    @property
    def text(self) -> str:
        """What the process has printed so far."""
        try:
            with open(self.log, "rb") as file:
                file.seek(self._position)
                more = file.read()
        except OSError:
            more = b""  # the log is gone with its folder; what was read before stays
        self._position += len(more)
        self._text += more
        return self._text.decode(errors="replace")

    def forget(self) -> None:
        """Drop the text that was read; `text` goes on with what is printed from now on."""
        self._text.clear()

    def wait(self, watch: Watch, folder: Path, tick: Callable[[], None]) -> int:
        """Wait for the end, and return the exit code.

        Parameters
        ----------
        watch : Watch
            Wall-clock limit and longest silence.
        folder : Path
            Its files' growth is a sign of life.
        tick : callable
            Called about twice a second.

        Raises
        ------
        EngineFault
            If a limit is exceeded; the process is then dead.
        """
        pause, next_tick = 0.002, clock.monotonic() + 0.5
        while (code := self.code) is None:
            clock.sleep(pause)
            pause = min(1.3 * pause, 0.05)
            if clock.monotonic() >= next_tick:
                next_tick = clock.monotonic() + 0.5
                tick()
                watch.check((_size(self.log), _sizes(folder)))
        return code

    def kill(self) -> None:
        """Kill the process and its children; returns when they are dead."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        try:
            self._guard.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()


class Watch:
    """Compares signs of life with the limits, for one block and all tries at it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._start = self._alive = clock.monotonic()
        self._last: object = None

    def next_try(self) -> None:
        """Another process begins, whose silence counts from now; the time limit runs on."""
        self._alive = clock.monotonic()
        self._last = None

    @property
    def start_limit(self) -> float:
        """Longest time until a process that starts now opens its port, s."""
        if self._limits.time is None:
            return self._limits.start
        return min(self._limits.start, self._start + self._limits.time - clock.monotonic())

    @property
    def left(self) -> float:
        """Time until a limit is exceeded if there is no sign of life, s."""
        now, (time, silence) = clock.monotonic(), (self._limits.time, self._limits.silence)
        spent = [] if time is None else [self._start + time - now]
        silent = [] if silence is None else [self._alive + silence - now]
        return max(0.1, min([*spent, *silent, math.inf]))

    def check(self, sign: object) -> None:
        """Note a sign of life; one that is equal to the last is none.

        Raises
        ------
        EngineFault
            If the time or the silence has lasted too long.
        """
        now = clock.monotonic()
        if sign != self._last:
            self._last, self._alive = sign, now
        limit, silence = self._limits.time, self._limits.silence
        if limit is not None and now - self._start > limit:
            raise EngineFault("time", f"ran longer than {limit:g} s and was killed")
        if silence is not None and now - self._alive > silence:
            raise EngineFault("silence", f"gave no sign of life for {silence:g} s and was killed")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _sizes(folder: Path) -> int:
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder))
    except OSError:
        return -1
