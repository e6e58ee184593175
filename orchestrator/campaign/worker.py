"""A worker process: reads pickled calls from its input, answers on its output until that ends."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
from typing import Any

from orchestrator.campaign.local import CORES

_GARBAGE = 10_000
"""Objects after which garbage is looked for: a few of Python's 700 are found in vain at imports."""


def main() -> None:
    """Work until the input ends. Signals stop a run that is going on, not the worker."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    if CORES in os.environ:
        os.sched_setaffinity(0, {int(core) for core in os.environ[CORES].split(",")})
    gc.set_threshold(_GARBAGE)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            fn, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301
        except EOFError:
            return
        try:
            answer: tuple[Exception | None, Any] = (None, fn(*args, **kwargs))
        except Exception as error:
            answer = (error, None)
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
