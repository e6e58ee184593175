"""The sections of an experiment: start, training, reference, probes, output, solver."""

from __future__ import annotations

from typing import Literal

from orchestrator.describe.contacts import Contact
from orchestrator.describe.described import described
from orchestrator.describe.plausibility import check_name, check_range, check_seed

Drive = Literal["voltage", "current"]
Waveform = Literal["constant", "alternating", "ramp", "triangle"]
Precision = Literal["float32", "int16"]

SCRIPT = "script"
"""Stands for the patterns of a training whose pulses a script chooses."""
MOST_PULSES = 999_999
"""Numbers of pulses have six digits in the names of files."""


def check_duration(name: str, value: float, zero: bool = False) -> None:
    """Refuse a time in s that is negative, zero (unless allowed), or implausible.

    Raises
    ------
    ValueError
        With name and value.
    """
    if not value >= 0 or (value == 0 and not zero):
        raise ValueError(f"{name} must be {'zero or ' * zero}positive (s), got {value:g}")
    if value > 1e-3 or 0 < value < 1e-18:
        raise ValueError(f"{name} = {value:g} s is implausible; times are in s, such as 2e-10")


@described
class Start:
    """The texture that training starts from.

    Parameters
    ----------
    seed : int
        Seed of the random initial magnetization (uniform on the sphere, cell by cell).
    settle_time : float, s
        Simulated time for which it settles without current.
    settle_alpha : float, optional
        Damping while settling; the material's own if left out.
    m0 : str, optional
        OVF file to settle from instead of a random state, relative to the experiment's file:
        directions in any unit; cells of zero vectors become vacuum.
    m0_sha256 : str, optional
        Digest of that file; filled in on reading.
    resample : bool
        Take an m0 of other cells, by nearest neighbors.
    """

    seed: int = 0
    settle_time: float = 10e-9
    settle_alpha: float | None = None
    m0: str | None = None
    m0_sha256: str | None = None
    resample: bool = False

    def __post_init__(self) -> None:
        check_seed("seed", self.seed)
        check_duration("settle_time", self.settle_time, zero=True)
        if self.settle_alpha is not None:
            if not self.settle_alpha > 0:
                raise ValueError(f"settle_alpha must be positive, got {self.settle_alpha:g}")
            check_range("settle_alpha", self.settle_alpha, 0, 100)
        if self.resample and self.m0 is None:
            raise ValueError("resample belongs to m0, the file that is resampled; give both")


@described
class ScriptSetup:
    """A mumax3 script that is the setup, as `orchestrator.couple` and `orchestrator run` take it.

    The film is then as the engine reports it, and `material` that of the largest magnetic region.

    Parameters
    ----------
    script : str
        Name of its file.
    digest : str
        Of what the run depends on: the script up to its first run, and the files that it reads.
    """

    script: str
    digest: str


@described
class Training:
    """Pulse trains, one training for each entry of `patterns`, all from the same start.

    Parameters
    ----------
    patterns : tuple of str
        One character + or - per contact, in the order of the contacts. An entry such as
        "+--+/++-+" is one training in which the patterns take turns.
    voltage : float, V, optional
        V0; contact i is held at +V0 or -V0.
    drive : {"voltage", "current"}
        Which of voltage and current is fixed. For fixed currents the weights are resistances.
    current : float, A, optional
        I0; contact i is fed I0 (s_i - mean of s), s the pattern's signs, so that the currents
        add up to zero.
    pulse_length : float, s
        Length of a pulse; the current map is frozen for as long.
    pulses : int
        Number of pulses; with `duration` their largest number.
    relax_time : float, s
        Time without current after the last pulse, before the trained energies are read.
    gap : float, s
        Time without current after each pulse.
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
    max_current_change : float, optional
        The same for the relative change of the terminal currents, in place of `max_change`.
    duration : float, s, optional
        With either of them, the length of the whole train.
    oersted : bool
        Add the Oersted field of the current map to B_ext during each pulse.
    script : bool
        Whether a script chooses the pulses, see `orchestrator.training`, which sets it. Then
        `patterns` holds the pattern that is meant to be learned, or "script", and `pulses` how many
        have been committed.
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
    max_current_change: float | None = None
    duration: float | None = None
    oersted: bool = False
    script: bool = False

    def __post_init__(self) -> None:
        if not self.patterns:
            raise ValueError("patterns must name at least one pattern, such as '+--+'")
        if len(set(self.patterns)) != len(self.patterns):
            raise ValueError(f"patterns must differ, got {list(self.patterns)}")
        for pattern in self.sign_patterns:
            wrong = sorted(set(pattern) - set("+-/"))
            if wrong:
                raise ValueError(
                    f"pattern {pattern!r} holds {''.join(wrong)!r}; only + and - are allowed, "
                    "and / between patterns that take turns"
                )
        for name in ("voltage", "current"):
            value = getattr(self, name)
            if value is None and name == self.drive and not self.script:
                raise ValueError(f"drive = {name!r} needs {name}")
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, got {value:g}")
        check_range("voltage", 1 if self.voltage is None else self.voltage, 1e-9, 100, "V")
        check_range("current", 1 if self.current is None else self.current, 1e-12, 1000, "A")
        check_duration("pulse_length", self.pulse_length, zero=self.script)
        for name, least in (("pulses", 0 if self.script else 1), ("hold", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.pulses > MOST_PULSES:
            raise ValueError(f"pulses must be at most {MOST_PULSES}, got {self.pulses}")
        if self.period < 2:
            raise ValueError(f"period must be at least 2 pulses, got {self.period}")
        check_duration("relax_time", self.relax_time, zero=True)
        check_duration("gap", self.gap, zero=True)
        self._check_adaptive()

    def _check_adaptive(self) -> None:
        bounds = {"max_change": self.max_change, "max_current_change": self.max_current_change}
        given = {name: value for name, value in bounds.items() if value is not None}
        if len(given) > 1:
            raise ValueError("max_change and max_current_change exclude each other; give one")
        if bool(given) != (self.duration is not None):
            raise ValueError(
                "duration belongs together with max_change or max_current_change; give both or "
                "neither"
            )
        for name, value in given.items():
            if not 0 < value < 2:
                raise ValueError(f"{name} lies between 0 and 2, got {value:g}")
            if self.gap or self.waveform != "constant" or "/" in "".join(self.patterns):
                raise ValueError(
                    f"{name} stands for continuous training: it excludes gap, waveform and "
                    "patterns that take turns"
                )
        if self.duration is not None:
            check_duration("duration", self.duration)

    @property
    def sign_patterns(self) -> tuple[str, ...]:
        """The entries of `patterns` that are made of signs."""
        return tuple(p for p in self.patterns if not (self.script and p == SCRIPT))

    @property
    def amplitude(self) -> float:
        """V0 in V or I0 in A; 1 where a script has given none."""
        amplitude = self.voltage if self.drive == "voltage" else self.current
        if amplitude is None and self.script:
            return 1.0
        assert amplitude is not None
        return amplitude

    @property
    def total_time(self) -> float:
        """Length of the whole train with its gaps, s."""
        if self.duration is not None:
            return self.duration
        return self.pulses * (self.pulse_length + self.gap)


@described
class Reference:
    """The untrained reference: the mean conductance of settled textures.

    Parameters
    ----------
    starts : int
        How many; their seeds follow the start's own seed, which is the first of them. 1 is the
        device's own conductance before training. 1 with `m0`.
    """

    starts: int = 4

    def __post_init__(self) -> None:
        if self.starts < 1:
            raise ValueError(f"starts must be at least 1, got {self.starts}")
        check_range("starts", self.starts, 1, 10_000)


@described
class Probe:
    """Two contacts between which the conductance is read without being connected in training.

    Parameters
    ----------
    name : str
        Names it in results.
    contacts : two contacts
        Tables as in [[contacts]].
    """

    name: str
    contacts: tuple[Contact, Contact]

    def __post_init__(self) -> None:
        check_name(self.name)


@described
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

    def keeps(self, number: int) -> bool:
        """Whether the state after `number` pulses is kept."""
        return number in self.snapshots or bool(self.every and number % self.every == 0)

    def states(self, pulses: int) -> list[int]:
        """Numbers of the states that are kept of a train of so many pulses, in order."""
        regular = range(0, pulses + 1, self.every) if self.every else ()
        return sorted({*self.snapshots, *regular})


@described
class Solver:
    """Settings of the time integration (mumax3's names and defaults).

    Parameters
    ----------
    MaxErr : float
        Largest error of a step.
    MaxDt : float, s
        Longest step; 0 for any.
    """

    MaxErr: float = 1e-5
    MaxDt: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.MaxErr < 1:
            raise ValueError(f"MaxErr must lie between 0 and 1, got {self.MaxErr:g}")
        check_range("MaxErr", self.MaxErr, 1e-10, 1)
        check_duration("MaxDt", self.MaxDt, zero=True)
