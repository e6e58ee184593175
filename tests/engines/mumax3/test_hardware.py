"""Which GPU: one number means one card for nvidia-smi, --gpu, memory checks and campaigns."""

from __future__ import annotations

import pytest

from orchestrator.base.errors import InputError
from orchestrator.engines.mumax3.blocks import LOG, Mumax3Engine
from orchestrator.engines.mumax3.hardware import choose_gpus, find_gpus, place_of
from orchestrator.engines.mumax3.live import LiveEngine

MIG = """
GPU 0: NVIDIA A (UUID: GPU-aaaa1111-0000)
  MIG 3g.20gb     Device  0: (UUID: MIG-5555)
  MIG 1g.5gb      Device  1: (UUID: MIG-6666)
GPU 1: NVIDIA B (UUID: GPU-bbbb2222-0000)
"""


def test_no_nvidia_smi_no_gpus(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_gpus() == []


def test_gpus_as_nvidia_smi_counts_them(nvidia_smi):
    a, b = find_gpus()
    assert (a.name, a.total_mib, b.index, b.free_mib, b.driver, b.uuid) == (
        "NVIDIA A", 24564, 1, 300, "550.54.14", "GPU-bbbb2222-0000",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("visible", "seen"),
    [
        ("1", [1]), ("1,0", [1, 0]), ("", []), ("NoDevFiles", []),
        ("0,7,1", [0]),  # as CUDA does: nothing behind a name that it does not know
        ("GPU-bbbb2222-0000", [1]), ("GPU-bb,0", [1, 0]), ("GPU-cc", []),
    ],
)  # fmt: skip
def test_visible_devices_by_number_and_uuid(nvidia_smi, monkeypatch, visible, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [gpu.index for gpu in find_gpus()] == seen


def test_mig_devices_stand_for_their_gpu(nvidia_smi, monkeypatch):
    nvidia_smi(names=MIG)
    assert [(gpu.name, gpu.total_mib, gpu.visible_as) for gpu in find_gpus()] == [
        ("NVIDIA A MIG 3g.20gb", 20480, "MIG-5555"),
        ("NVIDIA A MIG 1g.5gb", 5120, "MIG-6666"),
        ("NVIDIA B", 8192, "1"),
    ]
    assert place_of(1) == (
        0, {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "MIG-6666"},
    )  # fmt: skip
    assert place_of(2) == (2, {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"})
    for visible, names in [
        ("MIG-6666", ["NVIDIA A MIG 1g.5gb"]),
        ("0", ["NVIDIA A MIG 3g.20gb"]),
        ("GPU-aaaa1111", ["NVIDIA A MIG 3g.20gb"]),
        ("GPU-bbbb,MIG-5", ["NVIDIA B", "NVIDIA A MIG 3g.20gb"]),
    ]:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert [gpu.name for gpu in find_gpus()] == names


def test_gpus_of_a_campaign_are_among_the_visible(nvidia_smi, monkeypatch):
    assert [gpu.index for _, gpu in choose_gpus(["1", "GPU-aaaa"])] == [1, 0]
    for name in ("abc", "7", "GPU-", "GPU-x", "-1", "²"):
        with pytest.raises(InputError) as caught:
            choose_gpus([name])
        assert str(caught.value) == (
            f"gpus: there is no GPU {name!r}; nvidia-smi shows 2 "
            "(0: NVIDIA A, 24.0 GiB; 1: NVIDIA B, 8.0 GiB)"
        )
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    ((number, gpu),) = choose_gpus(["0"])
    assert (number, gpu.visible_as) == (0, "1")


@pytest.mark.parametrize("kind", [Mumax3Engine, LiveEngine])
def test_mumax3_counts_gpus_by_bus(pulses, fake, nvidia_smi, monkeypatch, kind):
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    nvidia_smi(names=MIG)
    body = (
        "print('//GPU', arguments[arguments.index('-gpu') + 1], os.environ['CUDA_DEVICE_ORDER'],"
        " os.environ.get('CUDA_VISIBLE_DEVICES'), flush=True)\n"
    )
    run = "real()" if kind is Mumax3Engine else "watched(None, 'never')"
    pulses.run(kind(fake(body + run), gpu=1), last=1)
    assert "//GPU 0 PCI_BUS_ID MIG-6666\n" in (pulses.folder / LOG).read_text()
    pulses.run(kind(fake(body + run), gpu=0), first=2, last=2)
    assert "//GPU 0 PCI_BUS_ID MIG-5555\n" in (pulses.folder / LOG).read_text()
