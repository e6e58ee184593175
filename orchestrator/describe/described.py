"""The decorator of all descriptions: frozen dataclasses that say what is wrong with them."""

from __future__ import annotations

import functools
from dataclasses import field
from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass

from orchestrator.describe.validation import explained

T = TypeVar("T")

_FROZEN = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def described(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass whose values are validated by their types.

    Unknown keys, NaN and infinity are refused. Made in Python, an instance that is refused raises
    InputError with the class, the field and what was wrong; within a larger description pydantic
    collects all problems first, see `explained`.
    """
    made: Any = dataclass(frozen=True, config=_FROZEN)(cls)
    validate = made.__init__

    @functools.wraps(validate)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            validate(self, *args, **kwargs)
        except ValidationError as error:
            raise explained(error, made, made.__name__) from None

    made.__init__ = __init__
    return made
