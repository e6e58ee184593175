"""The demagnetizing tensor against exact results."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import EngineError
from orchestrator.engines.cpu.kernels.convolution import XX, XY, XZ, YY, YZ, ZZ
from orchestrator.engines.cpu.physics.mesh import Mesh
from orchestrator.engines.cpu.physics.terms.demag_cache import cached_tensor
from orchestrator.engines.cpu.physics.terms.demag_tensor import demag_tensor

CELL = (3e-9, 4e-9, 2e-9)


def newell(separation, cell):
    """-N_xx and -N_xy between cells, exact: A. Newell et al., J. Geophys. Res. 98, 9551 (1993)."""

    def f(x, y, z):
        x, y, z = abs(x), abs(y), abs(z)
        r = np.sqrt(x * x + y * y + z * z)
        value = (2 * x * x - y * y - z * z) * r / 6
        if y * y + x * x > 0 and z * z + x * x > 0:
            value += y * (z * z - x * x) / 2 * np.arcsinh(y / np.sqrt(x * x + z * z))
            value += z * (y * y - x * x) / 2 * np.arcsinh(z / np.sqrt(x * x + y * y))
            value -= x * y * z * np.arctan(y * z / (x * r)) if x else 0
        return value

    def g(x, y, z):
        z = abs(z)
        r = np.sqrt(x * x + y * y + z * z)
        value = -x * y * r / 3
        for a, b in ((x, y), (y, x)):
            if a and (b or z):
                value += b * (3 * z * z - b * b) / 6 * np.arcsinh(a / np.sqrt(b * b + z * z))
        if z and (x or y):
            value += x * y * z * np.arcsinh(z / np.sqrt(x * x + y * y))
        value -= z**3 / 6 * np.arctan(x * y / (z * r)) if z else 0
        value -= z * y * y / 2 * np.arctan(x * z / (y * r)) if y else 0
        value -= z * x * x / 2 * np.arctan(y * z / (x * r)) if x else 0
        return value

    second = {-1: 1, 0: -2, 1: 1}
    totals = [0.0, 0.0]
    for i, a in second.items():
        for j, b in second.items():
            for k, c in second.items():
                at = [s + n * d for s, n, d in zip(separation, (i, j, k), cell, strict=True)]
                totals[0] -= a * b * c * f(*at)
                totals[1] -= a * b * c * g(*at)
    return np.array(totals) / (4 * np.pi * np.prod(cell))


def exact(cells, cell):
    """The whole tensor, by permuting the axes of `newell`."""
    tensor = np.zeros((6, *cells[::-1]))
    unit = np.array(cell) / min(cell)
    for z, y, x in np.ndindex(*cells[::-1]):
        at = np.array([x, y, z]) * unit
        for diagonal, off, axes in ((XX, XY, [0, 1, 2]), (YY, YZ, [1, 2, 0]), (ZZ, XZ, [2, 0, 1])):
            values = newell(at[axes], unit[axes])
            tensor[diagonal, z, y, x], tensor[off, z, y, x] = values
    return -tensor


@pytest.mark.parametrize(("accuracy", "tolerance"), [(6, 6e-4), (24, 3e-4)])
def test_every_element_approaches_the_exact_one(accuracy, tolerance):
    tensor = demag_tensor((4, 3, 3), CELL, accuracy=accuracy)
    difference = np.abs(tensor - exact((4, 3, 3), CELL))
    assert difference.max() < tolerance


def test_cube_has_a_third_along_every_axis():
    own = demag_tensor((1, 1, 1), (5e-9, 5e-9, 5e-9))[:, 0, 0, 0]
    np.testing.assert_allclose(own[:3], -1 / 3, atol=1e-4)
    np.testing.assert_allclose(own[3:], 0, atol=1e-12)


@pytest.mark.parametrize("cell", [CELL, (5e-9, 5e-9, 0.5e-9), (2e-9, 9e-9, 4e-9)])
def test_trace_is_minus_one_within_the_cell_and_zero_outside(cell):
    tensor = demag_tensor((5, 4, 3), cell)
    trace = tensor[:3].sum(axis=0)
    assert trace[0, 0, 0] == pytest.approx(-1, abs=2e-3)
    trace[0, 0, 0] = 0
    # The integration of charges that touch a cell is the least accurate.
    assert np.abs(trace).max() < 2e-3


def test_far_cells_act_as_dipoles():
    tensor = demag_tensor((40, 30, 20), CELL)
    at = np.array([39, 29, 19]) * CELL
    r = np.linalg.norm(at)
    dipole = np.prod(CELL) / (4 * np.pi * r**3) * (3 * np.outer(at, at) / r**2 - np.eye(3))
    expected = [dipole[k] for k in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))]
    np.testing.assert_allclose(tensor[:, -1, -1, -1], expected, atol=1e-3 * np.abs(dipole).max())


def test_periodic_tensor_is_the_sum_over_images():
    cells, images = (5, 4, 2), 2
    periodic = demag_tensor(cells, CELL, (images, 0, 0))
    reach = images * cells[0]
    single = demag_tensor((reach, *cells[1:]), CELL).astype(float)
    odd = np.array([1, 1, 1, 1, -1, -1])[:, None, None]
    for x in range(cells[0] // 2 + 1):
        total = np.zeros((6, 2, 4))
        for distance in range(1 - reach, reach):
            if (distance - x) % cells[0] == 0:
                total += single[..., abs(distance)] * (odd if distance < 0 else 1)
        np.testing.assert_allclose(periodic[..., x], total, atol=1e-7)


@pytest.mark.parametrize(
    ("cell", "accuracy", "complaint"),
    [((1e-9, 1e-9, 101e-9), 6, "aspect ratio"), (CELL, 0, "DemagAccuracy"), (CELL, -1, "positive")],
)
def test_senseless_input_is_refused(cell, accuracy, complaint):
    with pytest.raises(EngineError, match=complaint):
        demag_tensor((2, 2, 2), cell, accuracy=accuracy)


class TestCache:
    mesh = Mesh((4, 3, 2), CELL, (0, 1, 0))

    def test_a_second_look_has_the_same_bits(self, tmp_path, monkeypatch):
        first = cached_tensor(self.mesh, 6, tmp_path / "new")
        monkeypatch.setattr("orchestrator.engines.cpu.physics.terms.demag_cache.demag_tensor", None)
        second = cached_tensor(self.mesh, 6, tmp_path / "new")
        np.testing.assert_array_equal(first, second)

    def test_other_grids_and_accuracies_have_files_of_their_own(self, tmp_path):
        cached_tensor(self.mesh, 6, tmp_path)
        cached_tensor(self.mesh, 5, tmp_path)
        cached_tensor(Mesh((4, 3, 2), CELL), 6, tmp_path)
        assert len(list(tmp_path.iterdir())) == 3

    @pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text"])
    def test_damaged_files_are_replaced(self, tmp_path, damage):
        right = cached_tensor(self.mesh, 6, tmp_path)
        (file,) = tmp_path.iterdir()
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 255
        changed = {
            "empty": b"", "cut": content[:200], "flipped": content, "text": b"no tensor",
        }  # fmt: skip
        file.write_bytes(changed[damage])
        np.testing.assert_array_equal(cached_tensor(self.mesh, 6, tmp_path), right)
        np.testing.assert_array_equal(np.load(file)["tensor"], right)

    def test_a_folder_that_cannot_be_made_does_no_harm(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        tensor = cached_tensor(self.mesh, 6, tmp_path / "file" / "folder")
        np.testing.assert_array_equal(tensor, cached_tensor(self.mesh, 6, None))
