"""What notebooks show: well-formed, escaped, with every contact and the film's area."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

import orchestrator
from orchestrator.describe.areas import Rectangle
from orchestrator.describe.contacts import DiscContact, SideContact
from orchestrator.describe.film import Film
from orchestrator.describe.html import _rectangles, card, drawing_of
from orchestrator.describe.media import Region, Resistivity

SVG = "{http://www.w3.org/2000/svg}"
NAME = '<b>"left"&'


def paths(svg):
    """Areas of the colored parts in square pixels, by color."""
    areas: dict[str, float] = {}
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        found = re.findall(r"M(\S+) (\S+)h(\S+)v(\S+)H(\S+)z", path.attrib["d"])
        area = sum(float(width) * float(height) for _, _, width, height, _ in found)
        areas[path.attrib["fill"]] = areas.get(path.attrib["fill"], 0) + area
    return areas


def test_rectangles_make_up_a_mask():
    mask = np.random.default_rng(0).random((17, 23)) < 0.6
    again = np.zeros_like(mask)
    for (first, last), (start, stop) in _rectangles(mask):
        assert not again[first:last, start:stop].any()
        again[first:last, start:stop] = True
    np.testing.assert_array_equal(again, mask)


@pytest.mark.parametrize("cells", [(60, 30, 1), (480, 240, 2)])
def test_areas_of_film_and_metal_are_right(cells):
    lx, ly = 240e-9, 120e-9
    size = (lx / cells[0], ly / cells[1], 1e-8)
    film = Film(cells, size, shape="ellipse")
    pad = Region("pad", Rectangle((0.0, 0.0), (24e-9, 12e-9)), "metal", rho=1e-7)
    areas = paths(drawing_of(film, (), (pad,)))
    scale = (240 / lx) ** 2
    assert areas["#9db8dc"] == pytest.approx(np.pi / 4 * lx * ly * scale, rel=0.05)
    assert areas["#c8a951"] == pytest.approx(24e-9 * 12e-9 * scale, rel=0.01)


def test_names_are_escaped_and_every_contact_is_there():
    film = Film((20, 10, 1), (5e-9, 5e-9, 1e-8))
    contacts = (SideContact(NAME, side="left"), DiscContact("dot", (7e-8, 2.5e-8), 1e-8))
    svg = ElementTree.fromstring(drawing_of(film, contacts))
    assert [title.text for title in svg.iter(f"{SVG}title")] == [NAME, "dot"]
    assert [text.text for text in svg.iter(f"{SVG}text")] == [NAME, "dot"]
    shown = ElementTree.fromstring(card("a < b", [("<i>", "x & y")], drawing_of(film, contacts)))
    assert "".join(shown.itertext()).endswith("a < b<i>x & y")
    network = orchestrator.Network(film, Resistivity(rho_par=2e-7, rho_perp=1e-7), contacts)
    html = network._repr_html_()
    assert NAME not in html
    assert "2e-07 ohm m along m" in html
    ElementTree.fromstring(html)


def test_device_experiment_and_campaign_show_themselves(description):
    experiment = orchestrator.Experiment.from_dict(description)
    campaign = orchestrator.Campaign(experiment, {"start.seed": [1, 2, 3, 4, 5]})
    for thing, words in (
        (experiment.device, ["100 nm x 80 nm x 1 µm, 20 x 16 x 1 cells", "Ku1 1e+05 J/m3"]),
        (experiment, ["Experiment small", experiment.hash[:8], "+-", "3 of 1e-11 s at 0.025 V"]),
        (campaign, [f"Campaign small ({campaign.hash[:8]})", "5 = 5", "1, 2, ..., 5 (5)"]),
    ):
        html = thing._repr_html_()
        text = "\n".join(ElementTree.fromstring(html).itertext())
        for word in [*words, "left, right"]:
            assert word in text, (thing, word)
