"""The session protocol that all engines speak.

A session is started with a *setup* (mesh, material, regions, solver settings) and the OVF file of
a magnetization, and then executes *blocks*, each a piece of mumax3 script that ends by saving the
magnetization. Setup, load statement and blocks joined are one valid mumax3 script.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from orchestrator.ovf.files import OvfField


@dataclass(frozen=True)
class Progress:
    """Where a running block is."""

    time: float
    """Simulated time, s."""
    steps: int | None = None
    """Accepted time steps since the session's start, where the engine tells."""


@dataclass(frozen=True)
class BlockResult:
    """What an executed block left behind.

    Attributes
    ----------
    magnetization : Path
        The saved magnetization, checked and in the session's folder.
    field : OvfField
        What that file holds; nobody has to read it again.
    time : float
        Simulated time at the end of the block, s.
    steps : int or None
        Time steps that the block took, where the engine knows.
    wall : float
        Wall-clock time of the block, s.
    state : mapping
        JSON values that, given to `Engine.start`, let a new session go on as this one would.
    """

    magnetization: Path
    field: OvfField
    time: float
    steps: int | None
    wall: float
    state: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Session(Protocol):
    """A started simulation."""

    def execute(
        self,
        block: str,
        magnetization: str,
        outputs: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
        keep: Path | None = None,
    ) -> BlockResult:
        """Run a block of mumax3 script.

        Parameters
        ----------
        block : str
            The script, one `{ ... }` statement.
        magnetization : str
            Name of the OVF file in which the block saves m; the next block starts from it.
        outputs : sequence of str
            Further files that the block saves.
        progress : callable, optional
            Called now and then while the block runs.
        keep : Path, optional
            Folder, without such files yet, for whatever else the block writes: tables, numbered
            fields. Its table.txt holds the rows of this block alone. Without it they are lost.

        All named files are checked and moved into the session's folder before this returns.

        Raises
        ------
        EngineError
            If the engine fails or a file is missing, truncated, of the wrong grid or holds NaN.
        """

    def close(self, *, tidy: bool = True) -> None:
        """End the session and free what it holds; may be called twice.

        Parameters
        ----------
        tidy : bool
            Remove its working files; not where the folder is another process's by now.
        """


class Engine(Protocol):
    """Something that starts sessions."""

    name: str

    def describe(self) -> dict[str, str]:
        """Name, version and hardware, for the provenance of results."""

    def play(self, script: str, folder: Path, out: Path | None = None) -> Path:
        """Run a script by itself, to its end.

        Parameters
        ----------
        script : str
            A whole mumax3 script.
        folder : Path
            Existing folder; relative names in `LoadFile` refer to it.
        out : Path, optional
            The output folder, emptied before; `script.out` in `folder` by default.

        Returns
        -------
        Path
            The output folder with all that the script has written.

        Raises
        ------
        EngineError
            If the engine refuses the script or fails.
        """

    def start(
        self,
        setup: str,
        folder: Path,
        magnetization: str,
        *,
        time: float = 0.0,
        state: Mapping[str, Any] | None = None,
    ) -> Session:
        """Start a session.

        Parameters
        ----------
        setup : str
            mumax3 script: mesh, material, regions and solver settings, without the state.
        folder : Path
            Existing folder; relative names in `LoadFile` refer to it.
        magnetization : str
            Name of the OVF file in `folder` to start from.
        time : float
            Simulated time of that state, s.
        state : mapping, optional
            `BlockResult.state` of the block that saved it.
        """


def load_state(magnetization: str, time: float) -> str:
    """The script lines that load a magnetization and set the simulated time."""
    return f'm.LoadFile("{magnetization}")\nt = {time!r}\n'
