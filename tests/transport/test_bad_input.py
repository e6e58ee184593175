"""What cannot be solved is refused with its name and place, never answered with NaN."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Box, Mask, Rectangle
from orchestrator.describe.contacts import FaceContact, MaskContact, RectangleContact, SideContact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Region, Resistivity, Underlayer, check_regions
from orchestrator.transport.conductivity import Conductivity
from orchestrator.transport.network import Network

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
FILM = Film((10, 8, 1), (4e-9, 4e-9, 1e-8))
ENDS = (SideContact("left", "left"), SideContact("right", "right"))


@pytest.mark.parametrize("layers", [1, 3])
def test_contact_on_vacuum_is_refused_by_name(uniform, layers):
    film = Film((10, 8, layers), (4e-9, 4e-9, 1e-8))
    m = uniform(film)
    m[:, :, -2:] = 0
    with pytest.raises(InputError, match="contact 'right' touches no conducting cell"):
        Network(film, AMR, ENDS).solve(m)
    etched = Region("etched", Rectangle((0.0, 0.0), (8e-9, 32e-9)), "vacuum")
    with pytest.raises(InputError, match="contact 'left' touches no conducting cell"):
        Network(film, AMR, ENDS, regions=(etched,)).solve(uniform(film))


def test_islands_are_reported_with_zero_current_and_zero_potential(uniform, caplog):
    film = Film((10, 9, 2), (4e-9, 4e-9, 1e-8))
    m = uniform(film)
    m[:, 4:8] = 0
    m[0, 5:7, 2:4] = [0, 0, 1]
    m[1, 6, 8] = [0, 0, 1]
    contacts = (SideContact("left", "left", stop=12e-9), SideContact("right", "right", stop=12e-9))
    state = Network(film, AMR, contacts).solve(m)
    assert [int(island.sum()) for island in state.islands] == [4, 10 * 2, 1]
    assert "a conducting region of 4 cells around cell (2, 5, 0) has no contact" in caplog.text
    assert "a conducting region of 1 cells around cell (8, 6, 1) has no contact" in caplog.text
    drive = state.drive({"left": 2.0, "right": 1.0})
    assert np.isfinite(drive.potential).all()
    for island in state.islands:
        assert (drive.current_density[island] == 0).all()
        z, y, x = np.argwhere(island)[0]
        assert drive.potential[z + 1, y + 1, x] == 0


def test_contacts_on_islands_of_their_own_are_a_network_of_separate_parts(uniform):
    m = uniform(FILM)
    m[:, :, 5] = 0
    state = Network(FILM, AMR, ENDS).solve(m)
    np.testing.assert_allclose(state.conductance, 0, atol=1e-12)
    assert np.isfinite(state.current_density([1.0, 0.0])).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5, 1.1])
def test_magnetization_of_a_wrong_length_is_refused_with_its_cell(uniform, value):
    m = uniform(FILM)
    m[0, 2, 6, 2] = value
    with pytest.raises(InputError, match=r"1 vectors .* cell \(ix, iy, iz\) = \(6, 2, 0\)"):
        Network(FILM, AMR, ENDS).solve(m)


def tensor(xx: float, yy: float, xy: float) -> Conductivity:
    symmetric = np.zeros((3, 8, 10))
    symmetric[:2] = 1e7
    symmetric[:, 3, 4] = xx, yy, xy
    return Conductivity(symmetric)


@pytest.mark.parametrize(
    "values",
    [(-1e7, -1e7, 0.0), (1e7, -1e7, 0.0), (1e7, 1e7, 2e7), (0.0, 1e7, 0.0), (np.nan, 1e7, 0.0)],
)
def test_tensors_that_are_not_positive_are_refused_with_their_cell(values):
    words = r"of 1 cells is not positive definite; .* cell \(ix, iy, iz\) = \(4, 3, 0\)"
    with pytest.raises(InputError, match=words):
        Network(FILM, AMR, ENDS).solve_conductivity(tensor(*values))


def test_tensors_of_three_dimensions_are_checked_as_a_whole():
    film = Film((4, 4, 2), (4e-9, 4e-9, 4e-9))
    symmetric = np.zeros((6, 2, 4, 4))
    symmetric[:3] = 1e7
    network = Network(film, AMR, ENDS)
    expected = np.prod(film.lengths[1:]) / film.lengths[0] * 1e7
    g = network.solve_conductivity(Conductivity(symmetric)).conductance
    assert g[0, 0] == pytest.approx(expected, rel=1e-12)
    symmetric[3:, 1, 2, 3] = -0.6e7
    with pytest.raises(InputError, match=r"\(ix, iy, iz\) = \(3, 2, 1\)"):
        network.solve_conductivity(Conductivity(symmetric))
    with pytest.raises(InputError, match="conductivities have shape"):
        network.solve_conductivity(Conductivity(symmetric[:3]))


def test_zero_tensors_are_vacuum():
    state = Network(FILM, AMR, ENDS).solve_conductivity(tensor(0.0, 0.0, 0.0))
    assert (state.current_density([1.0, 0.0])[0, 3, 4] == 0).all()
    assert 0 < state.conductance[0, 0] < 8 / 10 * 1e-8 * 1e7


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Resistivity(rho_par=0.0, rho_perp=1e-7), "rho_par must be positive"),
        (lambda: Resistivity(rho_par=1e-7, rho_perp=-1e-7), "rho_perp must be positive"),
        (lambda: Resistivity(rho_par=float("nan"), rho_perp=1e-7), "finite"),
        (
            lambda: Resistivity(mean=1e-7, amr_ratio=-2.0, amr_convention="mean"),
            "between -2 and 2",
        ),
        (lambda: Resistivity(mean=0.0, amr_ratio=1.0, amr_convention="mean"), "mean resistivity"),
        (lambda: SideContact("a", "left", resistance=-1.0), "resistance must not be negative"),
        (lambda: FaceContact("a", "x-", lower=(0.0, 0.0)), "lower and upper belong together"),
        (lambda: FaceContact("a", "x-", radius=1e-9), "center and radius belong together"),
        (
            lambda: FaceContact(
                "a", "x-", lower=(0.0, 0.0), upper=(1.0, 1.0), center=(0.0, 0.0), radius=1.0
            ),
            "or neither",
        ),
        (lambda: MaskContact("a", (2, 2, 1), (3,)), "runs must add up to the 2 x 2 x 1 cells"),
        (lambda: MaskContact("a", (2, 2, 1), (5, -1)), "runs must add up"),
        (lambda: Underlayer(), "give either sheet_resistance, or rho and thickness"),
        (lambda: Underlayer(sheet_resistance=1.0, rho=1e-7), "give either"),
        (lambda: Underlayer(rho=1e-7), "give either"),
        (lambda: Underlayer(sheet_resistance=0.0), "sheet_resistance must be positive"),
        (lambda: Underlayer(rho=1e-7, thickness=-1.0), "thickness must be positive"),
    ],
)
def test_descriptions_that_cannot_be_are_refused(build, words):
    with pytest.raises(InputError, match=words):
        build()


PATCH = Rectangle((0.0, 0.0), (8e-9, 8e-9))


@pytest.mark.parametrize(
    ("medium", "values", "words"),
    [
        ("metal", {}, "region 'pad': a metal needs a rho"),
        ("metal", {"rho": -1e-8}, "region 'pad': rho must be positive"),
        ("metal", {"rho": 1e-8, "resistivity": AMR}, "region 'pad': a metal has no resistivity"),
        ("magnet", {}, "region 'pad': a magnet needs a resistivity"),
        ("vacuum", {"rho": 1e-8}, "region 'pad': a vacuum has no rho"),
    ],
)
def test_regions_name_themselves_when_refused(medium, values, words):
    with pytest.raises(InputError, match=words):
        Region("pad", PATCH, medium, **values)


@pytest.mark.parametrize(
    ("regions", "words"),
    [
        ([("a", PATCH), ("a", PATCH)], "two regions are named 'a'"),
        ([("far", Box((1e-6,) * 3, (2e-6,) * 3))], "region 'far' holds the center of no cell"),
        ([("m", Mask((3, 8, 1), (0, 24)))], "region 'm': the mask has 3 x 8 x 1 cells"),
    ],
)
def test_regions_that_do_not_fit_are_refused_by_name(regions, words):
    made = tuple(Region(name, area, "vacuum") for name, area in regions)
    with pytest.raises(InputError, match=words):
        check_regions(FILM, made)
    with pytest.raises(InputError, match=words):
        Device(FILM, Material(Ms=4.9e5, Aex=1e-11, alpha=0.3), AMR, ENDS, regions=made)


def test_overlapping_contacts_are_refused_by_name(uniform):
    over = RectangleContact("over", (36e-9, 0.0), (40e-9, 8e-9))
    with pytest.raises(InputError, match="contacts 'right' and 'over' overlap or touch"):
        Network(FILM, AMR, (*ENDS, over)).solve(uniform(FILM))
