"""Maps of the current density, and of its Oersted field, as files that scripts load."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrator.describe.film import Film
from orchestrator.ovf.files import write_ovf
from orchestrator.run.folder import field_name
from orchestrator.transport.oersted import OerstedField


class Maps:
    """Writes the maps of pulses.

    Parameters
    ----------
    film : Film
        The film.
    oersted : bool
        Whether the Oersted field of each current map is wanted.
    """

    def __init__(self, film: Film, oersted: bool) -> None:
        self._film = film
        self._oersted = OerstedField(film) if oersted else None

    def names(self, current_map: str) -> list[str]:
        """Names of the files that belong to a current map, itself first."""
        return [current_map, *([field_name(current_map)] if self._oersted else [])]

    def write(self, folder: Path, current_map: str, j: np.ndarray) -> str | None:
        """Write a current map (A/m2) and its Oersted field (T); the name of the latter's file.

        Neither is synced.
        """
        size = self._film.cell_size
        write_ovf(folder / current_map, j, size, title="j", unit="A/m2", durable=False)
        if self._oersted is None:
            return None
        name = field_name(current_map)
        write_ovf(folder / name, self._oersted(j), size, title="b", unit="T", durable=False)
        return name
