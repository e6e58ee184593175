"""Magnetic films that learn: mumax3 coupled to an anisotropic-magnetoresistance network."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# functions that hide rooms of the same name, which must have been imported before them
for _room in ("mx3", "transport"):
    import_module(f"orchestrator.{_room}")
from orchestrator.engines.scripts import mx3  # noqa: E402
from orchestrator.measure import transport  # noqa: E402
from orchestrator.run import run  # noqa: E402

if TYPE_CHECKING:
    from orchestrator.base.errors import OrchestratorError
    from orchestrator.campaign.results import open_campaign
    from orchestrator.campaign.run import run_campaign
    from orchestrator.campaign.spec import Campaign
    from orchestrator.describe.device import Device
    from orchestrator.describe.experiment import Experiment
    from orchestrator.ovf.files import read_ovf
    from orchestrator.ovf.tables import open_table
    from orchestrator.run.couple import couple
    from orchestrator.run.results import open_run
    from orchestrator.run.scripted import training
    from orchestrator.transport.network import Network

_HOMES = {
    "Campaign": "campaign.spec",
    "Device": "describe.device",
    "Experiment": "describe.experiment",
    "Network": "transport.network",
    "OrchestratorError": "base.errors",
    "couple": "run.couple",
    "open_campaign": "campaign.results",
    "open_run": "run.results",
    "open_table": "ovf.tables",
    "read_ovf": "ovf.files",
    "run_campaign": "campaign.run",
    "training": "run.scripted",
}

__all__ = [
    "Campaign",
    "Device",
    "Experiment",
    "Network",
    "OrchestratorError",
    "couple",
    "mx3",
    "open_campaign",
    "open_run",
    "open_table",
    "read_ovf",
    "run",
    "run_campaign",
    "training",
    "transport",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'orchestrator' has no attribute {name!r}")
    return getattr(import_module(f"orchestrator.{_HOMES[name]}"), name)
