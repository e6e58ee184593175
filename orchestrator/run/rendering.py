"""Scripts and maps of an experiment as files that mumax3 runs alone."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.base.files import checksum
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.sections import Training
from orchestrator.engines.session import load_state
from orchestrator.learning.heat import Bath
from orchestrator.learning.pulses import Done, Pulse, contact_voltages, next_pulse
from orchestrator.learning.records import PulseRecord
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import write_ovf
from orchestrator.run.description import check_templates, read_description
from orchestrator.run.folder import (
    DESCRIPTION,
    INITIAL,
    JOURNAL,
    RELAXED,
    j_name,
    m_name,
    open_loop_name,
    run_folder,
    training_folders,
)
from orchestrator.run.journal import Found, read_journal
from orchestrator.run.maps import MapFiles, Maps
from orchestrator.transport.network import Network


def render_experiment(
    experiment: Experiment, root: Path, output: Path, templates: Path | None = None
) -> list[Path]:
    """Write one folder for each training, with its script and maps; nothing is run.

    Where the training has been run under `root`, the script starts from its settled texture and
    replays its pulses with the current maps that it used. Else the script settles the initial
    magnetization first and every pulse has a map of that initial magnetization: an open loop,
    to look at before a run.

    Parameters
    ----------
    experiment : Experiment
        What to render.
    root : Path
        Folder of the run folders.
    output : Path
        Folder to write into; must be empty or not there.
    templates : Path, optional
        The user's own templates.

    Returns
    -------
    list of Path
        The scripts.

    Raises
    ------
    InputError
        If `output` exists and is not empty, or the run did not keep its maps.
    RunFolderError
        If a file of the run is damaged, or it was run with other templates.
    """
    if output.exists() and any(output.iterdir()):
        raise InputError(f"{output}: exists and is not empty")
    done = run_folder(root, experiment)
    scripts = Scripts.of_experiment(experiment, templates)
    if (done / DESCRIPTION).exists():
        check_templates(done, read_description(done), scripts.templates_hash)
    output.mkdir(parents=True, exist_ok=True)
    patterns = experiment.training.patterns
    folders = training_folders(done, patterns), training_folders(output, patterns)
    try:
        return [
            _render_training(experiment, scripts, pattern, run, target)
            for pattern, run, target in zip(patterns, *folders, strict=True)
        ]
    except BaseException:
        shutil.rmtree(output)
        raise


def replayed(experiment: Experiment, root: Path) -> str:
    """Which of its trainings `render_experiment` replays, in words."""
    done = run_folder(root, experiment)
    patterns = experiment.training.patterns
    known = sum(bool(read_journal(f / JOURNAL).records) for f in training_folders(done, patterns))
    rest = "an open loop with the currents of the initial magnetization"
    if not known:
        return f"{done}: not run yet, so {rest}"
    if known < len(patterns):
        return f"{done}: replays {known} of {len(patterns)} trainings; the others are {rest}"
    return f"{done}: replays this run with its own current maps"


def _render_training(
    experiment: Experiment, scripts: Scripts, pattern: str, run: Path, target: Path
) -> Path:
    target.mkdir()
    journal = read_journal(run / JOURNAL)
    text = (
        _replay(experiment, scripts, journal, run, target)
        if journal.records
        else _open_loop(experiment, scripts, pattern, target)
    )
    path = target / f"{experiment.name}.mx3"
    path.write_text(text)
    return path


def _replay(
    experiment: Experiment, scripts: Scripts, journal: Found, run: Path, target: Path
) -> str:
    plan, bath, maps = experiment.training, Bath.of(experiment), Maps(experiment)
    _copy_checked(m_name(0), run, target, journal.start.files if journal.start else {})
    blocks = [scripts.setup_in(target), load_state(m_name(0), 0.0)]
    begin = experiment.conditions.temperature
    for record in journal.pulses:
        name = j_name(record.number)
        files = maps.files(name)
        for needed in maps.names(name):
            if not (run / needed).exists():
                raise InputError(f"{run / needed}: not kept; a replay needs output.maps = true")
            _copy_checked(needed, run, target, record.files)
        block = scripts.pulse(
            record.number,
            record.voltages.tolist(),
            name,
            record.duration,
            m_name(record.number),
            gap=record.gap,
            field_map=files.field,
            torque_map=files.torque,
            **_warmth(bath, begin, record.voltages, record.currents, record),
        )
        blocks.append(block)
        begin = begin if record.temperature is None else record.temperature
    if journal.relaxed is not None and plan.relax_time:
        blocks.append(_relax(scripts, plan, bath, begin))
    return "".join(blocks)


def _warmth(
    bath: Bath | None,
    begin: float,
    voltages: np.ndarray,
    currents: np.ndarray,
    held: PulseRecord | Pulse,
) -> dict[str, Any]:
    """The temperatures of a pulse's block."""
    if bath is None:
        return {}
    warming = bath.pulse(begin, bath.power(voltages, currents), held.duration, held.gap)
    return {"temperature": warming.pulse, "gap_temperature": warming.gap}


def _relax(scripts: Scripts, plan: Training, bath: Bath | None, begin: float) -> str:
    temperature = None if bath is None else bath.mean(begin, 0.0, plan.relax_time)
    return scripts.relax(plan.relax_time, RELAXED, number=plan.pulses + 1, temperature=temperature)


def _copy_checked(name: str, source: Path, target: Path, files: Mapping[str, str]) -> None:
    if name in files and checksum(source / name) != files[name]:
        raise RunFolderError(
            f"{source / name}: damaged (its checksum is wrong); "
            f"`orchestrator campaign check --repair {source.parent}` lets it be computed again"
        )
    shutil.copyfile(source / name, target / name)


def _open_loop(experiment: Experiment, scripts: Scripts, pattern: str, target: Path) -> str:
    plan, start, film = _of_equal_pulses(experiment.training), experiment.start, experiment.film
    m0 = experiment.initial_magnetization(start.seed)
    write_ovf(target / INITIAL, m0, film.cell_size)
    device = experiment.device
    state = Network.of_device(device).solve(m0)
    blocks = [scripts.setup_in(target), load_state(INITIAL, 0.0)]
    blocks.append(scripts.relax(start.settle_time, m_name(0), start.settle_alpha))
    blocks.append(f"// Open loop: every pulse has a current map of {INITIAL}.\n")
    done: list[Done] = []
    files, bath, begin = Maps(experiment), Bath.of(experiment), experiment.conditions.temperature
    maps: dict[tuple[float, ...], tuple[str, MapFiles]] = {}
    while (pulse := next_pulse(plan, pattern, done, state.conductance)) is not None:
        voltages = contact_voltages(pulse, state.conductance)
        currents = state.conductance @ voltages
        if pulse.values not in maps:
            name = open_loop_name(len(maps) + 1)
            maps[pulse.values] = name, files.write(target, name, state.current_density(voltages))
        before = done[-1].time if done else 0.0
        done.append(Done(before + pulse.duration + pulse.gap, 0.0, voltages, currents))
        save = m_name(len(done))
        name, own = maps[pulse.values]
        block = scripts.pulse(
            len(done),
            voltages.tolist(),
            name,
            pulse.duration,
            save,
            gap=pulse.gap,
            field_map=own.field,
            torque_map=own.torque,
            **_warmth(bath, begin, voltages, currents, pulse),
        )
        blocks.append(block)
        if bath is not None:
            power = bath.power(voltages, currents)
            begin = bath.pulse(begin, power, pulse.duration, pulse.gap).end
    if plan.relax_time:
        blocks.append(_relax(scripts, plan, bath, begin))
    return "".join(blocks)


def _of_equal_pulses(plan: Training) -> Training:
    """Lengths that adapt are not known before a run; pulses of the first one's length instead."""
    if plan.duration is None:
        return plan
    pulses = math.ceil(plan.duration / plan.pulse_length - 1e-9)
    return dataclasses.replace(
        plan, max_change=None, max_current_change=None, duration=None, pulses=pulses
    )
