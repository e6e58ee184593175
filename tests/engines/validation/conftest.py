"""Scripts run by the embedded engine, and tables of measured against published values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from orchestrator.engines.cpu.main import main

Columns = dict[str, np.ndarray]


@pytest.fixture
def run_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Columns]:
    """Run a script and return its table by columns (`t`, `mx`, ..., `E_total`)."""
    monkeypatch.chdir(tmp_path)

    def run(text: str) -> Columns:
        Path("case.mx3").write_text(text)
        assert main(["-f", "-http", "", "-cache", "kernels", "-v=false", "case.mx3"]) == 0
        header = Path("case.out/table.txt").read_text().splitlines()[0]
        names = [column.split()[0] for column in header.removeprefix("# ").split("\t")]
        rows = np.loadtxt("case.out/table.txt", ndmin=2)
        return dict(zip(names, rows.T, strict=True))

    return run


Row = tuple[str, float, float, float]


@pytest.fixture
def compare(capsys: pytest.CaptureFixture[str]) -> Callable[[str, list[Row]], None]:
    """Print rows of (quantity, measured, published, tolerance) and check them."""

    def check(title: str, rows: list[Row]) -> None:
        with capsys.disabled():
            print(f"\n{title}\n{'':32} {'measured':>12} {'published':>12} {'tolerance':>10}")
            for name, measured, published, tolerance in rows:
                print(f"{name:32} {measured:12.6g} {published:12.6g} {tolerance:10.1g}")
        wrong = [name for name, measured, known, room in rows if not abs(measured - known) <= room]
        assert not wrong

    return check
