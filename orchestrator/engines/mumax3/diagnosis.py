"""What a process of mumax3 died of, in words."""

from __future__ import annotations

import errno
import os
import re
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from orchestrator.base.errors import EngineError
from orchestrator.engines.mumax3.cuda_errors import driver_error
from orchestrator.engines.mumax3.guard import UNSTARTED, UNSTARTED_CODE
from orchestrator.mx3.origins import origin_of

_DISK = re.compile(
    r"^(?!//)[^\n]*(?:no space left on device|disk quota exceeded|file too large)[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_FULL = "the disk is full, or a quota or limit of the file size is reached"
_SCRIPT_LINE = re.compile(r"^(?!//)[^\"`\n]*?script line (\d+)(:\d+)?:[^\n]*", re.MULTILINE)
_LIVE_SCRIPT_LINE = re.compile(r"^//script line (\d+)(:\d+)?:[^\n]*", re.MULTILINE)
_FAILED_CHECK = re.compile(r"^//([^\n]*?\s:\s+have:\s[^\n]*\swant:\s[^\n]*)$", re.MULTILINE)
"""How `Expect` tells that a value is not what it should be, before mumax3 ends with code 1."""
_PANIC = re.compile(r"^panic: [^\n]*", re.MULTILINE)
_UNSTARTED = re.compile(rf"^{re.escape(UNSTARTED)}[^\n]*", re.MULTILINE)

LASTING = frozenset({"missing", "driver", "script", "disk", "time"})
"""Kinds of faults that another try would meet again."""
OF_THE_PLACE = frozenset({"driver", "memory", "gpu"})
"""Kinds of faults that say nothing of a run, but of the GPU and machine that it met."""


class EngineFault(EngineError):
    """A failure of an engine's process.

    Attributes
    ----------
    kind : str
        `missing`, `start`, `driver`, `memory`, `size`, `disk`, `gpu`, `script`, `crash`, `signal`,
        `time`, `silence` or `output`.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def script_error(text: str, parts: Sequence[str]) -> EngineFault | None:
    """The error in a script that mumax3 has died of, with the template and line it came from.

    Parameters
    ----------
    text : str
        What mumax3 printed.
    parts : sequence of str
        The script's parts in their order; see `orchestrator.mx3.origins`.
    """
    return _script_fault(_SCRIPT_LINE.search(text), parts)


def refusal(text: str, parts: Sequence[str]) -> EngineFault | None:
    """The error for which a live mumax3 has refused a command.

    It tells the error in the way in which a script prints, so `text` must hold nothing that a
    script of the user's can have printed.

    Parameters
    ----------
    text : str
        What mumax3 printed since the command was sent, up to the command's own output.
    parts : sequence of str
        The command's parts in their order.
    """
    return _script_fault(_LIVE_SCRIPT_LINE.search(text), parts)


def _script_fault(match: re.Match[str] | None, parts: Sequence[str]) -> EngineFault | None:
    if match is None:
        return None
    line = int(match[1])
    if match[2]:  # syntax errors have line:column, and count one line too many
        line -= 1
    said = match[0].removeprefix("//")
    return EngineFault("script", f"mumax3 refused the script: {said}{origin_of(parts, line)}")


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
    if code == UNSTARTED_CODE and (unstarted := _UNSTARTED.search(text)) is not None:
        return EngineFault("missing", unstarted[0].removeprefix(UNSTARTED))
    if (known := driver_error(text)) is not None:
        error, line = known
        return EngineFault(
            error.kind, f"mumax3 {how}: {error.cause}\n{line}\nremedy: {error.remedy}"
        )
    if (full := _DISK.search(text)) is not None:
        return EngineFault("disk", f"mumax3 {how}: {_FULL}\n{full[0].strip()}")
    refused = script_error(text, parts)
    if refused is not None:
        return EngineFault("script", f"{refused} ({how})")
    if code == 1 and (failed := _FAILED_CHECK.findall(text)):
        return EngineFault("script", f"mumax3 {how}: a check of the script fails: {failed[-1]}")
    if code < 0:
        return EngineFault("signal", f"mumax3 {how}\n{tail(text)}")
    panic = _PANIC.search(text)
    return EngineFault("crash", f"mumax3 {how}:\n{panic[0] if panic else tail(text)}")


def disk_fault(folder: Path, size: int) -> EngineFault | None:
    """The full disk under a folder, if it cannot take another file of `size` bytes.

    mumax3 itself tells nothing of it: it ends with code 0 and leaves truncated files.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return EngineFault(
                "disk", f"{folder}: {_FULL} ({error.strerror} for {size} bytes); make room, resume"
            )
    return None


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
