"""Hashes name run folders: what a shipped description hashes to never changes by itself.

A new option must leave all of these alone; a changed default must change its file instead.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.campaign.spec import Campaign
from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment

DATA = Path(__file__).parents[2] / "data"

EXPERIMENTS = {
    "contacts16": ("8f54a92c15407f25", "fd2f4844c8a33a63"),
    "contacts4": ("79ab4a01b7be5a8b", "9fb54674941b013c"),
    "contacts6": ("c1993b6c2bace4c6", "e81ddf9575afca4e"),
    "contacts9": ("b1f74126b10582f1", "eea13a767f3d8cdc"),
    "hopfield4": ("9c7a805503ec89dd", "cc557c4b760c34fb"),
    "layers": ("16ee3c0627cbae81", "2c139d2edaea0422"),
    "letters": ("ec7cd6f5edf941e7", "85e1c11685ef870a"),
    "memristor": ("6ea8c52b0940a0a1", "a91e6f4cf2a2ae7b"),
    "memristor_loop": ("ec80666df7e852eb", "a91e6f4cf2a2ae7b"),
    "quickstart": ("4145ce813fe1e11d", "153de7348aa6121c"),
    "reliable": ("b13303b0becf1eee", "746892a93cf8de06"),
}
"""Hash of the experiment and of its device."""

CAMPAIGNS = {
    "adaptive": "540705b4873ad492",
    "amr-gpu": "edef97f91f63764e",
    "amr": "c740adab8ca3fdf2",
    "amr_current": "295aa496c4046239",
    "capacity16-gpu": "9a236de71c728936",
    "capacity16": "45bad21624979c94",
    "capacity4": "a0695a83c21cb978",
    "capacity4_low": "436ccb9a910b5130",
    "capacity6": "0bc996aae9741356",
    "capacity9": "9bbea9370abddcdf",
    "capacity9_low": "577f1fef75780139",
    "energy_size": "71c6272ccf0707b7",
    "energy_voltage": "8a07813f1af4038a",
    "inputs-gpu": "b88f56d4da48d0f5",
    "inputs": "89c68a0e93e5695b",
    "inputs14": "e7947d84c3a60041",
    "layers": "9bc8b0a8881f3a0b",
    "letters-gpu": "3c2df6e56a0f919e",
    "letters": "2af6653dd192eae0",
    "materials-gpu": "2b25a7a9d6f38784",
    "materials": "b4a09e44c089679d",
    "memristor-gpu": "6ead99ce3de33365",
    "memristor": "362d411af890a43f",
    "memristor_long": "34f0dc8f25830bcb",
    "memristor_loops": "45b68d6694a49200",
    "pinning-gpu": "89327108a0101f50",
    "pinning": "4ba8349f1ab77a8b",
    "placement": "bff0871584f2dcdd",
    "protocols-gpu": "7623a7b21cc0922d",
    "protocols": "7eac86d5e8f2f01a",
    "pulse_length": "0a25f838d3568c0c",
    "several-gpu": "e96c4fc8215e1e90",
    "several": "162d30320622326d",
    "success-gpu": "a3b04ee0c3c1f920",
    "success": "e717558afbd532b3",
    "voltage-gpu": "1d34ec8b0bcab197",
    "voltage": "8945c909a854f465",
    "demo": "a3f5f8fa24d22003",
    "reliable": "e30d884172bf86aa",
    "reliable-gpu": "d92c59acea375421",
    "reliable_contacts": "c85c50fa352c821b",
    "reliable_damping": "6f40c1005e205fb3",
    "reliable_letters": "03f5ea327e8994b1",
    "reliable_robust": "0f3812658203e76f",
    "reliable_several": "49e0239d0a1570f8",
}
"""Hash of the hashes of all runs in their order."""

MASK = {"grid": [8, 1, 1], "runs": [5, 2, 1]}
EVERY_SHAPE = {
    "film": {"cells": [8, 8, 2], "cell_size": [5e-9, 5e-9, 5e-9]},
    "material": {"Ms": 8e5, "Aex": 1.3e-11, "alpha": 0.1},
    "resistivity": {"rho_par": 2e-7, "rho_perp": 1e-7},
    "contacts": [
        {"name": "side", "shape": "side", "side": "left", "start": 2e-8},
        {"name": "corner", "shape": "corner", "corner": "bottom right", "size": 6e-9},
        {"name": "disc", "shape": "disc", "center": [2e-8, 3e-8], "radius": 6e-9},
        {"name": "r", "shape": "rectangle", "lower": [1e-8, 0.0], "upper": [2e-8, 0.0]},
        {"name": "box", "shape": "box", "lower": [0.0, 0.0, 0.0], "upper": [5e-9, 5e-9, 5e-9]},
        {"name": "face", "shape": "face", "face": "x+", "center": [2e-8, 5e-9], "radius": 5e-9},
        {"name": "mask", "shape": "mask", "face": "y+", "resistance": 2.0, **MASK},
    ],
    "regions": [
        {"name": "a", "area": {"shape": "rectangle", "lower": [1e-8, 1e-8], "upper": [2e-8, 2e-8]},
         "medium": "vacuum"},
        {"name": "b", "area": {"shape": "disc", "center": [2e-8, 2e-8], "radius": 4e-9},
         "medium": "metal", "rho": 1e-8},
        {"name": "c",
         "area": {"shape": "box", "lower": [3e-8, 3e-8, 0.0], "upper": [4e-8, 4e-8, 5e-9]},
         "medium": "magnet", "resistivity": {"rho_par": 3e-7, "rho_perp": 1e-7}},
        {"name": "d", "area": {"shape": "mask", **MASK}, "medium": "metal", "rho": 2e-8},
    ],
    "underlayer": {"sheet_resistance": 100.0},
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(DATA.glob("experiments/*.toml")), ids=lambda p: p.stem)
def test_shipped_experiments(path):
    experiment = Experiment.from_toml(path)
    assert (experiment.hash, experiment.device.hash) == EXPERIMENTS[path.stem]


@pytest.mark.parametrize("path", sorted(DATA.glob("campaigns/*.toml")), ids=lambda p: p.stem)
def test_shipped_campaigns(path):
    assert Campaign.from_toml(path).hash == CAMPAIGNS[path.stem]


def test_a_device_with_every_shape():
    assert Device.from_dict(EVERY_SHAPE).hash == "9ef4510344e37f7e"
