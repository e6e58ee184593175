"""What the server says of runs and campaigns, whatever their folders hold."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
from PIL import Image

from orchestrator.campaign.axes.repeats import Until
from orchestrator.campaign.monitor import WORKERS, noted
from orchestrator.campaign.spec import Axis, Campaign
from orchestrator.campaign.store import create
from orchestrator.campaign.task import failed
from orchestrator.campaign.until import record
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.output.pictures import colors_of
from orchestrator.ovf.files import read_ovf
from orchestrator.page import board as board_module
from orchestrator.page.board import Board
from orchestrator.page.summary import BROKEN, summarize
from orchestrator.run.folder import (
    DESCRIPTION,
    FINISHED,
    JOURNAL,
    LOCK,
    RELAXED,
    UNTRAINED,
    m_name,
)
from orchestrator.run.locks import locked
from orchestrator.run.results import open_run
from orchestrator.run.scripted import training


def cut(folder, training, lines):
    """Shorten a journal to its first lines."""
    path = folder / str(training) / JOURNAL
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:lines]))
    (folder / FINISHED).unlink(missing_ok=True)


def test_a_finished_run(client, row, folder):
    found, results = row(folder.name), open_run(folder)
    assert (found["state"], found["pulses"], found["total"]) == ("finished", 6, 6)
    assert (found["training"], found["pattern"]) == (2, "++-+")
    place = {"state": "relaxed", "reference": "untrained", "input": "++-+"}
    energy = float(results.energy.isel(training=1).sel(place))
    power = float(results.reference_power.sel(reference="untrained", input="++-+"))
    assert found["energy"] == pytest.approx(energy, rel=1e-12)
    assert found["share"] == pytest.approx(energy / power, rel=1e-12)
    view = client.get(f"/api/runs/{folder.name}").json()
    assert [line["pulse"] for line in view["log"]] == [1, 2, 3, 1, 2, 3]
    assert view["description"]["experiment"]["name"] == "small"
    assert (view["output"], view["campaigns"], view["starting"]) == ("", [], False)


def test_a_run_in_the_middle(client, row, folder):
    results = open_run(folder)
    shutil.rmtree(folder / "2")
    cut(folder, 1, 3)
    (folder / "1" / RELAXED).unlink()
    (folder / "1" / m_name(3)).rename(folder / "1" / m_name(2))
    with locked(folder / LOCK) as lock:
        found = row(folder.name)
        assert str(lock.owner) in found["message"]
    assert (found["state"], found["pulses"], found["total"]) == ("running", 2, 6)
    expected = results.trained_energy.isel(training=0).sel(pulse=2, reference="untrained")
    assert found["energy"] == pytest.approx(float(expected), rel=1e-12)
    seconds = float(results.wall_time.isel(training=0).sel(pulse=2).sum())
    assert found["left"] == pytest.approx(4 * seconds)
    assert row(folder.name)["state"] == "stopped"
    present = client.get(f"/pictures/runs/{folder.name}/present?training=1")
    assert present.headers["content-type"] == "image/png"
    for figure in ("conductance", "energies"):
        drawn = client.get(f"/pictures/runs/{folder.name}/{figure}")
        assert drawn.status_code == 200, drawn.text
        assert drawn.content.startswith(b"<?xml")


def test_a_run_that_has_just_begun(client, row, folder):
    for number in ("1", "2"):
        shutil.rmtree(folder / number)
    (folder / FINISHED).unlink()
    (folder / UNTRAINED).unlink()
    with locked(folder / LOCK):
        found = row(folder.name)
        assert (found["state"], found["pulses"], found["picture"]) == ("running", 0, False)
        (folder / DESCRIPTION).unlink()
        (folder / "figures").mkdir()
        assert row(folder.name)["state"] == "running"
        assert client.get(f"/runs/{folder.name}").status_code == 200
        for part in ("", "/recall"):
            assert client.get(f"/api/runs/{folder.name}{part}").status_code in (200, 422)
    for figure in ("thumbnail", "present", "conductance", "energies", "textures"):
        assert client.get(f"/pictures/runs/{folder.name}/{figure}").status_code == 422


def spoil(name):
    def garbage(path):
        path.write_bytes(b"\xff\x00 no such thing")

    def other_json(path):
        path.write_text('{"experiment": [], "hash": 1, "program": 2, "engine": null}')

    def middle(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    def gone(path):
        path.unlink()

    return {"garbage": garbage, "other json": other_json, "middle": middle, "gone": gone}[name]


@pytest.mark.parametrize(
    ("file", "how", "reason"),
    [
        (DESCRIPTION, "garbage", "description.json: damaged"),
        (DESCRIPTION, "other json", "description.json: damaged"),
        (DESCRIPTION, "middle", "description.json: damaged"),
        (DESCRIPTION, "gone", "description.json: cannot be read"),
        (UNTRAINED, "middle", "untrained.json: damaged"),
        (UNTRAINED, "gone", "untrained.json: cannot be read"),
        (f"1/{JOURNAL}", "middle", "journal.jsonl: line"),
        (f"2/{JOURNAL}", "middle", "journal.jsonl: line"),
    ],
)
def test_a_broken_folder_is_shown_with_its_reason(client, row, folder, file, how, reason):
    other = shutil.copytree(folder, folder.with_name("other-00000000"))
    spoil(how)(folder / file)
    found = row(folder.name)
    assert found["state"] == BROKEN
    assert reason in found["message"]
    assert row(other.name)["state"] == "finished"
    view = client.get(f"/api/runs/{folder.name}")
    assert (view.status_code, view.json()["run"]["state"]) == (200, BROKEN)
    assert client.get(f"/runs/{folder.name}").status_code == 200
    refused = client.post(f"/api/runs/{folder.name}/resume")
    assert (refused.status_code, refused.text) == (409, "the run is broken\n")


def test_the_last_line_may_be_torn(row, folder):
    shutil.rmtree(folder / "2")
    path = folder / "1" / JOURNAL
    cut(folder, 1, 3)
    path.write_bytes(path.read_bytes()[:-7])
    assert (row(folder.name)["state"], row(folder.name)["pulses"]) == ("stopped", 1)
    path.write_bytes(path.read_bytes() + b"\n")
    assert "journal.jsonl: line 3 is damaged" in row(folder.name)["message"]


@pytest.mark.parametrize(
    "name",
    ["%2e%2e", "..%2f..%2fetc%2fpasswd", "..%5c..", "textures", "%2e", "%00", "a%2f..%2fb", "*"],
)
@pytest.mark.parametrize("place", ["/runs/{}", "/api/runs/{}", "/pictures/runs/{}/thumbnail"])
def test_names_are_looked_up_and_never_paths(client, folder, name, place):
    (folder.parent / "textures").mkdir()
    shutil.copytree(folder, folder.parent.parent / "outside-00000000")
    assert client.get(place.format(name)).status_code == 404
    assert client.get(place.format("..%2foutside-00000000")).status_code == 404
    assert client.get(place.replace("runs", "campaigns").format(name)).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/static/",
        "/page.html",
    ],
)
def test_only_the_static_files_are_served(client, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("training", ["0", "3", "-1", "x", "1.0", "\u00b2", "9" * 40, "%00", ""])
def test_malformed_trainings_are_refused(client, folder, training):
    address = f"/pictures/runs/{folder.name}/conductance?training={training}"
    assert client.get(address).status_code == 422
    assert client.get(f"/pictures/runs/{folder.name}/setup.py").status_code == 404


def test_names_cannot_bring_markup(client, row, folder):
    name = "<img src=x onerror=alert(1)>-deadbeef"
    folder.rename(folder.with_name(name))
    assert row(name)["state"] == "finished"
    page = client.get("/runs/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E-deadbeef")
    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text


def test_data_that_the_browser_has_are_not_sent_again(client, folder):
    first = client.get("/api/board")
    again = client.get("/api/board", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    folder.rename(folder.with_name("other-00000000"))
    other = client.get("/api/board", headers={"if-none-match": first.headers["etag"]})
    assert [row["name"] for row in other.json()["runs"]] == ["other-00000000"]


def test_a_second_look_reads_only_what_has_changed(root, folder, monkeypatch):
    read = []

    def counted(folder, stamp):
        read.append(folder.name)
        return summarize(folder, stamp)

    monkeypatch.setattr(board_module, "summarize", counted)
    for k in range(20):
        shutil.copytree(folder, root / f"copy-{k:08x}")
    board = Board(root)
    monkeypatch.setattr(board_module, "_PATIENCE", 60)
    assert len(board.runs()) == len(read) == 21
    (root / "copy-00000003" / FINISHED).touch()
    board.forget_time()
    assert board.runs()["copy-00000003"].state == "finished"
    assert read[21:] == ["copy-00000003"]
    shutil.rmtree(root / "copy-00000004")
    board.forget_time()
    assert len(board.runs()) == 20


def test_a_look_ends_in_time_and_the_next_one_goes_on(root, folder, monkeypatch):
    for k in range(5):
        shutil.copytree(folder, root / f"copy-{k:08x}")
    monkeypatch.setattr(board_module, "_PATIENCE", -1)
    board = Board(root)
    found = board.runs().values()
    assert {(run.state, run.read, run.energy) for run in found} == {("finished", False, None)}
    monkeypatch.setattr(board_module, "_PATIENCE", 60)
    assert {(run.state, run.read, run.pulses) for run in board.runs().values()} == {
        ("finished", True, 6)
    }


def test_pictures_of_a_run(client, folder):
    small = client.get(f"/pictures/runs/{folder.name}/thumbnail?v=1")
    image = Image.open(io.BytesIO(small.content))
    assert (image.size, image.mode) == ((112, 90), "RGBA")
    m = read_ovf(folder / "2" / RELAXED).data[0]
    corner = np.asarray(image)[-1, 0]  # up is up
    assert corner.tolist() == [*colors_of(m[0, 0]).tolist(), 255]
    assert "immutable" in small.headers["cache-control"]
    drawn = client.get(f"/pictures/runs/{folder.name}/textures?training=2")
    assert drawn.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(drawn.content)).width > 400
    assert plt_state() == []


def plt_state():
    """Figures that matplotlib's own list of windows holds."""
    from matplotlib import _pylab_helpers

    return list(_pylab_helpers.Gcf.figs)


def test_recall_is_that_of_the_report(client, folder):
    rows = client.get(f"/api/runs/{folder.name}/recall?training=2").json()
    assert len(rows) == 8
    for row in rows:
        assert row["starts"] == 16
        assert sum(a["starts"] for a in row["attractors"]) + row["unsettled"] == 16
        own = [a["starts"] for a in row["attractors"] if a["pattern"] in ("++-+", "--+-")]
        assert row["reached"] == sum(own)
    assert client.get(f"/api/runs/{folder.name}/recall?training=3").json() == []


@pytest.fixture
def campaign(root, four_contacts):
    """Of six runs: one finished, one stopped, two failed of one cause, one of another, one new."""
    film = Experiment.from_dict(four_contacts)
    sweep = {"material.alpha": [0.5, 0.25], "start.seed": [3, 4, 5]}
    return create(Campaign(film, sweep, name="many"), root)


def test_a_campaign(client, root, folder, campaign):
    runs = [entry.folder for entry in campaign.runs]
    assert runs[0].name == folder.name
    for number, message in ((1, "GPU 0 is lost in /a/1"), (2, "GPU 1 is lost in /b/2"), (3, "no")):
        failed(runs[number], message)
    shutil.copytree(folder, runs[4], dirs_exist_ok=True)
    cut(runs[4], 1, 2)
    shutil.rmtree(runs[4] / "2")
    (campaign.path / WORKERS).mkdir()
    said = "".join(f"line {k}\n" for k in range(99_000)) + "10 %\r20 %\n\x1b[1m<b>\xff\n"
    (campaign.path / WORKERS / "worker0.log").write_bytes(said.encode("latin-1"))
    (campaign.path / WORKERS / "worker1.log").touch()
    with noted(campaign.path, runs[4].name), locked(runs[4] / LOCK):
        view = client.get(f"/api/campaigns/{campaign.path.name}").json()
        (card,) = client.get("/api/board").json()["campaigns"]
        refused = client.post(f"/api/runs/{runs[4].name}/stop")
        assert (refused.status_code, campaign.path.name in refused.text) == (409, True)
        resumed = client.post(f"/api/campaigns/{campaign.path.name}/resume")
        assert (resumed.status_code, resumed.text) == (409, "the campaign is at work\n")
        assert not campaign.stop_file.exists()
        assert client.post(f"/api/campaigns/{campaign.path.name}/stop").status_code == 200
        assert campaign.stop_file.exists()
    counts = {"finished": 1, "failed": 3, "running": 1, "missing": 1}
    assert view["campaign"]["counts"] == counts
    assert (view["campaign"]["state"], view["campaign"]["pulses"]) == ("running", 7)
    assert [axis["name"] for axis in view["axes"]] == ["alpha", "seed"]
    places = [cell["index"] for cell in view["cells"]]
    assert places == [[a, b] for a in range(2) for b in range(3)]
    assert [cell["name"] for cell in view["cells"]] == [*(run.name for run in runs[:5]), None]
    cell = view["cells"][4]
    assert cell["worker"]["run"] == runs[4].name
    assert cell["worker"]["process"]
    first, second = view["failures"]
    assert [name for name, _ in first["runs"]] == [runs[1].name, runs[2].name]
    assert [name for name, _ in second["runs"]] == [runs[3].name]
    assert view["command"]["words"][:3] == ["orchestrator", "campaign", "resume"]
    (log,) = view["logs"]
    assert log["name"] == "workers/worker0.log"
    assert log["text"].split("\n")[-3:] == ["line 98999", "20 %", "\x1b[1m<b>\ufffd"]
    assert card["counts"] == counts


def test_figures_of_a_campaign(client, campaign):
    address = f"/pictures/campaigns/{campaign.path.name}"
    drawn = client.get(f"/api/campaigns/{campaign.path.name}/figures").json()
    assert "success_seed" in drawn["figures"]
    picture = client.get(f"{address}/success_seed?v={drawn['version']}")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert client.get(f"{address}/campaign.json").status_code == 404


def test_a_campaign_whose_starts_were_enough_is_finished(client, root, folder, four_contacts):
    seeds = Axis("seed", "start.seed", integers={"start": 3, "count": 4}, until=Until(0.9, batch=1))
    few = create(Campaign(Experiment.from_dict(four_contacts), [seeds], name="few"), root)
    assert few.runs[0].folder == folder
    (card,) = client.get("/api/board").json()["campaigns"]
    assert (card["state"], card["runs"], card["unwanted"]) == ("stopped", 4, 0)
    record(few)  # one start of one: 0.79 wide at most
    view = client.get(f"/api/campaigns/{few.path.name}").json()
    card = view["campaign"]
    assert (card["state"], card["runs"], card["unwanted"]) == ("finished", 1, 3)
    assert card["pulses"] == card["total"] and card["counts"] == {"finished": 1}
    assert [cell["state"] for cell in view["cells"]] == ["finished", *["missing"] * 3]


def test_a_broken_campaign_is_shown_with_its_reason(client, campaign):
    spoil("middle")(campaign.path / "campaign.json")
    (card,) = client.get("/api/board").json()["campaigns"]
    assert (card["state"], "damaged" in card["message"]) == (BROKEN, True)
    for address in (f"/campaigns/{campaign.path.name}", f"/api/campaigns/{campaign.path.name}"):
        refused = client.get(address)
        assert (refused.status_code, "damaged" in refused.text) == (422, True)


def test_a_film_in_the_hands_of_a_script(client, row, root, four_contacts):
    experiment, name = Experiment.from_dict(four_contacts), "mine"
    with training(experiment, "cpu", folder=root / name, threads=1) as film:
        for _ in range(2):
            film.apply([0.01, -0.01, -0.01, 0.01], 1e-11)
        film.read([0.01, -0.01, 0.01, -0.01], 1e-11)
        found = row(name)
        assert (found["state"], found["script"], found["pulses"]) == ("running", True, 2)
        assert (found["pattern"], found["left"], found["picture"]) == ("script", None, True)
        assert found["energy"] is not None
        for figure in ("thumbnail", "present", "conductance"):
            answer = client.get(f"/pictures/runs/{name}/{figure}")
            assert answer.status_code == 200, answer.text
    assert row(name)["state"] == "finished"
    rows = client.get(f"/api/runs/{name}/recall").json()
    assert {line["reached"] for line in rows} == {None}
    (root / name / FINISHED).unlink()
    told = client.get(f"/api/runs/{name}").json()["command"]
    assert (told["words"], "start that script again" in told["reason"]) == (None, True)
    assert client.post(f"/api/runs/{name}/resume").status_code == 409
