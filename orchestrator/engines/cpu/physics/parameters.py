"""Material parameters by region, and excitations with added maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

REGIONS = 256

Value = float | Sequence[float] | Callable[[float], Any]


class RegionParameter:
    """A number or vector for each of 256 regions, constant or a function of time.

    Parameters
    ----------
    components : {1, 3}
        Number of components.
    unit : str
        Unit, for headers.
    default : float or sequence
        Initial value of all regions.
    """

    def __init__(self, components: int, unit: str, default: Any = 0.0) -> None:
        self.components = components
        self.unit = unit
        self.revision = 0
        self._table = np.zeros((REGIONS, components), np.float32)
        self._functions: dict[int, Callable[[float], Any]] = {}
        self._time: float | None = None
        self._nonzero = (-1, False)
        self.set(default)

    def set(self, value: Value) -> None:
        """Set all regions; a function of time is evaluated whenever time changes."""
        self.set_region(-1, value)

    def set_region(self, region: int, value: Value) -> None:
        """Set one region (-1: all)."""
        chosen = range(REGIONS) if region == -1 else [region]
        if callable(value):
            self._functions.update((r, value) for r in chosen)
            self._time = None
        else:
            for r in chosen:
                self._functions.pop(r, None)
            self._table[list(chosen)] = np.asarray(value, np.float32)
        self.revision += 1

    def get_region(self, region: int, time: float = 0.0) -> Any:
        """Value in a region: a float, or a tuple of three."""
        row = self.values(time)[region]
        return float(row[0]) if self.components == 1 else tuple(float(v) for v in row)

    @property
    def varies(self) -> bool:
        """Whether a region's value depends on time."""
        return bool(self._functions)

    def values(self, time: float = 0.0) -> np.ndarray:
        """Values of all regions at a time (s), shape (256, components) float32; do not write."""
        if self._functions and time != self._time:
            regions: dict[Callable[[float], Any], list[int]] = {}
            for region, function in self._functions.items():
                regions.setdefault(function, []).append(region)
            for function, chosen in regions.items():
                self._table[chosen] = np.asarray(function(time), np.float32)
            self._time = time
            self.revision += 1
        return self._table

    def any(self, time: float = 0.0) -> bool:
        """Whether any region's value is not zero at a time (s)."""
        self.values(time)
        if self._nonzero[0] != self.revision:
            self._nonzero = self.revision, bool(self._table.any())
        return self._nonzero[1]


class Excitation(RegionParameter):
    """A vector or number by region plus any number of added maps, each with a multiplier."""

    def __init__(self, unit: str, components: int = 3) -> None:
        super().__init__(components, unit)
        self._terms: list[tuple[np.ndarray, float | Callable[[float], float]]] = []
        self._sum: np.ndarray | None = None
        self._summed_at: tuple[int, float] | None = None
        self._terms_revision = 0

    def add(self, mask: np.ndarray, multiplier: float | Callable[[float], float] = 1.0) -> None:
        """Add a map, (nz, ny, nx, components), times a number or a function of time."""
        first = np.ascontiguousarray(np.moveaxis(mask, -1, 0), np.float32)
        self._terms.append((first, multiplier))
        self._forget_sum()

    def remove_extra_terms(self) -> None:
        """Drop all added maps; the values of the regions stay."""
        self._terms.clear()
        self._forget_sum()

    def _forget_sum(self) -> None:
        self.revision += 1
        self._terms_revision += 1
        self._sum = self._summed_at = None

    @property
    def varies(self) -> bool:
        """Whether the field depends on time."""
        return super().varies or self.map_varies

    @property
    def has_maps(self) -> bool:
        """Whether maps were added."""
        return bool(self._terms)

    @property
    def map_varies(self) -> bool:
        """Whether the sum of the maps depends on time."""
        return any(callable(f) for _, f in self._terms)

    @property
    def is_zero(self) -> bool:
        """Whether there is nothing at all."""
        return not self._terms and not self._functions and not self._table.any()

    def map(self, time: float) -> np.ndarray | None:
        """Sum of the added maps at a time (s), (components, nz, ny, nx) float32; None without.

        Do not write to it, nor keep it over a change of time: it is one buffer, or a map itself.
        """
        if not self._terms:
            return None
        if len(self._terms) == 1 and self._terms[0][1] == 1:
            return self._terms[0][0]
        moment = (self._terms_revision, time if self.map_varies else 0.0)
        if self._sum is None:
            self._sum = np.empty_like(self._terms[0][0])
        if moment != self._summed_at:
            for k, (mask, multiplier) in enumerate(self._terms):
                factor = np.float32(multiplier(time) if callable(multiplier) else multiplier)
                if k == 0:
                    np.multiply(mask, factor, out=self._sum)
                elif factor == 1:
                    self._sum += mask
                else:
                    self._sum += factor * mask
            self._summed_at = moment
        return self._sum

    def evaluate(self, regions: np.ndarray, time: float) -> np.ndarray:
        """The field at a time (s), component-first (components, nz, ny, nx) float32."""
        out = np.ascontiguousarray(np.moveaxis(self.values(time)[regions], -1, 0))
        if (extra := self.map(time)) is not None:
            out += extra
        return out
