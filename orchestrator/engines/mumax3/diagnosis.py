"""What a process of mumax3 died of, in words."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

from orchestrator.base.errors import EngineError
from orchestrator.mx3.origins import origin_of

_PATTERNS = (
    ("memory", r"CUDA_ERROR_OUT_OF_MEMORY", "the GPU has not enough free memory"),
    (
        "driver",
        r"CUDA_ERROR_(?:NO_DEVICE|INVALID_DEVICE|INSUFFICIENT_DRIVER|NOT_INITIALIZED"
        r"|SYSTEM_DRIVER_MISMATCH|COMPAT_NOT_SUPPORTED_ON_DEVICE|STUB_LIBRARY)"
        r"|No binary for GPU|libcuda\.so|libcufft\.so|libcurand\.so",
        "no NVIDIA GPU with a driver that fits this mumax3 build",
    ),
    (
        "disk",
        r"no space left on device|disk quota exceeded|file too large",
        "the disk is full, or a quota or limit of the file size is reached",
    ),
    ("gpu", r"CUDA_ERROR_\w+", "an error of the GPU"),
)
_SCRIPT_LINE = re.compile(r"script line (\d+)(:\d+)?:[^\n]*")
_PANIC = re.compile(r"^panic: [^\n]*", re.MULTILINE)

LASTING = frozenset({"missing", "driver", "script"})
"""Kinds of faults that another try would meet again."""


class EngineFault(EngineError):
    """A failure of an engine's process.

    Attributes
    ----------
    kind : str
        `missing`, `start`, `driver`, `memory`, `disk`, `gpu`, `script`, `crash`, `signal`, `time`,
        `silence` or `output`.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def script_error(text: str, parts: Sequence[str]) -> EngineFault | None:
    """The error in a script that mumax3 has reported, with the template and line it came from.

    Parameters
    ----------
    text : str
        What mumax3 printed.
    parts : sequence of str
        The script's parts in their order; see `orchestrator.mx3.origins`.
    """
    match = _SCRIPT_LINE.search(text)
    if match is None:
        return None
    line = int(match[1])
    if match[2]:  # syntax errors have line:column, and count one line too many
        line -= 1
    return EngineFault("script", f"mumax3 refused the script: {match[0]}{origin_of(parts, line)}")


def exit_fault(code: int, text: str, parts: Sequence[str] = ()) -> EngineFault:
    """What a process that ended with `code` died of.

    Parameters
    ----------
    code : int
        Exit code; negative for a signal. mumax3 ends with 0 when the script is done or has called
        `Exit()`, with 1 where it refuses something, with 2 after a Go panic.
    text : str
        What it printed on stdout and stderr.
    parts : sequence of str
        The parts of its script.
    """
    how = _ending(code)
    for kind, pattern, cause in _PATTERNS:
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            line = next(line for line in text.splitlines() if match[0] in line).strip()
            return EngineFault(kind, f"mumax3 {how}: {cause}\n{line}")
    refused = script_error(text, parts)
    if refused is not None:
        return EngineFault("script", f"{refused} ({how})")
    if code < 0:
        return EngineFault("signal", f"mumax3 {how}\n{tail(text)}")
    panic = _PANIC.search(text)
    return EngineFault("crash", f"mumax3 {how}:\n{panic[0] if panic else tail(text)}")


def _ending(code: int) -> str:
    if code >= 0:
        meaning = {1: " (an error it names)", 2: " (a Go panic)", 127: " (not loadable)"}
        return f"ended with exit code {code}{meaning.get(code, '')}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
    guess = ", maybe by the system for want of memory" if code == -signal.SIGKILL else ""
    return f"was killed by signal {-code} ({name}{guess})"


def tail(text: str, lines: int = 5) -> str:
    """The last lines of an output."""
    return "\n".join(text.strip().splitlines()[-lines:])


def in_block(error: EngineError, what: str, log: Path | None) -> EngineFault:
    """The same fault, with the block and the log, if it stays, named."""
    kind = error.kind if isinstance(error, EngineFault) else "output"
    return EngineFault(kind, f"{what}: {error}" + (f"\nlog: {log}" if log else ""))
