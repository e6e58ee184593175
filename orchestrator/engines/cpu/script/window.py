"""A simulation window that moves with what it follows."""

from __future__ import annotations

import numpy as np

from orchestrator.engines.cpu.geometry.moved import moved
from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.values import Vector
from orchestrator.engines.cpu.script.space import CellRegions
from orchestrator.engines.cpu.script.world import World

_NOTHING = Vector((0.0, 0.0, 0.0))
_ARRAY_AXIS = {"x": 2, "y": 1}
_CLEAR = 0.1
"""|m| from which the direction at an edge is clear."""


class Window:
    """Moves the contents of the box; what enters at its edges.

    Attributes
    ----------
    edges : dict of Vector
        m that enters at the left ("L"), right ("R"), lower ("U") and upper ("D") edge, under the
        letters of mumax3's variables.
    """

    def __init__(self, world: World) -> None:
        self._clock = world.sim.clock
        self._space, self._magnet, self._control = world.space, world.magnet, world.control
        self.edges = dict.fromkeys("LRUD", _NOTHING)
        self.shifts_m = self.shifts_geometry = self.shifts_regions = True
        self.edge_carry = False
        self._speed = (0.0, 0.0, 0.0)

    def speed(self) -> float:
        """Mean speed of the box along x between its last two moves that were asked for, m/s."""
        place, time = self._space.position(), self._clock.time
        last, when, speed = self._speed
        if place != last:
            speed = (place - last) / (time - when) if time != when else speed
            self._speed = (place, time, speed)
        return speed

    def shift(self, cells: int, axis: str = "x") -> None:
        """Move the contents by a number of cells; geometry and regions enter from their shapes.

        Raises
        ------
        PanicError
            If the number is 0.
        """
        if cells == 0:
            raise PanicError("illegal argument: Shift by 0 cells")
        space = self._space
        array_axis = _ARRAY_AXIS[axis]
        m, fill, regions = self._magnet.values(), space.fill(), space.regions()
        space.moved[axis] += cells * space.cell_size()["xyz".index(axis)]
        if self.shifts_m:
            m = self._moved_m(m, cells, axis)
        count = m.shape[array_axis]
        index = np.arange(count)
        new = index < cells if cells > 0 else index >= count + cells
        entering = np.zeros(fill.shape, bool)
        np.moveaxis(entering, array_axis, 0)[new] = True
        x, y, z = (c[entering] for c in space.centers())
        if self.shifts_regions:
            regions = moved(regions, cells, array_axis, 0, 0)
            regions[entering] = space.region_at(x, y, z)
            space.set_regions(regions)
            for definition in space.history:
                if isinstance(definition, CellRegions):
                    definition.move(cells, array_axis)
        if self.shifts_geometry and space.shape is not None:
            fill = moved(fill, cells, array_axis, 1, 1)
            fill[entering] = space.shape.inside(x, y, z)
            space.set_fill(fill)
        self._magnet.set(m)
        self._control.disturbed()

    def _moved_m(self, m: np.ndarray, cells: int, axis: str) -> np.ndarray:
        letters = "LR" if axis == "x" else "UD"
        array_axis = _ARRAY_AXIS[axis]
        inserted: list[np.ndarray] = []
        for letter, place in zip(letters, (0, -1), strict=True):
            value = np.array(self.edges[letter].components, np.float32)
            border = np.expand_dims(m.take(place, axis=array_axis), array_axis)
            carried = self.edge_carry & border.any(axis=-1, keepdims=True)
            inserted.append(np.where(carried, border, value))
        return moved(m, cells, array_axis, *inserted)

    # Following

    def center_wall(self, mean: float, component: int, cell: tuple[int, int, int]) -> None:
        """Move by one cell if the mean of a component says that the wall is off the centre.

        Parameters
        ----------
        mean : float
            Mean of the component where it counts.
        cell : (ix, iy, iz)
            Where the direction left of the wall is read, unless ShiftMagL and ShiftMagR are set.

        Raises
        ------
        PanicError
            If the direction at the edge is not clear.
        """
        nx = self._space.mesh().cells[0]
        if _NOTHING in (self.edges["L"], self.edges["R"]):
            ix, iy, iz = cell
            sign = _sign(float(self._magnet.values()[iz, iy, ix, component]))
            self._enter("L", component, sign)
            self._enter("R", component, -sign)
        sign = _sign(self.edges["L"].components[component])
        if abs(mean) > 4 / nx:
            self.shift(-sign if mean > 0 else sign)

    def center_bubble(
        self, place: tuple[float, float], pole: float, enabled: tuple[bool, bool]
    ) -> None:
        """Move by whole cells so that a bubble is at the centre of the box.

        Parameters
        ----------
        place : (x, y)
            Of the bubble in the box, m.
        pole : float
            mz within the bubble; its opposite enters at the edges.
        enabled : (x, y)
            Along which axes to follow.
        """
        if _NOTHING in self.edges.values():
            for letter in "LRUD":
                self._enter(letter, 2, -pole)
        sizes = self._space.cell_size()
        for axis, at, size, allowed in zip("xy", place, sizes, enabled, strict=False):
            if allowed and (cells := int(np.floor(at / size))):
                self.shift(-cells, axis)

    def _enter(self, letter: str, component: int, value: float) -> None:
        parts = list(self.edges[letter].components)
        parts[component] = value
        self.edges[letter] = Vector((parts[0], parts[1], parts[2]))


def _sign(value: float) -> int:
    if abs(value) <= _CLEAR:
        raise PanicError(
            f"center wall: unclear in which direction to shift: m at the edge is {value:g}; "
            "set ShiftMagL and ShiftMagR"
        )
    return 1 if value > 0 else -1
