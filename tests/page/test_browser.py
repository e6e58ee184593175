"""The page in a real headless Chromium; skipped where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from orchestrator.base.units import with_unit
from orchestrator.campaign.spec import Campaign
from orchestrator.campaign.store import create
from orchestrator.campaign.task import failed
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.folder import DESCRIPTION, FINISHED, JOURNAL, STOP, run_folder
from orchestrator.run.journal import glance_at
from orchestrator.run.workplace import Interrupted, Quiet, Workplace

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")
SECONDS = 30


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="no playwright")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def served(root):
    """`orchestrator watch` in a process of its own; yields the address that it prints."""
    command = [sys.executable, "-m", "orchestrator", "watch", str(root), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        for line in server.stdout:
            if found := re.search(r"http://\S+", line):
                break
        try:
            yield found[0]
        finally:
            server.terminate()
    assert server.returncode == 0


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def address(root):
    with served(root) as address:
        yield address


@pytest.fixture
def page(browser, address):
    """A tab with the table; at its end, no script has failed and nothing came from elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(1000 * SECONDS)
    faults, origin = [], address.partition("/?")[0]
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(origin) else faults.append(r.url))
    page.goto(address)
    yield page
    context.close()
    assert faults == []


class Gate(Quiet):
    """A tracker that waits after each pulse until the test lets it go on."""

    def __init__(self):
        self.done, self.go = threading.Semaphore(0), threading.Semaphore(0)

    def pulse(self, pattern, record):
        self.done.release()
        assert self.go.acquire(timeout=SECONDS)


@contextmanager
def training(root, description):
    """A training in a thread that waits at the end of its first pulse."""
    gate, ends = Gate(), []
    experiment = Experiment.from_dict(description)
    place = Workplace(root, CpuEngine(threads=1), gate, lambda: False)

    def work():
        try:
            run(experiment, place)
            ends.append("finished")
        except Interrupted:
            ends.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert gate.done.acquire(timeout=SECONDS)
        yield run_folder(root, experiment), gate, ends
    finally:
        for _ in range(10):
            gate.go.release()
        thread.join(SECONDS)


@pytest.fixture
def film(four_contacts):
    """One training of three pulses, another film for each test."""

    def of(seed):
        four_contacts["start"]["seed"] = seed
        four_contacts["training"]["patterns"] = ["+--+"]
        return four_contacts

    return of


def until(true, every=0.05):
    """Wait for something that is looked at from outside, since the page lets nobody evaluate."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(every)


def row_of(page, folder):
    return page.locator(f'tr[data-run="{folder.name}"]')


@pytest.mark.slow
def test_open(page, root, finished):
    shutil.copytree(finished, root / finished.name)
    row = row_of(page, finished)
    row.wait_for()
    assert "finished" in row.inner_text()
    assert "6 of 6 pulses" in row.inner_text()
    values = [0.0, -0.0077739840566, 1.25e-7, -999.96, 999.94, 9.9999e-4, 1.0, -3.2e-16, 4.5e10]
    same = "async values => values.map((await import('/static/common.js')).power)"
    assert page.evaluate(same, values) == [with_unit(v, "W").replace("-", "−") for v in values]
    thumbnail = row.locator("img")
    until(lambda: thumbnail.evaluate("image => image.naturalWidth") == 112)
    assert "?key=" not in page.url
    row.get_by_role("link", name=finished.name).click()
    for title in ("Now", "Conductances", "Energy landscape", "Kept states"):
        figure = page.get_by_role("img", name=title, exact=True)
        until(lambda figure=figure: figure.evaluate("image => image.naturalWidth") > 0)
    text = page.locator("main").inner_text()
    assert "reaches the pattern" in text
    page.get_by_text("Description", exact=True).click()
    assert '"resistivity"' in page.locator("details pre").last.inner_text()
    page.get_by_role("button", name="training 1").click()
    now = page.get_by_role("img", name="Now", exact=True)
    until(lambda: "training=1" in now.get_attribute("src"))


def test_watch_a_training_advance(page, root, film):
    with training(root, film(21)) as (folder, gate, ends):
        row = row_of(page, folder)
        row.get_by_text("1 of 3 pulses").wait_for()
        assert "running" in row.inner_text()
        gate.go.release()
        row.get_by_text("2 of 3 pulses").wait_for()
        before = row.locator("td").nth(6).inner_text()
        assert re.fullmatch(r"[+−][\d.]+ .?W", before)
        for _ in range(2):
            gate.go.release()
        row.get_by_text("finished").wait_for()
        assert row.locator("td").nth(6).inner_text() != before
    assert ends == ["finished"]


def test_stop(page, root, film):
    with training(root, film(22)) as (folder, gate, ends):
        row_of(page, folder).get_by_role("link", name=folder.name).click()
        page.locator("#stop").click()
        page.locator("#yes").click()
        page.get_by_text("asked to stop").wait_for()
        assert (folder / STOP).exists()
        page.locator("#stop").get_by_text("Stopping").wait_for()
        gate.go.release()
        page.locator("#resume").wait_for()
    assert ends == ["stopped"]
    assert glance_at(folder / "1" / JOURNAL).pulses == 1


@pytest.mark.slow
def test_a_broken_folder(page, root, finished):
    folder = root / "broken-0123abcd"
    shutil.copytree(finished, folder)
    (folder / DESCRIPTION).write_text("<b>{}</b>")
    row = row_of(page, folder)
    row.get_by_text("broken", exact=True).wait_for()
    assert "description.json: damaged" in row.inner_text()
    page.get_by_role("button", name=re.compile("^broken")).click()
    assert page.locator("tbody tr").count() == 1
    row.get_by_role("link", name=folder.name).click()
    page.get_by_role("status").get_by_text("damaged").wait_for()
    assert page.locator("#resume").count() == 0


@pytest.mark.slow
def test_resume(page, root, film):
    with training(root, film(23)) as (folder, gate, ends):
        (folder / STOP).touch()
        gate.go.release()
    assert ends == ["stopped"]
    row_of(page, folder).get_by_role("link", name=folder.name).click()
    page.locator("#resume").click()
    dialog = page.get_by_role("dialog")
    assert f"orchestrator run {folder} --engine cpu" in dialog.inner_text()
    page.get_by_role("button", name="Cancel").click()
    assert not (folder / "output.log").exists()
    page.locator("#resume").click()
    page.locator("#yes").click()
    page.get_by_text("finished", exact=True).wait_for(timeout=120_000)
    assert (folder / FINISHED).exists()
    assert "goes on where it stopped" in (folder / "output.log").read_text()


@pytest.mark.slow
def test_a_campaign(page, root, film):
    sweep = {"training.voltage": [0.01, 0.02], "start.seed": [31, 32]}
    campaign = create(Campaign(Experiment.from_dict(film(31)), sweep, name="many"), root)
    card = page.get_by_role("link", name=re.compile(campaign.path.stem))
    card.get_by_text("not begun").first.wait_for()
    failed(campaign.runs[3].folder, "GPU 0 is lost")
    card.click()
    page.get_by_text("GPU 0 is lost").first.wait_for()
    assert page.locator(".map .cell > *").count() == 4
    page.locator("#resume").click()
    dialog = page.get_by_role("dialog")
    assert f"orchestrator campaign resume {campaign.path}" in dialog.inner_text()
    page.locator("#yes").click()
    page.get_by_text("3 / 4 finished").wait_for(timeout=180_000)
    page.get_by_text("What the workers say").click()
    assert "begins or goes on in process" in page.locator("details pre").first.inner_text()
    page.locator("#draw").click()
    page.locator(".pair .figure img").first.wait_for()
    page.locator(".map .cell > a").first.click()
    page.get_by_text(f"Part of {campaign.path.name}").wait_for()


@pytest.mark.slow
def test_1000_runs(browser, finished, tmp_path, capsys):
    for k in range(1000):
        folder = tmp_path / f"small-{k:08x}"
        (folder / "2").mkdir(parents=True)
        (folder / "1").mkdir()
        names = ("description.json", "untrained.json", "finished.json", f"1/{JOURNAL}")
        for name in (*names, f"2/{JOURNAL}", "2/m_relaxed.ovf"):
            os.link(finished / name, folder / name)
    took = []
    for _ in range(3):  # the best of three, since others use this machine
        with served(tmp_path) as address:
            page = browser.new_page()
            begin = time.perf_counter()
            page.goto(address)
            until(lambda page=page: page.locator("tbody tr").count() == 1000, every=0.01)
            seconds = time.perf_counter() - begin
            until(lambda page=page: page.locator(".progress .bar").count() == 1000)
            took.append((seconds, time.perf_counter() - begin))
            page.get_by_role("searchbox").fill("small-000003e7")
            until(lambda page=page: page.locator("tbody tr").count() == 1)
            page.close()
    seconds, known = min(took)
    with capsys.disabled():
        print(f"\ntable of 1000 runs after {seconds:.2f} s, all read after {known:.2f} s, ", end="")
        print(f"load {os.getloadavg()[0]:.1f}")
    share = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert seconds < 1 * share  # a second of an idle machine
