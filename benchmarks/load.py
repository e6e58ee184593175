"""How the program behaves under load: what must stay flat, and what a large case takes.

campaign    many tiny runs of `orchestrator campaign run` with two workers: runs per second, memory
            and open files of the parent over time, then `campaign status` and `campaign check`
pulses      one run of many pulses on a tiny film, nothing kept: time, bytes read, memory, open
            files of a pulse in the first and in the last tenth
states      the same, with the state of every pulse kept, then opened and read
contacts    one pulse of a film with 35 contacts
film        one pulse of a film of 1024 x 1024 cells

CPU times are given beside wall-clock times: they hardly depend on what else a machine does. Bytes
that are read are counted by the kernel (Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.results import open_run
from orchestrator.run.workplace import Workplace

PAGE = resource.getpagesize()
CLOCK = os.sysconf("SC_CLK_TCK")
TINY = {
    "name": "tiny",
    "film": {"cells": [16, 16, 1], "cell_size": [5e-9, 5e-9, 1e-6]},
    "material": {"Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "Ku1": 1e5, "alpha": 0.5, "P": 0.5},
    "resistivity": {"mean": 5e-7, "amr_ratio": 1.5, "amr_convention": "mean"},
    "contacts": [{"name": s, "shape": "side", "side": s} for s in ("left", "right")],
    "start": {"seed": 1, "settle_time": 1e-12},
    "reference": {"starts": 1},
    "training": {
        "patterns": ["+-"], "voltage": 0.025, "pulse_length": 1e-13, "pulses": 2, "relax_time": 0.0,
    },
    "output": {"maps": False},
}  # fmt: skip


def memory(pid: int | str = "self") -> float:
    """Resident memory of a process, MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6


def open_files(pid: int | str = "self") -> int:
    """Open files of a process."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_of(pid: int) -> float:
    """CPU time of a process without its children, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def bytes_read() -> int:
    """Bytes that this process has read so far."""
    return int(Path("/proc/self/io").read_text().split()[1])


def command(*arguments: object) -> tuple[float, float, str]:
    """Seconds of wall-clock and of CPU time of a command, with its start, and what it printed."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    parts = [sys.executable, "-m", "orchestrator", *map(str, arguments)]
    done = subprocess.run(parts, check=True, capture_output=True, text=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.stdout


class Measured:
    """A tracker that measures after each pulse."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float, int]] = []

    def stage(self, title: str, duration: float, done: float = 0.0) -> None:
        """Nothing to do."""

    def progress(self, progress: object) -> None:
        """Nothing to do."""

    def pulse(self, pattern: str, record: object) -> None:
        """Note CPU time, bytes read, memory and open files."""
        self.rows.append((time.process_time(), bytes_read(), memory(), open_files()))

    def tenths(self) -> str:
        """The first and the last tenth, the very first pulses left out."""
        tenth = len(self.rows) // 10
        parts = []
        for name, rows in (("first", self.rows[10 : 10 + tenth]), ("last", self.rows[-tenth:])):
            count = len(rows) - 1
            each, read = ((rows[-1][k] - rows[0][k]) / count for k in (0, 1))
            parts.append(
                f"{name} tenth {1e3 * each:.2f} ms CPU and {read / 1e3:.2f} kB read a pulse, "
                f"{rows[-1][2]:.0f} MB, {rows[-1][3]} open files"
            )
        return "; ".join(parts)


def carried_out(description: dict[str, Any], root: Path) -> tuple[Path, Measured, float, float]:
    """A run, what its tracker has measured, and its wall-clock and CPU time in s."""
    tracker, wall, cpu = Measured(), time.perf_counter(), time.process_time()
    place = Workplace(root, CpuEngine(threads=1), tracker, lambda: False, threads=1)
    folder = run(Experiment.from_dict(description), place)
    return folder, tracker, time.perf_counter() - wall, time.process_time() - cpu


def campaign(root: Path, runs: int) -> None:
    """Many tiny runs by the command line."""
    base = "\n".join(f"{key} = {_toml(value)}" for key, value in TINY.items())
    (root / "base.toml").write_text(base)
    file = root / "many.toml"
    file.write_text(
        'name = "many"\nbase = "base.toml"\n'
        f'[[axes]]\nname = "seed"\nkey = "start.seed"\nintegers = {{ start = 1, count = {runs} }}\n'
    )
    where = ("--root", root / "runs")
    arguments = [sys.executable, "-m", "orchestrator", "campaign", "run", str(file)]
    arguments += [*map(str, where), "--engine", "cpu", "--workers", "2"]
    begun, rows = time.perf_counter(), []
    with open(root / "said", "wb") as said:
        process = subprocess.Popen(arguments, stdout=said, stderr=said)
        while process.poll() is None:
            done = len(list((root / "runs").glob("*/finished.json")))
            now = time.perf_counter() - begun
            try:
                row = (now, done, memory(process.pid), open_files(process.pid), cpu_of(process.pid))
            except (FileNotFoundError, IndexError, PermissionError):
                break  # it has just ended
            if row[2]:
                rows.append(row)
            time.sleep(0.5)
        if process.wait():
            raise SystemExit((root / "said").read_text())
    print(f"campaign: {runs} runs in {time.perf_counter() - begun:.0f} s", flush=True)
    for k in range(1, 11):
        upto = next((row for row in rows if row[1] >= runs * k / 10), rows[-1])
        from_ = next((row for row in rows if row[1] >= runs * (k - 1) / 10), rows[0])
        count = max(upto[1] - from_[1], 1)
        print(
            f"  {upto[1]:6} runs: {count / max(upto[0] - from_[0], 1e-9):6.2f} runs/s; parent: "
            f"{1e3 * (upto[4] - from_[4]) / count:6.2f} ms CPU a run, {upto[2]:6.1f} MB, "
            f"{upto[3]} open files"
        )
    for name in ("status", "check"):
        wall, cpu, text = command("campaign", name, file, *where)
        last = re.sub(r"\s+", " ", text.strip().splitlines()[-1])
        print(f"  {name}: {wall:.2f} s, {cpu:.2f} s CPU: {last}", flush=True)


def pulses(root: Path, count: int) -> None:
    """One run of many pulses."""
    training = TINY["training"] | {"pulses": count}  # type: ignore[operator]
    _, tracker, wall, cpu = carried_out(TINY | {"training": training}, root)
    print(f"pulses: {count} in {wall:.0f} s, {cpu:.0f} s CPU: {tracker.tenths()}", flush=True)


def states(root: Path, count: int) -> None:
    """One run that keeps many states, which are then read."""
    training = TINY["training"] | {"pulses": count}  # type: ignore[operator]
    kept = TINY | {"training": training, "output": {"maps": False, "every": 1}}
    folder, tracker, wall, cpu = carried_out(kept, root)
    print(f"states: {count + 1} in {wall:.0f} s, {cpu:.0f} s CPU: {tracker.tenths()}", flush=True)
    begun, before = time.process_time(), memory()
    results = open_run(folder)
    opened = time.process_time() - begun
    m = results.magnetization.load()
    print(
        f"  opened in {opened:.2f} s CPU; m of all, {m.nbytes / 1e6:.0f} MB, read in "
        f"{time.process_time() - begun - opened:.2f} s CPU and {memory() - before:.0f} MB",
        flush=True,
    )


def contacts(root: Path, count: int) -> None:
    """One pulse of a film with many contacts along its lower and upper side."""
    film = {"cells": [160, 64, 1], "cell_size": [5e-9, 5e-9, 1e-6]}
    below = (count + 1) // 2
    found = []
    for number in range(count):
        place, side = number % below, "bottom" if number < below else "top"
        start = (place + 0.25) * 8e-7 / below
        stop = start + 4e-7 / below
        found.append(
            {"name": f"c{number}", "shape": "side", "side": side, "start": start, "stop": stop}
        )
    training = TINY["training"] | {"patterns": ["+-" * (count // 2) + "+" * (count % 2)]}  # type: ignore[operator]
    folder, _, wall, cpu = carried_out(
        TINY | {"film": film, "contacts": found, "training": training}, root
    )
    begun = time.process_time()
    results = open_run(folder).load()
    print(
        f"contacts: {count}, 2 pulses in {wall:.1f} s, {cpu:.1f} s CPU; results opened and read in "
        f"{time.process_time() - begun:.2f} s CPU, {results.nbytes / 1e6:.1f} MB; sum of the "
        f"currents {float(abs(results.current.sum('contact')).max()):.1e} A of "
        f"{float(abs(results.current).max()):.1e} A",
        flush=True,
    )


def film(root: Path, cells: int) -> None:
    """One pulse of a large film."""
    size = {"cells": [cells, cells, 1], "cell_size": [4e-9, 4e-9, 1e-6]}
    training = TINY["training"] | {"pulses": 1}  # type: ignore[operator]
    folder, _, wall, cpu = carried_out(TINY | {"film": size, "training": training}, root)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    pulse = float(open_run(folder).wall_time.sum())
    print(
        f"film: {cells} x {cells}, settled and one pulse in {wall:.0f} s, {cpu:.0f} s CPU, at most "
        f"{most:.0f} MB; the pulse {pulse:.1f} s",
        flush=True,
    )


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


PARTS = {
    "campaign": (campaign, 1000),
    "pulses": (pulses, 5000),
    "states": (states, 2000),
    "contacts": (contacts, 35),
    "film": (film, 1024),
}


def main() -> None:
    """Measure the parts that are asked for, each in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="those of the list; else all")
    for name, (_, size) in PARTS.items():
        parser.add_argument(f"--{name}", type=int, default=size, help=f"size, {size} if left out")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: the parts are {', '.join(PARTS)}")
    chosen = options.parts or list(PARTS)
    if len(chosen) > 1:
        for name in chosen:
            size = f"--{name}={getattr(options, name)}"
            subprocess.run([sys.executable, __file__, name, size], check=True)
        return
    with tempfile.TemporaryDirectory() as root:
        measure, _ = PARTS[chosen[0]]
        measure(Path(root), getattr(options, chosen[0]))


if __name__ == "__main__":
    main()
