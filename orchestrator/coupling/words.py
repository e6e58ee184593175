"""Which of mumax3's functions make a setup, and which do more than that; all in lower case."""

from __future__ import annotations

ENDS = frozenset({"run", "steps", "runwhile", "exit"})
"""End the setup: the pulses take their place."""
PREPARES = frozenset({"relax", "minimize"})
"""Change the magnetization, once, before the first pulse."""
WRITES = frozenset(
    {
        "save", "saveas", "snapshot", "snapshotas", "tablesave", "tableprint", "print", "fprintln",
        "expect", "expectv", "flush",
    }
)  # fmt: skip
"""Write or compare something, once."""
SCHEDULES = frozenset({"autosave", "autosnapshot", "tableautosave"})
"""Let something be written by itself; they go on over all pulses."""
HARMLESS = frozenset({"print"})
"""What a loop or a sourced file may repeat."""
READS_FILE = frozenset({"source", "imageshape", "functionfromdatafile"})
"""Functions whose first argument names a file; so does that of every `LoadFile`."""
KEEPS_STATE = {
    "ext_centerwall": "it moves the window, and how far is lost between two pulses",
    "ext_centerbubble": "it moves the window, and how far is lost between two pulses",
    "ext_centerskyrmion": "it moves the window, and how far is lost between two pulses",
    "shift": "it moves the window, and how far is lost between two pulses",
    "yshift": "it moves the window, and how far is lost between two pulses",
    "runningaverage": "its sum is lost between two pulses",
    "now": "it differs each time the setup is executed",
}
"""Functions whose state neither the magnetization nor the time holds."""
VALUES = frozenset({"average", "get", "getcell"})
"""Methods that give the value of the moment."""
RANDOM = frozenset({"rand", "randexp", "randnorm", "randint"})
"""Functions that go on in a stream of random numbers."""
_STATE = frozenset(
    {
        "m", "m_full", "torque", "lltorque", "sttorque", "maxtorque", "maxangle", "spinangle",
        "dt", "step", "neval", "lasterr", "peakerr",
    }
)  # fmt: skip
_STATE_BEGINS = ("e_", "b_", "edens_", "f_", "ext_topological", "ext_dw", "ext_bubble", "ext_core")


def is_state(name: str) -> bool:
    """Whether a quantity depends on the magnetization of the moment."""
    return name in _STATE or (name.startswith(_STATE_BEGINS) and name != "b_ext")
