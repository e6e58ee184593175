"""The demagnetizing tensor of a grid of cells, by mumax3's numerical integration.

The field of a uniformly magnetized cell, averaged over the volume of another one, is that of
magnetic charges on the faces of the first:

    H_d = M_s sum_{faces +-} +-1/(4 pi) <int R_d / |R|^3 dS>,  K_sd = H_d / M_s

Faces and volumes are cut into pieces no larger than the distance between the cells divided by an
accuracy (at least 1, the pieces of the face half as large), and the midpoint rule is used, as in
mumax3 (A. Vansteenkiste et al., AIP Advances 4, 107133 (2014)). Along an axis the differences of
the points of face and volume take few values, each with a multiplicity, so that six nested sums
collapse into three.
"""

from __future__ import annotations

import math

import numpy as np

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels.integration import integrate_line
from orchestrator.engines.cpu.physics.terms.fourier import fast_length

MAX_ASPECT = 100.0
"""Longest over shortest edge of a cell that is still taken."""
ODD = np.array(
    [[False, False, False, False, True, True], [False, False, False, True, False, True],
     [False, False, False, True, True, False]]
)  # fmt: skip
"""Whether a component (column) is odd along x, y, z (row); those with an axis twice or never are
even along it."""

_MOST_SEPARATIONS = 10**12
"""Days of summing."""


def padded_length(count: int, images: int) -> int:
    """Length of the Fourier transforms along an axis of `count` cells."""
    return count if images or count == 1 else fast_length(2 * count - 1)


def demag_tensor(
    cells: tuple[int, int, int],
    cell_size: tuple[float, float, float],
    pbc: tuple[int, int, int] = (0, 0, 0),
    accuracy: float = 6.0,
) -> np.ndarray:
    """Components of the tensor K, B_demag = mu0 sum K(r - r') M(r'), for separations >= 0.

    Parameters
    ----------
    cells : (nx, ny, nz)
        Number of cells.
    cell_size : (cx, cy, cz)
        m.
    pbc : (px, py, pz)
        Axes with p > 0 are periodic; separations up to p lengths of the box are summed.
    accuracy : float
        Distance between cells over the size of the pieces.

    Returns
    -------
    ndarray, shape (6, kz, ky, kx), float32
        xx, yy, zz, yz, xz, xy. An open axis has its n separations, a periodic one those up to
        half its length. The rest follows from the parity, `ODD`.

    Raises
    ------
    EngineError
        If a cell is too far from a cube, or the accuracy is not positive.
    """
    if max(cell_size) > MAX_ASPECT * min(cell_size):
        raise EngineError(
            f"unrealistic cell aspect ratio: {cell_size} m; edges may differ by {MAX_ASPECT:g}"
        )
    if not 0 < accuracy < math.inf:
        raise EngineError(f"DemagAccuracy is {accuracy}, it must be positive")
    kept = [n // 2 + 1 if p else n for n, p in zip(cells, pbc, strict=True)]
    reach = [n * max(p, 1) for n, p in zip(cells, pbc, strict=True)]
    if math.prod(reach) > _MOST_SEPARATIONS:
        raise EngineError(
            f"{pbc} images of {cells} cells are {math.prod(reach):.2g} separations to sum the "
            f"demagnetizing field over, more than {_MOST_SEPARATIONS:.0e}"
        )
    tensor = np.zeros((6, kept[2], kept[1], kept[0]))
    line = np.empty((6, reach[0]))
    size = np.array(cell_size, float)
    for z in range(reach[2]):
        for y in range(reach[1]):
            integrate_line(y, z, size, accuracy, line)
            folded = _fold(line, cells[0], pbc[0], kept[0])
            for at_z, sign_z in _images(z, cells[2], pbc[2]):
                for at_y, sign_y in _images(y, cells[1], pbc[1]):
                    sign = np.where(ODD[2], sign_z, 1) * np.where(ODD[1], sign_y, 1)
                    tensor[:, at_z, at_y] += sign[:, None] * folded
    _clear_middle(tensor, cells, pbc)
    return tensor.astype(np.float32)


def _clear_middle(tensor: np.ndarray, cells: tuple[int, ...], pbc: tuple[int, ...]) -> None:
    """Take the rounding off odd components where they are zero by symmetry."""
    for axis, (count, images) in enumerate(zip(cells, pbc, strict=True)):
        middle = [0, count // 2] if images and count % 2 == 0 else [0]
        along = np.moveaxis(tensor, 3 - axis, 1)
        for place in middle:
            along[ODD[axis], place] = 0


def _images(distance: int, count: int, images: int) -> list[tuple[int, int]]:
    """Where +distance and -distance lie among the kept separations, with their signs."""
    signs = (1, -1) if images and distance else (1,)
    places = [(sign * distance % count if images else distance, sign) for sign in signs]
    return [(at, sign) for at, sign in places if not images or at <= count // 2]


def _fold(line: np.ndarray, count: int, images: int, kept: int) -> np.ndarray:
    """Sum the separations along x that are the same in a periodic box."""
    if not images:
        return line
    folded = np.zeros((6, kept))
    odd = np.where(ODD[0], -1, 1)
    distances = np.arange(line.shape[1])
    for sign, parity in ((1, np.ones(6)), (-1, odd)):
        at = sign * distances % count
        taken = (at < kept) & ((distances > 0) | (sign > 0))
        for component in range(6):
            folded[component] += parity[component] * np.bincount(
                at[taken], line[component, taken], kept
            )
    return folded
