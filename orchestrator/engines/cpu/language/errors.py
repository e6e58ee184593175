"""The ways a script can fail, each with mumax3's exit code."""

from __future__ import annotations

from orchestrator.base.errors import EngineError


class ScriptError(EngineError):
    """A script is wrong or failed while it ran.

    The text names the script, the line, the statement and the reason; line and statement are added
    by the innermost statement that the error passes on its way out.
    """

    exit_code = 1

    def __init__(self, reason: str, line: int | None = None, statement: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.statement = statement
        self.script = ""

    def locate(self, line: int, statement: str) -> None:
        """Note where the error arose, unless a statement further inside has done so."""
        if self.line is None:
            self.line, self.statement = line, statement

    def __str__(self) -> str:
        place = f"script line {self.line}: " if self.line is not None else ""
        script = f"{self.script}: " if self.script else ""
        statement = f"{self.statement}: " if self.statement else ""
        return f"{script}{place}{statement}{self.reason}"


class CompileError(ScriptError):
    """The script is not accepted; nothing of it has run (exit code 1)."""


class FatalError(ScriptError):
    """A file, region, geometry or mask is unusable (exit code 1)."""


class PanicError(ScriptError):
    """An illegal value or argument at run time (exit code 2, as a Go panic)."""

    exit_code = 2


class ExpectationError(ScriptError):
    """`Expect` found another value than wanted (exit code 1)."""


class InterruptError(ScriptError):
    """Ctrl-C: the run ended between two steps or statements (exit code 130)."""

    exit_code = 130


class ScriptExit(Exception):
    """`Exit()` was called."""
