"""The Oersted field against analytic fields, Ampere's law and independent integration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from orchestrator.base.constants import MU0
from orchestrator.base.errors import InputError
from orchestrator.describe.film import Film
from orchestrator.transport.oersted import OerstedField

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(6)


def blocks(field: np.ndarray, factor: int) -> np.ndarray:
    nz, ny, nx, _ = (n // factor for n in field.shape)
    cut = field.reshape(nz, factor, ny, factor, nx, factor, 3)
    return cut.mean(axis=(1, 3, 5))


def straight_wire(y: np.ndarray, z: np.ndarray, width: float, height: float) -> np.ndarray:
    """(B_y, B_z) / (mu0 j / 2 pi) of an infinite wire along x about the origin.

    The closed form of the integral of (-(z - z'), y - y') / |r - r'|^2 over the section.
    """

    def corner(u, v):
        return v / 2 * np.log(u * u + v * v) + u * np.arctan(v / u)

    b_y, b_z = np.zeros_like(y), np.zeros_like(y)
    for s, t in itertools.product((1, -1), repeat=2):
        u, v = y + s * width / 2, z + t * height / 2
        b_y -= s * t * corner(v, u)
        b_z += s * t * corner(u, v)
    return np.stack([b_y, b_z])


def test_long_straight_wire_of_rectangular_section():
    film = Film((401, 10, 8), (20e-9, 2e-9, 3e-9))
    j = np.zeros((*film.array_shape, 3))
    j[:, :, :, 0] = 1e12
    j[:2] = j[:, :3] = 0
    field = OerstedField(film)(j)[:, :, 200]
    y = (np.arange(10)[None, :, None, None] + 0.5 + POINTS[:, None] / 2) * 2e-9 - 13e-9
    z = (np.arange(8)[:, None, None, None] + 0.5 + POINTS / 2) * 3e-9 - 15e-9
    exact = straight_wire(*np.broadcast_arrays(y, z), 14e-9, 18e-9) * MU0 * 1e12 / (2 * np.pi)
    exact = np.einsum("czyab,a,b->zyc", exact, WEIGHTS, WEIGHTS) / 4
    np.testing.assert_allclose(field[..., 0], 0, atol=1e-12 * np.abs(exact).max())
    np.testing.assert_allclose(field[..., 1:], exact, atol=2e-4 * np.abs(exact).max())


def test_wide_sheet_has_half_mu0_k_on_both_sides():
    film = Film((121, 121, 3), (1e-7, 1e-7, 1e-9))
    j = np.zeros((*film.array_shape, 3))
    j[1, ..., 1] = 1e11
    field = OerstedField(film)(j)[:, 60, 60]
    half = MU0 * 1e11 * 1e-9 / 2
    np.testing.assert_allclose(field[:, 0], [-half, 0, half], atol=1e-3 * half)
    np.testing.assert_allclose(field[:, 1:], 0, atol=1e-9 * half)


def ring(n: int) -> tuple[Film, np.ndarray]:
    """j = curl of a smooth potential along (1, 2, 3) that vanishes with its slope on the faces."""
    film = Film((n, n, n), (1.2e-7 / n, 0.8e-7 / n, 1e-7 / n))
    s = (np.arange(n) + 0.5) / n
    wave, slope = np.sin(np.pi * s) ** 4, 4 * np.pi * np.sin(np.pi * s) ** 3 * np.cos(np.pi * s)
    shapes = [wave[None, None, :], wave[None, :, None], wave[:, None, None]]
    slopes = [slope[None, None, :], slope[None, :, None], slope[:, None, None]]
    lengths = film.lengths
    gradient = np.stack(
        [slopes[a] / lengths[a] * shapes[a - 1] * shapes[a - 2] for a in range(3)], axis=-1
    )
    return film, np.cross(gradient, [1.0, 2.0, 3.0])


def curl(field: np.ndarray, film: Film) -> np.ndarray:
    slopes = [np.gradient(field, h, axis=2 - a) for a, h in enumerate(film.cell_size)]
    return np.stack(
        [slopes[a - 2][..., a - 1] - slopes[a - 1][..., a - 2] for a in range(3)], axis=-1
    )


def test_curl_of_the_field_is_mu0_j_inside_a_conductor():
    errors = []
    for n in (16, 32):
        film, j = ring(n)
        inside = (slice(n // 8, -n // 8),) * 3
        error = curl(OerstedField(film)(j), film)[inside] / MU0 - j[inside]
        errors.append(np.sqrt((error**2).mean() / (j[inside] ** 2).mean()))
    assert errors[1] < 0.03
    assert 3.5 < errors[0] / errors[1] < 4.5


def test_loop_integral_is_mu0_times_the_current_through_it():
    n = 32
    film, j = ring(n)
    hx, hy, _ = film.cell_size
    field = OerstedField(film)(j)[11]
    x0, x1, y0, y1 = 3, 17, 5, 28
    along_x, along_y = np.ones(x1 - x0 + 1), np.ones(y1 - y0 + 1)
    along_x[[0, -1]] = along_y[[0, -1]] = 0.5
    loop = hx * along_x @ (field[y0, x0 : x1 + 1, 0] - field[y1, x0 : x1 + 1, 0])
    loop += hy * along_y @ (field[y0 : y1 + 1, x1, 1] - field[y0 : y1 + 1, x0, 1])
    current = hx * hy * along_y @ j[11, y0 : y1 + 1, x0 : x1 + 1, 2] @ along_x
    assert loop == pytest.approx(MU0 * current, rel=5e-3)


def test_two_distant_cells_by_integration_over_both():
    film = Film((4, 3, 3), (3e-9, 4e-9, 2e-9))
    j = np.zeros((*film.array_shape, 3))
    j[0, 0, 0] = [1e12, -2e12, 3e12]
    found = OerstedField(film)(j)[2, 2, 3]
    edges, offset = np.array(film.cell_size), np.array([3, 2, 2])
    expected = np.zeros(3)
    points = list(itertools.product(range(6), repeat=3))
    inner = np.array([[POINTS[i] for i in p] for p in points]) / 2 * edges
    weight = np.array([np.prod([WEIGHTS[i] / 2 for i in p]) for p in points])
    for r, w in zip(inner + offset * edges, weight, strict=True):
        distance = r - inner
        kernel = distance / np.linalg.norm(distance, axis=-1, keepdims=True) ** 3
        expected += w * weight @ np.cross(j[0, 0, 0], kernel)
    expected *= MU0 / (4 * np.pi) * np.prod(edges)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize("cells", [(14, 11, 3), (24, 3, 1)])
def test_field_of_coarse_cells_is_the_average_of_that_of_their_parts(cells):
    film = Film(cells, (4e-9, 3e-9, 6e-9))
    parts = Film(tuple(2 * n for n in cells), (2e-9, 1.5e-9, 3e-9))
    j = np.random.default_rng(4).normal(size=(*film.array_shape, 3))
    fine = OerstedField(parts)(np.repeat(np.repeat(np.repeat(j, 2, 0), 2, 1), 2, 2))
    coarse = OerstedField(film)(j)
    if film.is_2d:
        j[..., 2] = 0
        np.testing.assert_allclose(OerstedField(film)(j)[..., :2], 0, atol=1e-20)
    np.testing.assert_allclose(coarse, blocks(fine, 2), rtol=0, atol=1e-5 * np.abs(coarse).max())


def test_wrong_shapes_nan_and_periodic_films_are_refused():
    film = Film((4, 3, 1), (4e-9, 4e-9, 1e-8))
    with pytest.raises(InputError, match="got shape"):
        OerstedField(film)(np.zeros((3, 4, 3)))
    with pytest.raises(InputError, match="finite current densities"):
        OerstedField(film)(np.full((1, 3, 4, 3), np.nan))
    with pytest.raises(InputError, match="open lateral boundaries"):
        OerstedField(Film((4, 3, 1), (4e-9, 4e-9, 1e-8), pbc=(1, 0, 1)))
