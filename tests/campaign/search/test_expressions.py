from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from orchestrator.base.errors import InputError
from orchestrator.campaign.search.expressions import Expression

E = xr.DataArray(
    [[1.0, -2.0], [3.0, np.nan]],
    {"reference": ["saturated", "untrained"], "pulse": [1, 2]},
    ("reference", "pulse"),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 * amplitude ** 2 - 1", 7.0),
        ("-min(energy)", 2.0),
        ("max(energy) / mean(energy)", 4.5),
        ('energy(reference="saturated", pulse=2)', -2.0),
        ("last(energy(reference=which))", 3.0),
        ("first(energy(reference='saturated')) < amplitude", 1.0),
        ("mean(energy(reference='saturated') > 0)", 0.5),
        ("1 < amplitude <= 2", 1.0),
        ("sqrt(abs(-4)) + log(exp(1))", 3.0),
        ("min(amplitude, 5)", 2.0),
    ],
)
def test_known_values(text, value):
    names = {"amplitude": 2.0, "energy": E, "which": "untrained"}
    assert Expression(text)(names) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "energy.values",
        "energy[0]",
        "(lambda: 1)()",
        "[x for x in energy]",
        "open('/etc/passwd')",
        "energy.__class__",
        "amplitude if 1 else 2",
        "f'{amplitude}'",
        "amplitude := 2",
        "b'x' + 1",
        "mean(*energy)",
        "energy(**{'a': 1})",
        "energy(pulse=min(energy))",
        "1 +",
        "(" * 3000,
        "min",
        None,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(InputError):
        Expression(text)({"amplitude": 1.0, "energy": E})


def test_exponents_are_bounded_and_unknown_names_are_named():
    with pytest.raises(InputError, match="exponents go up to"):
        Expression("9 ** 9 ** 9")({})
    with pytest.raises(InputError, match="'voltage' is none of amplitude"):
        Expression("voltage < 1", {"amplitude"})
    with pytest.raises(InputError, match="gives 4 numbers"):
        Expression("energy")({"energy": E})
    with pytest.raises(InputError, match="saturatd"):
        Expression("energy(reference='saturatd', pulse=1)")({"energy": E})
