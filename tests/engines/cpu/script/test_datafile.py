"""Functions read from a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.engines.cpu.language.errors import ScriptError
from orchestrator.engines.cpu.script.datafile import function_from_datafile


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "f.csv"
    path.write_text("# x, unused, y\n0, a, 1\n1, b, 3\n3, c, -1\n")
    return path


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("linear", [1, 2, 3, 1, -1, -1]),
        ("nearest", [1, 3, 3, -1, -1, -1]),
        ("step", [0, 1, 3, 3, -1, -1]),
    ],
)
def test_values_inside_and_outside(table: Path, method: str, values: list[float]) -> None:
    function = function_from_datafile(str(table), 0, 2, method)
    assert [function.call(x) for x in (-1, 0.5, 1, 2, 3, 9)] == values


@pytest.mark.parametrize(
    ("column", "method", "reason"),
    [(1, "linear", "line 2 has no numbers"), (0, "cubic", "'cubic' is unknown")],
)
def test_unusable_tables(table: Path, column: int, method: str, reason: str) -> None:
    with pytest.raises(ScriptError, match=reason):
        function_from_datafile(str(table), column, 2, method)


def test_a_script_calls_it_with_time(table: Path, printed: Callable[[str], list[str]]) -> None:
    lines = printed(
        "SetGridSize(2, 2, 1)\nSetCellSize(1e-9, 1e-9, 1e-9)\n"
        'f := FunctionFromDatafile("f.csv", 0, 2, "linear")\n'
        "B_ext = vector(f(t*1e9), 0, 0)\nt = 0.5e-9\nprint(B_ext.average().x())"
    )
    assert lines == ["2"]
