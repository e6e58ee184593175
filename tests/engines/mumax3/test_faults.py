"""Faults of a process of mumax3, each injected by a program that misbehaves at the second pulse.

No pulse before it is lost, the message names the cause, no process is left, and going on gives the
bits of a run without the fault.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from orchestrator.engines.mumax3.blocks import LOG, Mumax3Engine
from orchestrator.engines.mumax3.diagnosis import EngineFault
from orchestrator.engines.mumax3.process import Limits

NAN = "lambda raw: (lambda k: raw[:k] + b'\\xff' * 12 + raw[k + 12:])(raw.index(b'Binary 4') + 13)"
FAULTS = {
    "no driver": (
        "print('cuda/init.go:61 CUDA_ERROR_NO_DEVICE', file=sys.stderr); sys.exit(1)",
        "driver", "shows no NVIDIA GPU(?s:.*)CUDA_ERROR_NO_DEVICE(?s:.*)remedy: see",
    ),
    "out of GPU memory": (
        "print('cuda/alloc.go: CUDA_ERROR_OUT_OF_MEMORY', file=sys.stderr); sys.exit(1)",
        "memory", "not enough free memory",
    ),
    "crash in the middle": (
        "os.mkdir(out); print('panic: assertion failed', file=sys.stderr); sys.exit(2)",
        "crash", r"exit code 2 \(a Go panic\):\npanic: assertion failed",
    ),
    "killed": ("os.kill(os.getpid(), 9)", "signal", "signal 9 .SIGKILL, maybe by the system"),
    "segmentation": ("os.kill(os.getpid(), 11)", "signal", "signal 11 .SIGSEGV"),
    "not loadable": (
        "print('mumax3: error while loading shared libraries: libcuda.so.1: "
        "cannot open shared object file: No such file or directory'); sys.exit(127)",
        "driver", "not loadable.: the NVIDIA driver is not installed here(?s:.*)libcuda",
    ),
    "hang without output": (
        "subprocess.Popen(['/bin/sleep', '600']); time.sleep(600)",
        "silence", "no sign of life for 1.5 s",
    ),
    "no end": (
        "while True: print('.', flush=True); time.sleep(0.1)",
        "time", "ran longer than 2.5 s",
    ),
    "no output": ("pass", "output", "no usable output(?s:.*)No such file"),
    "truncated": (
        "real(); edit(lambda raw: raw[:len(raw) // 2])", "output", "truncated OVF file",
    ),
    "empty": ("real(); edit(lambda raw: b'')", "output", "not an OVF file"),
    "NaN": (f"real(); edit({NAN})", "output", "NaN"),
    "wrong grid": (
        "real(); edit(lambda raw: raw.replace(b'xnodes: 20', b'xnodes: 16')"
        ".replace(b'ynodes: 16', b'ynodes: 20'))",
        "output", "16 x 20 x 1 cells, expected 20 x 16 x 1",
    ),
    "too early": (
        "real(); edit(lambda raw: re.sub(rb'time:  [0-9.e-]+', b'time:  1.2e-11', raw))",
        "output", "the block had to end at 2e-11 s",
    ),
    "output folder removed": ("real(); shutil.rmtree(out)", "output", "No such file"),
    "disk full": (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); real()",
        "disk", "the disk is full",
    ),
}  # fmt: skip
AT_PULSE_2 = "if script == 'm2.mx3' and first_time():\n    {body}\nelse:\n    real()\n"


@pytest.mark.usefixtures("no_orphan")
@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_named_and_the_run_goes_on(pulses, undisturbed, fake, name):
    body, kind, words = FAULTS[name]
    limits = {"silence": Limits(silence=1.5), "time": Limits(time=2.5)}.get(kind)
    engine = Mumax3Engine(fake(AT_PULSE_2.format(body=body)), limits=limits)
    engine.probe()
    with pytest.raises(EngineFault, match=words) as caught:
        pulses.run(engine)
    assert caught.value.kind == kind
    assert "m2" in str(caught.value)
    assert str(pulses.folder / LOG) in str(caught.value)
    assert not (pulses.folder / "m2.ovf").exists()
    np.testing.assert_array_equal(pulses.fields(1, 1)[0], undisturbed[0])
    for found, wanted in zip(pulses.run(engine, first=2), undisturbed[1:], strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_growing_table_is_a_sign_of_life(pulses, undisturbed, fake):
    body = (
        "os.mkdir(out)\n"
        "with open(out + '/table.txt', 'w', 1) as table:\n"
        "    for _ in range(6):\n"
        "        table.write('# a row\\n')\n"
        "        time.sleep(0.4)\n"
        "real()\n"
    )
    found = pulses.run(Mumax3Engine(fake(body), limits=Limits(silence=1.5)), last=1)
    np.testing.assert_array_equal(found[0], undisturbed[0])


def test_missing_binary(started):
    setup, _, folder = started
    with pytest.raises(EngineFault, match=r"no such program(?s:.*)MUMAX3") as caught:
        Mumax3Engine("/nowhere/mumax3").start(setup, folder, "m0.ovf")
    assert caught.value.kind == "missing"


def test_a_binary_with_wrong_physics_does_not_pass_the_self_test(fake):
    command = fake("")
    path = Path(command[0])
    turned = (
        "text = text.replace('vector(0, 0, 1)', 'vector(0, 0, 0.5)')\nopen(path, 'w').write(text)"
    )
    path.write_text(path.read_text().replace('if "selftest"', f'{turned}\nif "selftest"'))
    with pytest.raises(EngineFault, match="wrong physics: m_z = "):
        Mumax3Engine(command).describe()


def test_warnings_that_nobody_knows_are_passed_on(pulses, undisturbed, fake, caplog):
    body = "print('//WARNING: the moon is full', file=sys.stderr)\nreal()"
    with caplog.at_level(logging.WARNING):
        fields = pulses.run(Mumax3Engine(fake(body)))
    np.testing.assert_array_equal(fields[-1], undisturbed[-1])
    assert [r.message for r in caplog.records].count(
        "mumax3 warns: //WARNING: the moon is full"
    ) == 1


@pytest.mark.usefixtures("no_orphan")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_program(started, fake, number):
    setup, block, folder = started
    command = fake("subprocess.Popen(['/bin/sleep', '600']); open('runs', 'w'); time.sleep(600)")
    (folder / "block").write_text(block)
    (folder / "setup").write_text(setup)
    program = (
        "from pathlib import Path\n"
        "from orchestrator.engines.mumax3.blocks import Mumax3Engine\n"
        f"session = Mumax3Engine({command!r}).start(Path('setup').read_text(), Path(), 'm0.ovf')\n"
        "session.execute(Path('block').read_text(), 'm1.ovf')\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], cwd=folder, stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 30
    while not (folder / "runs").exists() and time.monotonic() < limit:
        time.sleep(0.02)
    for _ in range(
        10
    ):  # Python may lose an interrupt that meets a finalizer; who waits sends another
        os.kill(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=2)
            break
    assert child.poll()
    time.sleep(0.3)
