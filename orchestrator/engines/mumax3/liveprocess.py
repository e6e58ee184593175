"""One `mumax3 -i` process that executes script after script."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time as clock
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orchestrator.engines.mumax3.diagnosis import EngineFault, exit_fault, refusal, tail
from orchestrator.engines.mumax3.dialect import Dialect, cache_folder
from orchestrator.engines.mumax3.ports import free_port, is_strangers
from orchestrator.engines.mumax3.process import Process, Watch
from orchestrator.engines.mumax3.weblink import WebLink

_FIRST_PROBE = 2.0
_SENDS = 3
_REFUSALS = 5
_LARGEST_OUTPUT = 4 << 20


class LiveProcess:
    """A process that has run a setup and waits for blocks.

    Parameters
    ----------
    command : sequence of str
        The binary and leading arguments.
    dialect : Dialect
        How it is spoken to.
    place : (int, mapping)
        Index of its GPU, and what the environment must hold for it.
    setup : str
        Mesh, material and solver settings.
    work : Path
        Folder for its script and output, one below the session's, in which it works.
    log : Path
        Where its output goes.
    start_limit : float
        Longest time until it opens its port, s.

    Raises
    ------
    EngineFault
        If it does not get as far as listening on a port.
    """

    def __init__(
        self,
        command: Sequence[str],
        dialect: Dialect,
        place: tuple[int, Mapping[str, str]],
        setup: str,
        work: Path,
        log: Path,
        start_limit: float,
    ) -> None:
        self.out = work / "live.out"
        folder = work.parent
        self._blocks = 0
        self._printed = 0
        self._token = secrets.token_hex(4)
        self._setup = [dialect.header(), setup, f'print("ready {self._token}")\n']
        self._ready = f"//ready {self._token}\n"
        shutil.rmtree(self.out, ignore_errors=True)
        script = work / "live.mx3"
        try:
            script.write_text(dialect.translate("".join(self._setup)))
        except OSError as error:
            raise EngineFault("disk", f"{script}: {error.strerror}") from None
        cache = cache_folder(setup, work)
        name, out = (str(path.relative_to(folder)) for path in (script, self.out))
        arguments = dialect.live_arguments(name, out, cache, place[0], free_port())
        environment = {k: v for k, v in os.environ.items() if k not in _DISPLAYS}
        environment |= place[1]
        gui = (self.out / "gui").absolute()
        self._process = Process([*command, *arguments], folder, log, environment, gui)
        try:
            self._link = WebLink(self._wait_for_port(start_limit), self._token_of_page())
        except BaseException:
            self._process.kill()
            raise

    @property
    def worn(self) -> bool:
        """Whether it has printed so much that its page, which repeats all of it, gets slow."""
        return self._printed > _LARGEST_OUTPUT

    @property
    def text(self) -> str:
        """What it has printed since the block before the last one."""
        return self._process.text

    def _wait_for_port(self, seconds: float) -> int:
        """The port that it really listens on: it takes the next one where the asked is taken."""
        limit = clock.monotonic() + seconds
        while clock.monotonic() < limit:
            try:
                match = re.search(r":(\d+)\s*$", (self.out / "gui").read_text())
            except OSError:
                match = None
            if match:
                port = int(match[1])
                if is_strangers(port, self._process.session):
                    raise EngineFault("start", f"another program listens on mumax3's port {port}")
                return port
            if (code := self._process.code) is not None:
                raise exit_fault(code, self._process.text, self._setup)
            clock.sleep(0.01)
        raise EngineFault(
            "start",
            f"mumax3 -i opened no port within {seconds:g} s\n{tail(self._process.text)}",
        )

    def _token_of_page(self) -> str:
        """What the embedded engine's interface asks for; mumax3 has none."""
        try:
            return (self.out / "gui.token").read_text()
        except OSError:
            return ""

    def execute(
        self,
        preamble: Sequence[str],
        block: str,
        watch: Watch,
        tick: Callable[[float | None], None],
    ) -> int | None:
        """Execute a script and return how many time steps its block took.

        Parameters
        ----------
        preamble : sequence of str
            Script that puts the process into the state that the block starts from: whatever has
            happened before, so that a script which was lost on its way can be sent again.
        block : str
            Script that saves what it changes.
        watch : Watch
            How long to wait.
        tick : callable
            Told the simulated time about twice a second.

        Raises
        ------
        EngineFault
            With kind `script` if the script is wrong (the process lives on), else because the
            process is gone, silent, or does not reach the script's end.
        """
        self._blocks += 1
        mark = f"block {self._token} {self._blocks}"
        begin, end = f'print("{mark} begin", step)\n', f'Flush()\nprint("{mark} end", step)\n'
        parts = [*preamble, begin, block, end]
        script = "".join(parts)
        self._printed += len(self._process.text)
        if self._blocks > 1:
            self._process.forget()
        for attempt in range(_SENDS):
            confirmed = self._link.send(script, timeout=min(10, watch.left))
            probe = _IdleProbe(self._link, f"{mark} probe {attempt}")
            if self._reached(mark, parts, confirmed, probe, watch, tick):
                text = self._process.text
                counts = re.findall(rf"^//{mark} (?:begin|end) (\d+)$", text, re.MULTILINE)
                return int(counts[-1]) - int(counts[-2]) if len(counts) > 1 else None
        raise EngineFault("crash", f"mumax3 -i took the block {_SENDS} times without reaching it")

    def _reached(
        self,
        mark: str,
        parts: Sequence[str],
        confirmed: bool,
        idle: _IdleProbe,
        watch: Watch,
        tick: Callable[[float | None], None],
    ) -> bool:
        """Wait for the end mark; False if the script was lost before it began."""
        end = re.compile(rf"^//{mark} end \d+$", re.MULTILINE)
        begun = re.compile(rf"^//{mark} begin \d+$", re.MULTILINE)
        next_tick, pause = clock.monotonic() + 0.5, 0.001
        while True:
            text = self._process.text
            if end.search(text):
                return True
            code = self._process.code
            if code is not None:
                raise exit_fault(code, self._process.text, parts)
            if not begun.search(text):
                own = text.partition(self._ready)[2] if self._blocks == 1 else text
                refused = refusal(own, parts)
                if refused is not None:
                    raise refused
            watch.check((len(text), self._link.shown()))
            if self._link.refused >= _REFUSALS:
                raise EngineFault("crash", "mumax3 -i runs, but its port is closed")
            if idle.found(text):
                if end.search(self._process.text):
                    return True
                if not confirmed and not begun.search(text):
                    return False
                raise EngineFault(
                    "crash", f"mumax3 stopped in the middle of the block\n{tail(idle.others(text))}"
                )
            if clock.monotonic() >= next_tick:
                next_tick = clock.monotonic() + 0.5
                tick(self._link.time())
            clock.sleep(pause)
            pause = min(1.2 * pause, 0.01)

    def close(self) -> None:
        """End it: by `Exit()` if it listens, else by force."""
        if self._process.code is None and self._link.send("Exit()", timeout=2):
            limit = clock.monotonic() + 5
            while self._process.code is None and clock.monotonic() < limit:
                clock.sleep(0.01)
        self.kill()

    def kill(self) -> None:
        """Kill it with its children."""
        self._process.kill()
        self._link.close()


class _IdleProbe:
    """Finds out whether a quiet process is idle, by asking for its time, steps and time step.

    An answer comes between two steps or when nothing runs. The same answer three times means that
    no step lies between them.
    """

    def __init__(self, link: WebLink, mark: str) -> None:
        self._link = link
        self._mark = mark
        self._answer = re.compile(rf"^//{mark} (\d+) (.*)$", re.MULTILINE)
        self._asked = 0
        self._pause = _FIRST_PROBE
        self._next = clock.monotonic() + self._pause

    def found(self, text: str) -> bool:
        """Whether the process is known to be idle; asks again when it is time to."""
        answers = [answer for _, answer in self._answer.findall(text)]
        if len(answers) >= 3 and len(set(answers[-3:])) == 1:
            return True
        if clock.monotonic() >= self._next:
            self._asked += 1
            self._link.send(f'print("{self._mark}", {self._asked}, t, step, dt)', timeout=1)
            same = len(answers) >= 1 and len(set(answers[-2:])) == 1
            self._pause = 1.0 if same else min(2 * self._pause, 60.0)
            self._next = clock.monotonic() + self._pause
        return False

    def others(self, text: str) -> str:
        """The output without the questions and answers."""
        return "\n".join(line for line in text.splitlines() if self._mark not in line)


_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
"""Without these, no browser is opened."""
