"""Whole mumax3 scripts on any engine, and what they have written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class ScriptOutput:
    """What a script has written.

    Attributes
    ----------
    folder : Path
        The output folder.
    engine : str
        Which engine has run it.
    """

    folder: Path
    engine: str

    @cached_property
    def table(self) -> xr.Dataset:
        """The script's table.txt, see `orchestrator.open_table`.

        Raises
        ------
        InputError
            If the script has saved no table.
        """
        from orchestrator.ovf.tables import open_table

        return open_table(self.folder)

    def open(self, name: str = "m") -> xr.Dataset:
        """The saved fields of a quantity along `t`, read when they are used.

        Parameters
        ----------
        name : str
            As in the names of the files: "m", "B_demag", ...

        Raises
        ------
        InputError
            If there are none, or they do not belong together.
        """
        from orchestrator.ovf.datasets import open_ovf_series, series_files

        return open_ovf_series(series_files(self.folder, name))

    def __repr__(self) -> str:
        return f"<output of a script in {self.folder}, engine {self.engine}>"


def mx3(
    script: str | os.PathLike[str],
    engine: str = "auto",
    folder: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    threads: int | None = None,
    binary: str | None = None,
    gpu: int | None = None,
    time_limit: float | None = None,
) -> ScriptOutput:
    """Run a mumax3 script to its end.

    Parameters
    ----------
    script : path or str
        The script's file, or its text, of several lines.
    engine : {"auto", "live", "mumax3", "cpu"}
        mumax3 where it works, else the embedded engine. A script by itself runs in one process,
        so `live` is `mumax3` here.
    folder : path, optional
        The output folder; `NAME.out` beside NAME.mx3 by default. A text needs one.
    overwrite : bool
        Empty a folder that is there already, if it is a script's output.
    threads : int, optional
        Threads of the embedded engine; all cores by default.
    binary : str, optional
        mumax3's binary; the environment's MUMAX3 or the one on PATH by default.
    gpu : int, optional
        GPU of mumax3; 0 by default.
    time_limit : float, optional
        Wall-clock limit of mumax3, s; none by default.

    Returns
    -------
    ScriptOutput
        `folder`, `table` (a Dataset), `open("m")` (a Dataset of the saved fields).

    Raises
    ------
    InputError
        If the script cannot be read, or the folder is there already, or holds something else than
        a script's output; nothing is written.
    EngineError
        If the engine cannot run, refuses the script, or fails; what it has written stays.

    Notes
    -----
    Names of files to load are relative to the script's folder, to the working directory for a text.

    Examples
    --------
    >>> spin = '''
    ... SetGridSize(1, 1, 1)
    ... SetCellSize(1e-9, 1e-9, 1e-9)
    ... EnableDemag = false
    ... Msat = 8e5
    ... alpha = 0.1
    ... m = Uniform(1, 0, 0)
    ... B_ext = Vector(0, 0, 1)
    ... TableAutoSave(1e-11)
    ... Run(1e-10)
    ... '''
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = mx3(spin, "cpu", f"{folder}/spin.out")
    ...     mz = float(out.table.mz[-1])
    >>> round(mz, 3)  # tanh(0.1 gamma B t / (1 + 0.1^2))
    0.94
    """
    from orchestrator.base.errors import EngineError, InputError
    from orchestrator.base.kinds import as_path
    from orchestrator.engines.choose import choose_engine
    from orchestrator.engines.table import EngineOptions
    from orchestrator.mx3.origins import Rendered

    is_text = isinstance(script, str) and "\n" in script
    if is_text:
        text, home = str(script), Path.cwd()
        if folder is None:
            raise InputError("folder: a script that is given as text needs an output folder")
    else:
        file = as_path("script", script)
        text, home = _read(file), file.absolute().parent
    out = as_path("folder", folder) if folder is not None else file.with_suffix(".out")
    if out.exists() and not overwrite:
        raise InputError(f"{out}: is there already; give another folder, or overwrite=True")
    if out.exists():
        _check_replaceable(out, home)
    if not out.absolute().parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}")
    chosen = choose_engine(EngineOptions(engine, threads, binary, gpu, time_limit)).engine
    name = "script" if is_text else str(script)
    try:
        chosen.play(Rendered.of_file(text, name), home, out)
    except EngineError as error:
        raise EngineError(f"{name}: {str(error).removeprefix('script: ')}") from None
    return ScriptOutput(out, chosen.name)


def _check_replaceable(out: Path, home: Path) -> None:
    """Refuse to empty anything but the output folder of a script."""
    from orchestrator.base.errors import InputError

    if not out.is_dir():
        raise InputError(f"{out}: is no folder")
    if home.resolve().is_relative_to(out.resolve()):
        raise InputError(f"{out}: holds the script; give another folder")
    if any(out.iterdir()) and not (out / "log.txt").is_file():
        raise InputError(
            f"{out}: holds other files than a script's output (no log.txt); give another folder"
        )


def _read(file: Path) -> str:
    from orchestrator.base.errors import InputError

    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: is not a text in UTF-8") from None
