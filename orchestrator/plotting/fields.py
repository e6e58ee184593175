"""Pictures of fields in a film: magnetization, current density, positive quantities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from orchestrator.describe.contacts import Contact
from orchestrator.describe.film import Film
from orchestrator.engines.cpu.output.pictures import colors_of
from orchestrator.plotting.contacts import plan_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.image import AxesImage

Colors = Literal["wheel", "mz"]
LINES = 24
"""Stream lines of a picture."""


def _extent(lengths: tuple[float, float]) -> tuple[float, float, float, float]:
    lx, ly = (1e9 * length for length in lengths)
    return (0, lx, 0, ly)


def _frame(axes: Axes, lengths: tuple[float, float]) -> None:
    lx, ly = (1e9 * length for length in lengths)
    axes.set(xlabel="x (nm)", ylabel="y (nm)", xlim=(0, lx), ylim=(0, ly), aspect="equal")
    axes.spines[:].set_visible(True)


def _draw_border(axes: Axes, inside: np.ndarray, lengths: tuple[float, float]) -> None:
    """A line between cells that are inside and those that are not."""
    from matplotlib.collections import LineCollection

    ny, nx = inside.shape
    rows, columns = np.nonzero(inside[1:] != inside[:-1])
    across = [[(c, r + 1), (c + 1, r + 1)] for r, c in zip(rows, columns, strict=True)]
    rows, columns = np.nonzero(inside[:, 1:] != inside[:, :-1])
    upward = [[(c + 1, r), (c + 1, r + 1)] for r, c in zip(rows, columns, strict=True)]
    if across or upward:
        segments = np.array(across + upward) * 1e9 * np.array([lengths[0] / nx, lengths[1] / ny])
        axes.add_collection(LineCollection(list(segments), colors="0.35", linewidths=0.6, zorder=3))


def draw_texture(
    axes: Axes, m: np.ndarray, lengths: tuple[float, float], colors: Colors = "wheel"
) -> AxesImage:
    """A magnetization in colors; cells without any stay blank.

    Parameters
    ----------
    axes : Axes
        Becomes a plan of the film in nm.
    m : ndarray, shape (ny, nx, 3)
        Unit vectors, zero where nothing is magnetic.
    lengths : (Lx, Ly)
        Film size, m.
    colors : {"wheel", "mz"}
        Hue by the direction in the plane and lightness by m_z, see `draw_color_wheel`; or m_z
        alone, with arrows for the part in the plane.
    """
    inside = np.linalg.norm(m, axis=-1) > 0
    image: AxesImage
    if colors == "wheel":
        rgba = np.concatenate([colors_of(m), 255 * inside[..., None].astype(np.uint8)], axis=-1)
        image = axes.imshow(rgba, origin="lower", extent=_extent(lengths), interpolation="nearest")
    else:
        mz = np.ma.masked_array(m[..., 2], ~inside)
        image = axes.imshow(
            mz, origin="lower", extent=_extent(lengths), cmap="RdBu_r", vmin=-1, vmax=1
        )
        _draw_arrows(axes, m, inside, lengths)
    _draw_border(axes, inside, lengths)
    _frame(axes, lengths)
    return image


def _draw_arrows(
    axes: Axes, m: np.ndarray, inside: np.ndarray, lengths: tuple[float, float]
) -> None:
    lx, ly = (1e9 * length for length in lengths)
    ny, nx = inside.shape
    skip = max(1, max(nx, ny) // 25)
    rows, columns = np.arange(0, ny, skip), np.arange(0, nx, skip)
    x, y = np.meshgrid((columns + 0.5) * lx / nx, (rows + 0.5) * ly / ny)
    shown = inside[np.ix_(rows, columns)]
    u, v, _ = np.moveaxis(m[np.ix_(rows, columns)], -1, 0)
    pitch = skip * max(lx / nx, ly / ny)
    axes.quiver(
        x[shown],
        y[shown],
        u[shown],
        v[shown],
        pivot="mid",
        angles="xy",
        scale_units="xy",
        scale=1 / pitch,
        width=0.003,
    )


def draw_color_wheel(axes: Axes) -> None:
    """The key to `draw_texture`: up in the middle, in the plane halfway, down at the rim."""
    axis = np.linspace(-1, 1, 201)
    x, y = np.meshgrid(axis, axis)
    r = np.hypot(x, y)
    safe = np.where(r > 0, r, 1)
    across = np.sin(np.pi * np.minimum(r, 1))
    m = np.stack([across * x / safe, across * y / safe, np.cos(np.pi * np.minimum(r, 1))], axis=-1)
    alpha = (255 * np.clip((1 - r) * 100, 0, 1)).astype(np.uint8)
    rgba = np.concatenate([colors_of(m), alpha[..., None]], axis=-1)
    axes.imshow(rgba, origin="lower", extent=(-1, 1, -1, 1))
    for left, up, text, horizontal, vertical in (
        (0.0, 0.0, "+z", "center", "center"),
        (0.0, -1.05, "rim: -z", "center", "top"),
        (1.06, 0.0, "x", "left", "center"),
        (0.0, 1.06, "y", "center", "bottom"),
    ):
        axes.text(left, up, text, ha=horizontal, va=vertical, fontsize=6)
    axes.set(xlim=(-1.1, 1.3), ylim=(-1.1, 1.1), aspect="equal")
    axes.set_axis_off()


def current_norm(fields: Sequence[np.ndarray], decades: float = 2.0) -> Normalize:
    """A logarithmic scale for current densities that a few extreme cells do not spoil.

    From the 5th to the 99.5th percentile of the cells that carry current, at most so many decades.

    Parameters
    ----------
    fields : sequence of ndarray, shape (..., 3)
        In A/m2; together they have one scale.
    decades : float
        The most that are shown.
    """
    from matplotlib.colors import LogNorm

    sizes = np.concatenate([np.linalg.norm(f, axis=-1).ravel() for f in fields])
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not sizes.size:
        return LogNorm(1.0, 10.0)
    low, high = np.percentile(sizes, [5, 99.5])
    return LogNorm(max(low, high * 10**-decades), max(high, low * 1.01))


def _shades() -> Colormap:
    """From dark to orange, so that white lines are seen everywhere."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["inferno"](np.linspace(0.06, 0.76, 256)), "current")


def draw_current(
    axes: Axes,
    j: np.ndarray,
    lengths: tuple[float, float],
    norm: Normalize | None = None,
    *,
    film: Film | None = None,
    contacts: Sequence[Contact] = (),
) -> AxesImage:
    """A current density: its size in colors, its direction by stream lines.

    Where contacts are given, each line carries the same current from one contact to another.
    Without them lines fill the picture evenly. Cells without current stay blank.

    Parameters
    ----------
    axes : Axes
        Becomes a plan of the film in nm.
    j : ndarray, shape (ny, nx, 3)
        A/m2.
    lengths : (Lx, Ly)
        Film size, m.
    norm : Normalize, optional
        Scale of the colors; default `current_norm`.
    film, contacts : Film and sequence of Contact, optional
        Where the lines begin and end.
    """
    size = np.linalg.norm(j, axis=-1)
    shown = np.ma.masked_array(size, ~(size > 1e-9 * size.max(initial=0)))
    norm = norm or current_norm([j])
    image: AxesImage = axes.imshow(
        shown, origin="lower", extent=_extent(lengths), cmap=_shades(), norm=norm
    )
    _draw_border(axes, ~np.ma.getmaskarray(shown), lengths)
    ny, nx, _ = j.shape
    if min(nx, ny) > 1 and shown.count():
        if film is not None and contacts:
            for line in current_lines(j, film, contacts):
                axes.plot(*line.T, color="w", linewidth=0.6, solid_capstyle="round")
                _draw_head(axes, line)
        else:
            lx, ly = (1e9 * length for length in lengths)
            x, y = (np.arange(nx) + 0.5) * lx / nx, (np.arange(ny) + 0.5) * ly / ny
            axes.streamplot(x, y, j[..., 0], j[..., 1], color="w", linewidth=0.6, arrowsize=0.6)
    _frame(axes, lengths)
    return image


def _draw_head(axes: Axes, line: np.ndarray) -> None:
    """An arrow head in the middle of a line."""
    k = len(line) // 2
    if k < 2 or not np.any(line[k] - line[k - 2]):
        return
    arrow = {"arrowstyle": "-|>", "color": "w", "linewidth": 0.1, "mutation_scale": 5}
    axes.annotate("", line[k], line[k - 2], arrowprops=arrow)


def current_lines(
    j: np.ndarray, film: Film, contacts: Sequence[Contact], count: int = LINES
) -> list[np.ndarray]:
    """Stream lines of a current density from the contacts that feed it, in nm.

    Lines begin around each contact at equal steps of the current that leaves it, and end where
    they meet a contact or the film's edge.

    Parameters
    ----------
    j : ndarray, shape (ny, nx, 3)
        A/m2.
    film, contacts : Film, sequence of Contact
        The film and its contacts.
    count : int
        Lines in all, or four for each contact if that is more.

    Returns
    -------
    list of ndarray, shape (P, 2)
    """
    ny, nx, _ = j.shape
    cx, cy = (1e9 * c for c in film.cell_size[:2])
    u, v = j[..., 0] / cx, j[..., 1] / cy  # cells per time
    plans = [plan_of(film, contact) for contact in contacts]
    taken = np.zeros((ny + 1, nx + 1), bool)
    for plan in plans:
        taken |= plan
    stop = taken[1:, 1:] & taken[1:, :-1] & taken[:-1, 1:] & taken[:-1, :-1]
    leaving = [_leaving(plan, j, (cx, cy)) for plan in plans]
    total = sum(flux.sum() for _, flux in leaving)
    starts: list[np.ndarray] = []
    for places, flux in leaving:
        own = flux.sum()
        number = round(max(count, 4 * len(plans)) * own / total) if total > 0 else 0
        parts = (np.arange(number) + 0.5) / max(number, 1) * own
        found = np.searchsorted(np.cumsum(flux), parts)
        starts.extend(places[np.minimum(found, len(places) - 1)])
    lines = _integrate(np.array(starts), u, v, stop) if starts else []
    return [line * [cx, cy] for line in lines if len(line) > 2]


def _leaving(
    plan: np.ndarray, j: np.ndarray, cell: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Middles of the cells around a contact (in cells), in turn, and the current into them."""
    nodes = np.pad(plan, 1)
    corners = [nodes[1:, 1:], nodes[1:, :-1], nodes[:-1, 1:], nodes[:-1, :-1]]
    touching = np.any(corners, axis=0)[1:-1, 1:-1] & ~np.all(corners, axis=0)[1:-1, 1:-1]
    rows, columns = np.nonzero(touching)
    if not len(rows):
        return np.empty((0, 2)), np.empty(0)
    where_y, where_x = np.nonzero(plan)
    x, y = columns + 0.5, rows + 0.5
    away = np.stack([x, y], -1)[:, None] - np.stack([where_x, where_y], -1)
    nearest = away[np.arange(len(x)), (away**2).sum(-1).argmin(axis=1)]
    normal = nearest / np.linalg.norm(nearest, axis=-1, keepdims=True)
    flux = np.maximum((j[rows, columns, :2] * normal).sum(-1), 0)
    angle = np.arctan2(y - where_y.mean(), x - where_x.mean())
    ascending = np.sort(angle)
    widest = int(np.argmax(np.diff(np.append(ascending, ascending[0] + 2 * np.pi))))
    first = ascending[(widest + 1) % len(ascending)]
    order = np.argsort((angle - first) % (2 * np.pi))
    return np.stack([x, y], -1)[order], flux[order]


def _integrate(
    starts: np.ndarray, u: np.ndarray, v: np.ndarray, stop: np.ndarray, step: float = 0.4
) -> list[np.ndarray]:
    """Lines along (u, v) from points, in cells, until they leave the film or meet `stop`."""
    ny, nx = u.shape
    field = np.stack([u, v], -1)
    ends = stop | ~field.any(axis=-1)

    def direction(p: np.ndarray) -> np.ndarray:
        x, y = np.clip(p[:, 0] - 0.5, 0, nx - 1), np.clip(p[:, 1] - 0.5, 0, ny - 1)
        a, b = np.minimum(x.astype(int), nx - 2), np.minimum(y.astype(int), ny - 2)
        s, t = (x - a)[:, None], (y - b)[:, None]
        w = (1 - t) * ((1 - s) * field[b, a] + s * field[b, a + 1])
        w = w + t * ((1 - s) * field[b + 1, a] + s * field[b + 1, a + 1])
        length = np.linalg.norm(w, axis=-1, keepdims=True)
        return w / np.where(length > 0, length, 1)

    limits = np.array([nx, ny], float)
    points, lengths = [starts], np.ones(len(starts), int)
    going = np.arange(len(starts))
    for _ in range(int(4 * (nx + ny) / step)):
        p = points[-1].copy()
        middle = p[going] + 0.5 * step * direction(p[going])
        following = p[going] + step * direction(middle)
        p[going] = np.clip(following, 0, limits)
        points.append(p)
        lengths[going] += 1
        x, y = np.minimum(p[going], limits - 1).astype(int).T
        outside = ((following < 0) | (following > limits)).any(axis=-1)
        going = going[~(outside | ends[y, x])]
        if not going.size:
            break
    path = np.array(points)
    return [path[:length, k] for k, length in enumerate(lengths)]


def draw_map(axes: Axes, values: np.ndarray, lengths: tuple[float, float], label: str) -> None:
    """The logarithm of a positive quantity over four decades.

    Parameters
    ----------
    axes : Axes
        Becomes a plan of the film in nm.
    values : ndarray, shape (ny, nx)
        What is shown, not negative.
    lengths : (Lx, Ly)
        Film size, m.
    label : str
        Symbol and unit.
    """
    from matplotlib.colors import LogNorm

    largest = float(values.max()) if values.max() > 0 else 1.0
    norm = LogNorm(1e-4 * largest, largest)
    shown = np.maximum(values, 1e-4 * largest)
    image = axes.imshow(shown, origin="lower", extent=_extent(lengths), cmap="magma", norm=norm)
    _frame(axes, lengths)
    axes.figure.colorbar(image, ax=axes, label=label, shrink=0.8)


def draw_potential(
    axes: Axes, phi: np.ndarray, inside: np.ndarray, lengths: tuple[float, float]
) -> None:
    """A potential in colors with equidistant lines; what does not conduct stays blank.

    Parameters
    ----------
    axes : Axes
        Becomes a plan of the film in nm.
    phi : ndarray, shape (ny + 1, nx + 1)
        Of the nodes, V.
    inside : ndarray of bool, shape (ny, nx)
        Cells that conduct.
    lengths : (Lx, Ly)
        Film size, m.
    """
    cells = (phi[1:, 1:] + phi[1:, :-1] + phi[:-1, 1:] + phi[:-1, :-1]) / 4
    shown = np.ma.masked_array(cells, ~inside)
    image = axes.imshow(shown, origin="lower", extent=_extent(lengths), cmap="RdBu_r")
    ny, nx = inside.shape
    if min(nx, ny) > 1 and shown.count() and np.ptp(shown.compressed()) > 0:
        lx, ly = (1e9 * length for length in lengths)
        x, y = (np.arange(nx) + 0.5) * lx / nx, (np.arange(ny) + 0.5) * ly / ny
        axes.contour(x, y, shown, levels=15, colors="0.2", linewidths=0.4, linestyles="solid")
    _draw_border(axes, inside, lengths)
    _frame(axes, lengths)
    axes.figure.colorbar(image, ax=axes, label="φ (V)", shrink=0.8)
