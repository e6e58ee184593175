"""Memory on the GPU: estimates against counts of fields, refusals with numbers."""

from __future__ import annotations

import pytest

from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.diagnosis import EngineFault
from orchestrator.engines.mumax3.features import Features
from orchestrator.engines.mumax3.hardware import Gpu
from orchestrator.engines.mumax3.memory import CONTEXT, check_memory, memory_needed


def test_need_grows_with_cells_stages_and_demag():
    film = Features((1000, 1000, 1), demag=False)
    per_cell = (memory_needed(film) - CONTEXT) / 1e6
    # m and its copy, field, current and map, seven stages of RK45: at least 12 vectors
    assert 12 * 12 <= per_cell <= 20 * 12
    euler = memory_needed(Features((1000, 1000, 1), demag=False, solver=1))
    assert memory_needed(film) - euler == 6 * 12 * 10**6
    demag = memory_needed(Features((1000, 1000, 1)))
    # three padded components in Fourier space and real space at least
    assert demag - memory_needed(film) >= 4 * 10**6 * 3 * 8
    assert memory_needed(Features(None)) is None


def test_what_cannot_fit_is_refused_with_the_numbers():
    card = Gpu(1, "NVIDIA B", 8192, 4096, "550")
    check_memory(Features((512, 512, 1)), card)
    with pytest.raises(EngineFault, match=r"4096 x 4096 x 4 cells.* need about \d+\.\d+ GiB") as no:
        check_memory(Features((4096, 4096, 4)), card)
    assert "GPU 1 (NVIDIA B) has 4.00 GiB free of 8.00 GiB" in str(no.value)
    assert no.value.kind == "size"
    with pytest.raises(EngineFault, match=r"need about 7\.94 GiB") as no:
        check_memory(Features((2048, 2048, 4)), card)
    assert no.value.kind == "memory"


def test_a_session_is_refused_before_anything_runs(started, nvidia_smi, fake):
    setup, _, folder = started
    command = fake("open('ran', 'w')")
    with pytest.raises(EngineFault, match=r"0\.29 GiB free"):
        Mumax3Engine(command, gpu=1).start(setup, folder, "m0.ovf")
    assert not (folder / "ran").exists()
    Mumax3Engine(command, gpu=0).start(setup, folder, "m0.ovf").close()
