"""First guesses of a training's potentials, kept beside its textures.

An iterative transport solver starts from the potentials of the two textures before. A run that goes
on must start from the same ones to find the same bits, so their rounded potentials are committed
with each pulse. The first texture and those that are kept, from which a damaged run can go on, are
solved without a guess.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from orchestrator.base.errors import RunFolderError
from orchestrator.base.files import checksum, write_whole
from orchestrator.learning.records import PulseRecord
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
    kept : collection of int
        Numbers of the textures that are kept.
    pulses : sequence of PulseRecord
        The pulses that are committed.

    Raises
    ------
    RunFolderError
        If a committed guess is missing or damaged.
    """

    def __init__(
        self,
        network: Network,
        folder: Path,
        kept: Collection[int],
        pulses: Sequence[PulseRecord],
    ) -> None:
        self._network = network
        self._folder = folder
        self._kept = kept
        self._number = len(pulses)
        self._recent: list[np.ndarray] = []
        for record in reversed(pulses[-2:]):
            name = guess_name(record.number - 1)
            if name not in record.files or self._afresh(record.number):
                break
            self._recent.append(_read(folder / name, record.files[name]))

    def _afresh(self, number: int) -> bool:
        return number == 0 or number in self._kept

    def solve(self, m: np.ndarray) -> NetworkState:
        """The network of the next texture."""
        if self._afresh(self._number):
            self._recent = []
        state = self._network.solve(m, self._recent)
        if self._network.iterative:
            self._recent = [state.guess(), *self._recent[:1]]
        self._number += 1
        return state

    def keep(self, pulse: int) -> dict[str, str]:
        """Write what the texture after a pulse will be solved with; checksums by name."""
        if not self._recent or self._afresh(pulse):
            return {}
        content = io.BytesIO()
        np.save(content, self._recent[0])
        name = guess_name(pulse - 1)
        return {name: write_whole(self._folder / name, content.getvalue())}


def _read(path: Path, expected: str) -> np.ndarray:
    how = "damaged (its checksum is wrong)" if path.exists() else "missing"
    if how == "missing" or checksum(path) != expected:
        raise RunFolderError(
            f"{path}: {how}; `orchestrator campaign check --repair {path.parent.parent}` lets it "
            "be computed again"
        )
    return np.load(path)
