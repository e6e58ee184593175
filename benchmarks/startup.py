"""Start of a small script: CPU time of the process beside those of imports it cannot avoid.

A film of 32 x 32 cells with its demagnetizing field runs for 10 ps and saves m. The processes take
turns; a first run, not counted, compiles what is not compiled yet. The time of `import numba` is
the floor of whatever calls compiled kernels from Python.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 9
SCRIPT = """SetGridSize(32, 32, 1)
SetCellSize(4e-9, 4e-9, 4e-9)
Msat = 8e5
Aex = 13e-12
alpha = 0.1
m = TwoDomain(1,0,0, 0,1,0, -1,0,0)
Run(1e-11)
Save(m)
"""
FLOOR = "import numba"
COMMANDS = {
    "import numpy": ["-c", "import numpy"],
    FLOOR: ["-c", FLOOR],
    "orchestrator mx3": ["-m", "orchestrator", "mx3", "-f", "-threads", "1", "small.mx3"],
}


def cpu_of(arguments: list[str], folder: str) -> float:
    """CPU time in s of one process of Python."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (
        after.children_user - before.children_user
        + after.children_system - before.children_system
    )  # fmt: skip


def main() -> None:
    """Print a line for each process."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "small.mx3").write_text(SCRIPT)
        cpu_of(COMMANDS["orchestrator mx3"], folder)
        times = [
            {name: cpu_of(arguments, folder) for name, arguments in COMMANDS.items()}
            for _ in range(ROUNDS)
        ]
    for name in COMMANDS:
        took = statistics.median(round_[name] for round_ in times)
        ratio = statistics.median(round_[name] / round_[FLOOR] for round_ in times)
        print(f"{name:>18}: {took:.2f} s of CPU time, {ratio:.2f} times `{FLOOR}`", flush=True)


if __name__ == "__main__":
    main()
