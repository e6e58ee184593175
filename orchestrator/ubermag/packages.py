"""Loading the Ubermag packages, which takes seconds and would change matplotlib's style."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import NamedTuple

from orchestrator.base.errors import InputError

NAMES = ("discretisedfield", "micromagneticmodel", "mumax3c")
"""The packages that nothing but this room needs."""


class Packages(NamedTuple):
    """The three modules."""

    df: ModuleType
    mm: ModuleType
    mc: ModuleType


def load() -> Packages:
    """discretisedfield, micromagneticmodel and mumax3c, with matplotlib's rcParams left as found.

    What the packages warn of while they are loaded is theirs, not the caller's, and kept silent.

    Raises
    ------
    InputError
        If one is not installed.
    """
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import discretisedfield
            import micromagneticmodel
            import mumax3c
        except ModuleNotFoundError as error:
            raise InputError(
                f"Ubermag's systems and fields need {', '.join(NAMES)}; {error.name} is not "
                f"installed: pip install {' '.join(NAMES)}"
            ) from None
    return Packages(discretisedfield, micromagneticmodel, mumax3c)
