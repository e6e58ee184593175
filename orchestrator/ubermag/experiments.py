"""Experiments from micromagneticmodel Systems, with their texture, field and temperature."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.errors import InputError
from orchestrator.describe.conditions import Conditions
from orchestrator.describe.contacts import Contact
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.media import Resistivity
from orchestrator.describe.sections import Start, Training
from orchestrator.ovf.files import write_ovf
from orchestrator.ubermag.films import read_texture
from orchestrator.ubermag.systems import read_device
from orchestrator.ubermag.terms import read_conditions

if TYPE_CHECKING:
    from micromagneticmodel import System

_OF_DEVICES = ("P", "pbc", "size", "regions", "underlayer")


def experiment_from_system(
    name: str,
    system: System,
    resistivity: Resistivity,
    contacts: Sequence[Contact],
    training: Training,
    *,
    m0: str | os.PathLike[str],
    start: Start | None = None,
    conditions: Conditions | None = None,
    **rest: Any,
) -> Experiment:
    """The experiment that starts from a System's magnetization, in its field, at its temperature.

    Parameters
    ----------
    name : str
        Names the run folder.
    system : System
        Left as it is. Zeeman terms become `conditions.B_ext`, T `conditions.temperature`.
    resistivity, contacts
        What a System does not know. Contacts are placed from the mesh's lower left corner.
    training : Training
        What to train.
    m0 : path
        The OVF file that the directions of `system.m` are written to; a run reads it.
    start : Start, optional
        How long the texture settles; without `m0`, which is that file.
    conditions : Conditions, optional
        Seeds and grains.
    rest
        `P`, `pbc`, `size`, `regions`, `underlayer` of `read_device`, and the experiment's
        `reference`, `probes`, `output`, `solver`.

    Raises
    ------
    InputError
        If the System holds a term or value that an experiment cannot, with its name, or one stands
        in both.
    """
    start, conditions = start or Start(), conditions or Conditions()
    found = read_conditions(system)
    for key, value in found.items():
        if getattr(conditions, key) not in (getattr(Conditions(), key), value):
            raise InputError(
                f"conditions.{key} = {getattr(conditions, key)}, the System has {value}; "
                "give it once"
            )
    if start.m0 is not None:
        raise InputError("start.m0 is written from system.m; leave it out, or set system.m")
    given = {key: rest.pop(key) for key in _OF_DEVICES if key in rest}
    device = read_device(system, resistivity, contacts, **given)
    path = Path(m0).resolve()
    try:
        write_ovf(path, read_texture(system), device.film.cell_size)
    except OSError as error:
        raise InputError(f"m0: {path}: {error.strerror}") from None
    return Experiment.of_device(
        name,
        device,
        training,
        start=dataclasses.replace(start, m0=str(path)),
        conditions=dataclasses.replace(conditions, **found),
        **rest,
    ).with_m0_read()
