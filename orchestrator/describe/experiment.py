"""Experiments: what to run, as frozen descriptions read from TOML files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import textwrap
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from orchestrator.base.errors import InputError
from orchestrator.base.kinds import as_path, check_kind
from orchestrator.base.tomlfile import read_toml
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.contacts import Contact, check_conducting, check_contacts
from orchestrator.describe.couplings import Heat, SpinOrbit
from orchestrator.describe.described import described
from orchestrator.describe.device import Device
from orchestrator.describe.film import Film, check_open
from orchestrator.describe.hashing import canonical_hash, without_defaults
from orchestrator.describe.html import card, drawing_of
from orchestrator.describe.idle import idle_keys
from orchestrator.describe.initial import read_directions
from orchestrator.describe.masks import with_masks_read
from orchestrator.describe.material import Material
from orchestrator.describe.material_script import check_material_script
from orchestrator.describe.media import Region, Resistivity, Underlayer, cells_of, check_regions
from orchestrator.describe.sections import (
    Output,
    Probe,
    Reference,
    ScriptSetup,
    Solver,
    Start,
    Training,
)
from orchestrator.describe.validation import explained, validated, within

if TYPE_CHECKING:
    from micromagneticmodel import System

MAX_ASPECT = 100.0
"""Largest ratio of a cell's edges for which mumax3 computes the demagnetizing field."""
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
PLAIN_NAME_IN_WORDS = "a plain name (letters, digits, '_', '-', '.')"


@described
class Experiment:
    """One experiment: a device, a start, trainings and what to keep.

    `to_dict` is the whole description; `hash`, which names the run folder, is the digest of what
    differs from the defaults.

    Parameters
    ----------
    name : str
        Names the run folder.
    film : Film
        The grid of cells.
    material : Material
        The magnetic material.
    resistivity : Resistivity
        Of the magnetic cells.
    contacts : tuple of Contact
        In the order of the signs of patterns.
    script : str, optional
        The material half of the setup in mumax3's words, as a System of Ubermag gives it; it must
        set what `material` says.
    regions : tuple of Region
        Parts of the film that conduct in another way.
    underlayer : Underlayer, optional
        A conducting layer underneath.
    training : Training
        Patterns, voltages or currents, pulses.
    start : Start
        The texture from which all trainings start.
    reference : Reference
        The untrained reference of the weights.
    probes : tuple of Probe
        Pairs of contacts that are read but not connected.
    output : Output
        What is kept of a run.
    solver : Solver
        Settings of the time integration.
    conditions : Conditions
        Field, temperature, grains.
    setup : ScriptSetup, optional
        The script that is the setup instead of film, material and conditions.
    heat : Heat, optional
        A temperature of the film that follows from its Joule heat.
    spin_orbit : SpinOrbit, optional
        Torque of the current in a layer under the film.

    Raises
    ------
    InputError
        If a part is impossible, or parts do not fit each other.

    Examples
    --------
    >>> from orchestrator.base.shipped import examples
    >>> experiment = orchestrator.Experiment.from_toml(examples("experiments")["quickstart"])
    >>> experiment.device.contact_names, experiment.film.cells
    (('1', '2', '3', '4'), (100, 100, 1))
    >>> experiment == orchestrator.Experiment.from_dict(experiment.to_dict())
    True
    """

    name: str
    film: Film
    material: Material
    resistivity: Resistivity
    contacts: tuple[Contact, ...]
    training: Training
    start: Start = Start()
    reference: Reference = Reference()
    probes: tuple[Probe, ...] = ()
    output: Output = Output()
    solver: Solver = Solver()
    script: str | None = None
    regions: tuple[Region, ...] = ()
    underlayer: Underlayer | None = None
    conditions: Conditions = Conditions()
    setup: ScriptSetup | None = None
    heat: Heat | None = None
    spin_orbit: SpinOrbit | None = None

    def __post_init__(self) -> None:
        if not PLAIN_NAME.fullmatch(self.name):
            raise InputError(f"name: {self.name!r} is not {PLAIN_NAME_IN_WORDS}")
        _check_layout(self.film, self.contacts, self.regions)
        if self.script is not None:
            within("script", check_material_script, self.script, self.material)
        within("film.pbc", check_open, self.film, "the transport network")
        if abs(self.material.P) < 1e-12:
            raise InputError("material.P: 0 is refused by mumax3; without torque, take P = 1e-9")
        if self.material.demag:
            _check_aspect(self.film)
        names = [probe.name for probe in self.probes]
        for probe in self.probes:
            if names.count(probe.name) > 1:
                raise InputError(
                    f"probes {probe.name!r}: two probes have this name; names must differ"
                )
            _check_probe(self.film, probe, self.regions)
        for pattern in (p for e in self.training.sign_patterns for p in e.split("/")):
            if len(pattern) != len(self.contacts):
                raise InputError(
                    f"training.patterns: pattern {pattern!r} has {len(pattern)} signs, "
                    f"the device has {len(self.contacts)} contacts"
                )
        if self.setup is not None:
            self._check_setup()
        if self.conditions.grain_size:
            if self.regions:
                raise InputError("conditions.grain_size: grains and regions exclude each other")
            if not self.material.Ku1:
                raise InputError("conditions.grain_spread: needs an anisotropy Ku1 to spread")
            cell = max(self.film.cell_size[:2])
            if self.conditions.grain_size < cell:
                raise InputError(
                    f"conditions.grain_size: {self.conditions.grain_size:g} m is below one cell, "
                    f"{cell:g} m"
                )
        if self.heat is not None:
            within("heat", self._check_heat, self.heat)
        for n in self.output.snapshots:
            if n < 0 or (n > self.training.pulses and not self.training.script):
                raise InputError(
                    f"output.snapshots: state {n} does not exist, "
                    f"states run from 0 to {self.training.pulses}"
                )

    def _check_setup(self) -> None:
        """Refuse what would act beside a script that is the setup."""
        if self.training.relax_time:
            raise InputError(
                "training.relax_time: pulses of a script's setup have no relaxation after them; "
                "give 0"
            )
        if self.conditions != Conditions():
            raise InputError("conditions: the script that is the setup holds field and temperature")
        for name in ("heat", "spin_orbit"):
            if getattr(self, name) is not None:
                raise InputError(f"{name}: a script that is the setup holds the whole physics")

    def _check_heat(self, heat: Heat) -> None:
        if not self.conditions.temperature:
            raise InputError("needs conditions.temperature, that of the sink, above 0 K")
        if heat.curie is None:
            return
        if heat.curie <= self.conditions.temperature:
            raise InputError(
                f"curie: {heat.curie:g} K lies below conditions.temperature, "
                f"{self.conditions.temperature:g} K"
            )
        if self.conditions.grain_size or self.script is not None:
            other = "conditions.grain_size" if self.conditions.grain_size else "script"
            raise InputError(f"curie: the constants of {other} do not follow a temperature")

    @cached_property
    def device(self) -> Device:
        """The film with everything that conducts."""
        return Device(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Device)})

    @classmethod
    def of_device(cls, name: str, device: Device, training: Training, **rest: Any) -> Experiment:
        """The experiment of a device, such as one from `Device.from_system`.

        Parameters
        ----------
        name : str
            Names the run folder.
        device : Device
            Film, material, resistivities, contacts, and the material script of a System.
        training : Training
            What to train.
        rest
            The other fields: start, reference, probes, output, solver, conditions.
        """
        check_kind("device", device, Device)
        return cls(
            name=name,
            training=training,
            **{f.name: getattr(device, f.name) for f in dataclasses.fields(device)},
            **rest,
        )

    @classmethod
    def from_system(
        cls,
        name: str,
        system: System,
        resistivity: Resistivity,
        contacts: tuple[Contact, ...],
        training: Training,
        **rest: Any,
    ) -> Experiment:
        """The experiment of a micromagneticmodel System, started from its magnetization.

        See `orchestrator.ubermag.experiment_from_system`: `m0` names the file of the texture.
        """
        from orchestrator.ubermag import experiment_from_system

        return experiment_from_system(name, system, resistivity, contacts, training, **rest)

    def to_dict(self) -> dict[str, Any]:
        """Whole description: plain types, all defaults written out."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        training = self.training
        unit = "V" if training.drive == "voltage" else "A"
        patterns = textwrap.shorten(", ".join(training.patterns), 80, placeholder=" ...")
        pulses = f"{training.pulses} of {training.pulse_length:g} s"
        rows = [
            *self.device.rows(),
            ("patterns", patterns),
            ("pulses", f"{pulses} at {training.amplitude:g} {unit}"),
            ("start", self.start.m0 or f"seed {self.start.seed}"),
        ]
        drawing = drawing_of(self.film, self.contacts, self.regions)
        return card(f"Experiment {self.name} ({self.hash[:8]})", rows, drawing)

    @cached_property
    def hash(self) -> str:
        """Hash of what differs from the defaults, see `describe.device.canonical_hash`."""
        return canonical_hash(without_defaults(self))

    @classmethod
    def from_dict(cls, description: dict[str, Any], source: str = "experiment") -> Experiment:
        """The experiment of a description; `source` names it in messages.

        Raises
        ------
        InputError
            With source, key, what was wrong and what would be right.
        """
        check_kind(source, description, dict, "`Experiment.from_toml` reads a file")
        try:
            return validated(_ADAPTER, description)
        except ValidationError as error:
            raise explained(error, cls, source) from None
        except InputError as error:
            raise InputError(f"{source}: {error}") from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Experiment:
        """Read an experiment file.

        Raises
        ------
        InputError
            If the file cannot be read, is not TOML, describes something impossible, or holds keys
            that contradict others or do nothing.
        """
        path = as_path("experiment file", path)
        description = read_toml(path)
        if "film" not in description and ("base" in description or "extends" in description):
            raise InputError(
                f"{path}: this is a campaign; `orchestrator campaign run` carries it out"
            )
        if "contacts" in description and not {"material", "training"} & set(description):
            raise InputError(
                f"{path}: this is a file of contacts; `orchestrator transport` and `orchestrator "
                "couple` take it as --contacts"
            )
        experiment = cls.from_table(description, path.parent, str(path))
        if idle := idle_keys(description):
            raise InputError("\n".join(f"{path}: {line}" for line in idle))
        return experiment

    @classmethod
    def from_table(cls, table: dict[str, Any], folder: Path, source: str) -> Experiment:
        """The experiment of a file's content; names of masks and m0 are relative to `folder`.

        Raises
        ------
        InputError
            If it describes something impossible, or a file that it names cannot be read.
        """
        if isinstance(table.get("setup"), str):
            raise InputError(
                f"{source}: setup: a script is the setup, which an engine has to read; "
                "`orchestrator run` carries this out, `orchestrator.couple` in Python"
            )
        try:
            table = with_masks_read(table, folder)
        except InputError as error:
            raise InputError(f"{source}: {error}") from None
        experiment = cls.from_dict(table, source)
        try:
            return experiment.with_m0_read(folder)
        except InputError as error:
            raise InputError(f"{source}: start.m0: {error}") from None

    def with_m0_read(self, folder: Path = Path()) -> Experiment:
        """The experiment with the digest of its m0 file, and vacuum where that is zero.

        Its untrained starts would all be the same, so one is taken unless `starts` says otherwise.

        Parameters
        ----------
        folder : Path
            Where the name of the file starts.

        Raises
        ------
        InputError
            If the file does not hold a magnetization of the film.
        """
        if self.start.m0 is None:
            return self
        m0 = (folder / self.start.m0).resolve()
        m = read_directions(m0, self.film, resample=self.start.resample)
        film = self.device.emptied((m == 0).all(axis=-1))
        digest = hashlib.sha256(m0.read_bytes()).hexdigest()
        start = dataclasses.replace(self.start, m0=str(m0), m0_sha256=digest)
        reference = Reference(starts=1) if self.reference == Reference() else self.reference
        return dataclasses.replace(self, start=start, film=film, reference=reference)

    def initial_magnetization(self, seed: int) -> np.ndarray:
        """Unit vectors to settle from, shape (nz, ny, nx, 3): random by `seed`, or the m0 file."""
        if self.start.m0 is not None:
            return read_directions(self.start.m0, self.film, resample=self.start.resample)
        rng = np.random.default_rng(seed)
        mz = rng.uniform(-1, 1, self.film.array_shape)
        angle = rng.uniform(0, 2 * np.pi, self.film.array_shape)
        in_plane = np.sqrt(1 - mz**2)
        return np.stack([in_plane * np.cos(angle), in_plane * np.sin(angle), mz], axis=-1)


_ADAPTER = TypeAdapter(Experiment)


@lru_cache(maxsize=256)
def _check_layout(film: Film, contacts: tuple[Contact, ...], regions: tuple[Region, ...]) -> None:
    """Refuse contacts and regions that do not fit the film; what has passed is remembered."""
    within("contacts", check_contacts, film, contacts)
    within("regions", check_regions, film, regions)
    if cells_of(film, regions, "metal", "vacuum").all():
        raise InputError("regions: no magnetic cell is left")
    within("contacts", check_conducting, film, contacts, regions)


@lru_cache(maxsize=256)
def _check_probe(film: Film, probe: Probe, regions: tuple[Region, ...]) -> None:
    key = f"probes {probe.name!r}"
    within(key, check_contacts, film, probe.contacts)
    within(key, check_conducting, film, probe.contacts, regions)


def _check_aspect(film: Film) -> None:
    aspect = max(film.cell_size) / min(film.cell_size)
    if aspect > MAX_ASPECT:
        raise InputError(
            f"film.cell_size: edges of a cell differ by a factor of {aspect:.3g}; with "
            f"material.demag = true mumax3 accepts at most {MAX_ASPECT:g}: take thinner layers"
        )
