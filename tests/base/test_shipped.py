"""Examples by name: found, told, copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.base.errors import InputError
from orchestrator.base.shipped import KINDS, examples, file_or_example, shipped, title

ROOT = Path(__file__).parents[2]


def test_all_examples_are_known_by_name():
    for kind in KINDS:
        folder = ROOT / "data" / kind
        files = {path.stem: path for path in folder.iterdir() if path.suffix != ".mx3"}
        assert examples(kind) == files
    assert (shipped("mx3_templates") / "pulse.mx3.j2").is_file()


def test_a_name_is_a_file_first_and_then_an_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = ROOT / "data/experiments/quickstart.toml"
    for name in ("quickstart", "quickstart.toml"):
        assert file_or_example(Path(name), "experiments") == known
    Path("quickstart.toml").touch()
    assert file_or_example(Path("quickstart.toml"), "experiments") == Path("quickstart.toml")
    assert file_or_example(Path("no/such.toml"), "experiments") == Path("no/such.toml")
    with pytest.raises(InputError, match=r"quickstrat: no such file, .* mean 'quickstart'\?"):
        file_or_example(Path("quickstrat"), "experiments")
    with pytest.raises(InputError, match="`orchestrator examples list` has them all"):
        file_or_example(Path("zzzz"), "campaigns")


def test_titles_are_first_sentences(tmp_path):
    path = tmp_path / "a.toml"
    for text, wanted in [
        (
            "# Fig. 2 of the paper: a net\n# of 1.5 nm. More.\nx = 1\n",
            "of the paper: a net of 1.5 nm",
        ),
        ("x = 1 # not this\n", ""),
        ("# no end\n", "no end"),
    ]:
        path.write_text(text)
        assert title(path).endswith(wanted)
        assert "More" not in title(path)
