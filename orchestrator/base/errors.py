"""The errors a user can meet; every message says what, where, and what would be right."""

from __future__ import annotations


class OrchestratorError(Exception):
    """Base class of all errors raised on purpose; the command line shows its text alone.

    Its message says where, what was wrong, and what would be right. An error of input is a
    ValueError, too, and one of an engine or a run folder a RuntimeError.

    Attributes
    ----------
    exit_code : int
        How the command line ends: 2 if what it was given cannot be used, 1 if its work failed.

    Examples
    --------
    >>> try:
    ...     orchestrator.open_run("nowhere")
    ... except orchestrator.OrchestratorError as error:
    ...     print(f"{error} ({type(error).__name__}, {error.exit_code})")
    nowhere: ... (InputError, 2)
    """

    exit_code = 1
    """How the command line ends: 2 if what it was given cannot be used, 1 if its work failed."""


class InputError(OrchestratorError, ValueError):
    """A description, file, option or argument of the user is wrong."""

    exit_code = 2


class EngineError(OrchestratorError, RuntimeError):
    """A micromagnetic engine failed or returned something unusable."""


class RunFolderError(OrchestratorError, RuntimeError):
    """A run folder is damaged or belongs to another description."""

    exit_code = 2


class BlockedError(RunFolderError):
    """A run folder is in use by another process, or cannot be written to."""

    exit_code = 1


class ConvergenceError(OrchestratorError, RuntimeError):
    """An iteration ended before it was as exact as asked."""


class CampaignError(OrchestratorError, RuntimeError):
    """Some runs of a campaign have failed; all others have ended."""
