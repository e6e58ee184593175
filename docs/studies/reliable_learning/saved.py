"""What a file of trained films says of how they were made; it goes on with nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from orchestrator.describe.experiment import Experiment
from orchestrator.describe.hashing import without_defaults


def settings_of(experiment: Experiment) -> dict[str, object]:
    """What all films of a file share, of their settings those that are not the defaults.

    By dotted keys. The name, the seed of the start and what a run would write are left out, but for
    the snapshots, and so is the reference, which comes into play after the training.
    """
    content = without_defaults(experiment)
    for section in ("name", "output", "reference"):
        content.pop(section, None)
    content.get("start", {}).pop("seed", None)
    if experiment.output.snapshots:
        content["output"] = {"snapshots": experiment.output.snapshots}
    plain: dict[str, object] = json.loads(json.dumps(content))
    return dict(flat(plain))


def flat(content: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted keys and values of nested tables."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def label_of(
    file: Path, settings: Mapping[str, object], seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """What to keep with the films in a file beside them: `settings`.

    Ends the program with one line if the file is there with films of another training or of other
    starts. A file from before settings were kept is taken with a printed line, and stays without.
    """
    label = {"settings": np.array(json.dumps(settings))}
    if not file.exists():
        return label
    with np.load(file) as content:
        kept = {k: content[k] for k in ("settings", "seeds", "patterns", "entries") if k in content}
    if "settings" in kept:
        known = json.loads(str(kept["settings"]))
    else:
        print(f"{file}: does not say how its films were trained; taken as trained like this")
        known = dict(settings)
        if (trained := kept.get("patterns", kept.get("entries"))) is not None:
            known["training.patterns"] = trained.tolist()
        label = {}
    words = [
        f"{key} = {json.dumps(known.get(key, 'default'))}, not {json.dumps(value)}"
        for key, value in ({k: "default" for k in known} | dict(settings)).items()
        if known.get(key, "default") != value
    ]
    starts = kept.get("seeds", np.array(seeds)).tolist()
    if any(a != b for a, b in zip(starts, seeds, strict=False)):
        words.append(f"seeds from {starts[0]}, not from {seeds[0]}")
    if words:
        raise SystemExit(f"{file} has other films ({'; '.join(words)}): name another file")
    return label


def save(file: Path, arrays: Mapping[str, np.ndarray], *, compressed: bool = False) -> None:
    """Arrays of a file, all of them or none."""
    temporary = file.with_suffix(".part.npz")
    (np.savez_compressed if compressed else np.savez)(temporary, **arrays)
    os.replace(temporary, file)
