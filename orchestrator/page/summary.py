"""What the table says of a run, read off the ends of its files."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.base.errors import RunFolderError
from orchestrator.campaign.status import run_state
from orchestrator.learning.hopfield import energy, trained_patterns, weight_matrix
from orchestrator.learning.pulses import drive_values
from orchestrator.learning.records import TrainedRecord, UntrainedRecord
from orchestrator.run.description import read_description
from orchestrator.run.folder import (
    DESCRIPTION,
    FAILED,
    FINISHED,
    JOURNAL,
    LOCK,
    RELAXED,
    STOP,
    UNTRAINED,
    journals,
    m_name,
)
from orchestrator.run.journal import Glance, glance_at
from orchestrator.run.untrained import read_untrained

BROKEN = "broken"
"""State of a run folder that cannot be read; the others are those of `campaign.status`."""

_OF_A_RUN = re.compile(r".+-[0-9a-f]{8}")
_WATCHED = (DESCRIPTION, UNTRAINED, FINISHED, FAILED, STOP)


@dataclass(frozen=True)
class Summary:
    """How far a run is.

    Attributes
    ----------
    name : str
        Of its folder.
    state : str
        One of `campaign.status.STATES`, or BROKEN.
    message : str
        Why it failed or is broken, or who works on it.
    script : bool
        Whether a script chooses its pulses; then `total` is how many it has asked for so far.
    training, trainings : int
        Number of the training that is reached, and how many there are.
    pattern : str
        What that training trains.
    pulses, total : int
        Committed pulses, and how many there will be.
    seconds : float or None
        Wall-clock time of the last pulse, s.
    energy, share : float or None
        E' of the trained pattern against the untrained reference, W; and in units of the power of
        the reference, -E0.
    engine : str
        Name of the engine.
    changed : float
        When a pulse was last committed, or else the run begun, s since 1970.
    stopping : bool
        Whether it is asked to stop.
    texture : Path or None
        File of its latest texture.
    read : bool
        False where only the names of the files have been looked at yet.
    """

    name: str
    state: str
    message: str = ""
    script: bool = False
    training: int = 0
    trainings: int = 0
    pattern: str = ""
    pulses: int = 0
    total: int = 0
    seconds: float | None = None
    energy: float | None = None
    share: float | None = None
    engine: str = ""
    changed: float = 0.0
    stopping: bool = False
    texture: Path | None = None
    read: bool = True

    @property
    def left(self) -> float | None:
        """Wall-clock time that the missing pulses take at the pace of the last one, s."""
        if self.seconds is None or self.script or self.state == "finished":
            return None
        return (self.total - self.pulses) * self.seconds


Stamp = tuple[Any, ...]
"""Is the same as long as what `summarize` reads is the same."""


def is_run_folder(name: str, names: set[str]) -> bool:
    """Whether a folder of a root holds a run, by its name and by the names in it."""
    if DESCRIPTION in names:
        return True
    return bool(_OF_A_RUN.fullmatch(name)) and bool(names - {LOCK})


def stamp_of(folder: Path, names: set[str]) -> Stamp:
    """State, message, sizes and times of the files of a run, without reading results.

    Parameters
    ----------
    folder : Path
        The run folder.
    names : set of str
        What is in it.
    """
    state, message = ("finished", "") if FINISHED in names else run_state(folder)
    files = [name for name in _WATCHED if name in names]
    files += [f"{name}/{JOURNAL}" for name in sorted(names) if name.isdecimal()]
    return (state, message, *(seen for name in files if (seen := _seen(folder, name))))


def _seen(folder: Path, name: str) -> tuple[str, int, int] | None:
    try:
        stat = os.stat(f"{folder}/{name}")
    except OSError:
        return None
    return name, stat.st_mtime_ns, stat.st_size


def summarize(folder: Path, stamp: Stamp) -> Summary:
    """How far a run is, by the ends of its journals; one that cannot be read is BROKEN."""
    state, message, *seen = stamp
    changed = max((mtime for _, mtime, _ in seen), default=0) / 1e9
    try:
        return _read(folder, state, message, changed)
    except RunFolderError as error:
        reason = str(error).replace(f"{folder}/", "")
    except OSError as error:
        reason = f"{error.filename}: cannot be read ({error.strerror})"
    except (KeyError, TypeError, ValueError, IndexError) as error:
        reason = f"{DESCRIPTION}: damaged ({type(error).__name__}: {error})"
    return Summary(folder.name, BROKEN, reason, changed=changed)


def _read(folder: Path, state: str, message: str, changed: float) -> Summary:
    if not (folder / DESCRIPTION).exists() and state in ("running", "failed"):
        return Summary(folder.name, state, message, changed=changed)
    content = read_description(folder)
    plan = content["experiment"]["training"]
    patterns, pulses = list(plan["patterns"]), int(plan["pulses"])
    found = [(int(p.parent.name), glance_at(p)) for p in journals(folder)]
    number, reached = found[-1] if found else (1, Glance())
    done = sum(glance.pulses for _, glance in found)
    finished, script = state == "finished", bool(plan.get("script"))
    value, share = None, None
    if finished or (folder / UNTRAINED).exists():
        value, share = _energy(reached, plan, patterns[number - 1], read_untrained(folder))
    return Summary(
        name=folder.name,
        state=state,
        message=message,
        script=script,
        training=number,
        trainings=len(patterns),
        pattern=patterns[number - 1],
        pulses=done,
        total=done if finished or script else pulses * len(patterns),
        seconds=None if reached.pulse is None else sum(reached.pulse.seconds.values()),
        energy=value,
        share=share,
        engine=str(content["engine"]["name"]),
        changed=changed,
        stopping=state == "running" and (folder / STOP).exists(),
        texture=_texture(folder / str(number), reached),
    )


def _texture(training: Path, reached: Glance) -> Path | None:
    names = [RELAXED] if type(reached.last).__name__ == "RelaxedRecord" else []
    for name in [*names, m_name(reached.steps), m_name(0)]:
        if (training / name).exists():
            return training / name
    return None


def _energy(
    reached: Glance, plan: dict[str, Any], pattern: str, untrained: UntrainedRecord
) -> tuple[float | None, float | None]:
    """E' of Eq. (7) of the trained pattern, W, and in units of the reference's power."""
    drive = plan.get("drive", "voltage")
    reference = weight_matrix(untrained.conductance.mean(axis=0), drive)
    if isinstance(reached.last, TrainedRecord) and trained_patterns(pattern):
        amplitude = plan.get(drive)  # a script need not have one
        own = drive_values(pattern.split("/")[0], float(amplitude or 1.0), drive)
        g = reached.last.conductance
    elif reached.pulse is not None:
        own = reached.pulse.voltages if drive == "voltage" else reached.pulse.currents
        g = reached.pulse.conductance
    else:
        return None, None
    weights = np.stack([weight_matrix(g, drive) - reference, reference])
    value, minus_power = energy(weights, own[None])[:, 0]
    if not math.isfinite(value):
        return None, None
    return float(value), float(-value / minus_power) if minus_power else None
