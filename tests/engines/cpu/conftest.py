"""A world for scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.engines.cpu.make import make_world
from orchestrator.engines.cpu.output.outputs import Outputs
from orchestrator.engines.cpu.script.world import World


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors of the tests stay out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty world with its outputs in a temporary folder."""
    made = make_world(Outputs(tmp_path / "out", quiet=True), threads=1, folder=tmp_path)
    yield made
    made.close()


@pytest.fixture
def printed(world: World) -> Callable[[str], list[str]]:
    """What a script prints, line by line."""

    def run(text: str) -> list[str]:
        lines: list[str] = []
        world.outputs.listeners.append(lines.append)
        world.execute(text, echo=False)
        world.outputs.listeners.remove(lines.append)
        return [line.removeprefix("//") for line in lines]

    return run
