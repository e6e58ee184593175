"""`xarray.open_dataset(path, engine="orchestrator")`: runs, campaigns, OVF files, outputs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from orchestrator.campaign.store import CAMPAIGN
from orchestrator.ovf.datasets import is_ovf, open_ovf, open_ovf_series, series_files
from orchestrator.run.folder import DESCRIPTION


class OrchestratorBackend(BackendEntrypoint):
    """Opens a path as what it is.

    Run folders as `open_run` and campaign folders as `open_campaign` do; an OVF file, lazily, as
    `orchestrator.ovf.datasets.open_ovf` does; another folder as the series of magnetizations that
    mumax3 saved there.
    """

    description = "Run and campaign folders of mumax3-orchestrator, OVF files, mumax3's outputs"
    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def open_dataset(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> xr.Dataset:
        """The Dataset of a folder or file.

        Raises
        ------
        InputError
            If it is none of what this opens.
        RunFolderError
            If it is damaged.
        """
        opened = _opened(Path(filename_or_obj))
        if drop_variables is not None:
            opened = opened.drop_vars(drop_variables)
        opened.set_close(_no_file_is_open)
        return opened

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether it is a folder of ours or an OVF file."""
        try:
            path = Path(filename_or_obj)
        except TypeError:
            return False
        return (path / CAMPAIGN).is_file() or (path / DESCRIPTION).is_file() or is_ovf(path)


def _no_file_is_open() -> None:
    """What xarray calls to close a Dataset; several opened together need it."""


def _opened(path: Path) -> xr.Dataset:
    from orchestrator.campaign.results import open_campaign
    from orchestrator.run.results import open_run

    if (path / CAMPAIGN).exists():
        return open_campaign(path)
    if path.is_dir() and not (path / DESCRIPTION).exists() and any(path.glob("*.o[vm]f")):
        return open_ovf_series(series_files(path))
    return open_ovf(path) if path.is_file() else open_run(path)
