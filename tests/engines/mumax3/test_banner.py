"""Banners as they were printed by real binaries, and others."""

from __future__ import annotations

import pytest

from orchestrator.engines.mumax3.banner import Banner, read_banner
from orchestrator.engines.mumax3.dialect import AMUMAX, V3_10, V3_11, dialect_of

BANNER_3_11 = """//mumax 3.11.1 [linux_amd64 go1.25.4(gc) CUDA-12.8]
//commit hash: 797c22bd
//CPU info: INTEL(R) XEON(R) SILVER 4516Y+, Cores: 24, MHz: 799.674
//GPU info: NVIDIA GeForce RTX 4090(24088MB), CUDA Driver 12.8, cc=8.9, using cc=89 PTX
//OS  info: Ubuntu 24.04.3 LTS, Hostname: somewhere
//Timestamp: 2025-11-19 18:07:57
"""


def test_banner_of_3_11_is_read_whole():
    banner = read_banner("log: something before\n" + BANNER_3_11)
    assert (banner.program, banner.version, banner.commit) == ("mumax", "3.11.1", "797c22bd")
    assert (banner.gpu, banner.memory_mib) == ("NVIDIA GeForce RTX 4090", 24088)
    assert banner.provenance() == {
        "version": "mumax 3.11.1 [linux_amd64 go1.25.4(gc) CUDA-12.8]",
        "commit": "797c22bd",
        "gpu": "NVIDIA GeForce RTX 4090",
        "cuda_driver": "12.8",
        "compute_capability": "8.9",
    }
    assert dialect_of(banner, "") == (V3_11, "")


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("//mumax 3.10 linux_amd64 go1.14(gc)\n", V3_10),
        ("//mumax 3.10.1 [linux_amd64]\n", V3_10),
        ("//mumax 3.11beta\n", V3_11),
        ("// amumax v2024.11.8 [linux_amd64]\n", AMUMAX),
        ("//mumax3-orchestrator, embedded CPU engine\n", V3_11),
    ],
)
def test_known_versions(text, dialect):
    assert dialect_of(read_banner(text), "") == (dialect, "")


@pytest.mark.parametrize(
    ("text", "dialect", "words"),
    [
        ("//mumax 3.12 [linux_amd64]\n", V3_11, "version '3.12' is not among"),
        ("//mumax 3.9.3 linux_amd64\n", V3_10, "its exchange between regions"),
        ("hello\n", V3_11, "a version it does not state"),
    ],
)
def test_unknown_versions_are_taken_with_a_warning_of_what_was_checked(text, dialect, words):
    found, warning = dialect_of(read_banner(text), "one spin in a field")
    assert found == dialect
    assert words in warning
    assert warning.endswith("Checked: one spin in a field")


def test_no_banner_states_nothing():
    assert read_banner("") == Banner()
    assert Banner().provenance() == {}
