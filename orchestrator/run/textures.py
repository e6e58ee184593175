"""Settled textures that all runs under a root share, each computed once."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import sync
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.hashing import canonical_hash
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import write_ovf
from orchestrator.run.fields import checksum
from orchestrator.run.folder import read_json, write_json
from orchestrator.run.locks import InUseError, Lock
from orchestrator.run.workplace import Workplace

TEXTURES = "textures"
_WAIT = 0.2


def texture_key(experiment: Experiment, scripts: Scripts, engine: str, seed: int) -> str:
    """Hash of all that a settled texture depends on: no contacts, no resistivities, no pulses."""
    setup = [line for line in scripts.setup().splitlines() if not line.startswith("//")]
    start = asdict(experiment.start) | {"seed": seed}
    return canonical_hash({"setup": setup, "start": start, "engine": engine})


def settled_texture(
    experiment: Experiment, scripts: Scripts, workplace: Workplace, seed: int
) -> Path:
    """The texture settled from a start, computed by whichever run needs it first.

    Another run that needs the same texture meanwhile waits for it.

    Raises
    ------
    RunFolderError
        If the texture's checksum is wrong.
    Interrupted
        If `workplace.stop()` asks for it.
    """
    key = texture_key(experiment, scripts, workplace.engine.name, seed)
    folder = workplace.root / TEXTURES
    folder.mkdir(parents=True, exist_ok=True)
    texture, note = folder / f"{key}.ovf", folder / f"{key}.json"

    def make() -> None:
        work = folder / f"{key}.work"
        made = _settle(experiment, scripts, workplace, seed, work)
        start = asdict(experiment.start) | {"seed": seed}
        write_json(note, {"start": start, "crc32": checksum(made)})
        os.replace(made, texture)
        sync(folder)
        shutil.rmtree(work, ignore_errors=True)

    _compute(make, folder / f"{key}.lock", texture, workplace)
    if note.exists() and checksum(texture) != read_json(note, "crc32")["crc32"]:
        raise RunFolderError(
            f"{texture}: damaged (its checksum is wrong); delete it, and it is computed again"
        )
    return texture


def _compute(make: Callable[[], None], lock: Path, texture: Path, workplace: Workplace) -> None:
    """Make the texture, or wait while another process does."""
    while not texture.exists():
        workplace.stop_if_asked()
        try:
            held = Lock(lock)
        except InUseError:
            time.sleep(_WAIT)
            continue
        try:
            if not texture.exists():
                make()
        finally:
            held.release()


def _settle(
    experiment: Experiment, scripts: Scripts, workplace: Workplace, seed: int, work: Path
) -> Path:
    """Settle in a folder of its own, left behind by nobody else since the lock is held."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    start = experiment.start
    m0 = experiment.initial_magnetization(seed)
    write_ovf(work / "m_initial.ovf", m0, experiment.film.cell_size)
    workplace.tracker.stage(f"settle, seed {seed}", start.settle_time)
    session = workplace.engine.start(scripts.setup(), work, "m_initial.ovf")
    try:
        block = scripts.relax(start.settle_time, "m_settled.ovf", start.settle_alpha)
        result = session.execute(block, "m_settled.ovf", progress=workplace.tracker.progress)
    finally:
        session.close()
    return result.magnetization
