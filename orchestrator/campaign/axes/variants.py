"""Experiments that differ from a base in a few keys: only what differs is validated again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from orchestrator.base.errors import InputError
from orchestrator.campaign.axes.keys import changed
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.validation import validated


class Variants:
    """The experiments around a base.

    The sections that a change touches are validated as in a description of its own, and what
    sections must have in common by `Experiment` itself. What is refused is described as a whole
    once more, so that the message is that of `Experiment.from_dict`.

    Parameters
    ----------
    base : Experiment
        What all share.
    """

    def __init__(self, base: Experiment) -> None:
        self._description = base.to_dict()
        self._sections = {f.name: getattr(base, f.name) for f in dataclasses.fields(base)}

    def experiment(self, changes: Mapping[str, Any], source: str) -> Experiment:
        """The base with other values at some dotted keys, which must exist.

        Raises
        ------
        InputError
            With source, key, what was wrong and what would be right.
        """
        names = {key.partition(".")[0] for key in changes}
        touched = {name: self._description[name] for name in names if name in self._description}
        with suppress(ValidationError, InputError):
            new = changed(touched, changes)
            sections = {name: _validated(name, value) for name, value in new.items()}
            return Experiment(**(self._sections | sections))
        return Experiment.from_dict(changed(self._description, changes), source)


def _validated(name: str, value: Any) -> Any:
    return validated(_adapters()[name], value)


@cache
def _adapters() -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(Experiment, include_extras=True)
    return {f.name: TypeAdapter(hints[f.name]) for f in dataclasses.fields(Experiment)}
