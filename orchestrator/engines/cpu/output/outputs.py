"""The output folder of a run: log, text files and saved fields."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from orchestrator.engines.cpu.language.errors import FatalError
from orchestrator.engines.cpu.output.access import Access


class Outputs:
    """An output folder with its log.

    Parameters
    ----------
    folder : Path
        Created if missing; its parent must exist.
    clean : bool
        Remove what an earlier run left there.
    quiet : bool
        Write the log only, not to the terminal.
    trusted : bool
        Whether scripts may read and write everywhere; see `Access`.
    durable : bool
        Whether a saved field is on the disk when it is saved, not only there as a whole.

    Raises
    ------
    FatalError
        If the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clean: bool = False,
        quiet: bool = False,
        trusted: bool = False,
        durable: bool = True,
    ) -> None:
        self.folder = folder
        self.quiet = quiet
        self.durable = durable
        self.listeners: list[Callable[[str], None]] = []
        try:
            if clean and folder.exists():
                shutil.rmtree(folder)
            folder.mkdir(exist_ok=True)
            self._log: TextIO | None = open(folder / "log.txt", "w")  # noqa: SIM115
        except OSError as error:
            raise FatalError(f"output folder {folder}: {error.strerror}") from None
        self.access = Access(folder, trusted=trusted)

    def path(self, name: str) -> Path:
        """The path of a file in the folder; a name that has the folder already is kept.

        Raises
        ------
        PanicError
            If it leads out of the folder.
        """
        prefix = f"{self.folder}/"
        return self.access.writing(Path(name if name.startswith(prefix) else prefix + name))

    def note(self, text: str) -> None:
        """A line for terminal and log."""
        self._record(text)
        if not self.quiet:
            print(text, flush=True)

    def _record(self, line: str) -> None:
        if self._log is not None:
            with self._log_errors():
                self._log.write(line + "\n")
        for listener in self.listeners:
            listener(line)

    def say(self, text: str) -> None:
        """Output of the script, marked as a comment."""
        self.note(f"//{text}")

    def warn(self, text: str) -> None:
        """A line for stderr and log."""
        self._record(f"//{text}")
        print(f"//{text}", file=sys.stderr, flush=True)

    def append(self, name: str, text: str) -> None:
        """Append a line to a text file; absolute names are taken as they are."""
        path = self.access.writing(Path(name)) if os.path.isabs(name) else self.path(name)
        with open(path, "a") as file:
            file.write(text + "\n")

    def flush(self) -> None:
        """Hand the log to the operating system."""
        if self._log is not None:
            with self._log_errors():
                self._log.flush()

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            log, self._log = self._log, None
            with self._log_errors():
                log.close()

    @contextlib.contextmanager
    def _log_errors(self) -> Iterator[None]:
        """The log may be lost, with a message; the run goes on."""
        try:
            yield
        except OSError as error:
            print(f"//no more log: {self.folder}/log.txt: {error.strerror}", file=sys.stderr)
            log, self._log = self._log, None
            with contextlib.suppress(OSError):
                if log is not None:
                    log.close()
