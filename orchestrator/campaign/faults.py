"""Faults of those who work, not of what they work at: no run fails for them."""

from __future__ import annotations

from orchestrator.base.errors import EngineError


class JobLost(EngineError):
    """A job ended, or stopped to answer, while its worker had a task."""


class SiteFault(EngineError):
    """The site cannot work as its file says; a person has to change something."""
