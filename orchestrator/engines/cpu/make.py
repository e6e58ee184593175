"""Worlds with all names."""

from __future__ import annotations

from pathlib import Path

from orchestrator.engines.cpu.commands.declare import declare_names
from orchestrator.engines.cpu.output.outputs import Outputs
from orchestrator.engines.cpu.physics.make import make_simulation
from orchestrator.engines.cpu.script.world import World


def make_world(outputs: Outputs, threads: int | None = None, folder: Path | None = None) -> World:
    """A world for scripts.

    Parameters
    ----------
    outputs : Outputs
        Where logs, tables and fields go.
    threads : int, optional
        Threads of the compiled kernels; all cores by default.
    folder : Path, optional
        Folder that relative names of files to load refer to; the working directory by default.
    """
    world = World(make_simulation(threads), outputs, folder)
    declare_names(world)
    return world
