from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from orchestrator.describe.film import Film


@pytest.fixture(scope="session")
def uniform() -> Callable[..., np.ndarray]:
    """A film magnetized along one direction."""

    def build(film: Film, direction: tuple[float, float, float] = (0, 0, 1)) -> np.ndarray:
        m = np.zeros((*film.array_shape, 3))
        m[:] = np.array(direction) / np.linalg.norm(direction)
        return m

    return build


@pytest.fixture(scope="session")
def textured() -> Callable[..., np.ndarray]:
    """A film with random directions in all cells."""

    def build(film: Film, seed: int = 0) -> np.ndarray:
        m = np.random.default_rng(seed).normal(size=(*film.array_shape, 3))
        return m / np.linalg.norm(m, axis=-1, keepdims=True)

    return build
