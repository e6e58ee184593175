from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf


def after(experiment, folder, block, save, seed=2):
    """m after a block, from a random state."""
    scripts = Scripts(experiment.device, conditions=experiment.conditions)
    m = experiment.initial_magnetization(seed)
    write_ovf(folder / "m0.ovf", m, experiment.film.cell_size)
    session = CpuEngine(1).start(scripts.setup(), folder, "m0.ovf")
    try:
        return read_ovf(session.execute(block(scripts), save).magnetization).data
    finally:
        session.close()


def changed(description, **conditions):
    return Experiment.from_dict(description | {"conditions": conditions})


def test_no_conditions_leave_the_setup_alone(experiment):
    setup = Scripts(experiment.device).setup()
    assert "B_ext" not in setup and "Temp" not in setup and "grains" not in setup


def test_a_strong_field_aligns_the_film(description, tmp_path):
    experiment = changed(description, B_ext=[0.0, 0.0, 5.0])
    m = after(experiment, tmp_path, lambda s: s.relax(1e-9, "m1.ovf"), "m1.ovf")
    assert m[..., 2].min() > 0.95


def test_temperature_agitates_repeatably_and_by_the_number_of_the_block(description, tmp_path):
    experiment = changed(description, temperature=300.0, thermal_seed=4)

    def run(number):
        def block(scripts):
            return scripts.relax(1e-12, "m1.ovf", number=number)

        return after(experiment, tmp_path, block, "m1.ovf")

    first, again, other = run(1), run(1), run(2)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6


def test_grains_have_anisotropies_of_the_asked_spread(description, tmp_path):
    experiment = changed(description, grain_size=2e-8, grain_spread=0.2)
    values = np.array(experiment.conditions.anisotropies(1e5))
    assert values.mean() == pytest.approx(1e5, rel=0.05)
    assert values.std() == pytest.approx(2e4, rel=0.15)

    def block(_):
        return '{\n\tSaveAs(Ku1, "ku.ovf")\n\tSaveAs(m, "m1.ovf")\n}\n'

    scripts = Scripts(experiment.device, conditions=experiment.conditions)
    write_ovf(tmp_path / "m0.ovf", experiment.initial_magnetization(0), experiment.film.cell_size)
    session = CpuEngine(1).start(scripts.setup(), tmp_path, "m0.ovf")
    session.execute(block(scripts), "m1.ovf", outputs=["ku.ovf"])
    session.close()
    ku = read_ovf(tmp_path / "ku.ovf").data[..., 0]
    # 100 nm x 80 nm hold about twenty grains of 20 nm
    found = np.unique(ku)
    assert 8 <= len(found) <= 60
    assert np.isin(found, values.astype(np.float32)).all()


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"temperature": -1.0}, "temperature"),
        ({"B_ext": [0.0, 0.0, 500.0]}, "given in T"),
        ({"grain_size": 2e-8}, "belong together"),
        ({"grain_size": 4e-9, "grain_spread": 0.1}, "conditions.grain_size: 4e-09 m is below one"),
        ({"grain_size": 2e-8, "grain_spread": 1.1}, "grain_spread = 1.1 is implausible"),
        ({"temprature": 1.0}, "did you mean 'temperature'"),
    ],
)
def test_impossible_conditions_are_refused(description, conditions, words):
    with pytest.raises(InputError, match=words):
        changed(description, **conditions)


def test_grains_need_an_anisotropy_and_no_regions(description):
    grains = {"grain_size": 2e-8, "grain_spread": 0.1}
    soft = description | {"material": description["material"] | {"Ku1": 0.0}}
    with pytest.raises(InputError, match="needs an anisotropy"):
        changed(soft, **grains)
