"""The names of all files of a run, and of what runs under one root share.

The folder of a run is named after the experiment and the hash of its canonical description:

    ROOT/
        NAME-HASH/
            description.json        experiment, hash, program and engine, with a checksum
            untrained.json          conductances of the untrained starts, with a checksum
            finished.json           there once all trainings are complete
            pruned.json             files that were removed on purpose, see `pruned`
            failed.json             message of an attempt that failed
            .lock                   who writes here
            stop                    there while whoever works here is asked to stop
            output.log              output of `orchestrator run` where the page has started it
            figures/                what `orchestrator plot` draws
            1/                      one folder per training, numbered as the patterns
                journal.jsonl       one line per committed pulse, with its checksum
                m_000000.ovf        the texture it started from
                m_000075.ovf        the last texture, and those that a script has looked at
                m_relaxed.ovf       the texture after relaxation without current
                state_000050.nc     a kept state: compressed m and j
                j_000001.ovf        current maps
                b_000001.ovf        their Oersted fields and field-like spin-orbit fields
                s_000001.ovf        the fields b of their damping-like spin-orbit torque
                phi_000074.npy      first guesses of the potentials, while the training runs
        textures/                   settled textures
            KEY.ovf                 a texture, KEY the hash of all that it depends on
            KEY.json                how it was made, with its checksum
            KEY.work/               there while it is made
            KEY.lock                who makes it

Textures, current maps and guesses are numbered by the steps: the pulses, and between them the
readings of a training whose pulses a script chooses. The folder of its run is any that it names.

A pulse counts when its journal line is on disk; the texture that it ends with, and whatever is kept
of it, are there before. The line holds the checksums of these files.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrator.describe.experiment import Experiment

DESCRIPTION = "description.json"
DESCRIPTION_COPY = "description.copy.json"
"""The same bytes, from which a damaged description is restored."""
UNTRAINED = "untrained.json"
FINISHED = "finished.json"
FAILED = "failed.json"
LOCK = ".lock"
STOP = "stop_asked"
FIGURES = "figures"
OUTPUT = "output.log"
JOURNAL = "journal.jsonl"
RELAXED = "m_relaxed.ovf"
TEXTURES = "textures"

INITIAL = "m_initial.ovf"
"""The magnetization before it settles."""
SETTLED = "m_settled.ovf"
"""The settled texture, before it gets its key."""


def run_folder(root: Path, experiment: Experiment) -> Path:
    """The folder of an experiment's run under `root`."""
    return root / f"{experiment.name}-{experiment.hash[:8]}"


def training_folder(run: Path, number: int) -> Path:
    """The folder of a training, numbered from 1 as the patterns."""
    return run / str(number)


def training_folders(run: Path, trainings: Sequence[object]) -> list[Path]:
    """The folders of all trainings of a run."""
    return [training_folder(run, k) for k in range(1, len(trainings) + 1)]


def journals(run: Path) -> list[Path]:
    """The journals that are there, in the order of the trainings."""
    numbered = [path for path in run.glob(f"*/{JOURNAL}") if path.parent.name.isdecimal()]
    return sorted(numbered, key=lambda path: int(path.parent.name))


def m_name(number: int) -> str:
    """Name of the texture after `number` steps."""
    return f"m_{number:06d}.ovf"


def j_name(number: int) -> str:
    """Name of the current map of step `number`."""
    return f"j_{number:06d}.ovf"


def open_loop_name(number: int) -> str:
    """Name of a current map of the initial magnetization, for scripts that nobody has run."""
    return f"j_initial_{number:06d}.ovf"


def field_name(current_map: str) -> str:
    """Name of the Oersted field that belongs to a current map: b_000001.ovf to j_000001.ovf."""
    return "b" + current_map.removeprefix("j")


def torque_name(current_map: str) -> str:
    """Name of the map of the spin-orbit torque of a current map: s_000001.ovf to j_000001.ovf."""
    return "s" + current_map.removeprefix("j")


def state_name(number: int) -> str:
    """Name of the file that keeps the state after `number` pulses."""
    return f"state_{number:06d}.nc"


def state_number(path: Path) -> int | None:
    """The number of a kept state by its file's name; None where it is no state's."""
    digits = path.stem.removeprefix("state_")
    return int(digits) if path.name == f"state_{digits}.nc" and digits.isdecimal() else None


def guess_name(number: int) -> str:
    """Name of the rounded potentials of the texture after `number` steps."""
    return f"phi_{number:06d}.npy"


def left_behind(run: Path) -> list[Path]:
    """Temporary files of a run folder itself that a killed process leaves, but those of locks."""
    return [path for path in run.glob(".*.tmp") if not path.name.startswith(LOCK)]


def uncommitted(training: Path, steps: int, wanted: Collection[str] = ()) -> list[Path]:
    """What a killed process leaves in a training's folder: temporary files, later textures.

    Parameters
    ----------
    training : Path
        The folder.
    steps : int
        Committed pulses and readings.
    wanted : collection of str
        Names of earlier textures that are still wanted.
    """
    kept = {m_name(0), m_name(steps), guess_name(steps - 1), guess_name(steps - 2), *wanted}
    fields = [*training.glob("m_[0-9]*.ovf"), *training.glob("phi_*.npy")]
    others = [path for path in fields if path.name not in kept]
    return [*training.glob(".*.tmp"), *training.glob("*/.*.tmp"), *others]


class TextureFiles(NamedTuple):
    """The files of a settled texture, see the module."""

    texture: Path
    note: Path
    work: Path
    lock: Path

    def left_behind(self) -> list[Path]:
        """Temporary files that a killed process leaves, but those of the lock."""
        return list(self.note.parent.glob(f".{self.note.name}.*.tmp"))


def texture_files(root: Path, key: str) -> TextureFiles:
    """The files of the settled texture of a key under a root."""
    ends = ("ovf", "json", "work", "lock")
    return TextureFiles(*(root / TEXTURES / f"{key}.{end}" for end in ends))
