"""Maps of the current density, and of the fields that go with it, as files that scripts load."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from orchestrator.describe.experiment import Experiment
from orchestrator.ovf.files import write_ovf
from orchestrator.run.folder import field_name, torque_name
from orchestrator.transport.oersted import OerstedField
from orchestrator.transport.spin_orbit import spin_orbit_field


class MapFiles(NamedTuple):
    """Names of the files that go with a current map, None where there is none.

    Attributes
    ----------
    field : str or None
        What is added to B_ext: its Oersted field and the field-like spin-orbit field.
    torque : str or None
        The field b of the damping-like spin-orbit torque.
    """

    field: str | None
    torque: str | None


class Maps:
    """Writes the maps of pulses.

    Parameters
    ----------
    experiment : Experiment
        Film, material, and which fields are wanted.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._film = experiment.film
        self._Ms = experiment.material.Ms
        self._oersted = OerstedField(experiment.film) if experiment.training.oersted else None
        self._spin_orbit = experiment.spin_orbit

    def files(self, current_map: str) -> MapFiles:
        """Names of the files that go with a current map."""
        torque = self._spin_orbit
        field = self._oersted is not None or (torque is not None and torque.field_like)
        return MapFiles(
            field_name(current_map) if field else None,
            torque_name(current_map) if torque is not None and torque.damping_like else None,
        )

    def names(self, current_map: str) -> list[str]:
        """Names of the files that belong to a current map, itself first."""
        return [current_map, *filter(None, self.files(current_map))]

    def write(
        self, folder: Path, current_map: str, j: np.ndarray, Ms: float | None = None
    ) -> MapFiles:
        """Write a current map (A/m2) and the fields (T) that go with it.

        None is synced.

        Parameters
        ----------
        folder : Path
            Where to.
        current_map : str
            Name of its file.
        j : ndarray, shape (nz, ny, nx, 3)
            Current density, A/m2.
        Ms : float, optional
            Saturation magnetization meanwhile, A/m; the material's if left out.
        """
        self._write(folder / current_map, j, "j", "A/m2")
        files, torque = self.files(current_map), self._spin_orbit
        fields = [] if self._oersted is None else [self._oersted(j)]
        if torque is not None:
            b = spin_orbit_field(j, self._film, Ms or self._Ms, torque.share)
            fields.append(torque.field_like * b)
            if files.torque is not None:
                self._write(folder / files.torque, torque.damping_like * b, "b", "T")
        if files.field is not None:
            self._write(folder / files.field, sum(fields[1:], start=fields[0]), "b", "T")
        return files

    def _write(self, path: Path, values: np.ndarray, title: str, unit: str) -> None:
        write_ovf(path, values, self._film.cell_size, title=title, unit=unit, durable=False)
