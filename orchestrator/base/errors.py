"""The errors a user can meet; every message says what, where, and what would be right."""

from __future__ import annotations


class OrchestratorError(Exception):
    """Base class of all errors raised on purpose; the command line shows its text alone."""


class InputError(OrchestratorError, ValueError):
    """A description, file or option of the user is wrong (exit code 2)."""


class EngineError(OrchestratorError, RuntimeError):
    """A micromagnetic engine failed or returned something unusable."""


class RunFolderError(OrchestratorError, RuntimeError):
    """A run folder is locked, damaged or belongs to another description."""


class ConvergenceError(OrchestratorError, RuntimeError):
    """An iteration ended before it was as exact as asked."""


class CampaignError(OrchestratorError, RuntimeError):
    """Some runs of a campaign have failed; all others have ended."""
