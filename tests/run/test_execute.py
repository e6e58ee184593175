from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from orchestrator.base.errors import EngineError, InputError, RunFolderError
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.ovf.files import read_ovf
from orchestrator.run.execute import ask_to_stop, is_finished, run
from orchestrator.run.folder import JOURNAL, STOP, run_folder
from orchestrator.run.journal import read_journal
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Interrupted, Workplace


class Silent:
    """A tracker that counts the pulses it is told of."""

    def __init__(self):
        self.pulses = 0

    def stage(self, title, duration, done=0.0):
        pass

    def progress(self, progress):
        pass

    def pulse(self, pattern, record):
        self.pulses += 1


def workplace(root, stop=lambda: False, solver="auto"):
    return Workplace(root, CpuEngine(threads=1), Silent(), stop, solver=solver)


@pytest.fixture
def finished(experiment, tmp_path):
    return run(experiment, workplace(tmp_path))


def test_run_writes_a_dataset_with_units(experiment, finished):
    data = open_run(finished)
    assert is_finished(finished)
    assert dict(data.sizes) | {"training": 1, "pulse": 3, "contact": 2} == dict(data.sizes)
    assert all("units" in data[name].attrs for name in data.data_vars)
    assert not any(bool(data[name].isnull().any()) for name in data.data_vars)
    assert data.attrs["hash"] == experiment.hash
    np.testing.assert_allclose(data.time_end[0], [1e-11, 2e-11, 3e-11], rtol=1e-3)
    np.testing.assert_allclose(data.conductance.time[0], [0, 1e-11, 2e-11], rtol=1e-3)


def test_conservation_laws_hold_in_the_results(finished):
    data = open_run(finished)
    g = data.conductance.to_numpy()
    np.testing.assert_allclose(g, np.swapaxes(g, -1, -2), rtol=1e-12)
    np.testing.assert_allclose(g.sum(axis=-1), 0, atol=1e-12 * np.abs(g).max())
    power = (data.voltage * data.current).sum("contact")
    np.testing.assert_allclose(power, data.power, rtol=1e-12)
    np.testing.assert_allclose(data.energy_spent, data.power * 1e-11)
    after = data.conductance_state.sel(state="after").to_numpy()
    total = data.conductance_change.sum("pulse").to_numpy()
    np.testing.assert_allclose(g[:, 0] + total, after, rtol=1e-12)


def test_probe_is_the_film_across(finished):
    data = open_run(finished)
    saturated = data.conductance_reference.sel(reference="saturated")[0, 0]
    # a saturated film has G = sigma w t / L: 16/20 along, 20/16 across; a texture lowers both
    assert float(saturated) == pytest.approx(8e6 * 1e-6 * 16 / 20)
    assert (data.probe_conductance < 8e6 * 1e-6 * 20 / 16).all()
    assert (data.probe_conductance > 8e6 * 1e-6 / 7 * 20 / 16).all()


@pytest.mark.parametrize("solver", ["direct", "multigrid"])
def test_stopping_and_going_on_gives_the_same_bits(experiment, tmp_path_factory, solver):
    finished = run(experiment, workplace(tmp_path_factory.mktemp("whole"), solver=solver))
    root = tmp_path_factory.mktemp("again")
    boundaries = 0
    for _ in range(20):
        asked = []

        def stop(asked=asked):
            asked.append(True)
            return len(asked) > 1

        try:
            folder = run(experiment, workplace(root, stop, solver))
            break
        except Interrupted:
            boundaries += 1
    assert boundaries >= 3
    for name in ("m_000003.ovf", "m_relaxed.ovf", "j_000003.ovf"):
        a, b = (read_ovf(f / "1" / name).data for f in (finished, folder))
        np.testing.assert_array_equal(a, b)
    uninterrupted, resumed = open_run(finished), open_run(folder)
    for name in set(uninterrupted.data_vars) - {"wall_time"}:
        np.testing.assert_array_equal(uninterrupted[name], resumed[name])


def test_finished_run_is_not_computed_again(experiment, finished):
    again = workplace(finished.parent)
    assert run(experiment, again) == finished
    assert again.tracker.pulses == 0


def test_engine_failure_keeps_the_committed_pulses(experiment, tmp_path):
    class Failing(CpuEngine):
        def start(self, *arguments, **keywords):
            session = super().start(*arguments, **keywords)
            execute = session.execute

            def fail_at_pulse_3(block, magnetization, *rest, **more):
                if magnetization == "m_000003.ovf":
                    raise EngineError("the card fell off the bus")
                return execute(block, magnetization, *rest, **more)

            session.execute = fail_at_pulse_3
            return session

    place = dataclasses.replace(workplace(tmp_path), engine=Failing(threads=1))
    with pytest.raises(EngineError, match="fell off"):
        run(experiment, place)
    folder = run_folder(tmp_path, experiment)
    records = read_journal(folder / "1" / JOURNAL).records
    assert [record.kind for record in records] == ["start", "pulse", "pulse"]
    partial = open_run(folder)
    assert partial.power.notnull().sum() == 2
    run(experiment, workplace(tmp_path))
    assert is_finished(folder)


def test_folder_of_another_engine_is_refused(experiment, finished):
    other = CpuEngine(threads=1)
    other.name = "mumax3"
    with pytest.raises(RunFolderError, match="begun with engine 'cpu'"):
        run(experiment, dataclasses.replace(workplace(finished.parent), engine=other))


def test_not_a_run_folder(tmp_path):
    with pytest.raises(InputError, match="not a run folder"):
        open_run(tmp_path)


def test_a_file_in_the_folder_asks_to_stop_and_is_forgotten_when_the_run_goes_on(
    experiment, tmp_path
):
    folder = run_folder(tmp_path, experiment)
    with pytest.raises(InputError, match="nobody works on it"):
        ask_to_stop(folder)

    class Asks(Silent):
        def pulse(self, pattern, record):
            super().pulse(pattern, record)
            ask_to_stop(folder)

    place = dataclasses.replace(workplace(tmp_path), tracker=Asks())
    with pytest.raises(Interrupted):
        run(experiment, place)
    assert place.tracker.pulses == 1
    assert (folder / STOP).exists()
    with pytest.raises(InputError, match="nobody works on it"):
        ask_to_stop(folder)
    run(experiment, workplace(tmp_path))
    assert is_finished(folder)
    assert not (folder / STOP).exists()
