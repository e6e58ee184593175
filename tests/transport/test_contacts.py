"""Contacts of all shapes, in two and three dimensions, and films between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Box, Mask
from orchestrator.describe.contacts import (
    BoxContact,
    CornerContact,
    DiscContact,
    FaceContact,
    MaskContact,
    RectangleContact,
    SideContact,
    check_contacts,
    contact_grid,
    contact_nodes,
)
from orchestrator.describe.film import Film
from orchestrator.describe.masks import read_mask, with_masks_read
from orchestrator.describe.media import Resistivity
from orchestrator.ovf.files import write_ovf
from orchestrator.transport.network import Network

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
FLAT = Film((4, 3, 1), (4e-9, 4e-9, 1e-8))
BLOCK = Film((4, 3, 2), (4e-9, 5e-9, 6e-9))


def save_png(path, dark, alpha=None):
    from matplotlib.image import imsave

    pixels = np.ones((*dark.shape, 4))
    pixels[dark, :3] = 0
    if alpha is not None:
        pixels[..., 3] = alpha
    imsave(path, pixels)


@pytest.mark.parametrize(
    ("face", "axis", "rho"),
    [("x", 0, 7e-7), ("y", 1, 1e-7), ("z", 2, 1e-7)],
)
def test_block_between_opposite_faces(uniform, face, axis, rho):
    film = Film((6, 5, 4), (4e-9, 3e-9, 5e-9))
    contacts = (FaceContact("one", f"{face}-"), FaceContact("other", f"{face}+"))
    state = Network(film, AMR, contacts).solve(uniform(film, (1, 0, 0)))
    area = np.prod(film.lengths) / film.lengths[axis]
    assert state.conductance[0, 0] == pytest.approx(area / film.lengths[axis] / rho, rel=1e-12)
    j = state.current_density([1.0, 0.0])
    np.testing.assert_allclose(j[..., axis], 1 / film.lengths[axis] / rho, rtol=1e-9)


def test_block_magnetized_obliquely_carries_the_full_tensor(uniform):
    """Equipotential z faces far from the open sides: J_z = E_z / (n.rho.n) of the open film."""
    film = Film((3, 3, 48), (4e-9, 4e-9, 4e-9))
    direction = np.array([1.0, 2.0, 2.0]) / 3
    contacts = (FaceContact("below", "z-"), FaceContact("above", "z+"))
    state = Network(film, AMR, contacts).solve(uniform(film, tuple(direction)))
    phi = state.potential([0.0, 1.0])
    slope = (phi[25, 1, 1] - phi[23, 1, 1]) / 8e-9
    j = state.current_density([0.0, 1.0])[24].mean(axis=(0, 1))
    rho = 1e-7 * np.eye(3) + 6e-7 * np.outer(direction, direction)
    # no current through the open sides, so E = rho j with j along z
    assert j[2] == pytest.approx(-slope / rho[2, 2], rel=1e-4)
    across = -(phi[24, 1, 3] - phi[24, 1, 0]) / 12e-9
    assert across == pytest.approx(rho[0, 2] * j[2], rel=1e-3)


def test_film_uniform_along_its_normal_is_two_dimensional(textured):
    flat = Film((12, 10, 1), (4e-9, 4e-9, 9e-9))
    thick = Film((12, 10, 3), (4e-9, 4e-9, 3e-9))
    m = textured(flat)
    m[..., 2] = 0
    m /= np.linalg.norm(m, axis=-1, keepdims=True)
    contacts = (
        CornerContact("a", "top left", 12e-9),
        SideContact("b", "right"),
        DiscContact("c", (16e-9, 12e-9), 6e-9),
    )
    two = Network(flat, AMR, contacts).solve(m)
    three = Network(thick, AMR, contacts).solve(np.repeat(m, 3, axis=0))
    np.testing.assert_allclose(three.conductance, two.conductance, rtol=1e-10)
    v = [1.0, -0.3, 0.2]
    j = two.current_density(v)
    error = np.abs(three.current_density(v) - j)
    assert error.max() <= 1e-9 * np.abs(j).max()


def spreading_resistance(n: int) -> float:
    """A quarter of a disc of radius 0.28 in the corner of a block, out to an eighth of a sphere."""
    film = Film((n, n, n), (1e-7 / n,) * 3)
    x, y, z = film.cell_coordinates()
    distance = np.sqrt(x**2 + y**2 + (z - 1e-7) ** 2)
    contacts = (
        FaceContact("disc", "z+", center=(0.0, 0.0), radius=0.28e-7),
        MaskContact.of("shell", Mask.of(distance > 1e-7)),
    )
    m = np.zeros((n, n, n, 3))
    m[..., 2] = 1
    plain = Resistivity(rho_par=1e-7, rho_perp=1e-7)
    return Network(film, plain, contacts).solve(m).resistance("disc", "shell") / 4


def test_disc_on_a_face_has_its_spreading_resistance():
    """R = rho / 4a for a half-space (R. Holm, Electric Contacts), here out to a hemisphere b."""
    expected = 1e-7 / (4 * 0.28e-7) - 1e-7 / (2 * np.pi * 1e-7)
    assert spreading_resistance(40) == pytest.approx(expected, rel=0.03)


def test_face_contacts_cover_their_part_of_the_face():
    whole = FaceContact("a", "y+").nodes(BLOCK)
    assert whole.sum() == 5 * 3
    assert whole[:, -1].all()
    patch = FaceContact("a", "x-", lower=(5e-9, 0.0), upper=(15e-9, 6e-9)).nodes(BLOCK)
    assert np.argwhere(patch).tolist() == [[z, y, 0] for z in (0, 1) for y in (1, 2, 3)]
    disc = FaceContact("a", "z+", center=(8e-9, 5e-9), radius=4e-9).nodes(BLOCK)
    assert np.argwhere(disc).tolist() == [[2, 1, 1], [2, 1, 2], [2, 1, 3]]
    assert FaceContact("a", "x+").nodes(FLAT)[0, :, -1].all()


def test_box_contact_stands_inside_the_film():
    box = BoxContact("a", (4e-9, 0.0, 6e-9), (8e-9, 5e-9, 12e-9)).nodes(BLOCK)
    places = [[z, y, x] for z in (1, 2) for y in (0, 1) for x in (1, 2)]
    assert np.argwhere(box).tolist() == places


def test_image_is_read_upright_with_dark_opaque_pixels_inside(tmp_path):
    dark = np.array([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]], bool)
    alpha = np.ones((3, 4))
    alpha[2, 3] = 0
    save_png(tmp_path / "pads.png", dark, alpha)
    mask = read_mask(tmp_path / "pads.png")
    assert mask.grid == (4, 3, 1)
    assert np.argwhere(mask.cells(FLAT)).tolist() == [[0, 0, 2], [0, 2, 0]]
    through = mask.cells(BLOCK)
    assert (through[0] == through[1]).all()
    assert through.sum() == 4


def test_image_of_a_side_face(tmp_path):
    dark = np.array([[0, 0, 1], [0, 0, 0]], bool)
    save_png(tmp_path / "side.png", dark)
    contact = MaskContact.of("a", read_mask(tmp_path / "side.png", "x+"), "x+")
    places = [[z, y, 4] for z in (1, 2) for y in (2, 3)]
    assert np.argwhere(contact.nodes(BLOCK)).tolist() == places


def test_ovf_mask_in_the_volume_and_on_its_face(tmp_path):
    data = np.zeros((2, 3, 4, 1))
    data[1, 0, 1] = data[0, 2, 3] = 2.5
    write_ovf(tmp_path / "mask.ovf", data, BLOCK.cell_size)
    mask = read_mask(tmp_path / "mask.ovf")
    np.testing.assert_array_equal(mask.cells(BLOCK), data[..., 0] != 0)
    assert MaskContact.of("a", mask).nodes(BLOCK).sum() == 2 * 8
    top = MaskContact.of("a", mask, "z+").nodes(BLOCK)
    assert np.argwhere(top).tolist() == [[2, y, x] for y in (0, 1) for x in (1, 2)]


@settings(max_examples=30, deadline=None)
@given(arrays(bool, st.tuples(*[st.integers(1, 6)] * 3)))
def test_masks_survive_their_description(cells):
    nz, ny, nx = cells.shape
    film = Film((nx, ny, nz), (4e-9, 4e-9, 4e-9))
    np.testing.assert_array_equal(Mask.of(cells).cells(film), cells)


@settings(max_examples=30, deadline=None)
@given(
    arrays(bool, st.tuples(st.integers(2, 4), st.integers(1, 5), st.integers(1, 5))),
    st.integers(0, 1),
)
def test_nodes_of_a_mask_are_the_corners_of_its_cells(cells, layers):
    cells = cells[:1] if layers == 0 else cells
    nz, ny, nx = cells.shape
    film = Film((nx, ny, nz), (4e-9, 4e-9, 4e-9))
    expected = np.zeros(film.node_shape, bool)
    for z, y, x in np.argwhere(cells):
        top = z + 2 if nz > 1 else z + 1
        expected[z:top, y : y + 2, x : x + 2] = True
    np.testing.assert_array_equal(Mask.of(cells).nodes(film), expected)


def test_mask_contacts_conduct_as_the_rectangles_they_draw(textured):
    film = Film((16, 12, 1), (4e-9, 4e-9, 1e-8))
    box = Box((8e-9, 4e-9, 0.0), (20e-9, 16e-9, 1e-8))
    drawn = (MaskContact.of("a", Mask.of(box.cells(film))), SideContact("b", "right"))
    plain = (RectangleContact("a", (8e-9, 4e-9), (20e-9, 16e-9)), SideContact("b", "right"))
    m = textured(film)
    np.testing.assert_array_equal(
        Network(film, AMR, drawn).solve(m).conductance,
        Network(film, AMR, plain).solve(m).conductance,
    )


def test_files_of_masks_become_part_of_the_description(tmp_path):
    dark = np.zeros((3, 4), bool)
    dark[0, 1:] = True
    save_png(tmp_path / "pads.png", dark)
    mask = {"shape": "mask", "file": "pads.png"}
    description = {
        "contacts": [{"name": "a", "resistance": 1.0} | mask],
        "regions": [{"area": mask}],
        "film": {"cells": [4, 3, 1]},
    }
    read = with_masks_read(description, tmp_path)
    drawn = {"shape": "mask", "grid": [4, 3, 1], "runs": [9, 3]}
    assert read["contacts"] == [{"name": "a", "resistance": 1.0} | drawn]
    assert read["regions"] == [{"area": drawn}]
    assert read["film"] == description["film"]
    with pytest.raises(InputError, match=r"contacts.0.file \(a\): .*none.png: cannot be read"):
        with_masks_read(
            {"contacts": [{"name": "a", "shape": "mask", "file": "none.png"}]}, tmp_path
        )


@pytest.mark.parametrize(
    ("name", "words"),
    [("pads.jpg", "from a .png or .ovf file"), ("empty.png", "no cell is inside")],
)
def test_unusable_mask_files_are_refused(tmp_path, name, words):
    save_png(tmp_path / "empty.png", np.zeros((3, 4), bool))
    with pytest.raises(InputError, match=words):
        read_mask(tmp_path / name)


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        (FaceContact("lid", "z+"), "contact 'lid': face 'z[+]' needs several layers"),
        (MaskContact("pads", (5, 3, 1), (0, 15)), "contact 'pads': the mask has 5 x 3 x 1 cells"),
        (MaskContact("pads", (4, 3, 1), (12,)), "contact 'pads' touches no node"),
        (BoxContact("far", (1e-6,) * 3, (2e-6,) * 3), "contact 'far' touches no node"),
    ],
)
def test_contacts_that_do_not_fit_are_refused_by_name(contact, words):
    with pytest.raises(InputError, match=words):
        contact_nodes(FLAT, contact)


def test_contacts_on_opposite_faces_do_not_touch_but_on_adjacent_ones_do():
    check_contacts(BLOCK, (FaceContact("a", "z-"), FaceContact("b", "z+")))
    with pytest.raises(InputError, match="contacts 'a' and 'b' overlap or touch"):
        check_contacts(BLOCK, (FaceContact("a", "z-"), FaceContact("b", "x+")))


def test_grid_of_contacts_runs_from_the_top_left():
    film = Film((20, 20, 1), (4e-9, 4e-9, 1e-8))
    contacts = contact_grid(film, columns=3, rows=2, size=8e-9, margin=4e-9)
    assert [c.name for c in contacts] == ["1", "2", "3", "4", "5", "6"]
    assert contacts[2].upper == pytest.approx((76e-9, 76e-9))
    assert contacts[3].lower == pytest.approx((4e-9, 4e-9))
    check_contacts(film, contacts)
