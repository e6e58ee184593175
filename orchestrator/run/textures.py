"""Settled textures that all runs under a root share, each computed once."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from orchestrator.base.errors import EngineError, RunFolderError
from orchestrator.base.files import checksum, sync
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.hashing import canonical_hash
from orchestrator.engines.session import BlockResult
from orchestrator.mx3.identity import contradicts
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import write_ovf
from orchestrator.run.folder import INITIAL, SETTLED, TextureFiles, texture_files
from orchestrator.run.locks import InUseError, Lock
from orchestrator.run.notes import read_note, write_note
from orchestrator.run.workplace import Workplace

_WAIT = 0.2


def texture_key(experiment: Experiment, scripts: Scripts, engine: str, seed: int) -> str:
    """Hash of all that a settled texture depends on: no contacts, no resistivities, no pulses."""
    setup = [line for line in scripts.setup().splitlines() if not line.startswith("//")]
    start = asdict(experiment.start) | {"seed": seed}
    content = {"setup": setup, "start": start, "engine": engine}
    if scripts.templates_hash is not None:
        content["templates"] = scripts.templates_hash
    return canonical_hash(content)


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
    files = texture_files(workplace.root, key)
    files.texture.parent.mkdir(parents=True, exist_ok=True)

    def make(lock: Lock) -> None:
        try:
            result = _settle(experiment, scripts, workplace, seed, files.work, lock)
        except EngineError as error:
            if contradicts(error):
                shutil.rmtree(files.work, ignore_errors=True)
            raise
        lock.check()
        start = asdict(experiment.start) | {"seed": seed}
        write_note(files.note, {"start": start, "crc32": result.field.crc32})
        sync(result.magnetization)
        os.replace(result.magnetization, files.texture)
        sync(files.texture.parent)

    _compute(make, files, workplace)
    shutil.rmtree(files.work, ignore_errors=True)
    if texture_is_damaged(files.texture):
        raise RunFolderError(
            f"{files.texture}: damaged (its checksum is wrong); delete it, and it is computed again"
        )
    return files.texture


def texture_is_damaged(texture: Path) -> bool:
    """Whether a settled texture has another checksum than its note says, if it has one.

    Raises
    ------
    RunFolderError
        If the note is damaged.
    """
    note = texture.with_suffix(".json")
    return note.exists() and checksum(texture) != read_note(note, "start", "crc32")["crc32"]


def _compute(make: Callable[[Lock], None], files: TextureFiles, workplace: Workplace) -> None:
    """Make the texture, or wait while another process does."""
    while not files.texture.exists():
        workplace.stop_if_asked()
        try:
            held = Lock(files.lock)
        except InUseError:
            time.sleep(_WAIT)
            continue
        try:
            for path in files.left_behind():
                path.unlink(missing_ok=True)
            if not files.texture.exists():
                make(held)
        finally:
            held.release()


def _settle(
    experiment: Experiment,
    scripts: Scripts,
    workplace: Workplace,
    seed: int,
    work: Path,
    lock: Lock,
) -> BlockResult:
    """Settle in a folder of its own, left behind by nobody else since the lock is held."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    start = experiment.start
    m0 = experiment.initial_magnetization(seed)
    write_ovf(work / INITIAL, m0, experiment.film.cell_size)
    workplace.tracker.stage(f"settle, seed {seed}", start.settle_time)
    session = workplace.engine.start(scripts.setup_in(work), work, INITIAL)
    try:
        block = scripts.relax(start.settle_time, SETTLED, start.settle_alpha)
        return session.execute(block, SETTLED, progress=workplace.tracker.progress)
    finally:
        session.close(tidy=lock.is_held())
