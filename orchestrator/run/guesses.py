"""First guesses of a training's potentials, kept beside its textures.

An iterative transport solver starts from the potentials of the two textures before. A run that goes
on must start from the same ones to find the same bits, so their rounded potentials are committed
with each pulse. The first texture and those that are kept, from which a damaged run can go on, are
solved without a guess.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import checksum, write_whole
from orchestrator.learning.records import HeldRecord
from orchestrator.run.folder import guess_name
from orchestrator.transport.network import Network
from orchestrator.transport.state import NetworkState


class Guesses:
    """A network that solves the textures of a training one after the other.

    Parameters
    ----------
    network : Network
        Solves them; without a memory of its own.
    folder : Path
        The training's folder.
    kept : callable
        Whether the texture after so many steps is kept.
    steps : sequence of PulseRecord or ReadingRecord
        The steps that are committed.

    Raises
    ------
    RunFolderError
        If a committed guess is missing or damaged.
    """

    def __init__(
        self,
        network: Network,
        folder: Path,
        kept: Callable[[int], bool],
        steps: Sequence[HeldRecord],
    ) -> None:
        self._network = network
        self._folder = folder
        self._kept = kept
        self._number = len(steps)
        self._recent: list[np.ndarray] = []
        for number in range(len(steps), max(len(steps) - 2, 0), -1):
            name, record = guess_name(number - 1), steps[number - 1]
            if name not in record.files or self._afresh(number):
                break
            self._recent.append(_read(folder / name, record.files[name]))

    def _afresh(self, number: int) -> bool:
        return number == 0 or self._kept(number)

    def solve(self, m: np.ndarray) -> NetworkState:
        """The network of the next texture."""
        if self._afresh(self._number):
            self._recent = []
        state = self._network.solve(m, self._recent)
        if self._network.iterative:
            self._recent = [state.guess(), *self._recent[:1]]
        self._number += 1
        return state

    def keep(self, step: int) -> dict[str, str]:
        """Write, unsynced, what the texture after a step is solved with; checksums by name."""
        if not self._recent or self._afresh(step):
            return {}
        content = io.BytesIO()
        np.save(content, self._recent[0])
        name = guess_name(step - 1)
        return {name: write_whole(self._folder / name, content.getvalue(), durable=False)}


def _read(path: Path, expected: str) -> np.ndarray:
    how = "damaged (its checksum is wrong)" if path.exists() else "missing"
    if how == "missing" or checksum(path) != expected:
        raise RunFolderError(
            f"{path}: {how}; `orchestrator campaign check --repair {path.parent.parent}` lets it "
            "be computed again"
        )
    return np.load(path)
