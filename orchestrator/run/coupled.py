"""Experiments whose setup is a script: what the engine reports of it, and contacts, as one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from orchestrator.base.errors import InputError
from orchestrator.base.tomlfile import read_toml
from orchestrator.coupling.engine import CoupledEngine
from orchestrator.coupling.prepared import Prepared, load, prepare, prepared_folder
from orchestrator.coupling.script import Script, read_script
from orchestrator.describe.areas import Mask
from orchestrator.describe.experiment import PLAIN_NAME, PLAIN_NAME_IN_WORDS, Experiment
from orchestrator.describe.film import Film
from orchestrator.describe.masks import with_masks_read
from orchestrator.describe.material import Material
from orchestrator.describe.sections import SCRIPT, Reference, ScriptSetup, Start, Training
from orchestrator.describe.validation import explained, validated
from orchestrator.engines.session import Engine
from orchestrator.measure.circuit import Circuit
from orchestrator.measure.media import regions_of
from orchestrator.run.workplace import Workplace

_CIRCUIT = TypeAdapter(Circuit)
_OF_THE_CIRCUIT = ("resistivity", "resistivities", "contacts", "regions", "underlayer")
_OF_THE_RUN = ("training", "output", "probes")
_OF_THE_SCRIPT = ("film", "material", "script", "start", "solver", "conditions", "reference")


def is_coupled(path: Path) -> bool:
    """Whether an experiment file names a script as its setup."""
    return path.is_file() and isinstance(read_toml(path).get("setup"), str)


def read_coupled(path: Path, engine: Engine, root: Path) -> tuple[Experiment, Script]:
    """The experiment of a file with `setup = "script.mx3"`, and that script.

    The script is looked for beside the file; the sections are those of an experiment without
    `film`, `material` and whatever else the script says, and `resistivities` by region.

    Raises
    ------
    InputError
        If the file or the script cannot be used; nothing is written.
    EngineError
        If the engine fails.
    """
    table = read_toml(path)
    script = read_script(path.parent / table["setup"])
    for key in _OF_THE_SCRIPT:
        if key in table:
            raise InputError(f"{path}: {key}: the script says that; leave it out")
    known = {"name", "setup", *_OF_THE_CIRCUIT, *_OF_THE_RUN}
    if unknown := sorted(set(table) - known):
        raise InputError(f"{path}: {unknown[0]}: unknown key; known are {', '.join(sorted(known))}")
    try:
        table = with_masks_read(table, path.parent)
        circuit = validated(_CIRCUIT, {k: table[k] for k in _OF_THE_CIRCUIT if k in table})
    except ValidationError as error:
        raise explained(error, Circuit, str(path)) from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    own = {key: table[key] for key in _OF_THE_RUN if key in table}
    training = {"relax_time": 0.0} | own.get("training", {})

    def experiment(prepared: Prepared) -> Experiment:
        made = coupled_experiment(script, prepared, circuit, name=table.get("name"))
        whole = made.to_dict() | own | {"training": training}
        return Experiment.from_dict(whole, source=str(path))

    return prepare(script, engine, root, experiment), script


def coupled_experiment(
    script: Script, prepared: Prepared, circuit: Circuit, name: str | None = None, **plan: Any
) -> Experiment:
    """An experiment whose setup is a script, with a training that a script chooses.

    Parameters
    ----------
    script : Script
        The script.
    prepared : Prepared
        What the engine reports of it.
    circuit : Circuit
        Contacts and resistivities, also by the numbers of the script's regions.
    name : str, optional
        Names the run folder; the script's by default.
    plan
        Further keys of the training: voltage, current, oersted.

    Raises
    ------
    InputError
        If they do not fit each other.
    """
    name = name or script.path.stem
    if not isinstance(name, str) or not PLAIN_NAME.fullmatch(name):
        raise InputError(f"name: {name!r} is not {PLAIN_NAME_IN_WORDS}")
    try:
        return _experiment(script, prepared, circuit, name, plan)
    except InputError as error:
        raise InputError(f"{script.path}: {error}") from None


def _experiment(
    script: Script, prepared: Prepared, circuit: Circuit, name: str, plan: dict[str, Any]
) -> Experiment:
    film, inside = _film(prepared, circuit)
    numbers = prepared.cells("regions").astype(int)
    _check_metals(prepared, circuit, numbers, inside)
    numbered = regions_of(numbers, circuit.resistivities, inside)
    return Experiment(
        name=name,
        film=film,
        material=_material(prepared, numbers, inside),
        resistivity=circuit.resistivity,
        contacts=circuit.contacts,
        regions=(*circuit.regions, *numbered),
        underlayer=circuit.underlayer,
        start=Start(settle_time=0.0),
        reference=Reference(starts=1),
        training=Training(patterns=(SCRIPT,), pulse_length=0.0, pulses=0, script=True, **plan),
        setup=ScriptSetup(script.name, script.digest),
    )


def _film(prepared: Prepared, circuit: Circuit) -> tuple[Film, np.ndarray]:
    """The film of a script, and the cells of its geometry."""
    inside = prepared.cells("geom") > 0
    size = prepared.field("m").cell_size
    film = circuit.film_of(inside, size)
    if film.outline is not None and not np.array_equal(film.inside, inside):
        raise InputError(
            f"film.shape: holds {film.inside.sum()} cells, which are not the {inside.sum()} of the "
            "script's geometry; leave it out"
        )
    if not inside.all():
        film = dataclasses.replace(film, shape=Mask.of(inside))
    return film, inside


def _check_metals(
    prepared: Prepared, circuit: Circuit, numbers: np.ndarray, inside: np.ndarray
) -> None:
    """Cells without moment have directions all the same, which must not count as those of m."""
    empty = inside & (prepared.cells("Msat") == 0)
    for number in np.unique(numbers[empty]).tolist():
        if not isinstance(circuit.resistivities.get(number), float | int | str):
            raise InputError(
                f"region {number} has Msat = 0; say under `resistivities` what it "
                'is: a metal, by its resistivity in ohm m, or "vacuum"'
            )


def _material(prepared: Prepared, numbers: np.ndarray, inside: np.ndarray) -> Material:
    """The material of the largest magnetic region."""
    magnetic = inside & (prepared.cells("Msat") > 0)
    largest = np.bincount(numbers[magnetic]).argmax()
    place = tuple(np.argwhere(magnetic & (numbers == largest))[0])
    ms, aex, alpha, p, xi = (
        float(prepared.cells(name)[place]) for name in ("Msat", "Aex", "alpha", "Pol", "xi")
    )
    return Material(Ms=ms, Aex=aex, alpha=alpha, P=p, xi=xi)


def for_setup(experiment: Experiment, workplace: Workplace) -> Workplace:
    """The workplace of an experiment: with the script's engine, where a script is its setup.

    Raises
    ------
    InputError
        If the script has not been prepared under this root, or own templates are given.
    RunFolderError
        If what was prepared is damaged.
    """
    setup = experiment.setup
    if setup is None:
        return workplace
    if workplace.templates is not None:
        raise InputError("templates: a script that is the setup needs none")
    folder = prepared_folder(workplace.root, setup.digest, workplace.engine.name)
    if not folder.exists():
        raise InputError(
            f"{setup.script}: is not prepared by engine {workplace.engine.name} under "
            f"{workplace.root}; start from the script or from the file that names it"
        )
    prepared = load(folder)
    if experiment.training.oersted and prepared.adds_field:
        raise InputError(
            f"training.oersted: {setup.script} adds maps to B_ext, which those of the pulses would "
            "replace"
        )
    engine = CoupledEngine(workplace.engine, prepared)
    return dataclasses.replace(workplace, engine=engine)


def first_texture(experiment: Experiment, workplace: Workplace) -> Path | None:
    """The magnetization that a script which is the setup begins with; None of another one."""
    if experiment.setup is None:
        return None
    engine = workplace.engine.name
    return prepared_folder(workplace.root, experiment.setup.digest, engine) / "m.ovf"
