"""Small films that the tests of the studies train, on the embedded engine."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from orchestrator.describe.conditions import Conditions
from orchestrator.describe.contacts import CornerContact, SideContact
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film
from orchestrator.describe.material import Material
from orchestrator.describe.media import Resistivity
from orchestrator.describe.sections import Training
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.learning.pulses import Done, Pulse, next_pulse
from orchestrator.learning.records import PulseRecord
from orchestrator.learning.train import Block, Loop
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.transport.network import Network

FILM = Film(cells=(32, 32, 1), cell_size=(6e-9, 6e-9, 1e-6))
PITCH = 63e-9
SIDES = tuple(SideContact(name=side, side=side) for side in ("left", "right"))
CORNERS = tuple(
    CornerContact(name=corner, corner=corner, size=24e-9)
    for corner in ("top left", "top right", "bottom right", "bottom left")
)


@dataclass(frozen=True)
class SmallFilm:
    """A film of 192 nm: what it settles to and how it is trained.

    `material` differs from that of the studies, whose damping is 1 here.
    """

    folder: Path
    film: Film = FILM
    contacts: tuple[SideContact, ...] | tuple[CornerContact, ...] = SIDES
    amr_ratio: float = 1.5
    material: dict[str, float] = field(default_factory=dict)
    conditions: Conditions = field(default_factory=Conditions)

    @property
    def device(self) -> Device:
        values = {"Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "Ku1": 1e5, "alpha": 1.0, "P": 0.5}
        resistivity = Resistivity(mean=5e-7, amr_ratio=self.amr_ratio, amr_convention="mean")
        return Device(self.film, Material(**(values | self.material)), resistivity, self.contacts)

    @property
    def network(self) -> Network:
        return Network(self.film, self.device.resistivity, self.contacts)

    @property
    def scripts(self) -> Scripts:
        return Scripts(self.device, conditions=self.conditions)

    def stripes(self, angle: float, phase: float, hand: int = 1) -> np.ndarray:
        """A helix whose wave vector has an angle (degrees) to x, with the walls of the DMI.

        `hand` = 1 is the handedness of a positive DMI constant.
        """
        _, y, x = self.film.cell_coordinates()
        a = np.radians(angle)
        turn = 2 * np.pi * (x * np.cos(a) + y * np.sin(a)) / PITCH + phase
        wall = (-np.cos(a), -np.sin(a)) if self.device.material.Dind else (np.sin(a), -np.cos(a))
        parts = [hand * w * np.sin(turn) for w in wall] + [np.cos(turn)]
        return np.stack([np.broadcast_to(part, self.film.array_shape) for part in parts], axis=-1)

    def random(self, seed: int) -> np.ndarray:
        """Vectors of the sphere, cell by cell; they settle into a maze."""
        m = np.random.default_rng(seed).standard_normal((*self.film.array_shape, 3))
        return m / np.linalg.norm(m, axis=-1, keepdims=True)

    def execute(self, m: np.ndarray, block: str, saved: str = "after.ovf") -> np.ndarray:
        """A field that a block saves; it begins with m."""
        write_ovf(self.folder / "m.ovf", m, self.film.cell_size)
        session = CpuEngine(1).start(self.scripts.setup(), self.folder, "m.ovf")
        try:
            outputs = [] if saved == "after.ovf" else [saved]
            session.execute(block, "after.ovf", outputs)
            return read_ovf(self.folder / saved).data
        finally:
            session.close()

    def relaxed(self, m: np.ndarray, duration: float) -> np.ndarray:
        return self.execute(m, self.scripts.relax(duration, "after.ovf"))

    def trained(self, m: np.ndarray, plan: Training) -> tuple[np.ndarray, np.ndarray]:
        """The conductance matrices before and after all pulses, and the last texture."""
        network = self.network
        write_ovf(self.folder / "m.ovf", m, self.film.cell_size)
        session = CpuEngine(1).start(self.scripts.setup(), self.folder, "m.ovf")

        def block(number: int, pulse: Pulse, voltages: np.ndarray, j: np.ndarray) -> Block:
            write_ovf(self.folder / "j.ovf", j, self.film.cell_size, unit="A/m2")
            values, end = voltages.tolist(), "after.ovf"
            script = self.scripts.pulse(number, values, "j.ovf", pulse.duration, end, gap=pulse.gap)
            return Block(script, end)

        loop = Loop(network, m, lambda: session, block)
        g: list[np.ndarray] = []
        done: list[Done] = []
        try:
            while pulse := next_pulse(plan, plan.patterns[0], done, loop.found.conductance):
                number = len(done) + 1
                record = loop.hold(number, pulse, partial(PulseRecord, number=number)).record
                g.append(record.conductance)
                done.append(record.done)
        finally:
            session.close()
        g.append(loop.found.conductance)
        return np.array(g), loop.found.m


@pytest.fixture
def small_film(tmp_path):
    """Makes small films that share a folder."""

    def make(**options) -> SmallFilm:
        return SmallFilm(tmp_path, **options)

    return make


@pytest.fixture
def corners():
    """Contacts in the four corners, clockwise from the top left."""
    return CORNERS


@pytest.fixture
def load_study():
    """Imports a script of docs/studies, as in `load_study("hall.analysis")`."""
    return lambda name: importlib.import_module(f"docs.studies.{name}")
