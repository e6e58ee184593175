"""A campaign's data as a folder of its own, for the data deposit of a paper.

    DIR/
        README.md                       what this is and how to open it
        checksums.sha256                of all files, for `sha256sum --check`
        versions.json                   program, engines and packages
        results.nc                      the results of all runs
        NAME-HASH.campaign/             the description of the campaign
        NAME-HASH/                      run folders: descriptions, journals, textures, kept states
        scripts/                        the mumax3 setup of the runs
        added/                          other files, such as analysis scripts
        ro-crate-metadata.json          where asked for, see `crate`

The folder is a root of runs like any other: `open_campaign` and `campaign check` work on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.campaign.archive.gather import export
from orchestrator.campaign.archive.index import INDEX
from orchestrator.campaign.results import open_campaign
from orchestrator.campaign.status import run_state
from orchestrator.campaign.store import CAMPAIGN, CampaignFolder, RunEntry
from orchestrator.campaign.until import UNTIL
from orchestrator.mx3.script import Scripts
from orchestrator.run.check import damage_of_run
from orchestrator.run.description import read_description
from orchestrator.run.folder import (
    DESCRIPTION,
    DESCRIPTION_COPY,
    FINISHED,
    JOURNAL,
    UNTRAINED,
    journals,
)
from orchestrator.run.journal import read_journal
from orchestrator.run.pruned import PRUNED, maps_of, note_removal, states_of

CHECKSUMS = "checksums.sha256"
_OF_RUN = (DESCRIPTION, DESCRIPTION_COPY, UNTRAINED, FINISHED, PRUNED)
_PACKAGES = ("mumax3-orchestrator", "numpy", "scipy", "numba", "xarray", "h5py")


@dataclass(frozen=True)
class About:
    """What the data of a deposit do not say themselves.

    Attributes
    ----------
    title : str
        What it is called.
    license : str or None
        SPDX identifier or address of the license of the data.
    authors : sequence of str
        Names, each perhaps with an ORCID behind it.
    """

    title: str
    license: str | None = None
    authors: Sequence[str] = ()


def deposit(
    folder: CampaignFolder,
    target: Path,
    about: About,
    *,
    maps: bool = False,
    states: bool = True,
    add: Sequence[Path] = (),
    finish: Callable[[Path, list[RunEntry]], None] = lambda path, runs: None,
) -> list[RunEntry]:
    """Copy the finished runs of a campaign, and what is needed to understand them.

    Parameters
    ----------
    folder : CampaignFolder
        The campaign.
    target : Path
        The folder, which must not exist; it appears whole.
    about : About
        Title, license and authors.
    maps, states : bool
        Whether current maps and kept states are copied.
    add : sequence of Path
        Other files and folders to copy.
    finish : callable
        Called with the folder that is made, and the runs in it, before the checksums are taken.

    Returns
    -------
    list of RunEntry
        The runs in it.

    Raises
    ------
    InputError
        If the target exists or no run has finished; if a file to add is missing.
    RunFolderError
        If a run is damaged.
    """
    if target.exists():
        raise InputError(f"{target}: is there already; name a folder that is not")
    if not target.parent.is_dir():
        raise InputError(f"{target}: there is no folder {target.parent}")
    add = [Path(os.path.abspath(path)) for path in add]
    for path in add:
        if not path.exists():
            raise InputError(f"{path}: no such file to add")
        if target.resolve().is_relative_to(path.resolve()):
            raise InputError(f"{path}: holds {target}; add a folder that does not")
    if len({path.name for path in add}) < len(add):
        raise InputError("files to add must have different names")
    runs = [entry for entry in folder.runs if run_state(entry.folder)[0] == "finished"]
    if not runs:
        raise InputError(f"{folder.path}: no run has finished")
    for entry in runs:
        if damages := damage_of_run(entry.folder):
            raise RunFolderError(f"{damages[0]}; `orchestrator campaign check` names all damages")
    work = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        work.mkdir()
        _fill(folder, runs, work, about, maps=maps, states=states, add=add)
        finish(work, runs)
        _write_checksums(work)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return runs


def _fill(
    folder: CampaignFolder,
    runs: list[RunEntry],
    work: Path,
    about: About,
    *,
    maps: bool,
    states: bool,
    add: Sequence[Path],
) -> None:
    own = work / folder.path.name
    own.mkdir()
    for name in (CAMPAIGN, UNTIL):
        if (folder.path / name).exists():
            shutil.copyfile(folder.path / name, own / name)
    scripts: dict[str, str] = {}
    for entry in runs:
        _copy_run(entry.folder, work / entry.folder.name, maps=maps, states=states)
        setup = Scripts.of_experiment(folder.experiment(entry.index)).setup()
        scripts.setdefault(str(setup), entry.folder.name)
    (work / "scripts").mkdir()
    for text, name in scripts.items():
        (work / "scripts" / f"{name}.mx3").write_text(text)
    for path in add:
        copy: Any = shutil.copytree if path.is_dir() else shutil.copyfile
        (work / "added").mkdir(exist_ok=True)
        copy(path, work / "added" / path.name)
    versions = _versions(runs)
    (work / "versions.json").write_text(json.dumps(versions, indent=1) + "\n")
    results = open_campaign(own).drop_vars("folder")
    export(results, work / "results.nc")
    (own / INDEX).unlink(missing_ok=True)
    (work / "README.md").write_text(_readme(folder, runs, about, versions))


def _copy_run(run: Path, target: Path, *, maps: bool, states: bool) -> None:
    """A run folder without what only a running one needs."""
    left = set() if maps else set(maps_of(run))
    left |= set() if states else set(states_of(run))
    target.mkdir()
    for name in _OF_RUN:
        if (run / name).exists():
            shutil.copyfile(run / name, target / name)
    for journal in journals(run):
        (target / journal.parent.name).mkdir()
        records = read_journal(journal).records
        names = {JOURNAL} | {name for record in records for name in record.files}
        for name in sorted(names):
            path = journal.parent / name
            if path.exists() and path not in left:
                shutil.copyfile(path, target / journal.parent.name / name)
    note_removal(target, [target / path.relative_to(run) for path in left])


def _versions(runs: list[RunEntry]) -> dict[str, Any]:
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    engines: dict[str, dict[str, Any]] = {}
    for entry in runs:
        content = read_description(entry.folder)
        found = {"program": content["program"], "engine": content["engine"]}
        engines.setdefault(json.dumps(found, sort_keys=True), found | {"runs": 0})["runs"] += 1
    return {
        "exported_with": packages | {"python": platform.python_version()},
        "computed_with": list(engines.values()),
    }


def _readme(
    folder: CampaignFolder, runs: list[RunEntry], about: About, versions: dict[str, Any]
) -> str:
    axes = [
        f"- `{axis['name']}`: {len(axis['coordinate'])} points"
        + (f" ({axis['unit']})" if axis["unit"] != "1" else "")
        for axis in folder.content["axes"]
    ]
    by = f"\nBy {', '.join(about.authors)}.\n" if about.authors else ""
    license = f"\nLicense of the data: {about.license}.\n" if about.license else ""
    engines = sorted({str(found["engine"].get("name")) for found in versions["computed_with"]})
    return f"""# {about.title}
{by}{license}
Results of {len(runs)} of {len(folder.runs)} runs of a campaign of mumax3-orchestrator {
        folder.content["program"]
    } (engine {", ".join(engines)}), along

{chr(10).join(axes)}

- `results.nc`: all numbers, netCDF; every variable has its unit.
- `{folder.path.name}/campaign.json`: the experiment and its axes.
- one folder for each run: its description, a journal with one line for each pulse, the first,
  last and relaxed texture of each training (OVF 2), and the kept states (netCDF).
- `scripts/`: the mumax3 setup of the runs, one for all that share it, named after the first.
- `versions.json`: what they were computed and exported with.
- `{CHECKSUMS}`: `sha256sum --check {CHECKSUMS}` compares all files.

In Python, with mumax3-orchestrator: `orchestrator.open_campaign("{folder.path.name}")`.
"""


def _write_checksums(work: Path) -> None:
    lines = [
        f"{sha256(path)}  {path.relative_to(work)}\n"
        for path in sorted(work.rglob("*"))
        if path.is_file()
    ]
    (work / CHECKSUMS).write_text("".join(lines))


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
