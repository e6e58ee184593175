"""The live engine over real HTTP, with the embedded engine's server and its physics.

Whatever happens to the process, the magnetization after each pulse is, bit for bit, that of a
process for each pulse.
"""

from __future__ import annotations

import logging
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from orchestrator.engines.mumax3 import guard, live, liveprocess, weblink
from orchestrator.engines.mumax3.blocks import LOG, Mumax3Engine
from orchestrator.engines.mumax3.diagnosis import EngineFault
from orchestrator.engines.mumax3.live import LiveEngine
from orchestrator.engines.mumax3.process import Limits
from orchestrator.run.execute import is_finished, run
from orchestrator.run.workplace import Interrupted, Workplace

pytestmark = pytest.mark.usefixtures("no_orphan")

PROXY = """
def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0")
    connection.close()


def serve(client, port):
    request = b""
    while b"\\r\\n\\r\\n" not in request:
        request += client.recv(65536)
    head, _, body = request.partition(b"\\r\\n\\r\\n")
    length = int(re.search(b"[Cc]ontent-[Ll]ength: *([0-9]+)", head)[1])
    while len(body) < length:
        body += client.recv(65536)
    struck = b" 2 begin" in body and first_time()
    if struck and {lost}:
        return reset(client)
    server = socket.create_connection(("127.0.0.1", port))
    server.sendall(head + b"\\r\\n\\r\\n" + body)
    if struck:
        return reset(client)
    while chunk := server.recv(65536):
        client.sendall(chunk)
    client.close()


def listen(listener, port):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], port), daemon=True).start()


def behind_proxy():
    hidden = out + ".hidden"
    shutil.rmtree(hidden, ignore_errors=True)
    if os.path.islink(out):
        os.unlink(out)
    flags = [hidden if word == out else word for word in arguments]
    flags[flags.index("-http") + 1] = "127.0.0.1:0"

    def show():
        while not os.path.exists(hidden + "/gui") or ":" not in open(hidden + "/gui").read():
            time.sleep(0.01)
        port = int(open(hidden + "/gui").read().rpartition(":")[2])
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=listen, args=(listener, port), daemon=True).start()
        with open(hidden + "/gui", "w") as file:
            file.write("127.0.0.1:%d" % listener.getsockname()[1])
        os.symlink(os.path.abspath(hidden), out)

    threading.Thread(target=show, daemon=True).start()
    watched(None, "never", flags)


behind_proxy()
"""
FAULTS = {
    "killed": ("watched(lambda child: child.kill())", r"signal 9 \(SIGKILL"),
    "silent": ("watched(lambda child: child.send_signal(signal.SIGSTOP))", "no sign of life"),
    "output folder removed": ("watched(lambda child: shutil.rmtree(out))", "mumax3"),
    "reset, block accepted": (PROXY.replace("{lost}", "False"), None),
    "reset, block lost": (PROXY.replace("{lost}", "True"), None),
    "port taken": (
        "port = int(arguments[arguments.index('-http') + 1].rpartition(':')[2])\n"
        "taken = socket.create_server(('127.0.0.1', port))\n"
        "watched(None, 'never')",
        None,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_mended(pulses, undisturbed, fake, caplog, name):
    body, words = FAULTS[name]
    limits = Limits(silence=5.0) if name == "silent" else None
    with caplog.at_level(logging.WARNING):
        found = pulses.run(LiveEngine(fake(body), limits=limits))
    for field, wanted in zip(found, undisturbed, strict=True):
        np.testing.assert_array_equal(field, wanted)
    said = "\n".join(record.message for record in caplog.records)
    if words is None:
        assert said == ""
    else:
        assert re.search(words, said)
        assert "started again from m1.ovf" in said
        assert "one process for each block" not in said


def test_without_a_web_interface_it_goes_on_by_processes(pulses, undisturbed, fake, caplog):
    body = "if '-i' in arguments:\n    sys.exit('no such flag: -i')\nreal()"
    with caplog.at_level(logging.WARNING):
        found = pulses.run(LiveEngine(fake(body)))
    np.testing.assert_array_equal(found[-1], undisturbed[-1])
    assert "goes on with one process for each block" in caplog.text
    assert "no such flag: -i" in caplog.text


def test_nothing_is_sent_to_a_stranger(pulses, undisturbed, fake, caplog):
    """Where mumax3's note of its port leads to another program, that one hears nothing."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0.1)
        body = (
            "if '-i' in arguments:\n"
            "    os.makedirs(out)\n"
            f"    open(out + '/gui', 'w').write('127.0.0.1:{stranger.getsockname()[1]}')\n"
            "    time.sleep(60)\n"
            "real()"
        )
        with caplog.at_level(logging.WARNING):
            found = pulses.run(LiveEngine(fake(body)))
        with suppress(TimeoutError):
            while True:
                connection = stranger.accept()[0]
                connection.settimeout(0.1)
                with suppress(TimeoutError), connection:
                    heard.append(connection.recv(1 << 16))
    np.testing.assert_array_equal(found[-1], undisturbed[-1])
    assert "another program listens on mumax3's port" in caplog.text
    assert not any(b"PUT" in request for request in heard)


def test_script_errors_leave_the_process_alive(pulses, undisturbed, fake):
    session = LiveEngine(fake("watched(None, 'never')")).start(
        pulses.setup, pulses.folder, "m0.ovf"
    )
    try:
        session.execute(pulses.blocks[0], "m1.ovf")
        block = pulses.blocks[1]
        wrong = type(block)(block.replace("Run(", "Rum("))
        wrong.origins = block.origins
        with pytest.raises(EngineFault, match=r"undefined: Rum(?s:.*)\(pulse.mx3.j2:\d+\)"):
            session.execute(wrong, "m2.ovf")
        assert not (pulses.folder / "m2.ovf").exists()
        session.execute(block, "m2.ovf")
    finally:
        session.close()
    np.testing.assert_array_equal(pulses.fields(2, 2)[0], undisturbed[1])
    assert (pulses.folder / LOG).read_text().count("---- ") == 1
    left = {path.name for path in pulses.folder.iterdir()}
    assert left == {"m0.ovf", "m1.ovf", "m2.ovf", "j1.ovf", "j2.ovf", "j3.ovf", LOG}


def test_long_output_makes_it_start_afresh(pulses, undisturbed, fake, monkeypatch):
    monkeypatch.setattr(liveprocess, "_LARGEST_OUTPUT", 100)
    found = pulses.run(LiveEngine(fake("watched(None, 'never')")))
    np.testing.assert_array_equal(found[-1], undisturbed[-1])
    assert (pulses.folder / LOG).read_text().count("---- ") > 1


def test_a_block_that_stops_in_the_middle_is_found_out(pulses, fake, caplog, monkeypatch):
    """As after an error that mumax3 survives without naming a line: no end, no exit."""
    monkeypatch.setattr(live, "TRIES", 1)
    body = (
        "hidden = subprocess.Popen(STAND_IN + arguments, stdout=subprocess.PIPE, text=True)\n"
        "for line in hidden.stdout:\n"
        "    if ' end ' not in line: print(line, end='', flush=True)\n"
    )
    session = LiveEngine(fake(body)).start(pulses.setup, pulses.folder, "m0.ovf")
    with caplog.at_level(logging.WARNING):
        session.execute(pulses.blocks[0], "m1.ovf")
    session.close()
    assert "stopped in the middle of the block" in caplog.text
    assert "goes on with one process" in caplog.text


def test_training_stops_and_goes_on_by_either_engine(experiment, tmp_path, fake, silent):
    experiment = replace(
        experiment,
        reference=replace(experiment.reference, starts=1),
        training=replace(experiment.training, pulses=2),
        output=replace(experiment.output, snapshots=()),
    )
    lasting, single = LiveEngine(fake("watched(None, 'never')")), Mumax3Engine(fake("real()"))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    finished = run(experiment, Workplace(whole, lasting, silent, lambda: False))
    shutil.copytree(whole / "textures", parts / "textures")

    def after_the_first_pulse():
        return any(parts.glob("*/1/m_000001*"))

    with pytest.raises(Interrupted):
        run(experiment, Workplace(parts, lasting, silent, after_the_first_pulse))
    folder = run(experiment, Workplace(parts, single, silent, lambda: False))
    assert is_finished(folder)
    (end,), (wanted,) = (list((f / "1").glob("m_relaxed*")) for f in (folder, finished))
    assert end.read_bytes() == wanted.read_bytes()


ALWAYS = """
def first_time(): return True
again = os.path.exists("begun")
open("begun", "w").close()
trigger = " begin" if again else " 2 begin"
"""
HANG = """
def hang(child):
    child.send_signal(signal.SIGSTOP)
    time.sleep(600)
watched(hang, trigger)
"""
DIES = f"if not again: watched(lambda child: child.kill(), trigger)\n{HANG}"


def test_a_gpu_that_hangs_again_ends_the_run(pulses, fake, caplog):
    """Two silences for one block: one to report it, one with another process; no third try."""
    begin = time.monotonic()
    with caplog.at_level(logging.WARNING), pytest.raises(EngineFault) as caught:
        pulses.run(LiveEngine(fake(ALWAYS + HANG), limits=Limits(silence=5.0)))
    assert caught.value.kind == "silence"
    assert time.monotonic() - begin < 60
    (said,) = [record.message for record in caplog.records]
    assert "no sign of life for 5 s" in said
    assert (pulses.folder / LOG).read_text().count("---- ") == 2


def test_a_hang_after_a_replacement_ends_the_run(pulses, fake, caplog):
    with caplog.at_level(logging.WARNING), pytest.raises(EngineFault) as caught:
        pulses.run(LiveEngine(fake(ALWAYS + DIES), limits=Limits(silence=5.0)))
    assert caught.value.kind == "silence"
    assert len(caplog.records) == 1
    assert (pulses.folder / LOG).read_text().count("---- ") == 2


@pytest.mark.parametrize("body", [HANG, DIES], ids=["hang", "death and hang"])
def test_the_time_limit_is_spent_once_per_block(pulses, fake, body):
    session = LiveEngine(fake(ALWAYS + body), limits=Limits(time=10.0)).start(
        pulses.setup, pulses.folder, "m0.ovf"
    )
    try:
        session.execute(pulses.blocks[0], "m1.ovf")
        begin = time.monotonic()
        with pytest.raises(EngineFault, match="ran longer than 10 s") as caught:
            session.execute(pulses.blocks[1], "m2.ovf")
        assert caught.value.kind == "time"
        assert time.monotonic() - begin < 18
    finally:
        session.close()


def test_what_a_script_prints_never_ends_a_block(pulses, undisturbed, fake):
    looks = "script line 2: m: undefined: m\nCUDA_ERROR_NO_DEVICE"
    first, *rest = looks.split("\n")
    prints = f'print("{first}")\nprint("{rest[0]}")\n'
    pulses.setup += prints
    pulses.blocks = [block.replace("{\n", "{\n" + prints, 1) for block in pulses.blocks]
    found = pulses.run(LiveEngine(fake("watched(None, 'never')")))
    np.testing.assert_array_equal(found[-1], undisturbed[-1])
    assert (pulses.folder / LOG).read_text().count("---- ") == 1


def test_guard_and_client_are_two_pages():
    pages = [re.search(rb"id=\w+$", guard._POLL)[0].decode(), weblink._PAGE]
    assert len(set(pages)) == 2
    assert f"Content-Length: {len(pages[0])}".encode() in guard._POLL


@pytest.mark.parametrize("resumed_by", [Mumax3Engine, LiveEngine])
def test_nothing_is_left_after_a_kill_and_a_resume_with_another_engine(
    pulses, undisturbed, fake, resumed_by
):
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from orchestrator.engines.mumax3.blocks import Mumax3Engine\n"
        "from orchestrator.engines.mumax3.live import LiveEngine\n"
        "session = {kind}({command!r}).start(Path('setup').read_text(), Path(), 'm0.ovf')\n"
        "session.execute(Path('block').read_text(), 'm1.ovf')\n"
    )
    (pulses.folder / "setup").write_text(pulses.setup)
    (pulses.folder / "block").write_text(pulses.blocks[0])
    # a demagnetizing field, so that a folder of kernels is asked for, too
    (pulses.folder / "setup").write_text(pulses.setup.replace("EnableDemag = false", ""))
    killed_by = "LiveEngine" if resumed_by is Mumax3Engine else "Mumax3Engine"
    command = fake("os.makedirs(out); open('runs', 'w').close(); time.sleep(600)")
    child = subprocess.Popen(
        [sys.executable, "-c", program.format(kind=killed_by, command=command)],
        cwd=pulses.folder,
        stderr=subprocess.DEVNULL,
    )
    limit = time.monotonic() + 30
    while not (pulses.folder / "runs").exists() and time.monotonic() < limit:
        time.sleep(0.02)
    child.kill()
    child.wait(timeout=10)
    assert (pulses.folder / ".mumax3").exists()
    for name in ("setup", "block", "runs"):
        (pulses.folder / name).unlink()
    run = "watched(None, 'never')" if resumed_by is LiveEngine else "real()"
    found = pulses.run(resumed_by(fake(run)))
    np.testing.assert_array_equal(found[-1], undisturbed[-1])
    assert left(pulses) == LEFT


def test_nothing_is_left_after_a_fall_back(pulses, fake):
    pulses.run(LiveEngine(fake("if '-i' in arguments:\n    sys.exit('no')\nreal()")))
    assert left(pulses) == LEFT


LEFT = {"m0.ovf", "m1.ovf", "m2.ovf", "m3.ovf", "j1.ovf", "j2.ovf", "j3.ovf", LOG}


def left(pulses):
    return {path.name for path in pulses.folder.iterdir()}
