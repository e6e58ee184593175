from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.campaign.archive.gather import export
from orchestrator.campaign.archive.index import INDEX
from orchestrator.campaign.execute import carry_out, tasks_of, to_do
from orchestrator.campaign.results import open_campaign, open_campaign_tree
from orchestrator.campaign.spec import RESERVED, Axis, Campaign
from orchestrator.campaign.store import create
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.table import EngineOptions
from orchestrator.run.folder import FINISHED, JOURNAL
from orchestrator.run.results import open_run


def small():
    return Experiment.from_dict(
        {
            "name": "small",
            "film": {"cells": [20, 16, 1], "cell_size": [5e-9, 5e-9, 1e-6]},
            "material": {"Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "Ku1": 1e5, "alpha": 0.5},
            "resistivity": {"mean": 5e-7, "amr_ratio": 1.5, "amr_convention": "mean"},
            "contacts": [
                {"name": "left", "shape": "side", "side": "left"},
                {"name": "right", "shape": "side", "side": "right"},
            ],
            "start": {"settle_time": 2e-11},
            "training": {
                "patterns": ["+-"],
                "voltage": 0.025,
                "pulse_length": 1e-11,
                "pulses": 3,
                "relax_time": 1e-11,
            },
            "reference": {"starts": 2},
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """2 seeds x 2 patterns of 3 and 2 pulses; the last run is missing, the third half done."""
    axes = [
        Axis(name="seed", key="start.seed", values=[3, 4]),
        Axis(
            name="pattern",
            zip={"training.patterns": [["+-"], ["-+"]], "training.pulses": [3, 2]},
            labels=["+-", "-+"],
        ),
    ]
    root = tmp_path_factory.mktemp("runs")
    change = {"output.snapshots": [0, 2]}
    folder = create(Campaign(small(), axes, change=change), root)
    runs = to_do(folder, retry_failed=False)
    with ThreadPoolExecutor(1) as executor:
        carry_out(folder, runs[:3], tasks_of(folder, EngineOptions("cpu", 1)), executor)
    half = folder.runs[2].folder
    journal = half / "1" / JOURNAL
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    (half / FINISHED).unlink()
    return folder


def test_axes_become_dimensions_and_missing_is_nan(folder):
    data = open_campaign(folder.path)
    assert data.status.values.tolist() == [["finished", "finished"], ["stopped", "missing"]]
    assert data.power.dims == ("seed", "pattern", "training", "pulse")
    assert data.power.notnull().sum("pulse").squeeze().values.tolist() == [[3, 2], [1, 0]]
    assert data.pattern.values.tolist() == ["+-", "-+"]
    assert "start" not in data.coords
    assert data.conductance.attrs["units"] == "S"


def test_no_axis_can_take_a_name_of_the_results(folder):
    names = {str(name) for name in open_campaign(folder.path).variables}
    assert names - {"seed", "pattern"} <= RESERVED


def test_each_run_is_there_unchanged(folder):
    data = open_campaign(folder.path)
    for entry in folder.runs[:3]:
        run = open_run(entry.folder)
        assert run.attrs["hash"] == folder.experiment(entry.index).hash
        for name in run.data_vars:
            mine = data[name][entry.index].to_numpy()
            theirs = run[name].to_numpy()
            mine = mine[tuple(slice(n) for n in theirs.shape)]
            np.testing.assert_array_equal(mine, theirs, err_msg=name)


@pytest.mark.parametrize(
    "key",
    [
        {"seed": 0},
        {"seed": -1, "contact": [1, 0], "pulse": slice(None, None, -1)},
        {"pattern": [1, 0, 1], "contact_in": 1},
        {"seed": slice(0, 0)},
        {"pulse": 2, "training": 0, "seed": slice(1, 2)},
    ],
)
def test_lazy_indexing_is_numpys(folder, key):
    loaded = open_campaign(folder.path).conductance.load()
    lazy = open_campaign(folder.path).conductance.isel(key)
    expected = loaded.isel(key)
    assert lazy.dims == expected.dims
    np.testing.assert_array_equal(lazy, expected)


def test_only_what_is_used_is_read(folder, monkeypatch):
    from orchestrator.campaign import results as campaign_results

    read = []
    original = campaign_results.read_variables

    def spy(experiment, path):
        read.append(path)
        return original(experiment, path)

    monkeypatch.setattr(campaign_results, "read_variables", spy)
    (folder.path / INDEX).unlink(missing_ok=True)
    data = open_campaign(folder.path)
    assert read == [None]
    data.power.isel(seed=0, pattern=1).load()
    data.energy.isel(seed=0, pattern=1).load()
    assert read == [None, folder.runs[1].folder]


def test_engine_of_xarray_opens_both_kinds_of_folders(folder):
    run = xr.open_dataset(folder.runs[0].folder, engine="orchestrator")
    xr.testing.assert_identical(run, open_run(folder.runs[0].folder))
    whole = xr.open_dataset(folder.path)
    assert whole.sizes["seed"] == 2
    without = xr.open_dataset(folder.path, engine="orchestrator", drop_variables=["power"])
    assert "power" not in without


def test_fields_are_read_on_use_and_become_discretisedfields(tmp_path):
    keep = {"output.every": 2, "output.precision": "int16", "training.pulses": 2}
    folder = create(Campaign(small(), {"start.seed": [3, 4]}, change=keep), tmp_path)
    with ThreadPoolExecutor(1) as executor:
        carry_out(folder, folder.runs[:1], tasks_of(folder, EngineOptions("cpu", 1)), executor)
    data = open_campaign(folder.path)
    assert data.snapshot.values.tolist() == [0, 2]
    m = data.magnetization.isel(seed=0, training=0)
    np.testing.assert_allclose(np.linalg.norm(m, axis=-1), 1, atol=1e-4)
    assert data.magnetization.isel(seed=1).isnull().all()
    assert m.dtype == np.float32
    from orchestrator.ubermag.fields import to_field

    film = folder.experiment((0,)).film
    assert to_field(m.isel(snapshot=1).to_numpy(), film).mesh.n.tolist() == [20, 16, 1]


def test_export_is_one_netcdf_file(folder, tmp_path):
    data = open_campaign(folder.path)
    export(data, tmp_path / "results.nc")
    with xr.open_dataset(tmp_path / "results.nc") as again:
        expected = data.drop_dims(["snapshot", "x", "y", "z", "component"]).load()
        xr.testing.assert_equal(again, expected)
        assert again.energy.attrs == data.energy.attrs
    assert [path.name for path in tmp_path.iterdir()] == ["results.nc"]


def test_export_into_no_folder_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        export(open_campaign(folder.path), tmp_path / "nothing" / "x.nc")


def test_export_is_one_zarr_store_with_consolidated_metadata(folder, tmp_path):
    data = open_campaign(folder.path)
    store = tmp_path / "results.zarr"
    for _ in range(2):
        export(data, store)
        with xr.open_zarr(store, consolidated=True, chunks=None) as again:
            expected = data.drop_dims(["snapshot", "x", "y", "z", "component"]).load()
            xr.testing.assert_equal(again, expected)
            assert again.attrs == data.attrs
    assert [path.name for path in tmp_path.iterdir()] == ["results.zarr"]
    export(data, tmp_path / "fields.zarr", fields=True)
    with xr.open_zarr(tmp_path / "fields.zarr", chunks=None) as again:
        xr.testing.assert_equal(again.magnetization, data.magnetization)


def test_a_killed_export_leaves_no_half_removed_store_under_its_name(folder, tmp_path, monkeypatch):
    data, store, removed = open_campaign(folder.path), tmp_path / "results.zarr", []
    export(data, store)
    rmtree = shutil.rmtree

    def noted(path, **options):
        removed.append(path)
        rmtree(path, **options)

    monkeypatch.setattr(shutil, "rmtree", noted)
    export(data, store)
    assert removed and store not in removed


def test_a_zarr_store_takes_the_place_of_nothing_else(folder, tmp_path):
    (tmp_path / "mine.zarr").mkdir()
    with pytest.raises(InputError, match="no Zarr store of an earlier call"):
        export(open_campaign(folder.path), tmp_path / "mine.zarr")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Two films with their fields, two seeds each."""
    axes = {"film.cells": [[20, 16, 1], [12, 10, 1]], "start.seed": [3, 4]}
    change = {"training.pulses": 1, "output.snapshots": [1], "reference.starts": 1}
    folder = create(Campaign(small(), axes, change=change), tmp_path_factory.mktemp("films"))
    with ThreadPoolExecutor(1) as executor:
        carry_out(folder, folder.runs[1:], tasks_of(folder, EngineOptions("cpu", 1)), executor)
    return folder


def test_runs_of_different_films_are_a_tree(films, tmp_path):
    assert "magnetization" not in open_campaign(films.path)
    tree = open_campaign_tree(films.path)
    assert list(tree.children) == ["20x16x1", "12x10x1"]
    assert tree["12x10x1"].status.values.tolist() == [["finished", "finished"]]
    assert tree["20x16x1"].status.values.tolist() == [["missing", "finished"]]
    for k, name in enumerate(tree.children):
        run = open_run(films.runs[2 * k + 1].folder)
        node = tree[name].isel(cells=0, seed=1)
        np.testing.assert_array_equal(node.magnetization, run.magnetization)
        np.testing.assert_array_equal(node.energy, run.energy)
        np.testing.assert_array_equal(node.x, run.x)
    for file in ("tree.nc", "tree.zarr"):
        export(tree, tmp_path / file, fields=True)
        with xr.open_datatree(tmp_path / file) as again:
            xr.testing.assert_equal(again["12x10x1"].to_dataset(), tree["12x10x1"].to_dataset())


def test_not_a_campaign(folder):
    with pytest.raises(InputError, match="not a campaign folder"):
        open_campaign(folder.runs[0].folder)


@pytest.mark.slow
def test_ten_thousand_finished_runs(tmp_path, folder):
    """The runs are copies of a finished one: what counts is the processor time to read them."""
    begun = time.process_time()
    campaign = Campaign(small(), {"start.seed": range(10_000)})
    built = time.process_time() - begun
    many = create(campaign, tmp_path)
    for entry in many.runs:
        shutil.copytree(folder.runs[0].folder, entry.folder)
    times = {}
    for use in ("first", "again"):
        begun = time.process_time()
        data = open_campaign(many.path)
        times[f"open, {use}"] = time.process_time() - begun
        begun = time.process_time()
        energy = data.energy.load()
        times[f"energy, {use}"] = time.process_time() - begun
    shown = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in times.items())
    print(f"\n10000 runs, processor time: built {built:.2f} s, {shown}")
    assert (data.status == "finished").all()
    assert (energy == energy[0]).all()
    assert built < 10
    assert times["open, again"] < 1
    assert times["energy, again"] < 5
