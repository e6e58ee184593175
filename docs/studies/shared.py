"""What the scripts of several studies need: experiments and runs of folders, tables, errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from orchestrator import open_campaign, open_run
from orchestrator.analysis.references import with_references
from orchestrator.campaign.store import CampaignFolder
from orchestrator.plotting.runs import experiment_of as experiment_of

DATA = Path(__file__).parents[2] / "data"
REFERENCES = ("saturated", "untrained", "own")
"""The last is the texture before training."""
ALONG = 0.44
"""Mean square of m along the stripes of ideal textures, from 0.789 sigma_perp of eight mazes."""


def open_runs(paths: Iterable[Path]) -> list[xr.Dataset]:
    """The runs of run folders and of campaign folders."""
    folders: list[Path] = []
    for path in paths:
        is_campaign = path.suffix == ".campaign"
        folders += [entry.folder for entry in CampaignFolder(path).runs] if is_campaign else [path]
    return [open_run(folder) for folder in folders]


def with_all_references(folder: str) -> xr.Dataset:
    """A campaign with the energies against REFERENCES."""
    return with_references(open_campaign(folder).load(), REFERENCES)


def kind_of(pattern: str) -> str:
    """Class of a pattern of four contacts in the corners."""
    if pattern.count("+") != pattern.count("-"):
        return "one odd contact"
    return "alternating" if pattern[0] == pattern[2] else "two and two"


def spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the first axis and its standard error."""
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def mean_and_error(values: Sequence[float] | np.ndarray, form: str = ".3f") -> str:
    """Mean and standard error in words; of one value the value alone."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    mean, error = spread(np.asarray(values))
    return f"{mean:{form}} ± {error:{form.lstrip('+')}}"


def print_header(*columns: str) -> None:
    """The first two lines of a Markdown table."""
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
