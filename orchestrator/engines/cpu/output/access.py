"""Where a script may read and write: a script from somebody else reaches no other file."""

from __future__ import annotations

from pathlib import Path

from orchestrator.engines.cpu.language.errors import PanicError


class Access:
    """The folders below which a script reads and writes.

    mumax3 lets a script reach whatever its account may.

    Parameters
    ----------
    output : Path
        The output folder; a script writes, and may read, below it.
    trusted : bool
        Whether it may read and write everywhere.
    """

    def __init__(self, output: Path, *, trusted: bool) -> None:
        self._output = output
        self._writable = output.resolve()
        self._readable: list[Path] = []
        self._trusted = trusted

    def let_read(self, folder: Path) -> None:
        """Let scripts read below a folder, too."""
        self._readable.append(folder.resolve())

    def reading(self, path: Path) -> Path:
        """A path to read from.

        Raises
        ------
        PanicError
            If it is outside the folders, links followed.
        """
        folders = (*self._readable, self._writable)
        if not self._trusted and not any(_is_below(path, folder) for folder in folders):
            names = " and ".join(sorted({str(folder) for folder in folders[:-1]}))
            raise PanicError(
                f"{path}: not read; a script reads only below {names} (-trust lets it read and "
                "write everywhere)"
            )
        return path

    def writing(self, path: Path) -> Path:
        """A path to write to.

        Raises
        ------
        PanicError
            If it is outside the output folder, links followed.
        """
        if not self._trusted and not _is_below(path, self._writable):
            raise PanicError(
                f"{path}: not written; a script writes only below its output folder "
                f"{self._output} (-trust lets it read and write everywhere)"
            )
        return path


def _is_below(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder)
    except (OSError, ValueError, RuntimeError):  # a circle of links, a NUL in the name
        return False
