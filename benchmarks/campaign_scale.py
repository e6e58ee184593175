"""Times of a campaign of many finished runs: to build, to open, and to read a variable of all.

One run is computed (40 x 32 cells, 20 pulses, two contacts), the others are copies of its folder,
each with the description of its own experiment. Textures, which are not read here, are hard links.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from orchestrator.campaign.spec import Axis, Campaign
from orchestrator.campaign.store import CampaignFolder, create
from orchestrator.describe.experiment import Experiment
from orchestrator.engines.cpu.session import CpuEngine
from orchestrator.run.description import read_description
from orchestrator.run.execute import run
from orchestrator.run.folder import DESCRIPTION
from orchestrator.run.notes import write_note
from orchestrator.run.workplace import Quiet, Workplace

DESCRIPTION_OF_ALL = {
    "name": "many",
    "film": {"cells": [40, 32, 1], "cell_size": [5e-9, 5e-9, 1e-6]},
    "material": {"Ms": 4.9e5, "Aex": 1e-11, "Dbulk": 2e-3, "Ku1": 1e5, "alpha": 0.5, "P": 0.5},
    "resistivity": {"mean": 5e-7, "amr_ratio": 1.5, "amr_convention": "mean"},
    "contacts": [
        {"name": "left", "shape": "side", "side": "left"},
        {"name": "right", "shape": "side", "side": "right"},
    ],
    "start": {"seed": 0, "settle_time": 2e-11},
    "training": {
        "patterns": ["+-"], "voltage": 0.025, "pulse_length": 1e-11, "pulses": 20,
        "relax_time": 1e-11,
    },
    "reference": {"starts": 2},
    "output": {"maps": False},
}  # fmt: skip

STEPS = {
    "open": "results = open_campaign(folder)",
    "power": "open_campaign(folder).power.load()",
    "energy": "open_campaign(folder).energy.load()",
    "conductance": "open_campaign(folder).conductance.load()",
    "status": "statuses(CampaignFolder(folder).runs)",
}
"""What is timed, each in a process of its own."""

_PROGRAM = """
import sys, time
from pathlib import Path
import xarray, h5py
from orchestrator.campaign.results import open_campaign
from orchestrator.campaign.status import statuses
from orchestrator.campaign.store import CampaignFolder
folder = Path(sys.argv[1])
wall, cpu = time.perf_counter(), time.process_time()
STEP
print(f"{time.perf_counter() - wall:8.2f} s wall {time.process_time() - cpu:8.2f} s CPU")
"""


def main() -> None:
    """Make the runs, or take those of an earlier call, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--root", type=Path, help="keep the runs here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = options.root or Path(name)
        folder = _made(root, options.runs)
        for step, code in STEPS.items():
            for attempt in ("first", "again"):
                program = _PROGRAM.replace("STEP", code)
                found = subprocess.run(
                    [sys.executable, "-c", program, str(folder.path)],
                    check=True, capture_output=True, text=True,
                )  # fmt: skip
                print(f"{step:12} {attempt:6} {found.stdout.strip()}", flush=True)


def _made(root: Path, runs: int) -> CampaignFolder:
    base = Experiment.from_dict(DESCRIPTION_OF_ALL)
    begun = time.process_time()
    campaign = Campaign(base, [Axis(name="seed", key="start.seed", values=list(range(runs)))])
    print(f"{runs} runs: campaign built in {time.process_time() - begun:.2f} s CPU", flush=True)
    begun = time.process_time()
    folder = create(campaign, root)
    print(f"{runs} runs: folder made in {time.process_time() - begun:.2f} s CPU", flush=True)
    first = folder.runs[0].folder
    if not first.exists():
        run(campaign.points[0].experiment, Workplace(root, CpuEngine(1), Quiet(), lambda: False))
    content = read_description(first)
    for entry, point in zip(folder.runs[1:], campaign.points[1:], strict=True):
        if entry.folder.exists():
            continue
        for path in sorted(first.rglob("*")):
            target = entry.folder / path.relative_to(first)
            if path.is_dir():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in (".ovf", ".nc"):
                os.link(path, target)
            elif path.name == DESCRIPTION:
                own = {"experiment": point.experiment.to_dict(), "hash": point.experiment.hash}
                write_note(target, content | own)
            else:
                shutil.copyfile(path, target)
    return folder


if __name__ == "__main__":
    main()
