"""Experiments: what to run, as frozen descriptions read from TOML files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from orchestrator.areas import Area, with_masks_read
from orchestrator.conditions import Conditions
from orchestrator.device import (
    Contact,
    Device,
    Film,
    Material,
    Region,
    Resistivity,
    Underlayer,
    canonical_hash,
    check_conducting,
    check_contacts,
    check_regions,
    without_defaults,
)
from orchestrator.errors import InputError
from orchestrator.mx3.geometry import non_magnetic_cells
from orchestrator.mx3.material import check_material_script
from orchestrator.mx3.ovf import read_ovf
from orchestrator.validation import explain

_FROZEN = ConfigDict(extra="forbid", allow_inf_nan=False)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


Drive = Literal["voltage", "current"]
Waveform = Literal["constant", "alternating", "ramp", "triangle"]
Precision = Literal["float32", "int16"]


def _check_duration(name: str, value: float, zero: bool = False) -> None:
    if value < 0 or (value == 0 and not zero):
        raise ValueError(f"{name} must be {'zero or ' * zero}positive (s), got {value:g}")
    if value > 1e-3:
        raise ValueError(f"{name} = {value:g} s is implausible; times are in s, such as 2e-10")


@dataclass(frozen=True, config=_FROZEN)
class Start:
    """The texture that training starts from.

    Parameters
    ----------
    seed : int
        Seed of the random initial magnetization (uniform on the sphere, cell by cell).
    settle_time : float
        Simulated time in s for which it settles without current.
    settle_alpha : float, optional
        Damping while settling; the material's own if left out.
    m0 : str, optional
        OVF file to settle from instead of a random state, relative to the experiment's file.
    m0_sha256 : str, optional
        Digest of that file; filled in on reading.
    """

    seed: int = 0
    settle_time: float = 10e-9
    settle_alpha: float | None = None
    m0: str | None = None
    m0_sha256: str | None = None

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")
        _check_duration("settle_time", self.settle_time, zero=True)
        if self.settle_alpha is not None and not self.settle_alpha > 0:
            raise ValueError(f"settle_alpha must be positive, got {self.settle_alpha:g}")


@dataclass(frozen=True, config=_FROZEN)
class Training:
    """Pulse trains, one training for each entry of `patterns`, all from the same start.

    Parameters
    ----------
    patterns : tuple of str
        One character + or - per contact, in the order of the contacts. An entry such as
        "+--+/++-+" is one training in which the patterns take turns.
    voltage : float, optional
        V0 in V; contact i is held at +V0 or -V0.
    drive : {"voltage", "current"}
        Which of voltage and current is fixed. For fixed currents the weights are resistances.
    current : float, optional
        I0 in A; contact i is fed I0 (s_i - mean of s), s the pattern's signs, so that the currents
        add up to zero.
    pulse_length : float
        Length of a pulse in s; the current map is frozen for as long.
    pulses : int
        Number of pulses; with `max_change` their largest number.
    relax_time : float
        Time in s without current after the last pulse, before the trained energies are read.
    gap : float
        Time in s without current after each pulse.
    waveform : {"constant", "alternating", "ramp", "triangle"}
        Amplitude of the pulses: the full one; with a sign that turns every half period; rising
        linearly to the full one over the train; a triangle that begins at zero.
    period : int
        Pulses in a period of `alternating` and `triangle`.
    hold : int
        Pulses for which each pattern of an entry is held before the next takes its turn.
    max_change : float, optional
        The length of each pulse follows from the one before, so that the largest change of a
        magnetization vector over a pulse stays near this value; `pulse_length` is the first.
    duration : float, optional
        With `max_change`, the length of the whole train in s.
    oersted : bool
        Add the Oersted field of the current map to B_ext during each pulse.
    """

    patterns: tuple[str, ...]
    pulse_length: float
    pulses: int
    voltage: float | None = None
    drive: Drive = "voltage"
    current: float | None = None
    relax_time: float = 0.0
    gap: float = 0.0
    waveform: Waveform = "constant"
    period: int = 2
    hold: int = 1
    max_change: float | None = None
    duration: float | None = None
    oersted: bool = False

    def __post_init__(self) -> None:
        if not self.patterns:
            raise ValueError("patterns must name at least one pattern, such as '+--+'")
        if len(set(self.patterns)) != len(self.patterns):
            raise ValueError(f"patterns must differ, got {list(self.patterns)}")
        for pattern in self.patterns:
            wrong = sorted(set(pattern) - set("+-/"))
            if wrong:
                raise ValueError(
                    f"pattern {pattern!r} holds {''.join(wrong)!r}; only + and - are allowed, "
                    "and / between patterns that take turns"
                )
        for name in ("voltage", "current"):
            value = getattr(self, name)
            if value is None and name == self.drive:
                raise ValueError(f"drive = {name!r} needs {name}")
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, got {value:g}")
        if self.voltage is not None and self.voltage > 100:
            raise ValueError(f"voltage = {self.voltage:g} V is implausible; it is given in V")
        _check_duration("pulse_length", self.pulse_length)
        for name in ("pulses", "hold"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.period < 2:
            raise ValueError(f"period must be at least 2 pulses, got {self.period}")
        _check_duration("relax_time", self.relax_time, zero=True)
        _check_duration("gap", self.gap, zero=True)
        if (self.max_change is None) != (self.duration is None):
            raise ValueError("max_change and duration belong together; give both or neither")
        if self.max_change is not None and self.duration is not None:
            if not 0 < self.max_change < 2:
                raise ValueError(f"max_change lies between 0 and 2, got {self.max_change:g}")
            _check_duration("duration", self.duration)
            if self.gap or self.waveform != "constant" or "/" in "".join(self.patterns):
                raise ValueError(
                    "max_change stands for continuous training: it excludes gap, waveform and "
                    "patterns that take turns"
                )

    @property
    def amplitude(self) -> float:
        """V0 in V or I0 in A."""
        amplitude = self.voltage if self.drive == "voltage" else self.current
        assert amplitude is not None
        return amplitude

    @property
    def total_time(self) -> float:
        """Length of the whole train with its gaps, s."""
        if self.duration is not None:
            return self.duration
        return self.pulses * (self.pulse_length + self.gap)


@dataclass(frozen=True, config=_FROZEN)
class Reference:
    """The untrained reference: mean conductance of `starts` settled textures.

    Their seeds follow the start's own seed, which is the first of them.
    """

    starts: int = 4

    def __post_init__(self) -> None:
        if self.starts < 1:
            raise ValueError(f"starts must be at least 1, got {self.starts}")


@dataclass(frozen=True, config=_FROZEN)
class Probe:
    """Two contacts between which the conductance is read without being connected in training."""

    name: str
    contacts: tuple[Contact, Contact]


@dataclass(frozen=True, config=_FROZEN)
class Output:
    """What is kept of a run.

    Parameters
    ----------
    snapshots : tuple of int
        Numbers n of the states (0 = before the first pulse) that are kept.
    maps : bool
        Keep the current map of every pulse, which `orchestrator render` needs to replay the run.
    every : int
        Keep also each state whose number is a multiple of this; 0 = none.
    fields : tuple of {"m", "j"}
        What is kept of a state: magnetization, current density.
    precision : {"float32", "int16"}
        Kept exactly, or in half the space rounded to 1/32767 of the largest component.
    """

    snapshots: tuple[int, ...] = ()
    maps: bool = True
    every: int = 0
    fields: tuple[Literal["m", "j"], ...] = ("m", "j")
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        if self.every < 0:
            raise ValueError(f"every must not be negative, got {self.every}")
        if not self.fields or len(set(self.fields)) != len(self.fields):
            raise ValueError(f"fields must be 'm', 'j' or both, got {list(self.fields)}")

    def states(self, pulses: int) -> list[int]:
        """Numbers of the states that are kept of a train of so many pulses, in order."""
        regular = range(0, pulses + 1, self.every) if self.every else ()
        return sorted({*self.snapshots, *regular})


@dataclass(frozen=True, config=_FROZEN)
class Solver:
    """Settings of the time integration (mumax3's names and defaults)."""

    MaxErr: float = 1e-5
    MaxDt: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.MaxErr < 1:
            raise ValueError(f"MaxErr must lie between 0 and 1, got {self.MaxErr:g}")
        _check_duration("MaxDt", self.MaxDt, zero=True)


@dataclass(frozen=True, config=_FROZEN)
class Experiment:
    """One experiment: a device, a start, trainings and what to keep.

    `to_dict` is the whole description; `hash`, which names the run folder, is the digest of what
    differs from the defaults. `script` is the material half of the setup as mumax3c writes it for a
    System, see `Device`.
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

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(
                f"name: {self.name!r} is not a plain name (letters, digits, '_', '-', '.')"
            )
        _within("contacts", check_contacts, self.film, self.contacts)
        _within("regions", check_regions, self.film, self.regions)
        _within("contacts", check_conducting, self.film, self.contacts, self.regions)
        if self.script is not None:
            _within("script", check_material_script, self.script, self.material)
        for probe in self.probes:
            key = f"probes {probe.name!r}"
            _within(key, check_contacts, self.film, probe.contacts)
            _within(key, check_conducting, self.film, probe.contacts, self.regions)
        for pattern in "/".join(self.training.patterns).split("/"):
            if len(pattern) != len(self.contacts):
                raise InputError(
                    f"training.patterns: pattern {pattern!r} has {len(pattern)} signs, "
                    f"the device has {len(self.contacts)} contacts"
                )
        if self.conditions.grain_size:
            if self.regions:
                raise InputError("conditions.grain_size: grains and regions exclude each other")
            if not self.material.Ku1:
                raise InputError("conditions.grain_spread: needs an anisotropy Ku1 to spread")
        for n in self.output.snapshots:
            if not 0 <= n <= self.training.pulses:
                raise InputError(
                    f"output.snapshots: state {n} does not exist, "
                    f"states run from 0 to {self.training.pulses}"
                )

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
        return cls(
            name=name,
            training=training,
            **{f.name: getattr(device, f.name) for f in dataclasses.fields(device)},
            **rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """Whole description: plain types, all defaults written out."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @property
    def hash(self) -> str:
        """Hash of what differs from the defaults, see `orchestrator.device.canonical_hash`."""
        return canonical_hash(without_defaults(self))

    @classmethod
    def from_dict(cls, description: dict[str, Any], source: str = "experiment") -> Experiment:
        """The experiment of a description; `source` names it in messages.

        Raises
        ------
        InputError
            With source, key, what was wrong and what would be right.
        """
        try:
            text = json.dumps(description, default=str)
            return _ADAPTER.validate_json(text, strict=True)
        except ValidationError as error:
            lines = [explain(problem, cls, _SECTIONS) for problem in error.errors()]
            raise InputError("\n".join(f"{source}: {line}" for line in lines)) from None
        except InputError as error:
            raise InputError(f"{source}: {error}") from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Experiment:
        """Read an experiment file.

        Raises
        ------
        InputError
            If the file cannot be read, is not TOML, or describes something impossible.
        """
        path = Path(path)
        try:
            description = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not a TOML file ({error})") from None
        try:
            description = with_masks_read(description, path.parent)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        experiment = cls.from_dict(description, source=str(path))
        if experiment.start.m0 is None:
            return experiment
        m0 = (path.parent / experiment.start.m0).resolve()
        try:
            _check_m0(m0, experiment.device)
        except InputError as error:
            raise InputError(f"{path}: start.m0: {error}") from None
        digest = hashlib.sha256(m0.read_bytes()).hexdigest()
        start = dataclasses.replace(experiment.start, m0=str(m0), m0_sha256=digest)
        return dataclasses.replace(experiment, start=start)

    def initial_magnetization(self, seed: int) -> np.ndarray:
        """Unit vectors to settle from, shape (nz, ny, nx, 3): random by `seed`, or the m0 file."""
        if self.start.m0 is not None:
            return read_ovf(self.start.m0).data
        rng = np.random.default_rng(seed)
        mz = rng.uniform(-1, 1, self.film.shape)
        angle = rng.uniform(0, 2 * np.pi, self.film.shape)
        in_plane = np.sqrt(1 - mz**2)
        return np.stack([in_plane * np.cos(angle), in_plane * np.sin(angle), mz], axis=-1)


_ADAPTER = TypeAdapter(Experiment)


def _within(key: str, check: Any, *arguments: Any) -> None:
    try:
        check(*arguments)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None


def _check_m0(path: Path, device: Device) -> None:
    film, m0 = device.film, read_ovf(path).data
    if m0.shape != (*film.shape, 3):
        nz, ny, nx, n = m0.shape
        raise InputError(
            f"{path} holds {nx} x {ny} x {nz} cells of {n} components, "
            f"the film has {' x '.join(map(str, film.cells))} cells of 3"
        )
    length = np.linalg.norm(m0, axis=-1)[~non_magnetic_cells(device)]
    if not np.allclose(length, 1, atol=1e-3):
        raise InputError(f"{path} is not a magnetization: vectors of length up to {length.max():g}")


_KINDS: tuple[type, ...] = (Film, Material, Resistivity, Training, Start, Reference, Output, Solver)
_SECTIONS = {kind.__name__.lower(): kind for kind in (*_KINDS, Conditions, Underlayer)}
_SECTIONS |= {"probes": Probe, "regions": Region}
_SECTIONS |= {kind.shape: kind for kind in get_args(get_args(Contact)[0])}
_SECTIONS |= {f"area.{kind.shape}": kind for kind in get_args(get_args(Area)[0])}
