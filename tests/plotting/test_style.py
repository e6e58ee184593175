from __future__ import annotations

import matplotlib
import pytest

from orchestrator.plotting.style import STYLE, in_style, new_figure, save


def test_the_style_holds_within_a_function_only():
    before = matplotlib.rcParams["font.size"]
    assert in_style(lambda: matplotlib.rcParams["font.size"])() == STYLE["font.size"] != before
    assert matplotlib.rcParams["font.size"] == before


@pytest.mark.parametrize(
    ("ending", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_the_ending_says_how_a_figure_is_written(tmp_path, ending, start):
    path = save(new_figure(1, 1), tmp_path / f"f.{ending}")
    assert path.read_bytes().startswith(start)
