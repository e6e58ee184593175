from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "transport.md"


def test_examples_of_the_page_run_and_give_what_it_says():
    names: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len(blocks) >= 5
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["planar_hall"] == pytest.approx(-0.997e-3, rel=1e-4)
    assert np.abs(names["slope"]).max() > 0
    assert np.isfinite(names["B"]).all()
    assert names["solution"].changes[-1] <= 1e-6
