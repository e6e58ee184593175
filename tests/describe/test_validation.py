from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.contacts import MaskContact
from orchestrator.describe.experiment import Experiment
from orchestrator.ovf.files import write_ovf
from orchestrator.transport.network import Network

FILE = """
name = "hall"

[film]
cells = [20, 12, 1]
cell_size = [4e-9, 4e-9, 1e-8]

[material]
Ms = 4.9e5
Aex = 1e-11
alpha = 0.3

[resistivity]
rho_par = 7e-7
rho_perp = 1e-7

[[contacts]]
name = "left"
shape = "side"
side = "left"
resistance = 2.5

[[contacts]]
name = "pad"
shape = "mask"
file = "pad.png"

[[regions]]
name = "shunt"
medium = "metal"
rho = 2e-8
area = { shape = "rectangle", lower = [8e-9, 0.0], upper = [40e-9, 16e-9] }

[[regions]]
name = "hole"
medium = "vacuum"
area = { shape = "disc", center = [24e-9, 36e-9], radius = 8e-9 }

[[regions]]
name = "soft"
medium = "magnet"
resistivity = { rho_par = 2e-7, rho_perp = 1e-7 }
area = { shape = "mask", file = "pad.png" }

[underlayer]
rho = 2e-7
thickness = 5e-9

[training]
patterns = ["+-"]
voltage = 0.05
pulse_length = 1e-11
pulses = 1
"""


@pytest.fixture
def file(tmp_path):
    from matplotlib.image import imsave

    pixels = np.ones((12, 20))
    pixels[:6, 16:] = 0
    imsave(tmp_path / "pad.png", pixels, cmap="gray", vmin=0, vmax=1)
    (tmp_path / "hall.toml").write_text(FILE)
    return tmp_path / "hall.toml"


def test_experiment_file_with_all_that_conducts(file):
    experiment = Experiment.from_toml(file)
    assert Experiment.from_dict(experiment.to_dict()) == experiment
    device = experiment.device
    pad = device.contacts[1]
    assert isinstance(pad, MaskContact)
    assert pad.nodes(device.film).sum() == 7 * 5
    m = np.zeros((*device.film.array_shape, 3))
    m[..., 0] = 1
    state = Network.of_device(device).solve(m)
    j = state.current_density([0.0, 1.0])[0, ..., 0]
    assert (j[8:10, 5:7] == 0).all()
    assert np.abs(j[:4, 2:10]).mean() > 3 * np.abs(j[:4, 11:15]).mean()
    assert np.abs(state.underlayer_current_density([0.0, 1.0])).max() > 0
    assert state.resistance("left", "pad") > 2.5
    assert 0 < state.film_conductance[0, 0] > state.conductance[0, 0]


def test_m0_may_be_zero_where_nothing_is_magnetic(file):
    device = Experiment.from_toml(file).device
    m = np.zeros((*device.film.array_shape, 3))
    m[..., 2] = 1
    m[device.non_magnetic] = 0
    write_ovf(file.parent / "m0.ovf", m, device.film.cell_size)
    file.write_text(FILE + '[start]\nm0 = "m0.ovf"\n')
    assert Experiment.from_toml(file).start.m0 is not None
    assert Experiment.from_toml(file).film == device.film
    m[0, 0, -1] = 2
    write_ovf(file.parent / "m0.ovf", m, device.film.cell_size)
    with pytest.raises(InputError, match=r"is not a magnetization: vectors of length 1 to 3\.46"):
        Experiment.from_toml(file)


def test_mask_counts_by_its_cells_not_by_the_name_of_its_file(file):
    first = Experiment.from_toml(file)
    (file.parent / "pad.png").rename(file.parent / "other.png")
    file.write_text(FILE.replace("pad.png", "other.png"))
    assert Experiment.from_toml(file) == first


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rho = 2e-8", "roh = 2e-8", r"regions.0.roh: unknown key; did you mean 'rho'"),
        ("radius", "raduis", r"regions.1.area.raduis: unknown key; did you mean 'radius'"),
        ('"disc"', '"ring"', r"regions.1.area.shape: must be one of 'rectangle', 'disc', 'box'"),
        (
            'shape = "disc", ',
            "",
            r"regions.1.area.shape: must be one of 'rectangle', 'disc', 'box'",
        ),
        ("thickness", "thick", r"underlayer.thick: unknown key; did you mean 'thickness'"),
        ("resistance = 2.5", "resistance = -1", "contacts.0: resistance must not be negative"),
        ("rho = 2e-8", "", r"regions.0: region 'shunt': a metal needs a rho"),
        (
            "lower = [8e-9, 0.0], upper = [40e-9, 16e-9]",
            "lower = [1e-6, 0.0], upper = [2e-6, 16e-9]",
            "regions: region 'shunt' holds the center of no cell",
        ),
        ("[8e-9, 0.0]", "[1e-6, 0.0]", r"regions: region 'shunt': lower = .* lies beyond upper"),
        (
            "center = [24e-9, 36e-9], radius = 8e-9",
            "center = [0.0, 24e-9], radius = 9e-8",
            "contacts: contact 'left' touches no conducting cell",
        ),
        ('side = "left"', 'face = "x-"', "contacts.0.side: required, but missing"),
        ('side = "left"', 'side = "left"\nface = "x-"', "contacts.0.face: unknown key"),
        ('"pad.png"', '"none.png"', r"contacts.1.file \(pad\): .*none.png: cannot be read"),
        ("cells = [20, 12", "cells = [20, 13", "contact 'pad': the mask has 20 x 12 x 1 cells"),
    ],
)
def test_mistakes_are_named_by_key(file, old, new, words):
    file.write_text(FILE.replace(old, new, 1))
    with pytest.raises(InputError, match=f"hall.toml: .*{words}"):
        Experiment.from_toml(file)
