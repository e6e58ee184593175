"""First guesses of a training's potentials, kept beside its textures.

An iterative transport solver starts from the potentials of the two textures before. A run that goes
on must start from the same ones to find the same bits, so their rounded potentials are committed
with each pulse, those of the probes too. The first texture and those that are kept, from which a
damaged run can go on, are solved without a guess.
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


class Guessed:
    """A network that solves the textures of a training one after the other.

    Parameters
    ----------
    network : Network
        Solves them; without a memory of its own.
    afresh : callable
        Whether the texture after so many steps is solved without a guess.
    number : int
        Steps before the texture that is solved first.
    recent : sequence of ndarray
        Potentials of up to two textures before it, the latest first.
    """

    def __init__(
        self,
        network: Network,
        afresh: Callable[[int], bool],
        number: int,
        recent: Sequence[np.ndarray],
    ) -> None:
        self._network = network
        self._afresh = afresh
        self._number = number
        self._recent = list(recent)

    @property
    def guess(self) -> np.ndarray:
        """Potentials of the last texture; empty where the solver makes no use of them."""
        return self._recent[0] if self._recent else np.empty(0, np.float32)

    def solve(self, m: np.ndarray) -> NetworkState:
        """The network of the next texture."""
        if self._afresh(self._number):
            self._recent = []
        state = self._network.solve(m, self._recent)
        if self._network.iterative:
            self._recent = [state.guess(), *self._recent[:1]]
        self._number += 1
        return state

    def solve_after(self, m: np.ndarray) -> NetworkState:
        """The network of a texture that the last one became, which is no step of the training."""
        return self._network.solve(m, self._recent[:1])


class Guesses:
    """The networks of a training, with what they start from.

    Parameters
    ----------
    network : Network
        That of the contacts that are driven.
    probes : sequence of Network
        Those of the probes.
    folder : Path
        The training's folder.
    kept : callable
        Whether the texture after so many steps is kept.
    steps : sequence of PulseRecord or ReadingRecord
        The steps that are committed.

    Attributes
    ----------
    network : Guessed
    probes : list of Guessed

    Raises
    ------
    RunFolderError
        If a committed guess is missing or damaged.
    """

    def __init__(
        self,
        network: Network,
        probes: Sequence[Network],
        folder: Path,
        kept: Callable[[int], bool],
        steps: Sequence[HeldRecord],
    ) -> None:
        self._folder = folder
        self._kept = kept
        recent: list[list[np.ndarray]] = [[] for _ in (network, *probes)]
        for number in range(len(steps), max(len(steps) - 2, 0), -1):
            name, record = guess_name(number - 1), steps[number - 1]
            if name not in record.files or self._afresh(number):
                break
            stored = _read(folder / name, record.files[name])
            for known, guess in zip(recent, stored, strict=False):  # older versions: no probes
                if guess.size:
                    known.append(guess)
        self.network, *self.probes = (
            Guessed(one, self._afresh, len(steps), known)
            for one, known in zip((network, *probes), recent, strict=True)
        )

    def _afresh(self, number: int) -> bool:
        return number == 0 or self._kept(number)

    def keep(self, step: int) -> dict[str, str]:
        """Write, unsynced, what the texture after a step is solved with; checksums by name."""
        guesses = [one.guess for one in (self.network, *self.probes)]
        if not any(guess.size for guess in guesses) or self._afresh(step):
            return {}
        content = io.BytesIO()
        for guess in guesses:
            np.save(content, guess)
        name = guess_name(step - 1)
        return {name: write_whole(self._folder / name, content.getbuffer(), durable=False)}


def _read(path: Path, expected: str) -> list[np.ndarray]:
    """The guesses in a file, one for each network."""
    how = "damaged (its checksum is wrong)" if path.exists() else "missing"
    if how == "missing" or checksum(path) != expected:
        raise RunFolderError(
            f"{path}: {how}; `orchestrator campaign check --repair {path.parent.parent}` lets it "
            "be computed again"
        )
    found = []
    with path.open("rb") as file:
        while file.peek(1):
            found.append(np.load(file))
    return found
