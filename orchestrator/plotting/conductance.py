"""|G| against time, with a name beside each curve (the paper's Fig. 1b)."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.base.units import Scale, scale_for
from orchestrator.describe.sections import SCRIPT
from orchestrator.learning.hopfield import signs
from orchestrator.plotting.runs import conductances_of, name_of, pattern_at
from orchestrator.plotting.style import (
    MINUS,
    PLUS,
    in_style,
    new_figure,
    page_width,
    part_of,
    tell_left_out,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_CURVES = 200
"""Pairs of contacts that are drawn in a panel; of more those that change most."""
MOST_LABELS = 10
"""Pairs of contacts that have a line and a label of their own."""


@in_style
def conductance_figure(dataset: xr.Dataset) -> Any:
    """|G| of all pairs of contacts and of the probes against time (Fig. 1b), a panel a training."""
    columns = dataset.sizes["training"]
    scale = scale_for(_between_contacts(dataset.conductance.to_numpy()), "S")
    total = len(dataset.contact) * (len(dataset.contact) - 1) // 2
    figure = new_figure(page_width(columns), 2.5)
    row = figure.subplots(1, columns, squeeze=False, sharey=True)[0]
    for k, axes in enumerate(row):
        draw_conductance(axes, dataset.isel(training=k), scale)
        axes.set_title(name_of(dataset, str(dataset.training[k].item())), pad=11)
        if k:
            axes.set_ylabel("")
    tell_left_out(figure, min(total, MOST_CURVES), total, "pairs of contacts")
    return figure


def draw_conductance(axes: Axes, run: xr.Dataset, scale: Scale | None = None) -> None:
    """|G| against time: pairs at different voltage red, at equal voltage blue, probes dashed.

    A value belongs to the texture that a pulse finds, so to the time at which it begins; the last
    one is that after all pulses.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    run : xarray.Dataset
        One training of a run.
    scale : Scale, optional
        Unit of the axis; default by the values.
    """
    from matplotlib import colormaps

    names = [str(name) for name in run.contact.to_numpy()]
    name = str(run.training.item())
    v = signs(pattern_at(run, 0, name) if name == SCRIPT else name.split("/")[0])
    time, matrices = conductances_of(run)
    g = np.abs(matrices)
    scale = scale or scale_for(_between_contacts(g), "S")
    pairs = list(combinations(range(len(names)), 2))
    families = {
        "different voltage": ([p for p in pairs if v[p[0]] != v[p[1]]], "OrRd", PLUS),
        "equal voltage": ([p for p in pairs if v[p[0]] == v[p[1]]], "PuBu", MINUS),
    }
    drawn = _most_changed(g)
    labels: list[tuple[tuple[float, float], str, Any]] = []
    single = len(pairs) <= MOST_LABELS
    for name, (members, shades, bold) in families.items():
        curves = [scale.factor * g[:, a, b] for a, b in members]
        for k, ((a, b), curve) in enumerate(zip(members, curves, strict=True)):
            if (a, b) not in drawn:
                continue
            color = colormaps[shades](0.55 + 0.42 * k / max(1, len(members) - 1))
            line = axes.plot(time, curve, color=color, gid=name)[0]
            if not single:
                line.set(linewidth=0.4, alpha=0.5)
            if single:
                labels.append((_last(time, curve), f"{names[a]}–{names[b]}", color))
        if curves and not single:
            mean = np.mean(curves, axis=0)
            axes.plot(time, mean, color=bold, linewidth=2, label=f"mean, {name}")
            labels.append((_last(time, mean), f"mean of {len(curves)},\n{name}", bold))
    for probe in run.get("probe", xr.DataArray([])).to_numpy():
        curve = scale.factor * np.abs(run.probe_conductance.sel(probe=probe).to_numpy())
        axes.plot(time[:-1], curve, "--", color="0.3")
        labels.append((_last(time, curve), str(probe), "0.3"))
    axes.set(xlabel="time (ns)", ylabel=f"|G| ({scale.unit})")
    axes.margins(x=0)
    _label_directly(axes, labels)
    if single and len(families["equal voltage"][0]):
        axes.text(
            0.02, 1.0, "different voltage", color=PLUS, transform=axes.transAxes,
            va="bottom", fontsize=6,
        )  # fmt: skip
        axes.text(
            0.98, 1.0, "equal voltage", color=MINUS, transform=axes.transAxes,
            va="bottom", ha="right", fontsize=6,
        )  # fmt: skip


def _between_contacts(g: np.ndarray) -> np.ndarray:
    """The conductances between different contacts, from matrices of shape (..., N, N)."""
    a, b = np.triu_indices(g.shape[-1], 1)
    return g[..., a, b]


def _most_changed(g: np.ndarray) -> set[tuple[int, int]]:
    """Pairs of contacts, of many those whose conductance changes most over the pulses."""
    pairs = list(combinations(range(g.shape[-1]), 2))
    known = g[np.isfinite(g).all(axis=(1, 2))]
    if len(pairs) <= MOST_CURVES or not len(known):
        return set(pairs[:MOST_CURVES])
    span = known.max(axis=0) - known.min(axis=0)
    return set(sorted(pairs, key=lambda pair: -span[pair])[:MOST_CURVES])


def _last(time: np.ndarray, curve: np.ndarray) -> tuple[float, float]:
    """The last point of a curve that is known."""
    known = np.flatnonzero(np.isfinite(curve))
    return (float(time[known[-1]]), float(curve[known[-1]])) if known.size else (np.nan, np.nan)


def _label_directly(axes: Axes, labels: list[tuple[tuple[float, float], str, Any]]) -> None:
    """Names beside the ends of curves, moved apart where they would overlap."""
    labels = sorted((entry for entry in labels if np.isfinite(entry[0][1])), key=lambda e: e[0][1])
    if not labels:
        return
    low, high = axes.get_ylim()
    inches = 0.62 * part_of(axes)[1]
    lines = np.array([text.count("\n") + 1 for _, text, _ in labels])
    heights = lines * 0.105 * (high - low) / inches
    places = spread_apart(np.array([value for (_, value), _, _ in labels]), heights, (low, high))
    for (point, text, color), place in zip(labels, places, strict=True):
        axes.annotate(
            text,
            point,
            xytext=(1.03, place),
            textcoords=axes.get_yaxis_transform(),
            color=color,
            va="center",
            fontsize=7,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.5, "linestyle": ":"},
        )


def spread_apart(
    values: np.ndarray, heights: np.ndarray, limits: tuple[float, float]
) -> np.ndarray:
    """Places near ascending values, so far apart that boxes of such heights do not overlap.

    Least squares under the order: groups that touch share their mean, and stay between the limits
    as long as there is room.
    """
    ends = np.cumsum(heights)
    offsets = ends - heights / 2
    blocks: list[list[float]] = []  # sum, count
    for value, offset in zip(values, offsets, strict=True):
        blocks.append([float(value - offset), 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + count]
    base = np.concatenate([np.full(int(n), s / n) for s, n in blocks])
    room = limits[1] - limits[0] - ends[-1]
    if room > 0:
        base = np.clip(base, limits[0], limits[0] + room)
    return base + offsets
