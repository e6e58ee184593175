"""Movies: as many frames as kept states, each with its texture, its current and its time."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from PIL import Image

from orchestrator.base.errors import InputError, OrchestratorError
from orchestrator.plotting.movies import movie_frames, write_movie


def test_frames_follow_the_states_and_keep_their_places(dataset):
    frames = list(movie_frames(dataset, 0, [0, 2, 3], dpi=60))
    shapes = {frame.shape for frame in frames}
    assert len(frames) == 3
    assert len(shapes) == 1
    height, width, colors = shapes.pop()
    assert (width, colors, height % 2) == (432, 3, 0)
    picture = [frame[:, : width // 3] for frame in frames]
    assert (picture[0] != picture[1]).mean() > 0.01
    # the curves do not change, the cursor does
    curves = [frame[:, int(0.7 * width) :].astype(int) for frame in frames]
    changed = np.abs(curves[1] - curves[2]).max(axis=(0, 2)) > 60
    assert 0 < changed.sum() < 10


def test_a_gif_has_a_frame_for_each_kept_state(dataset, tmp_path):
    path = write_movie(dataset, tmp_path / "a.gif", training=2, fps=10, dpi=40)
    with Image.open(path) as movie:
        assert movie.n_frames == 4
        assert movie.size[0] == 288
        assert movie.info["duration"] == 100
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


def test_an_mp4_is_h264_with_a_frame_for_each_kept_state(dataset, tmp_path):
    from imageio_ffmpeg import get_ffmpeg_exe

    path = write_movie(dataset, tmp_path / "a.mp4", fps=4, dpi=40)
    decode = [get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(decode, capture_output=True, check=True)
    about = done.stderr.decode()
    assert "Video: h264" in about
    assert "4 fps" in about
    given = np.array(list(movie_frames(dataset, 0, [0, 1, 2, 3], dpi=40)))
    found = np.frombuffer(done.stdout, np.uint8).reshape(given.shape)
    assert np.abs(found.astype(int) - given).mean(axis=(1, 2, 3)).max() < 5


def test_a_failing_encoder_is_told_and_leaves_nothing(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", lambda: "/bin/false")
    with pytest.raises(OrchestratorError, match=r"a\.mp4\S*: the encoder failed"):
        write_movie(dataset, tmp_path / "a.mp4", dpi=40)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a.avi", {}, r"ends in \.mp4 or \.gif"),
        ("a.gif", {"training": 3}, "trainings 1 to 2, not 3"),
    ],
)
def test_what_cannot_be_shown_is_refused(dataset, tmp_path, name, options, words):
    with pytest.raises(InputError, match=words):
        write_movie(dataset, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_run_without_kept_states_is_refused(dataset, tmp_path):
    without = dataset.drop_vars(["magnetization", "current_density"])
    with pytest.raises(InputError, match=r"has 0; list more pulses in output\.snapshots"):
        write_movie(without, tmp_path / "a.gif")
    with pytest.raises(InputError, match="two kept states"):
        write_movie(dataset.isel(snapshot=[1]), tmp_path / "a.gif")
