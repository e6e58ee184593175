"""Commands of the moving window: `Shift`, `ext_centerWall`, `ext_centerBubble`, positions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import Vector
from orchestrator.engines.cpu.physics import tracking
from orchestrator.engines.cpu.script.quantities import ScalarValue, VectorValue
from orchestrator.engines.cpu.script.window import Window
from orchestrator.engines.cpu.script.world import World


class WindowCommands:
    """`Shift`, what follows walls and bubbles after every step, and where they are."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.window = Window(world)
        self.pole, self.tilt = 1.0, 0.25
        self.follows_x = self.follows_y = True
        self._path, self._speed_path = tracking.Path(), tracking.Path()
        self._declare_variables()
        self._declare_values()

    def _declare_variables(self) -> None:
        world, window = self.world, self.window
        for name, owner, attribute in (
            ("ShiftM", window, "shifts_m"), ("ShiftGeom", window, "shifts_geometry"),
            ("ShiftRegions", window, "shifts_regions"), ("EdgeCarryShift", window, "edge_carry"),
            ("ext_enableCenterBubbleX", self, "follows_x"),
            ("ext_enableCenterBubbleY", self, "follows_y"),
        ):  # fmt: skip
            world.names.declare_variable(
                name, bool, partial(getattr, owner, attribute), partial(setattr, owner, attribute)
            )
        moved = world.space.moved
        for letter in window.edges:
            world.names.declare_variable(
                f"ShiftMag{letter}",
                Vector,
                partial(window.edges.__getitem__, letter),
                partial(window.edges.__setitem__, letter),
            )
        world.names.declare_variable(
            "TotalShift", float, lambda: moved["x"], partial(moved.__setitem__, "x")
        )
        world.names.declare_variable("ext_BubbleMz", float, lambda: self.pole, self._set_pole)
        world.names.declare_variable(
            "ext_BackGroundTilt", float, lambda: self.tilt, partial(setattr, self, "tilt")
        )

    def _set_pole(self, value: float) -> None:
        if value not in (-1.0, 1.0):
            raise PanicError(f"ext_BubbleMz should be 1.0 or -1.0, not {value:g}")
        self.pole = value

    def _declare_values(self) -> None:
        world, window = self.world, self.window
        declare, space = world.names.declare_object, world.space
        for name, unit, read in (
            ("ext_dwpos", "m", space.position), ("ext_dwspeed", "m/s", window.speed),
            ("ext_dwxpos", "m", self._wall), ("ext_bubbledist", "m", self._bubble_way),
            ("ext_bubblespeed", "m/s", self._bubble_speed),
            ("ext_dwtilt", "rad", lambda: tracking.wall_tilt(world.magnet.values())),
        ):  # fmt: skip
            declare(name, ScalarValue(space, name, unit, read))
        declare("ext_bubblepos", VectorValue(space, "ext_bubblepos", "m", self._at))
        declare("ext_corepos", VectorValue(space, "ext_corepos", "m", self._core))

    # Positions

    def _wall(self) -> float:
        nx, cx = self.world.space.mesh().cells[0], self.world.space.cell_size()[0]
        mean = float(self.world.magnet.values()[..., 0].mean(dtype=float))
        return self.world.space.position() + mean * cx * nx / 2

    def _core(self) -> tuple[float, float, float]:
        x, y, mz = tracking.core_position(self.world.magnet.values(), self.world.space.cell_size())
        return x + self.world.space.position(), y, mz

    def _bubble(self) -> tuple[float, float]:
        world = self.world
        return tracking.bubble_position(
            world.magnet.values(), world.space.fill(), world.space.cell_size(), self.pole, self.tilt
        )

    def _at(self) -> tuple[float, float, float]:
        x, y = self._bubble()
        space = self.world.space
        return x + space.position("x"), y + space.position("y"), 0.0

    def _box(self) -> tuple[float, float]:
        (nx, ny, _), (cx, cy, _) = self.world.space.mesh().cells, self.world.space.cell_size()
        return nx * cx, ny * cy

    def _bubble_way(self) -> float:
        return self._path.length(self._at()[:2], self._box())

    def _bubble_speed(self) -> float:
        return self._speed_path.speed(self._at()[:2], self._box(), self.world.sim.clock.time)

    # Moving

    @exposed
    def shift(self, cells: int) -> None:
        self.window.shift(cells)

    @exposed
    def clear_post_steps(self) -> None:
        self.world.control.post_steps.clear()

    @exposed
    def ext_center_wall(self, component: int) -> None:
        def follow() -> None:
            m = self.world.magnet.values()
            self._center(float(m[..., component].mean(dtype=float)), component)

        self._after_each_step(component, follow)

    @exposed
    def ext_center_wall_in_layer(self, layer: int, component: int) -> None:
        def follow() -> None:
            m = self.world.magnet.values()
            self._center(float(m[layer, ..., component].mean(dtype=float)), component, layer)

        if not 0 <= layer < self.world.space.mesh().cells[2]:
            raise PanicError(f"illegal argument: layer {layer}")
        self._after_each_step(component, follow)

    @exposed
    def ext_center_wall_in_region(self, region: int, component: int) -> None:
        def follow() -> None:
            inside = self.world.space.regions() == region
            m = self.world.magnet.values()[inside, component]
            self._center(float(m.mean(dtype=float)) if m.size else np.nan, component)

        self._after_each_step(component, follow)

    def _after_each_step(self, component: int, follow: Callable[[], None]) -> None:
        if not 0 <= component < 3:
            raise PanicError(f"illegal argument: component {component}")
        self.world.control.post_steps.append(follow)

    def _center(self, mean: float, component: int, layer: int | None = None) -> None:
        _, ny, nz = self.world.space.mesh().cells
        edge = (0, ny // 2, nz // 2 if layer is None else layer)
        self.window.center_wall(mean, component, edge)

    @exposed
    def ext_center_bubble(self) -> None:
        self.world.control.post_steps.append(
            lambda: self.window.center_bubble(
                self._bubble(), self.pole, (self.follows_x, self.follows_y)
            )
        )
