"""What the figures of a run show: values, labels, colors; nothing lies on anything else."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from PIL import Image

from orchestrator.base.units import Scale
from orchestrator.learning.hopfield import all_patterns
from orchestrator.plotting.conductance import conductance_figure, draw_conductance, spread_apart
from orchestrator.plotting.energies import draw_energies, energies_figure
from orchestrator.plotting.figures import plot_run, plot_sensitivities
from orchestrator.plotting.runs import (
    experiment_of,
    inputs_shown,
    name_of,
    pattern_at,
)
from orchestrator.plotting.style import MINUS, OTHER, PLUS, TRAINED, Look, new_figure
from orchestrator.plotting.textures import textures_figure


def texts_of(figure):
    """All texts that are seen, with their boxes in pixels."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    found = []
    for axes in figure.findobj(Axes):
        texts = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            low, high = sorted(axis.get_view_interval())
            seen = (t for t in axis.get_major_ticks() if low <= t.get_loc() <= high)
            texts += [tick.label1 for tick in seen]
        found += [t for t in texts if t.get_text() and t.get_visible()]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in found]


def assert_all_is_seen_and_apart(figure):
    boxes = texts_of(figure)
    frame = figure.bbox.padded(1)
    for text, box in boxes:
        assert frame.contains(*box.min), text
        assert frame.contains(*box.max), text
    for (a, first), (b, second) in itertools.combinations(boxes, 2):
        inner = first.padded(-4), second.padded(-4)
        assert not inner[0].overlaps(inner[1]), f"{a!r} lies on {b!r}"


def test_energies_are_bars_and_rings_in_their_unit_each_pair_of_inverses_once(dataset):
    run = dataset.isel(training=0).sel(reference="saturated")
    experiment = experiment_of(dataset)
    axes = new_figure(3, 2).subplots()
    draw_energies(axes, run, experiment.film, experiment.contacts, Scale(1e3, "mW", 2))
    inputs = ["+++-", "++-+", "++--", "+-++", "+-+-", "+--+", "+---"]
    after = 1e3 * run.energy.sel(state="relaxed", input=inputs).to_numpy()
    bars = sorted(axes.patches, key=lambda bar: bar.get_x())
    np.testing.assert_allclose([bar.get_height() for bar in bars], after)
    colors = [to_hex(bar.get_facecolor()) for bar in bars]
    assert colors == [TRAINED if p == "+--+" else OTHER for p in inputs]
    before = 1e3 * run.energy.sel(state="before", input=inputs).to_numpy()
    np.testing.assert_allclose(axes.lines[0].get_ydata(), before)
    assert [box.get_gid() for box in axes.artists] == [f"pattern {p}" for p in inputs]
    assert axes.get_ylabel() == "E' (mW)"
    assert not any(label.get_text() for label in axes.get_xticklabels())


def test_of_many_inputs_the_trained_and_the_lowest_are_shown(dataset):
    listed = [p for p in all_patterns(6) if p[0] == "+"]
    energy = np.arange(len(listed), dtype=float)
    run = dataset.isel(training=0, reference=0)[["energy"]].isel(input=[0] * len(listed))
    run = run.assign_coords(input=listed, training="+-+--+")
    run["energy"] = (("state", "input"), np.tile(energy, (3, 1)))
    chosen = inputs_shown(run, most=5)
    place = listed.index("+-+--+")
    assert place > 5
    assert chosen == [*listed[1:5], "+-+--+"]
    assert len(inputs_shown(run, most=100)) == 31


def test_the_energies_figure_has_its_legend_beside_the_data(dataset):
    figure = energies_figure(dataset)
    assert_all_is_seen_and_apart(figure)
    renderer = figure.canvas.get_renderer()
    (legend,) = figure.legends
    box = legend.get_window_extent(renderer)
    assert not any(box.overlaps(axes.get_window_extent(renderer)) for axes in figure.axes)
    words = {text.get_text() for text in legend.get_texts()}
    assert words >= {"before", "after training", "the trained pattern", "contact at +"}
    assert [a.get_title() for a in figure.axes][:2] == ["training {+--+}", "training {++-+}"]
    assert "reference untrained" in figure.axes[2].get_ylabel()
    for axes in figure.axes:
        frame = axes.get_window_extent(renderer)
        for picture in axes.artists:
            assert picture.get_window_extent(renderer).y1 < frame.y0
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_conductances_belong_to_the_begin_of_their_pulses_and_end_after_the_last(dataset):
    run = dataset.isel(training=0)
    axes = new_figure(3, 2).subplots()
    draw_conductance(axes, run, Scale(1.0, "S", 2))
    ends = 1e9 * run.time_end.to_numpy()
    assert len(axes.lines) == 6 + run.sizes.get("probe", 0)
    pairs = dict(zip(["1-2", "1-3", "2-4", "3-4", "1-4", "2-3"], axes.lines, strict=False))
    for name, line in pairs.items():
        a, b = (int(n) - 1 for n in name.split("-"))
        np.testing.assert_allclose(line.get_xdata(), [0, *ends])
        g = np.abs(run.conductance[:, a, b].to_numpy())
        last = abs(float(run.conductance_state.sel(state="after")[a, b]))
        np.testing.assert_allclose(line.get_ydata(), [*g, last])
        expected = "equal voltage" if name in ("1-4", "2-3") else "different voltage"
        assert line.get_gid() == expected
    assert axes.get_xlabel() == "time (ns)"
    assert axes.get_ylabel() == "|G| (S)"


def test_every_curve_has_its_name_beside_its_end(dataset):
    figure = conductance_figure(dataset)
    assert_all_is_seen_and_apart(figure)
    names = {t.get_text() for t in figure.axes[0].texts}
    assert names >= {"1–2", "1–3", "1–4", "2–3", "2–4", "3–4", "across"}
    assert figure.axes[0].get_legend() is None
    colors = {t.get_text(): to_hex(t.get_color()) for t in figure.axes[0].texts}
    assert (colors["different voltage"], colors["equal voltage"]) == (PLUS, MINUS)


def test_labels_are_moved_apart_no_further_than_needed():
    places = spread_apart(np.array([0.0, 1.0, 1.1, 5.0]), np.full(4, 1.0), (-10, 10))
    np.testing.assert_allclose(places, [-0.3, 0.7, 1.7, 5.0])
    assert np.diff(places).min() >= 1 - 1e-12
    at_the_edge = spread_apart(np.array([9.9, 9.9]), np.full(2, 1.0), (0, 10))
    np.testing.assert_allclose(at_the_edge, [8.5, 9.5])


def test_many_contacts_have_two_means_with_their_names(dataset):
    run = dataset.isel(training=0, contact=[0, 1, 2, 3] * 2, contact_in=[0, 1, 2, 3] * 2)
    names = [f"c{k}" for k in range(8)]
    run = run.assign_coords(contact=names, contact_in=names, training="+--++--+")
    figure = new_figure(4, 3)
    axes = figure.subplots()
    draw_conductance(axes, run)
    labels = {t.get_text() for t in axes.texts}
    assert labels >= {"mean of 16,\ndifferent voltage", "mean of 12,\nequal voltage"}
    assert sum(line.get_linewidth() == 2 for line in axes.lines) == 2


def test_textures_are_those_of_the_states_with_times_signs_and_one_scale(dataset):
    figure = textures_figure(dataset, 3)
    titles = [a.get_title() for a in figure.axes if a.get_title()]
    times = [1e9 * float(dataset.time_end[0, k]) for k in (1, 2)]
    assert titles[:3] == ["training {+--+}: 0 ns", *(f"{t:.3g} ns" for t in times)]
    assert titles[3] == "training {++-+}: 0 ns"
    pictures = [a for a in figure.axes if a.images and a.get_xlim()[1] > 10]
    assert len(pictures) == 2 * 2 * 3
    m = dataset.magnetization.isel(training=0, z=0).sel(snapshot=2).to_numpy()
    shown = next(a for a in pictures if a.get_title() == titles[1]).images[0].get_array()
    np.testing.assert_array_equal(shown[..., 3] == 0, ~m.any(axis=-1))
    currents = [a.images[0] for a in pictures if a.images[0].get_array().ndim == 2]
    assert len({(i.norm.vmin, i.norm.vmax) for i in currents}) == 1
    words = [t.get_text() for t in pictures[0].texts]
    assert words == ["1+", "2−", "3−", "4+"]
    bars = [a.get_ylabel() for a in figure.findobj(Axes) if a.get_ylabel().startswith("|j|")]
    assert bars == ["|j| (A/m²)"] * 2
    assert_all_is_seen_and_apart(figure)


def test_panels_of_a_row_are_aligned(dataset):
    figure = textures_figure(dataset.isel(training=[0]), 4)
    figure.canvas.draw()
    pictures = [a for a in figure.axes if a.images and a.get_xlim()[1] > 10]
    boxes = np.array([a.get_position().bounds for a in pictures])
    upper, lower = boxes[::2], boxes[1::2]
    np.testing.assert_allclose(upper[:, 1], upper[0, 1], atol=1e-6)
    np.testing.assert_allclose(upper[:, 0], lower[:, 0], atol=1e-6)
    np.testing.assert_allclose(upper[:, 2:], lower[:, 2:], atol=1e-6)


def test_the_signs_are_those_of_the_pulse_before_a_state(dataset):
    run = dataset.isel(training=0).copy()
    volts = 0.025 * np.array([[1, -1, -1, 1], [1, 1, -1, 1], [1, -1, 1, -1]])
    run["voltage"] = (("pulse", "contact"), volts)
    assert [pattern_at(run, k, "+--+") for k in range(4)] == ["+--+", "+--+", "++-+", "+-+-"]


def test_many_trainings_have_several_figures_of_three(dataset, tmp_path):
    many = dataset.isel(training=[0, 1, 0, 1, 0])
    names = {path.name for path in plot_run(many, tmp_path / "figures", Look("svg"))}
    kinds = ("conductance", "energies", "textures")
    assert names == {f"{kind}_{k}.svg" for kind in kinds for k in (1, 2)}


def test_files_have_the_format_and_size_that_was_asked_for(dataset, tmp_path):
    one = dataset.isel(training=[0])
    (first, *_) = plot_run(one, tmp_path, Look("png", 50))
    with Image.open(first) as picture:
        assert (first.name, picture.size) == ("conductance.png", (175, 125))
    plot_run(one, tmp_path, Look("pdf", states=2))
    assert (tmp_path / "textures.pdf").read_bytes().startswith(b"%PDF")


def test_two_contacts_without_kept_states_have_conductances_only(dataset, tmp_path):
    pair = dataset.isel(contact=[0, 1], contact_in=[0, 1]).drop_vars(
        ["magnetization", "current_density"]
    )
    assert [p.name for p in plot_run(pair, tmp_path)] == ["conductance.png"]


def test_long_patterns_are_numbered_in_titles(dataset):
    long = dataset.assign_coords(training=["+--+", "+--++--++--+/++-+++-+++-+"])
    assert name_of(long, "+--+") == "training {+--+}"
    assert name_of(long, long.training[1].item()) == "training no. 2, 2 patterns"


def test_sensitivities_are_named_by_their_pairs(dataset, tmp_path):
    from orchestrator.transport.network import Network

    experiment = experiment_of(dataset)
    network = Network.of_device(experiment.device)
    m = dataset.magnetization.isel(training=0, snapshot=0).to_numpy()
    path = plot_sensitivities(network, m, tmp_path / "s.png")
    with Image.open(path) as picture:
        assert picture.size == (round(2.6 * 3 * 150), round(2.2 * 2 * 150))
