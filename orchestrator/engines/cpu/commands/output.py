"""Commands that print, save, tabulate and check."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from orchestrator.engines.cpu.geometry.gorandom import GoRandom
from orchestrator.engines.cpu.language.errors import ExpectationError, PanicError
from orchestrator.engines.cpu.language.formatting import go_sprintf
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.language.values import ScalarFunction, Vector, go_format
from orchestrator.engines.cpu.output.files import fatal
from orchestrator.engines.cpu.output.table import Column
from orchestrator.engines.cpu.script.quantities import Cropped, Quantity, printed
from orchestrator.engines.cpu.script.world import World
from orchestrator.ovf.files import write_ovf
from orchestrator.ovf.formats import FORMATS, OVF2_BINARY, OutputFormat


class OutputCommands:
    """`Print`, `Save`, `TableAdd`, `Expect`, `Crop`, `rand` and their like."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbers: dict[str, int] = {}
        self.name_format = "%s%06d"
        self.format = OVF2_BINARY
        for form in FORMATS:
            world.names.declare_object(form.name, form)
        world.names.declare_variable(
            "OutputFormat", OutputFormat, lambda: self.format, self._set_output_format
        )
        world.names.declare_variable(
            "FilenameFormat", str, lambda: self.name_format, self._set_format
        )

    @cached_property
    def random(self) -> GoRandom:
        """Of `rand` and its like; made when it is first asked."""
        return GoRandom(0)

    def _set_output_format(self, form: OutputFormat) -> None:
        self.format = form

    def _set_format(self, text: str) -> None:
        try:
            text % ("m", 1)
        except (TypeError, ValueError):
            raise PanicError(
                f"FilenameFormat {text!r} must take a name and a number, as %s%06d does"
            ) from None
        self.name_format = text

    # Text

    @exposed
    def print_(self, *values: object) -> None:
        self.world.outputs.say(printed(values))

    @exposed
    def fprintln(self, *values: object) -> None:
        if not values or not isinstance(values[0], str):
            raise PanicError("Fprintln needs the name of a file first")
        self.world.outputs.append(values[0], printed(values[1:]))

    @exposed
    def sprint(self, *values: object) -> str:
        text = ""
        for before, value in zip((None, *values), values, strict=False):
            both = before is not None and not isinstance(before, str) and not isinstance(value, str)
            text += (" " if both else "") + printed((value,))
        return text

    @exposed
    def sprintf(self, *values: object) -> str:
        if not values or not isinstance(values[0], str):
            raise PanicError("sprintf needs a format first")
        arguments = [printed((v,)) if isinstance(v, Quantity) else v for v in values[1:]]
        return go_sprintf(values[0], arguments)

    # Fields

    def save_to(self, quantity: Quantity, path: Path) -> None:
        """Write a quantity to a file, whole or not at all."""
        with fatal(path):
            write_ovf(
                path,
                quantity.values(),
                self.world.space.cell_size(),
                title=quantity.name,
                unit=quantity.unit,
                time=self.world.sim.clock.time,
                form=self.format,
                durable=self.world.outputs.durable,
            )

    def next_name(self, quantity: Quantity) -> str:
        """The name, without extension, of the next file of a quantity."""
        return self.name_format % (quantity.name, self.numbers.get(quantity.name, 0))

    def count(self, quantity: Quantity) -> None:
        """A numbered file of a quantity was written."""
        self.numbers[quantity.name] = self.numbers.get(quantity.name, 0) + 1

    @exposed
    def save(self, quantity: Quantity) -> None:
        name = f"{self.next_name(quantity)}.{self.format.extension}"
        self.save_to(quantity, self.world.outputs.path(name))
        self.count(quantity)

    @exposed
    def save_as(self, quantity: Quantity, name: str) -> None:
        path = self.world.outputs.path(name)
        if not os.path.splitext(str(path))[1]:
            path = Path(f"{path}.{self.format.extension}")
        self.save_to(quantity, path)

    @exposed
    def auto_save(self, quantity: Quantity, period: float) -> None:
        self.schedule(quantity, period, lambda: self.save(quantity))

    def schedule(self, quantity: Quantity, period: float, save: Callable[[], None]) -> None:
        """Save a quantity by itself each period (s); 0 stops."""
        self.world.record.schedule(quantity.key, period, save)

    @exposed
    def flush(self) -> None:
        self.world.outputs.flush()

    # Parts of fields

    @exposed
    def crop(
        self, quantity: Quantity, x1: int, x2: int, y1: int, y2: int, z1: int, z2: int
    ) -> Cropped:
        return Cropped(quantity, ((x1, x2), (y1, y2), (z1, z2)))

    def _along(self, quantity: Quantity, axis: int, low: int, high: int) -> Cropped:
        ranges = [(0, n) for n in quantity.cells()]
        ranges[axis] = (low, high)
        return Cropped(quantity, (ranges[0], ranges[1], ranges[2]))

    @exposed
    def crop_x(self, quantity: Quantity, low: int, high: int) -> Cropped:
        return self._along(quantity, 0, low, high)

    @exposed
    def crop_y(self, quantity: Quantity, low: int, high: int) -> Cropped:
        return self._along(quantity, 1, low, high)

    @exposed
    def crop_z(self, quantity: Quantity, low: int, high: int) -> Cropped:
        return self._along(quantity, 2, low, high)

    @exposed
    def crop_layer(self, quantity: Quantity, layer: int) -> Cropped:
        return self._along(quantity, 2, layer, layer + 1)

    @exposed
    def crop_region(self, quantity: Quantity, region: int) -> Cropped:
        where = np.argwhere(quantity.grid.regions() == region)
        if not len(where):
            raise PanicError(f"illegal argument: region {region} has no cells")
        z, y, x = ((int(i.min()), int(i.max()) + 1) for i in where.T)
        return Cropped(quantity, (x, y, z))

    # Table

    @exposed
    def table_add(self, quantity: Quantity) -> None:
        self.world.record.table.add(
            Column(quantity.name, quantity.unit, quantity.components, quantity.averages)
        )

    @exposed
    def table_add_var(self, value: ScalarFunction, name: str, unit: str) -> None:
        self.world.record.table.add(Column(name, unit, 1, lambda: (float(value.evaluate()),)))

    @exposed
    def table_save(self) -> None:
        self.world.space.mesh()
        self.world.record.table.save()

    @exposed
    def table_auto_save(self, period: float) -> None:
        self.world.record.table.auto_save(period)

    @exposed
    def table_print(self, *values: object) -> None:
        self.world.record.table.write_line(printed(values))

    # Checks

    @exposed
    def expect(self, what: str, have: float, want: float, tolerance: float) -> None:
        numbers = tuple(go_format(x) for x in (have, want, tolerance))
        if math.isnan(have) or math.isnan(want) or abs(have - want) > tolerance:
            text = f"{what} :  have:  {numbers[0]}  want:  {numbers[1]} ± {numbers[2]}"
            self.world.outputs.say(text)
            raise ExpectationError(text)
        self.world.outputs.say(f"{what} : {numbers[0]} OK")

    @exposed
    def expect_v(self, what: str, have: Vector, want: Vector, tolerance: float) -> None:
        for c, (a, b) in enumerate(zip(have.components, want.components, strict=True)):
            self.expect(f"{what}[{c}]", a, b, tolerance)

    # Random numbers

    @exposed
    def rand(self) -> float:
        return self.random.float64()

    @exposed
    def rand_norm(self) -> float:
        return self.random.normal()

    @exposed
    def rand_exp(self) -> float:
        return self.random.exponential()

    @exposed
    def rand_int(self, upper: int) -> int:
        if upper <= 0:
            raise PanicError(f"randInt needs a positive bound, got {upper}")
        return self.random.int63() % upper

    @exposed
    def rand_seed(self, seed: int) -> None:
        self.random.seed(seed)
