"""What a pulse takes does not depend on how many came before it; see `benchmarks/load.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.execute import run
from orchestrator.run.workplace import Quiet, Workplace

IO = Path("/proc/self/io")
FILES = Path("/proc/self/fd")


class Counting(Quiet):
    """Notes after each pulse what has been read and written so far, and how many files are open."""

    def __init__(self, folder):
        self.folder, self.rows = folder, []

    def pulse(self, pattern, record):
        count = dict(line.split(": ") for line in IO.read_text().splitlines())
        files = sum(len(names) for _, _, names in os.walk(self.folder))
        self.rows.append(
            (int(count["rchar"]), int(count["wchar"]), len(list(FILES.iterdir())), files)
        )


@pytest.mark.skipif(not IO.exists(), reason="the system does not count what is read")
def test_a_late_pulse_reads_no_more_than_an_early_one(description, tmp_path):
    """In particular, not the journal, of some 1 kB a pulse."""
    description["training"] |= {"pulses": 80, "pulse_length": 1e-13}
    description["output"] = {"maps": False}
    counting = Counting(tmp_path)
    run(
        Experiment.from_dict(description),
        Workplace(tmp_path, CpuEngine(1), counting, lambda: False),
    )
    rows = counting.rows
    early, late = ([rows[k + 10][j] - rows[k][j] for j in (0, 1)] for k in (9, 69))
    for before, after in zip(early, late, strict=True):
        assert before > 0
        assert after <= 1.02 * before + 500
    assert rows[-1][2:] == rows[9][2:]
