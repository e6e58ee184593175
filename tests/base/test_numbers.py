from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.base.numbers import go_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (5e-09, "5e-09"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (123456.0, "123456"),
        (1e6, "1e+06"),
        (1234567.5, "1.2345675e+06"),
        (-2.5e-100, "-2.5e-100"),
        (np.float32(0.1), "0.1"),
        (float(np.float32(0.1)), "0.10000000149011612"),
        (float("nan"), "NaN"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
    ],
)
def test_numbers_are_written_as_go_does(value, text):
    assert go_number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back(value):
    assert float(go_number(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_single_numbers_read_back(value):
    assert np.float32(go_number(np.float32(value))) == np.float32(value)
