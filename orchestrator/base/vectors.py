"""Fields of short vectors."""

from __future__ import annotations

import numpy as np


def squared_lengths(vectors: np.ndarray) -> np.ndarray:
    """|v|^2 along the last axis: numpy's sum to the bit, many times as fast along a short axis.

    Parameters
    ----------
    vectors : ndarray, shape (..., components)
        The vectors.
    """
    squares = np.square(vectors)
    total: np.ndarray = squares[..., 0]
    for component in range(1, squares.shape[-1]):
        total = total + squares[..., component]
    return total
