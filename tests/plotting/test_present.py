from __future__ import annotations

import numpy as np

from orchestrator.ovf.files import read_ovf
from orchestrator.plotting.present import present_figure
from orchestrator.run.folder import RELAXED, j_name


def test_the_latest_texture_current_and_course(dataset, run_folder):
    m = read_ovf(run_folder / "2" / RELAXED).data
    j = read_ovf(run_folder / "2" / j_name(3)).data
    figure = present_figure(dataset, 1, 3, m, j, "after pulse 3")
    texture, current, course = figure.axes[:3]
    assert texture.get_title() == "after pulse 3"
    names = [text.get_text() for text in texture.texts]
    assert names == ["1+", "2+", "3−", "4+"]
    assert texture.images[0].get_array().shape == (16, 20, 4)
    shown = np.ma.getdata(current.images[0].get_array())
    np.testing.assert_allclose(shown, np.linalg.norm(j[0], axis=-1))
    assert "E'" in course.get_ylabel()
    figure.draw_without_rendering()
    left, right = (axes.get_tightbbox() for axes in (texture, course))
    assert left.x0 >= 0
    assert right.x1 <= figure.bbox.x1 + 1


def test_without_a_current_map_the_place_stays_empty(dataset, run_folder):
    m = read_ovf(run_folder / "1" / RELAXED).data
    figure = present_figure(dataset, 0, 3, m)
    assert not figure.axes[1].axison
    assert not figure.axes[1].images
