"""What conducts: the resistivities of a magnet, regions of other media, a layer underneath."""

from __future__ import annotations

from typing import Literal

import numpy as np

from orchestrator.base.errors import InputError
from orchestrator.describe.areas import Area
from orchestrator.describe.described import described
from orchestrator.describe.film import Film
from orchestrator.describe.plausibility import check_name, check_range

AmrConvention = Literal["mean"]

_PLAUSIBLE = (1e-9, 1.0)
"""Resistivities of magnets, ohm m; the smaller one of a large ratio may lie below."""


@described
class Resistivity:
    """Anisotropic magnetoresistance: rho_par along m, rho_perp across it, in ohm m.

    Give either `rho_par` and `rho_perp`, or `mean` with `amr_ratio` and `amr_convention`.
    The literature knows at least two other ratios, hence the name is asked for.

    Parameters
    ----------
    rho_par, rho_perp : float, ohm m, optional
        Resistivity for a current along and across the magnetization.
    mean : float, ohm m, optional
        (rho_par + rho_perp) / 2.
    amr_ratio : float, optional
        1.5 stands for 150 %.
    amr_convention : {"mean"}, optional
        The ratio is the paper's a = 2 (rho_par - rho_perp) / (rho_par + rho_perp).
    sigma_ah : float, S/m
        Anomalous Hall conductivity: Sigma_ij += sigma_ah eps_ijk m_k.
    """

    rho_par: float | None = None
    rho_perp: float | None = None
    mean: float | None = None
    amr_ratio: float | None = None
    amr_convention: AmrConvention | None = None
    sigma_ah: float = 0.0

    def __post_init__(self) -> None:
        explicit = (self.rho_par, self.rho_perp)
        by_ratio = (self.mean, self.amr_ratio, self.amr_convention)
        if all(v is not None for v in explicit) and all(v is None for v in by_ratio):
            pass
        elif all(v is None for v in explicit) and all(v is not None for v in by_ratio):
            assert self.mean is not None and self.amr_ratio is not None
            if not self.mean > 0:
                raise ValueError(f"mean resistivity must be positive (ohm m), got {self.mean:g}")
            check_range("mean", self.mean, *_PLAUSIBLE, "ohm m")
            if not -2 < self.amr_ratio < 2:
                raise ValueError(
                    "amr_ratio in the convention 'mean' lies between -2 and 2 "
                    f"(1.5 stands for 150 %), got {self.amr_ratio:g}"
                )
        else:
            raise ValueError(
                "give either rho_par and rho_perp, or mean, amr_ratio and "
                'amr_convention = "mean" (a = 2 (rho_par - rho_perp) / (rho_par + rho_perp))'
            )
        for name, rho in (("rho_par", self.parallel), ("rho_perp", self.perpendicular)):
            _check_resistivity(name, rho)
            if self.mean is None:
                check_range(name, rho, *_PLAUSIBLE, "ohm m")
        check_range("sigma_ah", self.sigma_ah, -1e12, 1e12, "S/m")

    @property
    def parallel(self) -> float:
        """rho_par in ohm m."""
        if self.rho_par is not None:
            return self.rho_par
        assert self.mean is not None and self.amr_ratio is not None
        return self.mean * (1 + self.amr_ratio / 2)

    @property
    def perpendicular(self) -> float:
        """rho_perp in ohm m."""
        if self.rho_perp is not None:
            return self.rho_perp
        assert self.mean is not None and self.amr_ratio is not None
        return self.mean * (1 - self.amr_ratio / 2)


def _check_resistivity(name: str, rho: float) -> None:
    if not rho > 0:
        raise ValueError(f"{name} must be positive (ohm m), got {rho:g}")
    if not 1e-12 < rho < 1e6:
        raise ValueError(f"{name} = {rho:g} ohm m is implausible for a conducting film")


@described
class Region:
    """A part of the film that differs from the rest; where regions overlap, the last one counts.

    Parameters
    ----------
    name : str
        Names it in messages.
    area : Rectangle, Disc, Box or Mask
        Its cells: those whose center is inside.
    medium : str
        `magnet` conducts with a `resistivity` of its own where m is not zero; `metal` conducts
        with the plain resistivity `rho`, whatever m is (pads, shunts); `vacuum` does not conduct.
    resistivity : Resistivity, optional
        Of a magnet.
    rho : float, ohm m, optional
        Of a metal.
    """

    name: str
    area: Area
    medium: Literal["magnet", "metal", "vacuum"]
    resistivity: Resistivity | None = None
    rho: float | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        needs = {"magnet": "resistivity", "metal": "rho"}
        for medium, key in needs.items():
            given = getattr(self, key) is not None
            if given != (self.medium == medium):
                verb = "has no" if given else "needs a"
                raise ValueError(f"region {self.name!r}: a {self.medium} {verb} {key}")
        if self.rho is not None:
            _check_resistivity(f"region {self.name!r}: rho", self.rho)


@described
class Underlayer:
    """A conducting layer in contact with the film's lower face, wherever the film conducts.

    Give its resistance per square, or its resistivity and thickness.

    Parameters
    ----------
    sheet_resistance : float, ohm, optional
        Resistance per square.
    rho : float, ohm m, optional
        Resistivity, with `thickness`.
    thickness : float, m, optional
        With `rho`.
    """

    sheet_resistance: float | None = None
    rho: float | None = None
    thickness: float | None = None

    def __post_init__(self) -> None:
        explicit = self.sheet_resistance is not None
        by_rho = (self.rho is not None, self.thickness is not None)
        if by_rho != (not explicit, not explicit):
            raise ValueError("give either sheet_resistance, or rho and thickness")
        for name in ("sheet_resistance", "rho", "thickness"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, got {value:g}")
        if self.sheet_resistance is not None:
            check_range("sheet_resistance", self.sheet_resistance, 1e-9, 1e15, "ohm")
        if self.rho is not None and self.thickness is not None:
            _check_resistivity("rho", self.rho)
            check_range("thickness", self.thickness, 1e-12, 1e-3, "m")

    @property
    def sheet_conductance(self) -> float:
        """Conductance per square, S."""
        if self.sheet_resistance is not None:
            return 1 / self.sheet_resistance
        assert self.rho is not None and self.thickness is not None
        return self.thickness / self.rho


def check_regions(film: Film, regions: tuple[Region, ...]) -> None:
    """Refuse regions that are doubled or hold no cell of the film.

    Raises
    ------
    InputError
        With the region's name.
    """
    names: set[str] = set()
    for region in regions:
        if region.name in names:
            raise InputError(f"two regions are named {region.name!r}; names must differ")
        names.add(region.name)
        try:
            empty = not region.area.cells(film).any()
        except InputError as error:
            raise InputError(f"region {region.name!r}: {error}") from None
        if empty:
            raise InputError(f"region {region.name!r} holds the center of no cell of the film")


def cells_of(film: Film, regions: tuple[Region, ...], *media: str) -> np.ndarray:
    """Cells that regions, or the vacuum around the film's shape, give one of these media.

    Returns
    -------
    ndarray of bool, shape `film.array_shape`
    """
    cells = ~film.inside if "vacuum" in media else np.zeros(film.array_shape, bool)
    for region in regions:
        cells[region.area.cells(film)] = region.medium in media
    return cells
