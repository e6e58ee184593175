"""The magnetization of a world."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from orchestrator.engines.cpu.geometry.configs import Config, random_mag
from orchestrator.engines.cpu.geometry.shapes import Shape
from orchestrator.engines.cpu.language.errors import FatalError
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.script.space import Space


class Magnet:
    """m in a space: random (seed 0) until a script sets it."""

    def __init__(self, sim: Simulation, space: Space) -> None:
        self._state = sim.state
        self._space = space
        self.is_set = False

    def values(self) -> np.ndarray:
        """m, (nz, ny, nx, 3); random if a script has not set any."""
        self.ensure()
        return self._state.m

    def ensure(self) -> None:
        """Give m its default, random directions with seed 0, if nothing else has set it."""
        self._space.mesh()
        if not self.is_set:
            self.set(random_mag().field(*self._space.centers()))

    @contextlib.contextmanager
    def at_stage(self, m: np.ndarray) -> Iterator[None]:
        """Let quantities see the m of a stage, component-first, while they are evaluated."""
        kept, self._state.components = self._state.components, m
        try:
            yield
        finally:
            self._state.components = kept

    def set(self, values: np.ndarray) -> None:
        """Set m from vectors of any length, (nz, ny, nx, 3).

        Raises
        ------
        FatalError
            If a cell of the magnet gets NaN or an infinite value.
        """
        if not np.isfinite(values[self._space.fill() > 0]).all():
            raise FatalError("m can not be NaN or infinite")
        self.is_set = True
        self._state.set_m(np.asarray(values, dtype=np.float32))

    def configure(self, config: Config, where: np.ndarray | None = None) -> None:
        """Set m from a configuration, everywhere or in some cells, (nz, ny, nx) bool."""
        values = np.asarray(config.field(*self._space.centers()), dtype=np.float32)
        if where is not None:
            values = np.where(where[..., None], values, self.values())
        self.set(values)

    def set_shape(self, shape: Shape) -> None:
        """Fill the cells that lie in a shape; newly filled ones get random directions.

        Raises
        ------
        FatalError
            If no cell is filled.
        """
        fill = self._space.fill_of(shape)
        self._space.shape, self._space.loaded = shape, False
        self.set_fill(fill)

    def set_fill(self, fill: np.ndarray) -> None:
        """Set the filled fraction of every cell; cells without m get random directions."""
        m = self.values()
        self._space.set_fill(fill)
        new = (fill > 0) & ~m.any(axis=-1)
        if new.any():
            # Directions are drawn for the new cells alone, in their order.
            x, y, z = self._space.centers()
            m[new] = random_mag().field(x[new], y[new], z[new])
        m[fill == 0] = 0
        self._state.set_m(m)
