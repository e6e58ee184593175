"""Units by the size of what is shown: pW to GW, nS to kS, with four digits of the largest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_DIGITS = 4


@dataclass(frozen=True)
class Scale:
    """How values of one table or axis are shown.

    Attributes
    ----------
    factor : float
        By which values in the SI unit are multiplied.
    unit : str
        The unit with its prefix.
    decimals : int
        Digits after the point.
    """

    factor: float
    unit: str
    decimals: int

    def __call__(self, value: float) -> str:
        """A value in the SI unit as text with its sign, without the unit."""
        return f"{self.factor * value:+.{self.decimals}f}"


def scale_for(values: np.ndarray | float, unit: str, digits: int = _DIGITS) -> Scale:
    """The scale that shows the largest of some values between 1 and 1000; NaN do not count.

    Parameters
    ----------
    values : array-like
        In the SI unit.
    unit : str
        The SI unit, such as "W".
    digits : int
        Digits of the largest.
    """
    import numpy as np  # here, so that the help of a command is there at once

    size = np.abs(np.asarray(values, float))
    largest = float(size.max(initial=0.0, where=np.isfinite(size)))
    if largest == 0.0:
        return Scale(1.0, unit, digits - 1)
    # rounded first, since 999.96 is shown as 1000
    exponent = int(f"{largest:.{digits - 1}e}".partition("e")[2])
    power = min(max(3 * (exponent // 3), min(_PREFIXES)), max(_PREFIXES))
    decimals = max(0, digits - 1 - (exponent - power))
    return Scale(10.0**-power, _PREFIXES[power] + unit, decimals)


def with_unit(value: float, unit: str) -> str:
    """A single value with four digits, its sign and its unit, such as `+12.34 mW`."""
    scale = scale_for(value, unit)
    return f"{scale(value)} {scale.unit}"
