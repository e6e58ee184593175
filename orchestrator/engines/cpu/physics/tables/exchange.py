"""Exchange stiffness and DMI between pairs of regions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from orchestrator.engines.cpu.physics.parameters import REGIONS


@dataclass
class Coupling:
    """Changes to the coupling between pairs of regions: scale times the mean, plus a constant.

    Attributes
    ----------
    scales, constants : dict of (int, int) to float
        By pair of regions, the smaller first.
    revision : int
        Counts the changes.
    """

    scales: dict[tuple[int, int], float] = field(default_factory=dict)
    constants: dict[tuple[int, int], float] = field(default_factory=dict)
    revision: int = 0

    def scale(self, first: int, second: int, factor: float) -> None:
        """Multiply the mean of two regions, as mumax3's ext_ScaleExchange; drops a constant."""
        self._set(first, second, factor, 0.0)

    def fix(self, first: int, second: int, value: float) -> None:
        """Replace the mean of two regions by a value, as mumax3's ext_InterExchange."""
        self._set(first, second, 0.0, value)

    def _set(self, first: int, second: int, factor: float, constant: float) -> None:
        pair = (min(first, second), max(first, second))
        self.scales[pair], self.constants[pair] = factor, constant
        self.revision += 1


def pair_table(
    values: np.ndarray, msat: np.ndarray, coupling: Coupling | None = None
) -> np.ndarray:
    """Mean of a regional parameter for each pair of regions, as mumax3 takes it.

    Harmonic for values of equal sign, zero where either vanishes; for opposite signs
    sign(a + b) sqrt(sqrt(-a b) |a + b| / 2). Regions with Msat = 0 do not couple.

    Parameters
    ----------
    values, msat : ndarray, shape (256,)
        The parameter and the saturation magnetization of each region.
    coupling : Coupling, optional
        Pairs that are coupled otherwise.

    Returns
    -------
    ndarray, shape (256, 256), float32
    """
    a = values.astype(np.float64) * np.sign(msat)
    if (a == a[0]).all():
        table = np.full((REGIONS, REGIONS), a[0], np.float32)
    else:
        b = a[:, None]
        product, total = a * b, a + b
        with np.errstate(divide="ignore", invalid="ignore"):
            harmonic = np.where(product > 0, 2 * product / total, 0.0)
        mixed = np.sign(total) * np.sqrt(np.sqrt(np.maximum(-product, 0)) * np.abs(total) / 2)
        table = np.where(product < 0, mixed, harmonic).astype(np.float32)
    if coupling is not None:
        for (i, j), scale in coupling.scales.items():
            table[i, j] = table[j, i] = scale * table[i, j] + coupling.constants[i, j]
    return table
