"""A System with its texture, trained pulse by pulse: the loop starts from what the System holds."""

from __future__ import annotations

import numpy as np
import pytest

import orchestrator
from orchestrator.describe.contacts import SideContact
from orchestrator.describe.media import Resistivity
from orchestrator.describe.sections import Reference, Start, Training

AMR = Resistivity(rho_par=7e-7, rho_perp=1e-7)
LEFT_RIGHT = (SideContact("left", side="left"), SideContact("right", side="right"))


def system():
    """A domain wall in a hole-ridden film, described by Ubermag alone."""
    import discretisedfield as df
    import micromagneticmodel as mm

    made = mm.System(name="wall")
    mesh = df.Mesh(p1=(0, 0, 0), p2=(80e-9, 40e-9, 5e-9), n=(16, 8, 1))
    made.energy = mm.Exchange(A=1.3e-11) + mm.UniaxialAnisotropy(K=5e5, u=(0, 0, 1))
    made.dynamics = mm.Precession(gamma0=mm.consts.gamma0) + mm.Damping(alpha=0.3)
    x = (np.arange(16) + 0.5) * 5e-9
    theta = 2 * np.arctan(np.exp((x - 40e-9) / 5.1e-9))
    values = np.zeros((16, 8, 1, 3))
    values[..., 0] = np.sin(theta)[:, None, None]
    values[..., 2] = np.cos(theta)[:, None, None]
    values[3, 2] = 0
    made.m = df.Field(mesh, nvdim=3, value=8e5 * values, valid="norm")
    return made


def test_the_loop_starts_from_the_texture_of_a_system(tmp_path):
    wall = system()
    experiment = orchestrator.Experiment.from_system(
        "wall",
        wall,
        AMR,
        LEFT_RIGHT,
        Training(("+-",), 1e-12, 1, voltage=1e-3),
        m0=tmp_path / "m0.ovf",
        start=Start(settle_time=0),
        reference=Reference(1),
        P=0.5,
    )
    alone = orchestrator.transport(wall.m, experiment)
    assert alone.resistances[0, 1] > 1e-7 * 2 / 5e-9
    with orchestrator.training(experiment, "cpu", folder=tmp_path / "runs/wall", threads=1) as film:
        for pulse in film.pulses(limit=2):
            if pulse.number == 1:
                np.testing.assert_allclose(pulse.conductance, alone.conductance, rtol=1e-5)
            film.apply([1e-3, -1e-3], 2e-12)
    results = orchestrator.open_run(tmp_path / "runs/wall")
    assert results.sizes["pulse"] == 2
    first = results.conductance.isel(training=0, pulse=0)
    np.testing.assert_allclose(first, alone.conductance, rtol=1e-5)


def test_the_transport_of_a_field_knows_its_empty_cells():
    wall = system()
    result = orchestrator.transport(
        wall.m, orchestrator.Device.from_system(wall, AMR, LEFT_RIGHT, P=0.5)
    )
    assert (result.current_density[0, 2, 3] == 0).all()
    assert result.field("j").mesh == result.field("m").mesh
    assert result.currents.sum() == pytest.approx(0, abs=1e-9 * result.currents[0])
