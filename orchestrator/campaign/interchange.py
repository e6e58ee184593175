"""Parsl's interchange, which Ctrl-C in the terminal does not reach, and which ends with its parent.

Without it, a killed command would leave its jobs waiting for work until their walltime.
"""

from __future__ import annotations

import os
import runpy
import threading
import time


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    os.setsid()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    runpy.run_module("parsl.executors.high_throughput.interchange", run_name="__main__")
