"""Scripts in the style in which people publish them, and engines to run them on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from orchestrator.coupling.prepared import Prepared, load, prepare, prepared_folder
from orchestrator.coupling.script import Script, read_script
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.engines.mumax3.hardware import find_mumax3

TWO_MATERIALS = """\
// Two materials by regions, demag, a field that follows t, a fixed layer, autosaves.
Nx := 24
c := 4e-9
SetGridSize(Nx, 12, 1)
SetCellSize(c, c, c)
SetGeom(Rect(1, 10*c))

DefRegion(1, XRange(0, inf))
Msat = 8e5
Msat.SetRegion(1, 6e5)
Aex = 13e-12
alpha = 0.1; xi = 0.1
Pol = 0.56

// the fixed layer and its own current along z
Lambda = 1
EpsilonPrime = 0.02
FixedLayer = vector(1, 0, 0)
J = vector(0, 0, -2e10)

f := 2e9
B_ext = vector(0, 0.02*sin(2*pi*f*t), 0)
m = Uniform(1, 0.1, 0)
save(m)

TableAdd(E_total)
TableAutoSave(2e-12)
AutoSave(m, 8e-12)
autosave(m.comp(2), 5e-12)
Run(1e-9)
TableSave()
"""

REAL = os.environ.get("ORCHESTRATOR_GPU_TESTS") == "1"
"""Whether mumax3 itself is driven, whose sums need not repeat to the last bit."""
STAND_IN = [sys.executable, "-m", "orchestrator", "mx3"]
STAND_IN += ["-threads", "1"]
MUMAX3 = find_mumax3() if REAL else STAND_IN


def prepared_there(script: Script, engine: CpuEngine, root: Path) -> Prepared:
    """A script prepared under a root."""
    prepare(script, engine, root, lambda prepared: None)
    return load(prepared_folder(root, script.digest, engine.name))


@pytest.fixture
def write(tmp_path):
    """Writes a script and returns its path."""

    def make(text: str, name: str = "their.mx3") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


@pytest.fixture
def script(write) -> Script:
    return read_script(write(TWO_MATERIALS, "two_materials.mx3"))


@pytest.fixture
def cpu() -> CpuEngine:
    return CpuEngine(threads=1)
