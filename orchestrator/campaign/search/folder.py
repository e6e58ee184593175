"""A search on disk: its description and Optuna's journal, beside the run folders it shares.

ROOT/
    NAME-HASH.search/
        search.json         base, ranges, objectives
        journal.log         Optuna's journal of trials, which several commands may share
        cancel              there while the search is asked to stop
        trials/             a file NUMBER.stop for a trial that is pruned
        figures/
    NAME-HASH/              run folders
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.errors import InputError
from orchestrator.campaign.search.spec import SearchCampaign
from orchestrator.campaign.store import of_other_descriptions
from orchestrator.run.notes import read_json, write_json

if TYPE_CHECKING:
    import optuna

SEARCH = "search.json"
SUFFIX = ".search"
RUNS = "runs"
HEAT = "joules"
TIME = "seconds"
FAILURE = "failure"
VALUES = "values"
"""Names of what is noted of a trial."""


def search_path(search: SearchCampaign, root: Path) -> Path:
    """Where a search lies under a root."""
    return root / f"{search.name}-{search.hash[:8]}{SUFFIX}"


def find_search(path: Path, root: Path) -> Path:
    """The folder of a search, given itself or its file.

    Raises
    ------
    InputError
        If it has not been begun.
    """
    if path.is_dir():
        if not (path / SEARCH).is_file():
            raise InputError(f"{path}: not a search's folder (no {SEARCH} in it)")
        return path
    search = SearchCampaign.from_toml(path)
    folder = search_path(search, root)
    if not (folder / SEARCH).is_file():
        others = of_other_descriptions(root, search.name, SUFFIX)
        raise InputError(f"{path}: this search has not been begun under {root}{others}")
    return folder


def create_search(search: SearchCampaign, root: Path) -> Path:
    """The folder of a search, made if it does not exist."""
    path = search_path(search, root)
    (path / "trials").mkdir(parents=True, exist_ok=True)
    content = {"program": version("mumax3-orchestrator"), "hash": search.hash}
    write_json(path / SEARCH, content | search.to_dict())
    return path


def open_study(folder: Path, *, sampler: Any = None, pruner: Any = None) -> optuna.Study:
    """The study of a search's folder.

    Raises
    ------
    InputError
        If Optuna is not installed.
    RunFolderError
        If the description is damaged.
    """
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError:
        raise InputError(
            "searches need Optuna: pip install 'mumax3-orchestrator[search]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    content = read_json(folder / SEARCH, "search", "name")
    objectives = content["search"]["objectives"]
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / "journal.log"))),
        study_name=content["name"],
        directions=[objective["direction"] for objective in objectives],
        sampler=sampler,
        pruner=pruner,
        load_if_exists=True,
    )


def described_ranges(folder: Path) -> dict[str, dict[str, Any]]:
    """The ranges of a search's folder by their names."""
    ranges = read_json(folder / SEARCH, "search")["search"]["ranges"]
    return {one["name"]: one for one in ranges}


def objective_names(folder: Path) -> list[str]:
    """Names of the objectives of a search's folder."""
    return [o["name"] for o in read_json(folder / SEARCH, "search")["search"]["objectives"]]


def shown(values: dict[str, Any]) -> str:
    """Values of a trial in one line."""
    return ", ".join(
        f"{name} = {value:.4g}" if isinstance(value, float) else f"{name} = {json.dumps(value)}"
        for name, value in values.items()
    )
