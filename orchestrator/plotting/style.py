"""A headless canvas and the pictures of fields that the figures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

T = TypeVar("T")


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
    states: int = 6


LOOK = Look()
"""The usual look."""


def save(figure: Figure, path: Path, look: Look = LOOK) -> Path:
    """Write a figure; the ending of the file's name says of which kind it is."""
    figure.savefig(path, dpi=look.dpi)
    return path


def spread(values: Sequence[T], most: int) -> list[T]:
    """At most so many of some values, evenly spread, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    places = np.linspace(0, len(values) - 1, most).round().astype(int)
    return [values[k] for k in places]


def tell_left_out(figure: Figure, shown: int, total: int, what: str) -> None:
    """Say on a figure how many of all it shows, where it does not show all."""
    if shown < total:
        figure.suptitle(f"{shown} of {total} {what} shown", fontsize=8)


def draw_texture(axes: Axes, m: np.ndarray, lengths: tuple[float, float]) -> None:
    """m_z in colors and arrows for the in-plane part.

    Parameters
    ----------
    m : ndarray, shape (ny, nx, 3)
        Unit vectors.
    lengths : (Lx, Ly)
        Film size in m; axes are in nm.
    """
    lx, ly = (1e9 * length for length in lengths)
    axes.imshow(m[..., 2], origin="lower", extent=(0, lx, 0, ly), cmap="RdBu_r", vmin=-1, vmax=1)
    ny, nx, _ = m.shape
    skip = max(1, max(nx, ny) // 25)
    x = (np.arange(0, nx, skip) + 0.5) * lx / nx
    y = (np.arange(0, ny, skip) + 0.5) * ly / ny
    chosen = m[::skip, ::skip]
    axes.quiver(x, y, chosen[..., 0], chosen[..., 1], pivot="mid", scale=28, width=0.004)
    axes.set(xlabel="x (nm)", ylabel="y (nm)")


def draw_current(axes: Axes, j: np.ndarray, lengths: tuple[float, float], *, log: bool) -> None:
    """|j|, or its logarithm, with stream lines.

    Parameters
    ----------
    j : ndarray, shape (ny, nx, 3)
        Current density in A/m2.
    """
    lx, ly = (1e9 * length for length in lengths)
    size = np.linalg.norm(j, axis=-1)
    floor = 1e-4 * size.max()
    shown = np.log10(np.maximum(size, floor)) if log else size
    image = axes.imshow(shown, origin="lower", extent=(0, lx, 0, ly), cmap="viridis")
    ny, nx, _ = j.shape
    x, y = (np.arange(nx) + 0.5) * lx / nx, (np.arange(ny) + 0.5) * ly / ny
    if size.max() > 0 and min(nx, ny) > 1:
        axes.streamplot(x, y, j[..., 0], j[..., 1], color="w", linewidth=0.5, arrowsize=0.5)
    axes.set(xlabel="x (nm)", ylabel="y (nm)", xlim=(0, lx), ylim=(0, ly))
    label = "log10 |j| (A/m²)" if log else "|j| (A/m²)"
    axes.figure.colorbar(image, ax=axes, label=label, shrink=0.8)


def draw_map(axes: Axes, values: np.ndarray, lengths: tuple[float, float], label: str) -> None:
    """The logarithm of a positive quantity over four decades.

    Parameters
    ----------
    values : ndarray, shape (ny, nx)
        What is shown, not negative.
    lengths : (Lx, Ly)
        Film size in m; axes are in nm.
    label : str
        Symbol and unit.
    """
    lx, ly = (1e9 * length for length in lengths)
    largest = values.max() if values.max() > 0 else 1.0
    shown = np.log10(np.maximum(values, 1e-4 * largest))
    image = axes.imshow(shown, origin="lower", extent=(0, lx, 0, ly), cmap="magma")
    axes.set(xlabel="x (nm)", ylabel="y (nm)")
    axes.figure.colorbar(image, ax=axes, label=f"log10 {label}", shrink=0.8)
