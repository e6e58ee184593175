from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.vectors import squared_lengths


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 37, 41, 3), (5, 1), (2, 3, 2)], ids=str)
def test_squared_lengths_are_numpys_to_the_bit(kind, shape):
    vectors = np.random.default_rng(1).normal(size=shape).astype(kind)
    found = squared_lengths(vectors)
    np.testing.assert_array_equal(found, (vectors**2).sum(axis=-1))
    assert found.dtype == kind
    np.testing.assert_array_equal(np.sqrt(found), np.linalg.norm(vectors, axis=-1))
