"""A film in the hands of a script, which chooses each pulse from what it has seen.

What the script has decided is in the journal. Started again, its committed pulses are replayed:
each `apply` returns what is recorded, until the script comes to where it was stopped. A script that
now decides otherwise is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from orchestrator.base.errors import InputError, RunFolderError
from orchestrator.describe.sections import MOST_PULSES, Drive
from orchestrator.learning.hopfield import energy, weight_matrix
from orchestrator.learning.inputs import Inputs, contact_values, in_words, pulse_of, to_json
from orchestrator.learning.pulses import Pulse, contact_voltages
from orchestrator.learning.records import HeldRecord, PulseRecord, ReadingRecord
from orchestrator.ovf.files import read_ovf
from orchestrator.run.bench import Bench
from orchestrator.run.execute import finish, writing
from orchestrator.run.training import Training
from orchestrator.run.untrained import read_untrained

Reference = Literal["untrained", "saturated"]


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of the film before a pulse.

    Attributes
    ----------
    number : int
        Of the pulse, 1 for the first.
    time : float
        Simulated time, s.
    conductance : ndarray, shape (N, N)
        G^n between the contacts, S.
    probes : tuple of float
        Conductances between the probes' contacts, S.
    voltages, currents : ndarray, shape (N,)
        Voltages (V) of the pulse before, zero at first, and the terminal currents (A), positive
        into the film, that they drive in the present texture.
    energy : float
        E' of these voltages in the present texture, reference untrained, W.
    """

    number: int
    time: float
    conductance: np.ndarray
    probes: tuple[float, ...]
    voltages: np.ndarray
    currents: np.ndarray
    energy: float
    _magnetization: Callable[[], np.ndarray]

    @cached_property
    def m(self) -> np.ndarray:
        """The texture, unit vectors of shape (nz, ny, nx, 3); its file is kept from now on."""
        return self._magnetization()


class Film:
    """A film that a script trains; made by `orchestrator.training`, which also ends and leaves it.

    Attributes
    ----------
    folder : Path
        The run folder, for `open_run`.
    contacts : tuple of str
        Names of the contacts, in the order of voltages and of G.
    records : list of PulseRecord
        The pulses so far, as they are recorded.
    """

    def __init__(self, bench: Bench, training: Training) -> None:
        self.folder = bench.folder
        self.contacts = bench.experiment.device.contact_names
        self._experiment = bench.experiment
        self._training = training
        self._at = 0
        self._over = ""
        self.records: list[PulseRecord] = []

    @property
    def replaying(self) -> bool:
        """Whether what comes next is in the journal already."""
        return self._at < len(self._training.steps) or self._training.found.trained is not None

    @property
    def time(self) -> float:
        """Simulated time, s."""
        return self._training.steps[self._at - 1].time if self._at else 0.0

    @property
    def conductance(self) -> np.ndarray:
        """G between the contacts in the present texture, S, shape (N, N)."""
        return self._present.conductance

    @property
    def probes(self) -> tuple[float, ...]:
        """Conductances between the probes' contacts in the present texture, S."""
        return self._present.probes

    @property
    def m(self) -> np.ndarray:
        """The present texture, unit vectors of shape (nz, ny, nx, 3); its file is kept from now on.

        Raises
        ------
        InputError
            While pulses are replayed, if the script has not looked at this texture before.
        """
        return self._texture(self._at)

    def pulses(self, limit: int | None = None) -> Iterator[Seen]:
        """What is known before each pulse, until so many pulses are done.

        Parameters
        ----------
        limit : int, optional
            Number of pulses, with those before the loop; without it the script ends the loop.

        Raises
        ------
        InputError
            If a round of the loop applies nothing.
        """
        limit = MOST_PULSES if limit is None else limit
        if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= MOST_PULSES:
            raise InputError(f"limit: must be a whole number up to {MOST_PULSES}, got {limit!r}")
        while (number := len(self.records) + 1) <= limit:
            yield self._seen(number)
            if len(self.records) < number:
                raise InputError(
                    f"pulse {number}: the script applied nothing; call `film.apply` in each round "
                    "of the loop, or leave it by `break`"
                )

    def apply(
        self,
        voltages: Inputs | None = None,
        duration: float = 0.0,
        *,
        currents: Inputs | None = None,
        gap: float = 0.0,
        B_ext: Sequence[float] | None = None,
        temperature: float | None = None,
    ) -> PulseRecord:
        """Hold voltages or currents on the contacts for a while: one pulse of the training.

        The current map of the present texture is frozen meanwhile. When this returns, the pulse is
        on disk. Of a pulse that is recorded already, the record is returned at once.

        Parameters
        ----------
        voltages : sequence, str or ndarray
            In V, one per contact; None, NaN or "." lets a contact float: its voltage is such that
            its current is zero. Or a pattern in units of V0 such as "+-0." or "1 0.5 0 .".
        duration : float
            In s.
        currents : sequence, str or ndarray, optional
            In A, positive into the film, of the contacts that have no voltage. Without any voltage
            they add up to zero, and so does the mean of the voltages.
        gap : float
            Time in s without current that follows.
        B_ext : sequence of float, optional
            External field in T during pulse and gap, in place of that of the conditions.
        temperature : float, optional
            Temperature in K of the thermal field meanwhile, in place of that of the conditions.

        Returns
        -------
        PulseRecord
            Its voltages, currents, power, and the conductance that it found.

        Raises
        ------
        InputError
            If something is impossible; nothing is applied.
        RunFolderError
            If the script decides otherwise than it did when the pulse was recorded, with both; or
            the folder is damaged or has been changed meanwhile.
        EngineError
            If the engine fails; committed pulses stay.
        Interrupted
            If `orchestrator stop` asked for it; the pulse is committed.
        """
        pulse = pulse_of(*self._values(voltages, currents), duration, gap, B_ext, temperature)
        if len(self.records) == MOST_PULSES:
            raise InputError(f"pulse {MOST_PULSES + 1}: a training has at most {MOST_PULSES}")
        record = self._step(PulseRecord, pulse, lambda asked: self._training.hold(pulse, asked))
        assert isinstance(record, PulseRecord)
        return record

    def read(
        self,
        voltages: Inputs | None = None,
        duration: float = 0.0,
        *,
        currents: Inputs | None = None,
        gap: float = 0.0,
        B_ext: Sequence[float] | None = None,
        temperature: float | None = None,
    ) -> ReadingRecord:
        """Read the film with a pulse that does not count as training; see `apply`.

        The texture turns under it as under any pulse. `conductance` is there without.

        Returns
        -------
        ReadingRecord
            Its voltages, currents, power, largest change of m.
        """
        pulse = pulse_of(*self._values(voltages, currents), duration, gap, B_ext, temperature)
        record = self._step(ReadingRecord, pulse, lambda asked: self._training.read(pulse, asked))
        assert isinstance(record, ReadingRecord)
        return record

    def energy(
        self,
        voltages: Inputs | None = None,
        *,
        currents: Inputs | None = None,
        reference: Reference = "untrained",
    ) -> float:
        """Energy E' of Eq. (7) in the present texture, W.

        -E' is the power that the texture adds to that of the reference. A pattern without an
        amplitude counts as 1 V or 1 A.

        Parameters
        ----------
        voltages, currents
            As for `apply`; with contacts that float, those of texture and reference float.
        reference : {"untrained", "saturated"}
            Texture whose G is G0.

        Raises
        ------
        InputError
            If something is impossible.
        """
        if reference not in self._references:
            raise InputError(f"reference: {reference!r} is none of {', '.join(self._references)}")
        values = self._values(voltages, currents, usual=1.0)
        pulse = pulse_of(*values, duration=1e-9)
        return _energy(pulse, self.conductance, self._references[reference])

    def _values(
        self, voltages: Inputs | None, currents: Inputs | None, usual: float | None = None
    ) -> tuple[list[float | None], list[float | None]]:
        """Voltages and currents of the contacts."""
        plan = self._experiment.training
        free: list[float | None] = [None] * len(self.contacts)
        if voltages is None and currents is None:
            raise InputError("voltages: give those of the contacts, or currents")
        found: dict[Drive, list[float | None]] = {"voltage": free, "current": free}
        asked: dict[Drive, Inputs | None] = {"voltage": voltages, "current": currents}
        amplitudes = {"voltage": plan.voltage, "current": plan.current}
        for drive, inputs in asked.items():
            if inputs is not None:
                amplitude = amplitudes[drive] or usual
                found[drive] = contact_values(inputs, self.contacts, drive, amplitude)
        return found["voltage"], found["current"]

    def _step(
        self,
        kind: type[HeldRecord],
        pulse: Pulse,
        hold: Callable[[dict[str, Any]], HeldRecord],
    ) -> HeldRecord:
        """The record of the next step: from the journal, or once it is done."""
        self._check_usable()
        asked = to_json(pulse)
        if self._experiment.setup and not (pulse.B_ext is pulse.temperature is None):
            raise InputError("B_ext, temperature: the script that is the setup holds them")
        steps = self._training.steps
        if self._at < len(steps):
            recorded = steps[self._at]
            if type(recorded) is not kind or recorded.asked != asked:
                raise self._otherwise(f"a {_NAMES[kind]} of {in_words(asked)}")
        elif self._training.found.trained is not None:
            raise self._otherwise(f"a {_NAMES[kind]} of {in_words(asked)}")
        else:
            try:
                with writing(self.folder):
                    recorded = hold(asked)
            except InputError:
                raise  # nothing has been done
            except BaseException:
                self._over = "the pulse before has failed"
                raise
        self._at += 1
        if isinstance(recorded, PulseRecord):
            self.records.append(recorded)
        return recorded

    def _check_usable(self) -> None:
        if self._over:
            raise InputError(f"{self.folder}: {self._over}; start the script again to go on")

    def _otherwise(self, asked: str) -> RunFolderError:
        steps, number = self._training.steps, len(self.records) + 1
        recorded = "the end of the training"
        if self._at < len(steps):
            step = steps[self._at]
            recorded = f"a {_NAMES[type(step)]} of {in_words(dict(step.asked or {}))}"
        return RunFolderError(
            f"{self.folder}: pulse {number}: recorded is {recorded}; now the script asks for "
            f"{asked}. It must decide as it did, from what it sees and with seeded random "
            "numbers, or begin another folder"
        )

    @property
    def _present(self) -> Any:
        """A record or reading with what is measured of the present texture."""
        steps, found = self._training.steps, self._training.found
        if self._at < len(steps):
            return steps[self._at]
        if found.trained is not None:
            return found.trained
        with writing(self.folder):
            return self._training.reading

    def _seen(self, number: int) -> Seen:
        at, before = self._at, self.records[-1:]
        voltages = before[0].voltages if before else np.zeros(len(self.contacts))
        g = self.conductance
        return Seen(
            number=number,
            time=self.time,
            conductance=g,
            probes=self.probes,
            voltages=voltages,
            currents=g @ voltages,
            energy=float(energy(g - self._references["untrained"], voltages[None])[0]),
            _magnetization=lambda: self._texture(at),
        )

    def _texture(self, step: int) -> np.ndarray:
        path = self._training.texture(step)
        if path is None:
            raise InputError(
                f"m after {step} pulses and readings: was not kept; look at it before the next one "
                "is applied, and it stays"
            )
        return read_ovf(path).data

    @cached_property
    def _references(self) -> dict[str, np.ndarray]:
        """G0 of the references, S."""
        untrained = read_untrained(self.folder)
        return {
            "untrained": untrained.conductance.mean(axis=0),
            "saturated": untrained.saturated,
        }

    def end(self) -> None:
        """Read out and relax, once the script has come to its end.

        Raises
        ------
        InputError
            If a pulse has failed.
        RunFolderError
            If more is recorded.
        """
        self._check_usable()
        if self._at < len(self._training.steps):
            raise self._otherwise("the end of the training")
        with writing(self.folder):
            relax_time = self._experiment.training.relax_time
            self._training.end(relax_time, len(self._training.steps) + 1)
            finish(self.folder)

    def leave(self) -> None:
        """Let nothing more be applied."""
        self._over = "its training is left"


_NAMES: dict[type[HeldRecord], str] = {PulseRecord: "pulse", ReadingRecord: "reading"}


def _energy(pulse: Pulse, conductance: np.ndarray, reference: np.ndarray) -> float:
    """E' of a pulse, W."""
    if len(set(pulse.drives)) < 2:
        drive = pulse.drives[0] if pulse.drives else "voltage"
        weights = weight_matrix(conductance, drive) - weight_matrix(reference, drive)
        return float(energy(weights, np.array([pulse.values]))[0])
    powers = []
    for g in (conductance, reference):
        v = contact_voltages(pulse, g)
        powers.append(float(v @ g @ v))
    return powers[1] - powers[0]
