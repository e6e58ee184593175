"""Commands that save pictures: `Snapshot`, `SnapshotAs`."""

from __future__ import annotations

from pathlib import Path

from orchestrator.engines.cpu.commands.output import OutputCommands
from orchestrator.engines.cpu.language.errors import PanicError
from orchestrator.engines.cpu.language.functions import exposed
from orchestrator.engines.cpu.output import pictures
from orchestrator.engines.cpu.output.files import write_whole
from orchestrator.engines.cpu.script.quantities import Quantity
from orchestrator.engines.cpu.script.world import World


class PictureCommands:
    """`Snapshot`, `SnapshotAs`, `AutoSnapshot`; numbers are shared with `Save`."""

    def __init__(self, world: World, saved: OutputCommands) -> None:
        self.world = world
        self.saved = saved
        self.format = "jpg"
        world.names.declare_variable("SnapshotFormat", str, lambda: self.format, self._set_format)

    def _set_format(self, text: str) -> None:
        self._known(text)
        self.format = text

    def _known(self, extension: str) -> str:
        if extension.lower() not in pictures.FORMATS:
            raise PanicError(
                f"pictures are {', '.join(sorted(pictures.FORMATS))}, not {extension!r}"
            )
        return extension.lower()

    @exposed
    def snapshot(self, quantity: Quantity) -> None:
        name = self.saved.next_name(quantity)
        self.snapshot_as(quantity, f"{name}.{self.format}")
        self.saved.count(quantity)

    @exposed
    def snapshot_as(self, quantity: Quantity, name: str) -> None:
        path = self.world.outputs.path(name)
        if not path.suffix:
            path = Path(f"{path}.{self.format}")
        kind = self._known(path.suffix[1:])
        write_whole(path, pictures.encoded(pictures.image_of(quantity.values()), kind))

    @exposed
    def auto_snapshot(self, quantity: Quantity, period: float) -> None:
        self.saved.schedule(quantity, period, lambda: self.snapshot(quantity))
