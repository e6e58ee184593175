"""Movies of a training: magnetization, current and energies side by side, a frame a kept state."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from orchestrator.base.errors import InputError, OrchestratorError
from orchestrator.base.files import written_whole
from orchestrator.base.units import scale_for
from orchestrator.learning.hopfield import energy, trained_patterns, weight_matrix
from orchestrator.learning.pulses import drive_values
from orchestrator.plotting.contacts import draw_contacts
from orchestrator.plotting.fields import current_norm, draw_current, draw_texture
from orchestrator.plotting.runs import (
    conductances_of,
    experiment_of,
    inputs_shown,
    name_of,
    pattern_at,
    time_of,
)
from orchestrator.plotting.style import OTHER, TRAINED, in_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FPS = 12
MOVIE_DPI = 160


def write_movie(
    dataset: xr.Dataset, path: Path, *, training: int = 1, fps: float = FPS, dpi: float = MOVIE_DPI
) -> Path:
    """Write a movie of a training as MP4 (H.264) or GIF, by the ending of the file.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `open_run`, with kept magnetizations and currents.
    path : Path
        The file, NAME.mp4 or NAME.gif.
    training : int
        Which training of the run, from 1.
    fps : float
        Frames per second.
    dpi : float
        Pixels per inch; a frame is 7.2 inches wide.

    Raises
    ------
    InputError
        If the run keeps fewer than two states, has no such training, or the ending is another.
    """
    writers: dict[str, Callable[[Path, Iterator[np.ndarray], float], None]]
    writers = {".gif": _write_gif, ".mp4": _write_mp4}
    if path.suffix not in writers:
        raise InputError(f"{path}: a movie ends in .mp4 or .gif, not {path.suffix!r}")
    if not 1 <= training <= dataset.sizes["training"]:
        raise InputError(f"the run has trainings 1 to {dataset.sizes['training']}, not {training}")
    kept = _kept(dataset.isel(training=training - 1))
    if len(kept) < 2:
        raise InputError(
            f"a movie needs two kept states at least, and training {training} has {len(kept)}; "
            "list more pulses in output.snapshots and keep the maps (output.maps)"
        )
    frames = movie_frames(dataset, training - 1, kept, dpi)
    with written_whole(path) as partial:
        writers[path.suffix](partial, frames, fps)
    return path


def _kept(run: xr.Dataset) -> list[int]:
    """Numbers of the pulses whose texture and current are there."""
    if "magnetization" not in run or "current_density" not in run:
        return []
    currents = (run.current_density.isel(snapshot=k) for k in range(run.sizes["snapshot"]))
    known = [bool(np.isfinite(j).all()) for j in currents]
    return [int(s) for s, there in zip(run.snapshot.to_numpy(), known, strict=True) if there]


def movie_frames(
    dataset: xr.Dataset, training: int, kept: list[int], dpi: float = MOVIE_DPI
) -> Iterator[np.ndarray]:
    """The frames of a movie, arrays of shape (height, width, 3) of 8 bits with even sides."""
    figure, draw = in_style(_movie_figure)(dataset, training, kept)
    figure.set_dpi(dpi)

    @in_style
    def render(state: int) -> None:
        draw(state)
        figure.canvas.draw()
        figure.set_layout_engine("none")  # as the first frame laid it out

    for state in kept:
        render(state)
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
        height, width = (2 * (n // 2) for n in pixels.shape[:2])
        yield pixels[:height, :width].copy()


def _movie_figure(
    dataset: xr.Dataset, training: int, kept: list[int]
) -> tuple[Any, Callable[[int], None]]:
    """The empty figure, and a function that draws a state into it."""
    experiment = experiment_of(dataset)
    film, contacts = experiment.film, experiment.contacts
    lx, ly, _ = film.lengths
    run = dataset.isel(training=training)
    name = str(run.training.item())
    height = float(np.clip(2.2 * ly / lx, 0.6, 3.2))
    figure = new_figure(7.2, height + 0.8)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 0.9])
    currents = run.current_density.isel(z=0).sel(snapshot=kept)
    norm = current_norm([currents.isel(snapshot=k).to_numpy() for k in range(len(kept))])
    right.set_box_aspect(float(np.clip(ly / lx / 0.9, 0.6, 1.6)))
    move_cursor = draw_course(right, dataset, training)
    bar = None

    def draw(state: int) -> None:
        nonlocal bar
        kept_state = run.isel(z=0).sel(snapshot=state)
        pattern = pattern_at(run, state, name)
        for axes in (left, middle):
            axes.clear()
        draw_texture(left, kept_state.magnetization.to_numpy(), (lx, ly))
        draw_contacts(left, film, contacts, pattern)
        j = kept_state.current_density.to_numpy()
        image = draw_current(middle, j, (lx, ly), norm, film=film, contacts=contacts)
        draw_contacts(middle, film, contacts)
        middle.set(ylabel="", title="|j|, lines of equal current")
        middle.tick_params(labelleft=False)
        time = time_of(run, state)
        left.set_title(f"{name_of(dataset, name)}: {time:.3g} ns")
        move_cursor(time)
        if bar is None:
            bar = figure.colorbar(image, ax=middle, label="|j| (A/m²)", shrink=0.8)

    return figure, draw


def draw_course(axes: Axes, dataset: xr.Dataset, training: int) -> Callable[[float], None]:
    """E' of the inputs, or |G| of two contacts, over all pulses; returns what moves the cursor."""
    run = dataset.isel(training=training)
    time, g = conductances_of(run)
    if len(run.contact) > 2:
        plan = experiment_of(dataset).training
        reference = run.conductance_reference.sel(reference="untrained").to_numpy()
        inputs = inputs_shown(run.sel(reference="untrained"))
        own = trained_patterns(str(run.training.item()))
        weights = weight_matrix(g, plan.drive) - weight_matrix(reference, plan.drive)
        driven = np.array([drive_values(p, plan.amplitude, plan.drive) for p in inputs])
        values = energy(weights, driven)
        scale = scale_for(values, "W")
        for k, pattern in enumerate(inputs):
            trained = pattern in own
            axes.plot(
                time,
                scale.factor * values[:, k],
                color=TRAINED if trained else OTHER,
                linewidth=1.6 if trained else 0.6,
                zorder=3 if trained else 2,
            )
        axes.axhline(0, color="k", linewidth=0.5)
        axes.set(ylabel=f"E' ({scale.unit}), reference untrained", title="red: the trained pattern")
    else:
        between = np.abs(g[:, 0, 1])
        scale = scale_for(between, "S")
        axes.plot(time, scale.factor * between, color=TRAINED)
        axes.set(ylabel=f"|G| ({scale.unit})", title="between the contacts")
    axes.set(xlabel="time (ns)")
    axes.margins(x=0)
    line = axes.axvline(0, color="k", linewidth=0.8)
    return lambda at: line.set_xdata([at, at])


def _write_gif(path: Path, frames: Iterator[np.ndarray], fps: float) -> None:
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    first, *others = [image.convert("P", palette=Image.Palette.ADAPTIVE) for image in images]
    duration = round(1000 / fps)
    first.save(path, format="GIF", save_all=True, append_images=others, duration=duration, loop=0)


def _write_mp4(path: Path, frames: Iterator[np.ndarray], fps: float) -> None:
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError:
        raise InputError(
            f"{path.name}: MP4 needs the package imageio-ffmpeg, "
            "pip install 'mumax3-orchestrator[movie]'; GIF needs nothing more"
        ) from None
    first = next(frames)
    height, width = first.shape[:2]
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:g}"]
    wanted = ["-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    command = [get_ffmpeg_exe(), "-y", "-v", "error", *given, "-i", "-", *wanted]
    with subprocess.Popen(
        [*command, "-f", "mp4", str(path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as encoder:
        assert encoder.stdin is not None and encoder.stderr is not None
        with suppress(BrokenPipeError):  # the encoder says why it ended
            for frame in itertools.chain([first], frames):
                encoder.stdin.write(frame.tobytes())
            encoder.stdin.close()
        said = encoder.stderr.read().decode(errors="replace").strip()
    if encoder.returncode:
        raise OrchestratorError(f"{path.name}: the encoder failed: {said}")
