"""Numbers in the fewest digits that read back, as Go and so mumax3 prints them."""

from __future__ import annotations

import math

import numpy as np

_EXPONENT_FORM = 6
"""Powers of ten from here on, and below -4, are written with an exponent."""


def go_number(value: float | np.floating) -> str:
    """A number as Go's `%v` prints it: `0`, `2.5e-09`, `1e+06`; a float32 in its own digits.

    Python's `repr` differs in `0.0`, `1000000.0`, `inf` and `nan`.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1.0, value) < 0 else "0"
    exact = value if isinstance(value, np.float32) else float(value)
    mantissa, _, exponent = np.format_float_scientific(exact, unique=True, trim="-").partition("e")
    power = int(exponent)
    if power < -4 or power >= _EXPONENT_FORM:
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    digits = digits.replace(".", "")
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    whole = digits[: power + 1].ljust(power + 1, "0")
    rest = digits[power + 1 :]
    return f"{sign}{whole}.{rest}" if rest else sign + whole
