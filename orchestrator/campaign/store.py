"""A campaign on disk: a folder with its description beside the run folders it shares with others.

ROOT/
    NAME-HASH.campaign/
        index.sqlite        the runs' values once more, see `archive.index`
        until.json          which starts were enough, where they are repeated
        campaign.json       axes, base, and for each run its place, labels and folder
        cancel              there while the campaign is asked to stop
        workers/            output of the worker processes
        output.log          output of `orchestrator campaign resume` where the page has started it
    NAME-HASH/              run folders
    textures/               settled textures
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError
from orchestrator.campaign.axes.repeats import Until
from orchestrator.campaign.axes.variants import Variants
from orchestrator.campaign.spec import Axis, Campaign
from orchestrator.describe.experiment import Experiment
from orchestrator.run.folder import run_folder
from orchestrator.run.layout import common_layout
from orchestrator.run.notes import read_note, write_note

CAMPAIGN = "campaign.json"
SUFFIX = ".campaign"
_CANCEL = "cancel"


@dataclass(frozen=True)
class RunEntry:
    """One run: its place along the axes, labels, folder, and number of pulses in all."""

    index: tuple[int, ...]
    labels: tuple[Any, ...]
    folder: Path
    pulses: int

    def __str__(self) -> str:
        return ", ".join(str(label) for label in self.labels)


class CampaignFolder:
    """An existing campaign folder.

    Parameters
    ----------
    path : Path
        The folder.

    Raises
    ------
    InputError
        If it is not a campaign folder.
    RunFolderError
        If its description is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / CAMPAIGN).is_file():
            search = path.suffix == ".search"
            hint = "; `orchestrator campaign search --plot` takes a search's folder" * search
            raise InputError(f"{path}: not a campaign folder (no {CAMPAIGN} in it){hint}")
        parts = ("program", "hash", "axes", "campaign", "layout", "runs")
        self.content = read_note(path / CAMPAIGN, *parts)
        self.root = path.parent
        self.runs = [
            RunEntry(
                tuple(run["index"]), tuple(run["labels"]), self.root / run["folder"], run["pulses"]
            )
            for run in self.content["runs"]
        ]

    @cached_property
    def campaign(self) -> Campaign:
        """The campaign itself, with the experiments of all runs."""
        source = str(self.path / CAMPAIGN)
        return Campaign.from_dict(self.content["campaign"], source, self.path, stored=True)

    def experiment(self, index: tuple[int, ...]) -> Experiment:
        """The experiment of one run, without looking at the others."""
        changes = [axis.changes[k] for axis, k in zip(self._axes, index, strict=True)]
        merged = {key: value for change in changes for key, value in change.items()}
        return self._variants.experiment(merged, str(self.path))

    @cached_property
    def repeated(self) -> tuple[int, Until] | None:
        """Number of the axis along which starts are repeated until an interval is narrow."""
        found = [(k, axis.until) for k, axis in enumerate(self._axes) if axis.until is not None]
        return found[0] if found else None

    @cached_property
    def _axes(self) -> list[Axis]:
        return [Axis(**table) for table in self.content["campaign"]["axes"]]

    @cached_property
    def _variants(self) -> Variants:
        return Variants(Experiment.from_dict(self.content["campaign"]["base"], str(self.path)))

    def ask_to_stop(self) -> None:
        """Let all workers, on whatever machine, stop at their next pulse boundary."""
        (self.path / _CANCEL).touch()

    def withdraw_stop(self) -> None:
        """Forget that a stop has been asked for."""
        (self.path / _CANCEL).unlink(missing_ok=True)

    @property
    def stop_file(self) -> Path:
        """The file whose existence asks to stop."""
        return self.path / _CANCEL


def campaign_path(campaign: Campaign, root: Path) -> Path:
    """Where a campaign lies under a root."""
    return root / f"{campaign.name}-{campaign.hash[:8]}{SUFFIX}"


def create(campaign: Campaign, root: Path) -> CampaignFolder:
    """The folder of a campaign, made if it does not exist; its runs are not begun."""
    path = campaign_path(campaign, root)
    if not (path / CAMPAIGN).exists():
        path.mkdir(parents=True, exist_ok=True)
        runs = [
            {
                "index": point.index,
                "labels": point.labels,
                "folder": run_folder(root, point.experiment).name,
                "pulses": point.experiment.training.pulses
                * len(point.experiment.training.patterns),
            }
            for point in campaign.points
        ]
        axes = [
            {"name": axis.name, "unit": axis.unit, "coordinate": axis.coordinate}
            for axis in campaign.axes
        ]
        content = {
            "program": version("mumax3-orchestrator"),
            "hash": campaign.hash,
            "axes": axes,
            "campaign": campaign.to_dict(),
            "layout": common_layout(point.experiment for point in campaign.points),
            "runs": runs,
        }
        write_note(path / CAMPAIGN, content)
    return CampaignFolder(path)


def find(path: Path, root: Path) -> CampaignFolder:
    """The folder of a campaign, given itself or the campaign's TOML file.

    Raises
    ------
    InputError
        If the file's campaign has not been begun under `root`.
    """
    if path.is_dir():
        return CampaignFolder(path)
    campaign = Campaign.from_toml(path)
    folder = campaign_path(campaign, root)
    if not folder.exists():
        others = of_other_descriptions(root, campaign.name, SUFFIX)
        raise InputError(f"{path}: this campaign has not been begun under {root}{others}")
    return CampaignFolder(folder)


def of_other_descriptions(root: Path, name: str, suffix: str) -> str:
    """The end of a message: folders of the same name, whose description was another one."""
    found = [path.name for path in sorted(root.glob(f"{name}-*{suffix}"))]
    return f"; {', '.join(found)} there is of another description" if found else ""
