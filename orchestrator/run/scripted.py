"""A run whose pulses a script chooses: its film is handed to the script, and ended after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import as_path, check_kind
from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.sections import SCRIPT
from orchestrator.describe.sections import Training as Plan
from orchestrator.describe.validation import nearest
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.table import EngineOptions
from orchestrator.run.execute import opened, settle, writing
from orchestrator.run.film import Film
from orchestrator.run.folder import DESCRIPTION, JOURNAL, UNTRAINED, training_folders
from orchestrator.run.journal import read_journal
from orchestrator.run.training import Training
from orchestrator.run.workplace import Quiet, Workplace
from orchestrator.transport.solvers import check_solver


@contextmanager
def training(
    film: Device | Experiment,
    engine: str = "auto",
    *,
    folder: str | os.PathLike[str],
    voltage: float | None = None,
    current: float | None = None,
    pattern: str | None = None,
    relax_time: float | None = None,
    oersted: bool | None = None,
    threads: int | None = None,
    binary: str | None = None,
    gpu: int | None = None,
    time_limit: float | None = None,
    silence_limit: float | None = None,
    transport_solver: str = "auto",
    templates: str | os.PathLike[str] | None = None,
    **sections: Any,
) -> Iterator[Film]:
    """Train a film pulse by pulse, in a script that chooses each pulse from what it has seen.

    Entered, the film settles, as for `orchestrator run`. Left without an exception, the training
    ends: the film relaxes and is read out. A script that was stopped, at any moment, goes on when
    it is started again.

    Parameters
    ----------
    film : Device or Experiment
        What is trained. Of an experiment everything counts but the pulses of its training.
    engine : {"auto", "live", "mumax3", "cpu"}
        As for `orchestrator run`.
    folder : path-like
        The run folder; what belongs to it is device, material, start and what else is given here,
        not the pulses. Settled textures are shared by the folders beside it.
    voltage, current : float, optional
        V0 in V and I0 in A of patterns; the experiment's if left out.
    pattern : str, optional
        The pattern that is meant to be learned, such as "+--+", for ranks and figures.
    relax_time : float, optional
        Time in s without current at the end; the experiment's, or 0, if left out.
    oersted : bool, optional
        Add the Oersted field of the current map to B_ext; the experiment's if left out.
    threads, binary, gpu, time_limit, silence_limit, transport_solver, templates
        As for `orchestrator.run`.
    **sections
        Further parts of an `Experiment`: `start`, `reference`, `conditions`, `heat`, `spin_orbit`,
        `probes`, `output`, `solver`; in place of the experiment's.

    Yields
    ------
    Film

    Raises
    ------
    InputError
        If an argument cannot be used; nothing is written.
    EngineError
        If the engine cannot run or fails; committed pulses stay.
    RunFolderError
        If the folder is in use, damaged, belongs to another film, or was begun by
        `orchestrator run`; or the script decides otherwise than it did.

    Examples
    --------
    >>> with orchestrator.training(experiment, "cpu", folder="runs/mine") as film:
    ...     for pulse in film.pulses(limit=20):
    ...         record = film.apply([0.025, -0.025], 1e-11)  # V, s
    ...         if film.time > 2.5e-11:
    ...             break
    >>> print(f"{len(film.records)} pulses, {film.time:.1e} s, G of shape {film.conductance.shape}")
    3 pulses, 3.0e-11 s, G of shape (2, 2)
    """
    path = as_path("folder", folder)
    own = None if templates is None else as_path("templates", templates)
    overrides = {
        "voltage": voltage,
        "current": current,
        "relax_time": relax_time,
        "oersted": oersted,
    }
    given = {key: value for key, value in overrides.items() if value is not None}
    experiment = _scripted(film, pattern, given, sections)
    check_solver(transport_solver)
    options = EngineOptions(engine, threads, binary, gpu, time_limit, silence_limit)
    chosen = choose_engine(options).engine
    place = Workplace(path.parent, chosen, Quiet(), lambda: False, own, transport_solver, threads)
    with in_hand(experiment, place, path) as hand:
        yield hand


@contextmanager
def in_hand(experiment: Experiment, place: Workplace, path: Path) -> Iterator[Film]:
    """The film of an experiment whose pulses a script chooses, in its run folder.

    Raises
    ------
    InputError, EngineError, RunFolderError
        As for `training`.
    Interrupted
        If `place.stop()` or the run's stop file asked for it.
    """
    if path.is_dir() and not (path / DESCRIPTION).exists() and _visible(path):
        raise InputError(f"folder: {path} holds other files; name a new or an empty one")
    [run] = training_folders(path, experiment.training.patterns)
    with ExitStack() as stack:
        with writing(path):
            bench = stack.enter_context(opened(experiment, place, path))
            begun = (path / UNTRAINED).exists() and bool(read_journal(run / JOURNAL).records)
            texture = None if begun else settle(bench)
            going = Training(bench, run, experiment.training.patterns[0])
            stack.callback(going.close)
            going.open(texture)
        hand = Film(bench, going)
        try:
            yield hand
            hand.end()
        finally:
            hand.leave()


def _visible(folder: Path) -> bool:
    return any(not path.name.startswith(".") for path in folder.iterdir())


def _scripted(
    film: Device | Experiment,
    pattern: str | None,
    given: dict[str, Any],
    sections: dict[str, Any],
) -> Experiment:
    """What is trained, with a training whose pulses are not described."""
    known = (
        "start",
        "reference",
        "conditions",
        "heat",
        "spin_orbit",
        "probes",
        "output",
        "solver",
    )
    for name in sections:
        if name not in known:
            raise InputError(f"{name}: unknown argument; {nearest(name, known)}")
    plan: dict[str, Any] = {}
    if isinstance(film, Experiment):
        kept = ("voltage", "current", "drive", "relax_time", "oersted")
        plan = {key: getattr(film.training, key) for key in kept}
        sections = {key: getattr(film, key) for key in known} | sections
        name, device = film.name, film.device
    else:
        check_kind("film", film, Device, "`Experiment.from_toml` reads a file, whose film it is")
        name, device = SCRIPT, film
        if "current" in given and "voltage" not in given:
            plan["drive"] = "current"
    training = Plan(
        patterns=(pattern or SCRIPT,), pulse_length=0.0, pulses=0, script=True, **plan | given
    )
    setup = film.setup if isinstance(film, Experiment) else None
    return Experiment.of_device(name, device, training, setup=setup, **sections)
