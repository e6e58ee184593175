from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrator.base.constants import MU0
from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Rectangle
from orchestrator.describe.contacts import (
    BoxContact,
    CornerContact,
    DiscContact,
    FaceContact,
    MaskContact,
    RectangleContact,
    SideContact,
    check_contacts,
)
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Region, Resistivity, Underlayer, check_regions

FILM = Film(cells=(10, 8, 1), cell_size=(4e-9, 5e-9, 1e-6))
MATERIAL = {"Ms": 4.9e5, "Aex": 1e-11, "alpha": 0.3}


def test_paper_units_agree_with_the_chosen_material():
    # Yu, Xiao, Bauer: D = 6.5e-3 A and "about 0.002 J/m2"; D_paper = 2 Dbulk / (mu0 Ms)
    paper = 2 * 2e-3 / (MU0 * 4.9e5)
    assert paper == pytest.approx(6.5e-3, rel=1e-3)


def test_helix_pitch():
    assert Material(**MATERIAL, Dbulk=2e-3).helix_pitch == pytest.approx(20e-9 * math.pi)
    assert Material(**MATERIAL).helix_pitch == math.inf


def test_amr_ratio_of_the_paper_means_a_factor_of_seven():
    r = Resistivity(mean=5e-7, amr_ratio=1.5, amr_convention="mean")
    assert r.parallel / r.perpendicular == pytest.approx(7)
    assert (r.parallel + r.perpendicular) / 2 == pytest.approx(5e-7)


def test_corner_contact_covers_its_patch_only():
    nodes = CornerContact(name="a", corner="top right", size=10e-9).nodes(FILM)[0]
    assert nodes.shape == (9, 11)
    assert nodes[6:, 8:].all()
    assert nodes.sum() == 9


def test_side_contact_can_be_a_part_of_the_side():
    nodes = SideContact(name="a", side="left", start=5e-9, stop=15e-9).nodes(FILM)[0]
    assert np.argwhere(nodes).tolist() == [[1, 0], [2, 0], [3, 0]]


def test_disc_and_rectangle():
    disc = DiscContact(name="d", center=(20e-9, 20e-9), radius=4e-9).nodes(FILM)[0]
    assert np.argwhere(disc).tolist() == [[4, 4], [4, 5], [4, 6]]
    box = RectangleContact(name="r", lower=(0, 0), upper=(4e-9, 5e-9)).nodes(FILM)[0]
    assert np.argwhere(box).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize(
    ("contacts", "words"),
    [
        (["a"], "at least 2"),
        ([("a", "left"), ("a", "right")], "named 'a'"),
        ([("a", "left"), ("b", "top")], "'a' and 'b' overlap"),
    ],
)
def test_contacts_are_refused_by_name(contacts, words):
    made = tuple(SideContact(name=c[0], side=c[1] if len(c) > 1 else "left") for c in contacts)
    with pytest.raises(InputError, match=words):
        check_contacts(FILM, made)


def test_contact_outside_the_film_is_refused():
    far = DiscContact(name="far", center=(1e-6, 0), radius=1e-9)
    with pytest.raises(InputError, match="'far' touches no node"):
        check_contacts(FILM, (SideContact(name="a", side="left"), far))


@pytest.mark.parametrize("size", [-1e-9, 0.0, 4.9e-9])
def test_corner_below_one_cell_is_refused_by_name(size):
    contacts = (SideContact("a", "left"), CornerContact("small", corner="top right", size=size))
    words = rf"contact 'small': size = {size:g} m is below one cell, 5e-09 m"
    with pytest.raises(InputError, match=words):
        check_contacts(FILM, contacts)


def test_exchanged_corners_are_named():
    region = Region("pad", Rectangle((8e-9, 0), (0, 8e-9)), "metal", rho=1e-8)
    words = r"region 'pad': lower = \[8e-09, 0.*\] lies beyond upper = \[0.*, 8e-09\]"
    with pytest.raises(InputError, match=words):
        check_regions(FILM, (region,))
    contact = RectangleContact("r", lower=(0, 9e-9), upper=(4e-9, 5e-9))
    with pytest.raises(InputError, match=r"contact 'r': lower = .* lies beyond upper"):
        check_contacts(FILM, (SideContact("a", "right"), contact))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alpha": -0.1}, "alpha must not be negative"),
        ({"P": 1.2}, r"\|P\| must be at most 1"),
        ({"Aex": 0.0, "Dbulk": 1e-3}, "DMI needs Aex"),
        ({"Dbulk": 1e-3, "Dind": 1e-3}, "cannot both be set"),
        ({"Ms": 0.5}, "implausible"),
        ({"Ku1": 1e5, "axis": (0, 0, 0)}, "axis"),
    ],
)
def test_material_refuses_what_cannot_be(change, words):
    with pytest.raises(InputError, match=words):
        Material(**(MATERIAL | change))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rho_par": -1.0, "rho_perp": 1e-7}, "rho_par must be positive"),
        ({"mean": 5e-7, "amr_ratio": 1.5}, "amr_convention"),
        ({"mean": 5e-7, "amr_ratio": 150.0, "amr_convention": "mean"}, "between -2 and 2"),
        ({"rho_par": 1e-7, "rho_perp": 1e-7, "mean": 1e-7}, "either"),
        (
            {"mean": 5.0, "amr_ratio": 1.5, "amr_convention": "mean"},
            "mean = 5 ohm m is implausible; expected 1e-09 to 1 ohm m",
        ),
        ({"rho_par": 2.5, "rho_perp": 1e-7}, "rho_par = 2.5 ohm m is implausible"),
        ({"rho_par": 1e-7, "rho_perp": 1e-10}, "rho_perp = 1e-10 ohm m is implausible"),
    ],
)
def test_resistivity_refuses_what_cannot_be(arguments, words):
    with pytest.raises(InputError, match=words):
        Resistivity(**arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cells": (100, 100, 1), "cell_size": (4.0, 4.0, 1.0)}, "400 m long"),
        ({"cells": (0, 1, 1), "cell_size": (1e-9,) * 3}, "at least 1"),
        (
            {"cells": (100, 100, 1), "cell_size": (3e-9, 4e-9, 1e-6), "size": (4e-7, 4e-7, 1e-6)},
            "do not divide the film along x",
        ),
    ],
)
def test_film_refuses_slips_of_units(arguments, words):
    with pytest.raises(InputError, match=words):
        Film(**arguments)


def test_device_survives_its_dictionary_and_keeps_its_hash():
    contacts = (SideContact(name="a", side="left"), SideContact(name="b", side="right"))
    resistivity = Resistivity(rho_par=2e-7, rho_perp=1e-7)
    device = Device(FILM, Material(**MATERIAL), resistivity, contacts)
    assert Device.from_dict(device.to_dict()) == device
    assert device.hash == Device.from_dict(device.to_dict()).hash
    other = Device(FILM, Material(**(MATERIAL | {"alpha": 0.31})), resistivity, contacts)
    assert other.hash != device.hash


PLAIN = (SideContact("left", "left"), SideContact("right", "right"))


def test_hash_of_a_plain_device_is_pinned():
    """Options added later must leave it alone at their defaults."""
    device = Device(FILM, Material(**MATERIAL), Resistivity(rho_par=2e-7, rho_perp=1e-7), PLAIN)
    assert device.hash == "6a595cf6b314e630"


@pytest.mark.parametrize(
    "change",
    [
        {"contacts": (PLAIN[0], SideContact("right", "right", resistance=1.0))},
        {"underlayer": Underlayer(sheet_resistance=100.0)},
        {"regions": (Region("pad", Rectangle((0, 0), (8e-9, 8e-9)), "metal", rho=1e-8),)},
        {"contacts": (PLAIN[0], FaceContact("right", "x+"))},
        {"contacts": (PLAIN[0], MaskContact("right", (10, 8, 1), (79, 1)))},
        {"contacts": (PLAIN[0], BoxContact("right", (20e-9, 0, 0), (40e-9, 10e-9, 1e-6)))},
    ],
)
def test_every_option_survives_its_dictionary_and_changes_the_hash(change):
    arguments = {
        "film": FILM,
        "material": Material(**MATERIAL),
        "resistivity": Resistivity(rho_par=2e-7, rho_perp=1e-7),
        "contacts": PLAIN,
    }
    device = Device(**(arguments | change))
    assert Device.from_dict(device.to_dict()) == device
    assert device.hash != Device(**arguments).hash


def test_device_without_the_later_options_is_still_read():
    """As a run stored before there were regions, underlayers and contact resistances."""
    device = Device(FILM, Material(**MATERIAL), Resistivity(rho_par=2e-7, rho_perp=1e-7), PLAIN)
    description = device.to_dict()
    del description["regions"], description["underlayer"]
    for contact in description["contacts"]:
        del contact["resistance"]
    assert Device.from_dict(description) == device


def test_underlayer_by_resistivity_and_thickness():
    assert Underlayer(rho=2e-7, thickness=5e-9).sheet_conductance == pytest.approx(0.025)
    assert Underlayer(sheet_resistance=40.0).sheet_conductance == pytest.approx(0.025)
