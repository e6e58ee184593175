from __future__ import annotations

import pytest

from orchestrator.base.errors import InputError
from orchestrator.base.tomlfile import read_toml


def test_content_as_plain_types(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("[film]\ncells = [2, 3, 1]\n")
    assert read_toml(path) == {"film": {"cells": [2, 3, 1]}}


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"a = [1,", "not a TOML file"), (b"a = '\xff'", "not a TOML file")],
)
def test_what_cannot_be_read_is_refused_with_its_name(tmp_path, content, words):
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.toml: {words}"):
        read_toml(path)
