"""Magnetic films that learn: mumax3 coupled to an anisotropic-magnetoresistance network."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.campaign.spec import Campaign
    from orchestrator.campaign_results import open_campaign
    from orchestrator.device import Device
    from orchestrator.errors import OrchestratorError
    from orchestrator.experiment import Experiment
    from orchestrator.results import open_run
    from orchestrator.running import run
    from orchestrator.transport.network import Network

_HOMES = {
    "Campaign": "campaign.spec",
    "Device": "device",
    "Experiment": "experiment",
    "Network": "transport.network",
    "OrchestratorError": "errors",
    "open_campaign": "campaign_results",
    "open_run": "results",
    "run": "running",
}

__all__ = [
    "Campaign",
    "Device",
    "Experiment",
    "Network",
    "OrchestratorError",
    "open_campaign",
    "open_run",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'orchestrator' has no attribute {name!r}")
    return getattr(import_module(f"orchestrator.{_HOMES[name]}"), name)
