"""One run: its folder, its journal, its loop and its results.

The room's one public function is `run`; the package `orchestrator` offers it under the same name.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.describe.experiment import Experiment


def run(
    experiment: Experiment,
    root: str | os.PathLike[str] = "runs",
    engine: str = "auto",
    *,
    threads: int | None = None,
) -> Path:
    """Carry out an experiment, or what is left of it, without a word.

    Interrupted, it goes on where it stopped when called again.

    Parameters
    ----------
    experiment : Experiment
        What to run.
    root : path-like
        Folder of the run folders and of the textures that they share.
    engine : {"auto", "live", "mumax3", "cpu"}
        As on the command line.
    threads : int, optional
        Threads of the embedded engine.

    Returns
    -------
    Path
        The run folder, for `open_run`.

    Raises
    ------
    EngineError
        If there is no such engine, or it fails; committed pulses stay.
    RunFolderError
        If the folder is in use, damaged or belongs to another description.
    """
    from orchestrator.engines.choose import choose_engine
    from orchestrator.run.execute import run as carry_out
    from orchestrator.run.workplace import Quiet, Workplace

    chosen, _ = choose_engine(engine, threads)
    return carry_out(experiment, Workplace(Path(root), chosen, Quiet(), lambda: False))
