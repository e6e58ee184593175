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
    binary: str | None = None,
    gpu: int | None = None,
    time_limit: float | None = None,
    silence_limit: float | None = None,
    transport_solver: str = "auto",
    templates: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Path:
    """Carry out an experiment, or what is left of it.

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
        Threads of the embedded engine and of the transport network; all cores by default.
    binary : str, optional
        mumax3's binary; the environment's MUMAX3 or the one on PATH by default.
    gpu : int, optional
        GPU of mumax3; 0 by default.
    time_limit : float, optional
        Wall-clock limit of a pulse in mumax3, s; none by default.
    silence_limit : float, optional
        Longest time without a sign of life from mumax3, s; 600 s by default.
    transport_solver : {"auto", "direct", "multigrid", "cuda", "pardiso"}
        Solver of the transport network.
    templates : path-like, optional
        Folder of your own script templates, which replace the package's by name.
    progress : bool
        Whether to show how it goes on: a bar on a terminal, a line that changes in a notebook, else
        a line a minute. Without it not a word is said.

    Returns
    -------
    Path
        The run folder, for `open_run`.

    Raises
    ------
    InputError
        If an argument cannot be used; nothing is written.
    EngineError
        If the engine cannot run or fails; committed pulses stay.
    RunFolderError
        If the folder is in use, damaged or belongs to another description.

    Notes
    -----
    Eq. (8) of the paper, G^{n+1} = G^n + Delta^n[V]: each pulse holds voltages V, freezes the
    current density of the present texture, and lets the magnetization turn under it.

    Examples
    --------
    >>> folder = orchestrator.run(experiment, root="runs", engine="cpu")
    >>> results = orchestrator.open_run(folder)
    >>> results.time_end.sel(training="+-").values.round(13).tolist()  # s
    [1e-11, 2e-11, 3e-11]
    """
    from contextlib import nullcontext

    from orchestrator.base.console import new_console
    from orchestrator.base.kinds import as_path, check_kind
    from orchestrator.describe.experiment import Experiment
    from orchestrator.engines.choose import choose_engine
    from orchestrator.engines.table import EngineOptions
    from orchestrator.run.execute import run as carry_out
    from orchestrator.run.folder import run_folder
    from orchestrator.run.progress import progress_of
    from orchestrator.run.workplace import Quiet, Workplace
    from orchestrator.transport.solvers import check_solver

    check_kind("experiment", experiment, Experiment, "`Experiment.from_toml` reads a file")
    folder = as_path("root", root)
    own = None if templates is None else as_path("templates", templates)
    check_solver(transport_solver)
    options = EngineOptions(engine, threads, binary, gpu, time_limit, silence_limit)
    chosen = choose_engine(options).engine
    shown = (
        progress_of(new_console(), experiment, run_folder(folder, experiment))
        if progress
        else nullcontext(Quiet())
    )
    with shown as tracker:
        workplace = Workplace(
            folder, chosen, tracker, lambda: False, own, transport_solver, threads
        )
        return carry_out(experiment, workplace)
