"""`xarray.open_dataset(folder, engine="orchestrator")` for run and campaign folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from orchestrator.campaign.store import CAMPAIGN
from orchestrator.run.folder import DESCRIPTION


class OrchestratorBackend(BackendEntrypoint):
    """Opens run folders as `open_run` and campaign folders as `open_campaign` do."""

    description = "Run and campaign folders of mumax3-orchestrator"
    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def open_dataset(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> xr.Dataset:
        """The Dataset of a folder.

        Raises
        ------
        InputError
            If it is neither a run folder nor a campaign folder.
        RunFolderError
            If it is damaged.
        """
        from orchestrator.campaign.results import open_campaign
        from orchestrator.run.results import open_run

        folder = Path(filename_or_obj)
        opened = open_campaign(folder) if (folder / CAMPAIGN).exists() else open_run(folder)
        return opened if drop_variables is None else opened.drop_vars(drop_variables)

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether it is a folder of ours."""
        try:
            folder = Path(filename_or_obj)
        except TypeError:
            return False
        return (folder / CAMPAIGN).is_file() or (folder / DESCRIPTION).is_file()
