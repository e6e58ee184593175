"""Loading the Ubermag packages, which takes seconds and would change matplotlib's style."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import NamedTuple


class Packages(NamedTuple):
    """The three modules."""

    df: ModuleType
    mm: ModuleType
    mc: ModuleType


def load() -> Packages:
    """discretisedfield, micromagneticmodel and mumax3c, with matplotlib's rcParams left as found.

    What the packages warn of while they are loaded is theirs, not the caller's, and kept silent.
    """
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import discretisedfield
        import micromagneticmodel
        import mumax3c
    return Packages(discretisedfield, micromagneticmodel, mumax3c)
