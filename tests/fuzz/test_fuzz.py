"""Nearly right inputs: each is read, or refused by an error of ours, in bounded memory and time.

`FUZZ_INPUTS` sets how many inputs each reader gets; `make fuzz` gives each 10^5.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.base.errors import OrchestratorError
from orchestrator.base.shipped import shipped
from orchestrator.campaign.search.spec import SearchCampaign
from orchestrator.campaign.sites import read_site
from orchestrator.campaign.spec import Campaign
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.make import make_world
from orchestrator.engines.cpu.output.outputs import Outputs
from orchestrator.measure.circuit import Circuit
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.ovf.formats import FORMATS
from orchestrator.ovf.tables import open_table
from orchestrator.run.journal import look_into
from orchestrator.run.notes import read_note, write_note
from tests.fuzz.mutate import contents, texts

INPUTS = int(os.environ.get("FUZZ_INPUTS", "100"))
MEMORY = 2 << 30
"""Bytes that reading one input may take beyond what the process has."""
LONGEST = 20
"""Seconds that one input may take."""
fuzz = settings(
    max_examples=INPUTS,
    derandomize=INPUTS < 1000,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True, scope="module")
def bounded() -> Iterator[None]:
    """Too much memory is a MemoryError, too much time an alarm; neither is an error of ours."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))

    def too_long(number: int, frame: object) -> None:
        raise TimeoutError(f"more than {LONGEST} s")

    before = signal.signal(signal.SIGALRM, too_long)
    yield
    signal.signal(signal.SIGALRM, before)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def read_or_refuse(read: Callable[[], object]) -> bool:
    """Whether it is read; an error of another kind, or a message of nothing, fails."""
    signal.alarm(LONGEST)
    try:
        read()
    except OrchestratorError as error:
        said = str(error)
    else:
        return True
    finally:
        signal.alarm(0)
    assert said.strip()
    return False


def shipped_texts(folder: str) -> list[str]:
    return [path.read_text() for path in sorted(shipped(f"data/{folder}").glob("*.toml"))]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the shipped files name."""
    folder = tmp_path_factory.mktemp("fuzz")
    for kind in ("campaigns", "experiments", "searches", "sites"):
        (folder / kind).symlink_to(shipped(f"data/{kind}"))
    (folder / "mutated").mkdir()
    return folder


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "experiment": ("experiments", Experiment.from_toml),
    "campaign": ("campaigns", Campaign.from_toml),
    "search": ("searches", SearchCampaign.from_toml),
    "site": ("sites", read_site),
    "contacts": ("transport", Circuit.from_toml),
}


@pytest.mark.parametrize("kind", READERS)
def test_toml(place: Path, kind: str) -> None:
    folder, read = READERS[kind]
    path = place / "mutated" / "file.toml"

    @fuzz
    @given(texts(shipped_texts(folder)))
    def run(text: str) -> None:
        path.write_text(text, encoding="utf-8", errors="replace")
        read_or_refuse(lambda: read(path))

    run()


SCRIPTS = [
    *(path.read_text() for path in sorted(Path(__file__).parents[1].rglob("*.mx3"))),
    'for i := 0; i < 3; i++ {\n\tif i > 1 { print(i, "x") } else { y := vector(1, 2, 3).X() }\n}',
    "SetGridSize(4, 4, 1)\nSetCellSize(1e-9, 1e-9, 1e-9)\nm = Vortex(1, -1)\nx := m.comp(0)",
    "f := 1e3 * sin(2 * pi * t)\nB_ext = vector(f, 0, 0)\nDefRegion(1, circle(2e-9))",
]


def test_script_is_checked(tmp_path: Path) -> None:
    @fuzz
    @given(texts(SCRIPTS))
    def run(text: str) -> None:
        read_or_refuse(lambda: world.check(text))

    world = make_world(Outputs(tmp_path / "out", quiet=True), threads=1, folder=tmp_path)
    run()
    world.close()


STATEMENTS = [
    "SetGridSize(8, 4, 2)", "SetCellSize(1e-9, 2e-9, 3e-9)", "SetPBC(1, 0, 0)", "EdgeSmooth = 2",
    "SetGeom(circle(6e-9))", "DefRegion(1, xrange(0, inf))", "Msat = 1e6", "Aex = 1e-11",
    "Msat.SetRegion(1, 5e5)", "alpha = 0.1", "Ku1 = 1e5", "anisU = vector(0, 0, 1)",
    "Dbulk = 1e-3", "m = RandomMagSeed(3)", "m = TwoDomain(1, 0, 0, 0, 1, 0, -1, 0, 0)",
    "m.SetCell(1, 1, 0, vector(1, 0, 0))",
    "m = BlochSkyrmion(1, -1).scale(2, 2, 1).transl(1e-9, 0, 0)", "B_ext = vector(0, 0, 0.1)",
    "J = vector(1e12, 0, 0)", "Pol = 0.5", "Temp = 10", "FixDt = 1e-13", "MaxErr = 1e-5",
    "SetSolver(5)", "Steps(1)", "save(m)", "TableAdd(E_total)", "TableSave()",
    "print(m.average())", 'SaveAs(B_demag, "b")', "x := ext_topologicalcharge.average()",
    "Snapshot(m)", "ext_makegrains(3e-9, 10, 2)", "regions.SetCell(0, 0, 0, 3)", "Shift(1)",
    "Crop(m, 0, 2, 0, 2, 0, 1)",
]  # fmt: skip


def test_script_runs(tmp_path: Path) -> None:
    """Statements with nonsense in them: no traceback, no hang, no memory beyond the bound."""

    @fuzz
    @given(st.lists(st.sampled_from(STATEMENTS), max_size=5), texts(STATEMENTS), st.integers(0, 2))
    def run(before: list[str], nonsense: str, seed: int) -> None:
        if "for" in nonsense:
            return
        world = make_world(Outputs(tmp_path / "out", clean=True, quiet=True), 1, tmp_path)
        world.sim.settings.demag_cache = None
        try:
            read_or_refuse(lambda: world.execute("\n".join([*STATEMENTS[:2], *before, nonsense])))
        finally:
            world.close()
            world.sim.close()

    run()


def ovf_seeds(folder: Path) -> list[bytes]:
    m = np.random.default_rng(3).normal(size=(2, 3, 4, 3))
    seeds = []
    for form in FORMATS:
        write_ovf(folder / "seed.ovf", m, (1e-9, 1e-9, 1e-9), form=form)
        seeds.append((folder / "seed.ovf").read_bytes())
    return seeds


def test_ovf(tmp_path: Path) -> None:
    path = tmp_path / "m.ovf"

    @fuzz
    @given(contents(ovf_seeds(tmp_path)))
    def run(raw: bytes) -> None:
        path.write_bytes(raw)
        read_or_refuse(lambda: read_ovf(path))

    run()


def test_table(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    seed = "# t (s)\tmx ()\tmy ()\tE_total (J)\n0\t1\t0\t-1e-18\n1e-12\t0.5\t0.5\t-2e-18\n"

    @fuzz
    @given(texts([seed]))
    def run(text: str) -> None:
        path.write_text(text, encoding="utf-8", errors="replace")
        read_or_refuse(lambda: open_table(path))

    run()


def test_journals_and_notes(tmp_path: Path) -> None:
    journal, note = tmp_path / "journal.jsonl", tmp_path / "note.json"
    write_note(note, {"start": {"seed": 3}, "crc32": "01234567"})
    seeds = [note.read_bytes(), b'7046c898 {"kind":"start","files":{}}\n']

    @fuzz
    @given(contents(seeds))
    def run(raw: bytes) -> None:
        journal.write_bytes(raw)
        look_into(journal)
        note.write_bytes(raw)
        read_or_refuse(lambda: read_note(note, "start", "crc32"))

    run()
