"""Exchange stiffness and DMI between pairs of regions."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.parameters import REGIONS


def pair_table(values: np.ndarray, msat: np.ndarray) -> np.ndarray:
    """Mean of a regional parameter for each pair of regions, as mumax3 takes it.

    Harmonic for values of equal sign, zero where either vanishes; for opposite signs
    sign(a + b) sqrt(sqrt(-a b) |a + b| / 2). Regions with Msat = 0 do not couple.

    Parameters
    ----------
    values, msat : ndarray, shape (256,)
        The parameter and the saturation magnetization of each region.

    Returns
    -------
    ndarray, shape (256, 256), float32
    """
    a = values.astype(np.float64) * np.sign(msat)
    if (a == a[0]).all():
        return np.full((REGIONS, REGIONS), a[0], np.float32)
    b = a[:, None]
    product, total = a * b, a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        harmonic = np.where(product > 0, 2 * product / total, 0.0)
    mixed = np.sign(total) * np.sqrt(np.sqrt(np.maximum(-product, 0)) * np.abs(total) / 2)
    return np.where(product < 0, mixed, harmonic).astype(np.float32)
