"""The description of a run folder: which experiment it holds, and who has worked on it."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.base.files import write_whole
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.hashing import canonical_hash
from orchestrator.engines.session import Engine
from orchestrator.run.folder import DESCRIPTION, DESCRIPTION_COPY, UNTRAINED, journals, run_folder
from orchestrator.run.journal import read_journal
from orchestrator.run.notes import read_note, write_note

_PARTS = ("experiment", "hash", "program", "engine")


def read_description(folder: Path) -> dict[str, Any]:
    """The description of a run folder: experiment, hash, program, engine, templates.

    Raises
    ------
    RunFolderError
        If it is missing or damaged.
    """
    return read_note(folder / DESCRIPTION, *_PARTS)


def described_experiment(
    folder: Path, name: str = DESCRIPTION
) -> tuple[dict[str, Any], Experiment]:
    """The description of a run folder, or its copy, and the experiment that it describes.

    Where a script chooses the pulses, both know how many are committed.

    Raises
    ------
    InputError
        If the experiment is none, as those of other versions may be.
    RunFolderError
        If the description is missing or damaged.
    """
    content = read_note(folder / name, *_PARTS)
    experiment = Experiment.from_dict(content["experiment"], source=str(folder))
    _check_hash(folder / name, content, experiment)
    if experiment.training.script:
        pulses = max((len(read_journal(path).pulses) for path in journals(folder)), default=0)
        training = dataclasses.replace(experiment.training, pulses=pulses)
        experiment = dataclasses.replace(experiment, training=training)
        content["experiment"] = experiment.to_dict()
    return content, experiment


def experiment_to_go_on_with(folder: Path) -> Experiment:
    """The experiment of a run folder, to go on with in that very folder.

    Raises
    ------
    InputError
        If it is no run folder, was begun by a script, has been renamed, or its m0 file has changed.
    RunFolderError
        If its description is damaged.
    """
    if not (folder / DESCRIPTION).is_file():
        raise InputError(f"{folder}: not a run folder (no {DESCRIPTION} in it)")
    experiment = described_experiment(folder)[1].with_m0_read()
    if experiment.training.script:
        raise InputError(
            f"{folder}: was begun by a script (`orchestrator.training`) or `orchestrator couple`, "
            "which goes on with it; start that again"
        )
    own = run_folder(folder.resolve().parent, experiment)
    if own != folder.resolve():
        raise InputError(
            f"{folder}: its experiment belongs into {own.name}; was the folder renamed, or the m0 "
            "file changed?"
        )
    return experiment


def describe(folder: Path, experiment: Experiment, engine: Engine, templates: str | None) -> None:
    """Write the description of a new run folder, or make sure that a run can go on in an old one.

    Parameters
    ----------
    folder : Path
        The run folder.
    experiment : Experiment
        What is run.
    engine : Engine
        With what.
    templates : str or None
        Hash of the user's own script templates.

    Raises
    ------
    RunFolderError
        If the folder belongs to another experiment or engine, has results with other templates, or
        its description is damaged.
    """
    path = folder / DESCRIPTION
    content = {
        "experiment": experiment.to_dict(),
        "hash": experiment.hash,
        "program": version("mumax3-orchestrator"),
        "engine": engine.describe(),
        "templates": templates,
    }
    if not path.exists():
        write_note(path, content)
        write_note(path.with_name(DESCRIPTION_COPY), content)
        return
    found = read_description(folder)
    if found["experiment"]["training"].get("script", False) != experiment.training.script:
        if experiment.training.script:
            raise RunFolderError(
                f"{folder}: was begun by `orchestrator run`, which goes on with it; a script needs "
                "another folder"
            )
        raise RunFolderError(
            f"{folder}: was begun by a script, which goes on with it (`orchestrator.training`); "
            "choose another --root"
        )
    if found["hash"] != experiment.hash:
        raise RunFolderError(f"{folder}: belongs to another experiment (hash {found['hash']})")
    if found["experiment"] != experiment.to_dict():
        _check_hash(path, found, Experiment.from_dict(found["experiment"], source=str(folder)))
    if found["engine"]["name"] != engine.name:
        raise RunFolderError(
            f"{folder}: was begun with engine {found['engine']['name']!r}, not {engine.name!r}; "
            "go on with that one or choose another --root"
        )
    check_templates(folder, found, templates)
    changed = found.get("templates") != templates
    if changed:
        write_note(path, content)
    if changed or not (folder / DESCRIPTION_COPY).exists():
        write_whole(folder / DESCRIPTION_COPY, path.read_bytes())


def restore_description(folder: Path) -> bool:
    """Put a damaged description's copy in its place; whether there is an intact one."""
    try:
        described_experiment(folder, DESCRIPTION_COPY)
    except (InputError, RunFolderError):
        return False
    write_whole(folder / DESCRIPTION, (folder / DESCRIPTION_COPY).read_bytes())
    return True


def check_templates(folder: Path, content: dict[str, Any], templates: str | None) -> None:
    """Make sure that a run goes on, or is replayed, with the templates that it was begun with.

    Raises
    ------
    RunFolderError
        If it has results and was begun with others; versions that did not note them had none as
        far as is known.
    """
    begun = content.get("templates")
    if begun != templates and ((folder / UNTRAINED).exists() or journals(folder)):
        with_which = "without own templates" if begun is None else f"with templates {begun}"
        now = "none" if templates is None else templates
        raise RunFolderError(
            f"{folder}: was begun {with_which}, those given now are {now}; "
            "take the same --templates or choose another --root"
        )


def _check_hash(path: Path, content: dict[str, Any], experiment: Experiment) -> None:
    """Compare the stored hash with the experiment's; the first version hashed the defaults, too."""
    if content["hash"] not in (experiment.hash, canonical_hash(content["experiment"])):
        raise RunFolderError(
            f"{path}: damaged (its experiment has the hash {experiment.hash}, not "
            f"{content['hash']})"
        )
