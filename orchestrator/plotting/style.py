"""The style of all figures: sizes, colors, units, a canvas without any display."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLUS, MINUS = "#c0392b", "#2060a8"
"""Colors of contacts at positive and at negative voltage."""
TRAINED, OTHER, TRIVIAL = "#c0392b", "#8a8f98", "#d9dce1"
"""Colors of the trained pattern, of other inputs, of inputs that are zero by construction."""

STYLE: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.1,
    "figure.dpi": 150,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}
"""Settings of matplotlib for figures of the width of a page or of one of its columns."""

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def in_style(draw: Callable[P, R]) -> Callable[P, R]:
    """Let a function draw in STYLE and leave matplotlib's own settings as they were."""

    @functools.wraps(draw)
    def styled(*arguments: P.args, **options: P.kwargs) -> R:
        import matplotlib

        with matplotlib.rc_context(cast(Any, STYLE)):
            return draw(*arguments, **options)

    return styled


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, without any display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


@dataclass(frozen=True)
class Look:
    """How figures are drawn.

    Attributes
    ----------
    kind : str
        "png", "pdf" or "svg".
    dpi : int
        Resolution of pixels in a figure, per inch.
    states : int
        At most so many kept states of a training are drawn.
    """

    kind: str = "png"
    dpi: int = 150
    states: int = 4


LOOK = Look()
"""The usual look."""


def save(figure: Figure, path: str | Path, look: Look = LOOK) -> Path:
    """Write a figure; the ending of the file's name says of which kind it is."""
    figure.savefig(path, dpi=look.dpi)
    return Path(path)


def spread(values: Sequence[T], most: int) -> list[T]:
    """At most so many of some values, evenly spread, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    places = np.linspace(0, len(values) - 1, most).round().astype(int)
    return [values[k] for k in places]


def tell_left_out(figure: Figure, shown: int, total: int, what: str) -> None:
    """Say on a figure how many of all it shows, where it does not show all."""
    if shown < total:
        figure.suptitle(f"{shown} of {total} {what} shown", fontsize=7, color="0.35")


def page_width(columns: int) -> float:
    """Of a figure with so many panels side by side, inches: up to that of a page."""
    return 3.5 if columns == 1 else 7.2


def part_of(axes: Axes) -> tuple[float, float]:
    """Share of the figure's width and height that belongs to axes of a grid, inches."""
    width, height = cast(Any, axes.get_figure(root=True)).get_size_inches()
    place = axes.get_subplotspec()
    if place is None:
        return width, height
    rows, columns = place.get_gridspec().get_geometry()
    return width / columns, height / rows
