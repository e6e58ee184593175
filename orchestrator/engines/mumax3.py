"""mumax3 as an engine: one process for each block, from the last saved magnetization."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time as clock
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.engines.collect import collect
from orchestrator.engines.session import BlockResult, Progress, load_state
from orchestrator.errors import EngineError
from orchestrator.mx3.ovf import read_ovf

_STEPS = re.compile(r"^//\s*steps\s+(\d+)", re.MULTILINE)
_BANNER = re.compile(r"^//\s*(mumax.*?|GPU info:.*|CUDA.*)$", re.MULTILINE | re.IGNORECASE)


def find_mumax3() -> str | None:
    """Path of the mumax3 binary: the environment variable MUMAX3, else `mumax3` on PATH."""
    return shutil.which(os.environ.get("MUMAX3", "mumax3"))


def find_gpu() -> str | None:
    """Name of the first NVIDIA GPU, as nvidia-smi tells it."""
    try:
        listing = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return listing.stdout.strip().splitlines()[0] if listing.stdout.strip() else None


class Mumax3Engine:
    """The `mumax3` command, or another one with its flags.

    Parameters
    ----------
    command : sequence of str or str
        The binary and leading arguments.
    time_limit : float, optional
        Wall-clock limit for a block in s.
    """

    name = "mumax3"

    def __init__(self, command: Sequence[str] | str, time_limit: float | None = None) -> None:
        self.command = [command] if isinstance(command, str) else list(command)
        self.time_limit = time_limit
        self._banner = ""

    def describe(self) -> dict[str, str]:
        """Name, binary, version and GPU as mumax3's banner states them."""
        if not self._banner:
            self._banner = self._read_banner()
        lines = "; ".join(_BANNER.findall(self._banner))
        return {"name": self.name, "command": " ".join(self.command), "version": lines}

    def _read_banner(self) -> str:
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "banner.mx3"
            script.write_text("SetGridSize(2, 2, 1)\nSetCellSize(1e-9, 1e-9, 1e-9)\n")
            return _run_process(self._arguments(script, script.with_suffix(".out")), script, 120)

    def _arguments(self, script: Path, out: Path) -> list[str]:
        return [*self.command, "-http", "", "-f", "-o", str(out), str(script)]

    def start(
        self,
        setup: str,
        folder: Path,
        magnetization: str,
        *,
        time: float = 0.0,
        state: Mapping[str, Any] | None = None,
    ) -> Mumax3Session:
        """Start a session; nothing runs before the first block."""
        return Mumax3Session(self, setup, folder, magnetization, time)


class Mumax3Session:
    """Blocks as processes: each runs setup, the last magnetization and the block."""

    def __init__(
        self, engine: Mumax3Engine, setup: str, folder: Path, magnetization: str, time: float
    ) -> None:
        self._engine = engine
        self._setup = setup
        self._folder = folder
        self._magnetization = magnetization
        self._time = time
        self._shape = read_ovf(folder / magnetization).data.shape[:3]

    def execute(
        self,
        block: str,
        magnetization: str,
        outputs: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
    ) -> BlockResult:
        """Run a block in a process of its own; see `Session.execute`."""
        start = clock.perf_counter()
        script = self._folder / f"{Path(magnetization).stem}.mx3"
        out = script.with_suffix(".out")
        script.write_text(self._setup + load_state(self._magnetization, self._time) + block)
        text = _run_process(
            self._engine._arguments(Path(script.name), Path(out.name)),
            script,
            self._engine.time_limit,
        )
        for name in outputs:
            collect(out / name, self._folder / name, self._shape, unit_length=False)
        target = self._folder / magnetization
        field = collect(out / magnetization, target, self._shape, unit_length=True)
        if field.time is None:
            raise EngineError(f"{target}: states no simulated time")
        shutil.rmtree(out, ignore_errors=True)
        script.unlink(missing_ok=True)
        self._magnetization, self._time = magnetization, field.time
        counted = _STEPS.search(text)
        steps = int(counted.group(1)) if counted else None
        if progress is not None:
            progress(Progress(field.time, steps or 0))
        return BlockResult(target, field.time, steps, clock.perf_counter() - start)

    def close(self) -> None:
        """Nothing is held between blocks."""


def _run_process(arguments: list[str], script: Path, limit: float | None) -> str:
    """Run mumax3 in the script's folder and process group of its own; return what it printed."""
    try:
        process = subprocess.Popen(
            arguments,
            cwd=script.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(f"{arguments[0]}: cannot be started ({error.strerror})") from None
    try:
        text, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise EngineError(f"{script}: mumax3 ran longer than {limit:g} s and was killed") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode:
        tail = "\n".join(text.strip().splitlines()[-5:])
        code = process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise EngineError(f"{script}: mumax3 {how}:\n{tail}")
    return text
