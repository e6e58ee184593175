"""Pictures of runs and campaigns, drawn when they are asked for, one at a time, and kept."""

from __future__ import annotations

import io
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.errors import InputError
from orchestrator.page.board import Board
from orchestrator.page.summary import Summary
from orchestrator.run.folder import JOURNAL, RELAXED, j_name, m_name, training_folder

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_KEPT = 2048
_THUMBNAIL = 112
"""Pixels of the longer side of a small texture."""
RUN_FIGURES = ("present", "conductance", "energies", "textures")
"""Figures of a run by name."""
_WITH_FIELDS = ("present", "textures")
"""Figures with maps of fields, which are pixels."""
MEDIA = {"png": "image/png", "svg": "image/svg+xml"}


class Pictures:
    """Draws figures in one thread, since matplotlib's settings belong to the whole process.

    Parameters
    ----------
    board : Board
        The runs and campaigns.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._pool = ThreadPoolExecutor(1, "pictures")
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, tuple[Any, Any]] = OrderedDict()

    def close(self) -> None:
        """Draw nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def thumbnail(self, run: Summary) -> bytes:
        """The latest texture of a run as a small PNG.

        Raises
        ------
        InputError
            If it has none.
        """
        if run.texture is None:
            raise InputError(f"{run.name}: no texture yet")
        texture = run.texture
        return self._drawn((run.name,), self._board.stamp(run.name), lambda: thumbnail_of(texture))

    def run_figure(self, run: Summary, name: str, training: int) -> bytes:
        """A figure of a training of a run, PNG for maps of fields, else SVG; see RUN_FIGURES.

        Parameters
        ----------
        training : int
            Which, from 1.

        Raises
        ------
        InputError
            If the run has no such training, or nothing for this figure yet.
        """
        folder, stamp = self._board.root / run.name, self._board.stamp(run.name)
        key = (run.name, name, training)
        return self._picture(key, stamp, lambda: run_figure(folder, name, training))

    def campaign_figures(self, name: str, stamp: object) -> dict[str, bytes]:
        """All figures of a campaign as SVG, by name.

        Parameters
        ----------
        name : str
            Of the campaign's folder.
        stamp : object
            Is another one when the campaign's results are.
        """
        folder = self._board.root / name
        return self._picture((name, "campaign"), stamp, lambda: campaign_figures(folder))

    def _picture(self, key: Any, stamp: Any, draw: Callable[[], Any]) -> Any:
        kept = self._kept.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        return self._pool.submit(self._drawn, key, stamp, draw).result()

    def _drawn(self, key: Any, stamp: Any, draw: Callable[[], Any]) -> Any:
        kept = self._kept.get(key)
        if kept is None or kept[0] != stamp:
            kept = (stamp, draw())
            with self._lock:
                self._kept[key] = kept
                self._kept.move_to_end(key)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return kept[1]


def thumbnail_of(texture: Path) -> bytes:
    """A texture as a small PNG, in the colors of the figures; cells without any are transparent.

    Raises
    ------
    InputError
        If there is none.
    """
    import numpy as np
    from PIL import Image

    from orchestrator.engines.cpu.output.pictures import colors_of
    from orchestrator.ovf.files import read_ovf

    if not texture.exists():  # the next pulse has replaced it
        texture = max(texture.parent.glob("m_[0-9]*.ovf"), default=texture)
    m = read_ovf(texture).data[0]
    inside = np.linalg.norm(m, axis=-1) > 0
    rgba = np.dstack([colors_of(m), 255 * inside.astype(np.uint8)])[::-1]
    image = Image.fromarray(np.ascontiguousarray(rgba), "RGBA")
    scale = _THUMBNAIL / max(image.size)
    size = (max(1, round(scale * image.width)), max(1, round(scale * image.height)))
    how = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX
    content = io.BytesIO()
    image.resize(size, how).save(content, "PNG")
    return content.getvalue()


def run_figure(folder: Path, name: str, training: int) -> bytes:
    """See `Pictures.run_figure`."""
    from orchestrator.plotting.conductance import conductance_figure
    from orchestrator.plotting.energies import energies_figure
    from orchestrator.plotting.textures import textures_figure
    from orchestrator.run.results import open_run

    dataset = open_run(folder)
    if not 1 <= training <= dataset.sizes["training"]:
        raise InputError(f"{folder.name}: has trainings 1 to {dataset.sizes['training']}")
    one = dataset.isel(training=[training - 1])
    if name == "present":
        return _saved(_present(folder, dataset, training), "png")
    if name == "textures" and "magnetization" in one and "current_density" in one:
        return _saved(textures_figure(one), "png")
    if name == "conductance" and one.conductance.notnull().any():
        return _saved(conductance_figure(one), "svg")
    if name == "energies" and one.sizes["contact"] > 2 and one.energy.notnull().any():
        return _saved(energies_figure(one), "svg")
    raise InputError(f"{folder.name}: nothing to draw as {name}")


def _present(folder: Path, dataset: xr.Dataset, training: int) -> Figure:
    from orchestrator.ovf.files import read_ovf
    from orchestrator.plotting.present import present_figure
    from orchestrator.run.journal import glance_at

    inside = training_folder(folder, training)
    reached = glance_at(inside / JOURNAL)
    relaxed, current = inside / RELAXED, inside / j_name(reached.steps)
    at_end = relaxed.exists()
    m = read_ovf(relaxed if at_end else inside / m_name(reached.steps)).data
    j = read_ovf(current).data if current.exists() else None
    title = "relaxed without current" if at_end else f"after pulse {reached.pulses}"
    return present_figure(dataset, training - 1, reached.pulses, m, j, title)


def campaign_figures(folder: Path) -> dict[str, bytes]:
    """See `Pictures.campaign_figures`."""
    from orchestrator.campaign.results import open_campaign
    from orchestrator.plotting.campaigns import plot_campaign
    from orchestrator.plotting.style import Look

    with tempfile.TemporaryDirectory() as made:
        paths = plot_campaign(open_campaign(folder), made, Look("svg"))
        return {path.stem: path.read_bytes() for path in paths}


def kind_of(name: str) -> str:
    """Whether a figure of a run is a PNG or an SVG."""
    return "png" if name in _WITH_FIELDS else "svg"


def _saved(figure: Figure, kind: str) -> bytes:
    import matplotlib

    content = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "path"}):
        figure.savefig(content, format=kind, dpi=200, bbox_inches="tight", pad_inches=0.05)
    return content.getvalue()
