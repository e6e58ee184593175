from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.units import scale_for, with_unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.01234, "+12.34 mW"),
        (-7.4e-12, "-7.400 pW"),
        (1.0, "+1.000 W"),
        (999.96e-3, "+1.000 W"),
        (999.94e-3, "+999.9 mW"),
        (123456.0, "+123.5 kW"),
        (0.0, "+0.000 W"),
        (3e-18, "+0.003000 fW"),
        (5e13, "+50000 GW"),
    ],
)
def test_a_value_has_four_digits_and_the_unit_of_its_size(value, text):
    assert with_unit(value, "W") == text


def test_a_table_has_the_unit_of_its_largest_value():
    scale = scale_for(np.array([np.nan, 2e-9, -4.5e-8, 0.0]), "S")
    assert scale.unit == "nS"
    assert [scale(v) for v in (2e-9, -4.5e-8, 0.0)] == ["+2.00", "-45.00", "+0.00"]
    assert scale_for(np.array([np.nan, np.inf]), "S").unit == "S"
    assert scale_for(np.array([19.0017, 19.0168]), "ohm", 6)(19.0168) == "+19.0168"
