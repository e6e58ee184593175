"""Who may import whom: the contracts of pyproject.toml bite, and no imports go in a circle."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import grimp
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]

BAD = {
    "rooms": ("ovf.planted", "import orchestrator.describe.film"),
    "page": ("page.planted", "import orchestrator.engines.choose"),
    "web": ("plotting.planted", "import starlette"),
    "engines": ("engines.session", "import orchestrator.engines.choose"),
    "cpu": ("engines.cpu.session", "import orchestrator.describe.film"),
    "cpu-rooms": ("engines.cpu.output.planted", "import orchestrator.engines.cpu.script.world"),
    "physics": ("engines.cpu.physics.planted", "import orchestrator.engines.cpu.language.errors"),
    "kernels": ("engines.cpu.kernels.planted", "import orchestrator.base.errors"),
    "language": ("engines.cpu.language.planted", "import orchestrator.engines.cpu.kernels.step"),
    "learning": ("learning.planted", "import orchestrator.run.folder"),
    "describe": ("describe.planted", "def f():\n    import scipy.optimize"),
}
"""For each contract a module, new or not, and the line at its end that breaks the contract."""

BRIDGE = {
    "orchestrator.describe.device",
    "orchestrator.describe.experiment",
    "orchestrator.ubermag",
    "orchestrator.ubermag.experiments",
    "orchestrator.ubermag.systems",
}
"""Device.from_system, to_system and Experiment.from_system call the room that knows Systems."""

KNOWN_CIRCLES = [BRIDGE]
"""Modules that may reach one another: those here and parts of them, nothing else."""


def circles(graph: grimp.ImportGraph) -> list[set[str]]:
    """Sets of modules that reach one another by imports, deferred and type-only ones included."""
    modules = sorted(graph.modules)
    number = {module: k for k, module in enumerate(modules)}
    pairs = [
        (number[module], number[imported])
        for module in modules
        for imported in graph.find_modules_directly_imported_by(module)
    ]
    rows, columns = np.array(pairs).T
    shape = (len(modules), len(modules))
    edges = coo_array((np.ones(len(pairs)), (rows, columns)), shape)
    count, labels = connected_components(edges, connection="strong")
    members = [[modules[k] for k in np.flatnonzero(labels == label)] for label in range(count)]
    return [set(names) for names in members if len(names) > 1]


def unlisted(found: Iterable[set[str]]) -> list[set[str]]:
    return [circle for circle in found if not any(circle <= known for known in KNOWN_CIRCLES)]


def test_no_imports_go_in_a_circle_but_the_listed_ones():
    found = circles(grimp.build_graph("orchestrator", cache_dir=None))
    assert unlisted(found) == []
    assert BRIDGE in found


@pytest.mark.parametrize("deferred", ["{}", "def f():\n    {}", "if TYPE_CHECKING:\n    {}"])
def test_circles_are_found(tmp_path, monkeypatch, deferred):
    package = tmp_path / "orchestrator_copy"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("import orchestrator_copy.b\n")
    (package / "b.py").write_text(deferred.format("from orchestrator_copy import c\n"))
    (package / "c.py").write_text("from orchestrator_copy.a import name\n")
    (package / "d.py").write_text("from orchestrator_copy.a import name\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = circles(grimp.build_graph("orchestrator_copy", cache_dir=None))
    assert found == [{f"orchestrator_copy.{name}" for name in "abc"}]
    assert unlisted(found) == found


def lint(package_root: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command as main; main()"
    options = ["--no-cache", "--no-logo", str(ROOT / "pyproject.toml")]
    return subprocess.run(
        [sys.executable, "-P", "-c", command, *options],
        cwd=package_root,
        env=os.environ | {"PYTHONPATH": str(package_root), "COLUMNS": "400"},
        capture_output=True,
        text=True,
    )


def test_contracts_are_kept_and_each_of_them_bites(tmp_path):
    assert BAD.keys() == {contract["id"] for contract in CONTRACTS}
    kept = lint(ROOT)
    assert kept.returncode == 0, kept.stdout
    assert f"Contracts: {len(BAD)} kept, 0 broken." in kept.stdout
    shutil.copytree(
        ROOT / "orchestrator", tmp_path / "orchestrator", ignore=shutil.ignore_patterns("*.pyc")
    )
    for module, text in BAD.values():
        path = tmp_path / "orchestrator" / f"{module.replace('.', '/')}.py"
        with path.open("a") as file:
            file.write(f"\n{text}\n")
    broken = lint(tmp_path)
    assert broken.returncode == 1
    assert f"Contracts: 0 kept, {len(BAD)} broken." in broken.stdout
    sections = re.split(r"\n([^\n]+)\n-{5,}\n", broken.stdout)
    reports = dict(zip(sections[1::2], sections[2::2], strict=True))
    for contract in CONTRACTS:
        module, text = BAD[contract["id"]]
        imported = text.split()[-1].removesuffix(".optimize")
        report = reports[contract["name"]]
        assert f"orchestrator.{module} -> {imported} (l." in report, report
