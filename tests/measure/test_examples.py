"""Examples that users see: those of docstrings, and the shipped scripts."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from click.testing import CliRunner

import orchestrator
import orchestrator.engines.scripts
import orchestrator.measure
import orchestrator.ovf.tables
from orchestrator.base.shipped import examples
from orchestrator.cli.main import cli


@pytest.mark.parametrize(
    "module", [orchestrator.measure, orchestrator.engines.scripts, orchestrator.ovf.tables]
)
def test_examples_of_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert result.failed == 0


def test_scripts_of_examples_are_accepted():
    scripts = [str(path.with_suffix(".mx3")) for path in examples("transport").values()]
    done = CliRunner().invoke(cli, ["mx3", "-vet", *scripts])
    assert done.exit_code == 0, done.output
    assert done.output.count(": OK") == len(scripts) >= 2


@pytest.mark.slow
def test_the_amr_loop_is_symmetric_and_hysteretic(tmp_path):
    """R of the falling branch at B is that of the rising one at -B, by inversion of m and B."""
    contacts = examples("transport")["amr_loop"]
    script = contacts.with_suffix(".mx3")
    out = orchestrator.mx3(script, "cpu", tmp_path / "loop.out")
    loop = orchestrator.transport(out.folder, contacts)
    r = loop.resistance.sel(contact="left", contact_in="right").to_numpy()
    b = loop.B_exty.to_numpy()
    half = len(r) // 2
    falling, rising = r[: half + 1], r[half:]
    np.testing.assert_allclose(b[: half + 1], -b[half:], atol=1e-9)
    np.testing.assert_allclose(falling, rising, rtol=1e-5)
    # with the field near the short axis m turns away from the current: less than at remanence
    assert falling[0] < r.max() < 1.03 * falling[0]
    assert b[np.argmax(r)] == pytest.approx(0, abs=1e-9)
    # the branches differ where one has switched and the other has not
    assert np.abs(falling - rising[::-1]).max() > 0.05
