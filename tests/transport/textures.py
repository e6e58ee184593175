"""Textures that are hard for the multigrid solver, shape (nz, n, n, 3)."""

from __future__ import annotations

import numpy as np


def in_plane(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)


def stripes(n: int) -> np.ndarray:
    """Of period 10 cells at 45 degrees, magnetized along themselves and across."""
    y, x = np.mgrid[:n, :n]
    return in_plane(np.where((x + y) % 10 < 5, np.pi / 4, -np.pi / 4))[None]


def along(n: int) -> np.ndarray:
    """Uniform at 45 degrees: the strongest anisotropy across the grid."""
    return in_plane(np.full((n, n), np.pi / 4))[None]


def maze(n: int, seed: int = 0) -> np.ndarray:
    """Domains of random shape, up and down, with walls that turn in the plane."""
    rng = np.random.default_rng(seed)
    wave = np.fft.rfft2(rng.normal(size=(n, n)))
    k = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None])
    field = np.fft.irfft2(wave * np.exp(-(((k - 0.06) / 0.02) ** 2)), s=(n, n))
    mz = np.tanh(2 * field / field.std())
    angle = np.arctan2(*np.gradient(field))
    flat = np.sqrt(1 - mz**2)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), mz], axis=-1)[None]


def holes(n: int) -> np.ndarray:
    m = maze(n)
    y, x = np.mgrid[:n, :n]
    m[0, (x % 40 - 20) ** 2 + (y % 40 - 20) ** 2 < 100] = 0
    m[0, 5:-5, n // 3] = 0
    return m


def perforated(cells: tuple[int, int, int]) -> np.ndarray:
    """Random directions with slits one cell wide and missing cells."""
    nx, ny, nz = cells
    rng = np.random.default_rng(4)
    m = rng.normal(size=(nz, ny, nx, 3))
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    m[:, rng.random((ny, nx)) < 0.03] = 0
    m[:, 8:-8, 10:-10:9] = 0
    m[nz // 2 :, ny // 2, 12:-12] = 0
    return m
