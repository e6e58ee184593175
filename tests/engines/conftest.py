"""Stand-ins for mumax3: the embedded engine, and programs around it that misbehave."""

from __future__ import annotations

import os
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrator.describe.device import Device
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.film import Film
from orchestrator.engines.mumax3.blocks import Mumax3Engine
from orchestrator.engines.mumax3.hardware import find_mumax3
from orchestrator.mx3.script import Scripts
from orchestrator.ovf.files import read_ovf, write_ovf

STAND_IN = [sys.executable, "-m", "orchestrator", "mx3"]
STAND_IN += ["-threads", "1"]

_FAKE = """#!{python} -IS
import hashlib, os, re, resource, shutil, signal, socket, subprocess, sys, threading, time
STAND_IN = {stand_in!r}
arguments = sys.argv[1:]
out = arguments[arguments.index("-o") + 1]
path = arguments[-1]
script = os.path.basename(path)
text = open(path).read()


def real():
    # Runs the embedded engine, or repeats what it did with the same script and files before.
    loaded = [open(name, "rb").read() for name in re.findall('LoadFile[(]"([^"]+)"', text)]
    key = hashlib.sha256(b"".join([text.encode(), *loaded])).hexdigest()
    kept = os.path.join({memory!r}, key)
    if not os.path.isdir(kept):
        done = subprocess.run(STAND_IN + arguments, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(done.returncode)
        with open(os.path.join(out, "stdout"), "w") as file:
            file.write(done.stdout)
        shutil.copytree(out, kept)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(kept, out)
    print(open(os.path.join(out, "stdout")).read())


def first_time():
    # Whether this fault has not struck yet.
    try:
        os.close(os.open({flag!r}, os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


def edit(change):
    path = out + "/" + script.replace("mx3", "ovf")
    raw = open(path, "rb").read()
    with open(path, "wb") as file:
        file.write(change(raw))


def watched(action, trigger=" 2 begin", flags=arguments):
    # Runs the embedded engine's live process; acts once when a block begins.
    child = subprocess.Popen(STAND_IN + flags, stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        print(line, end="", flush=True)
        if line.startswith("//block") and trigger in line and first_time():
            action(child)
    code = child.wait()
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)


if "selftest" in script:
    real()
    sys.exit(0)
{body}
"""


@pytest.fixture(scope="session")
def stand_in():
    return list(STAND_IN)


@pytest.fixture(scope="session")
def real_mumax3() -> bool:
    """Whether the tests shall drive mumax3 itself on a GPU."""
    return os.environ.get("ORCHESTRATOR_GPU_TESTS") == "1"


@pytest.fixture(scope="session")
def mumax3_command(real_mumax3) -> list[str]:
    """mumax3, or its stand-in."""
    if not real_mumax3:
        return list(STAND_IN)
    binary = find_mumax3()
    assert binary is not None, "ORCHESTRATOR_GPU_TESTS=1 needs mumax3 in $MUMAX3 or on PATH"
    return [str(binary)]


class Devices(dict[str, Device]):
    """One device for every branch of the packaged templates."""

    def __init__(self, device: Device) -> None:
        material = device.material
        interfacial = replace(material, Dbulk=0.0, Dind=1e-3, axis=(1.0, 0.0, 0.0), xi=0.1)
        plain = replace(material, Dbulk=0.0, Ku1=0.0)
        layers = Film((12, 10, 2), (5e-9, 5e-9, 5e-9), pbc=(0, 0, 0))
        super().__init__(
            bulk=device,
            interfacial=replace(device, material=interfacial),
            plain=replace(device, material=plain),
            demag=replace(device, film=layers, material=replace(plain, demag=True)),
            layers=replace(device, film=layers),
        )

    def fill(self, folder: Path, device: Device, seed: int = 1) -> Path:
        """Write a random texture m0.ovf and current j.ovf of a device's film into a folder."""
        rng = np.random.default_rng(seed)
        film = device.film
        m0 = rng.normal(size=(*film.array_shape, 3))
        m0 /= np.linalg.norm(m0, axis=-1, keepdims=True)
        write_ovf(folder / "m0.ovf", m0, film.cell_size)
        j = rng.normal(scale=1e12, size=(*film.array_shape, 3))
        write_ovf(folder / "j.ovf", j, film.cell_size, title="j", unit="A/m2")
        return folder


@pytest.fixture
def devices(experiment) -> Devices:
    return Devices(experiment.device)


@pytest.fixture(scope="session")
def memory(tmp_path_factory):
    """What the embedded engine has computed in this session, by script and files."""
    return tmp_path_factory.mktemp("memory")


@pytest.fixture
def fake(tmp_path_factory, memory):
    """Makes a program that takes mumax3's flags and does a piece of Python; the self-test works."""

    def make(body: str) -> list[str]:
        folder = tmp_path_factory.mktemp("fake")
        path = folder / "mumax3"
        path.write_text(
            _FAKE.format(
                python=sys.executable,
                stand_in=STAND_IN,
                memory=str(memory),
                flag=str(folder / "struck"),
                body=body,
            )
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return [str(path)]

    return make


LISTING = """
0, NVIDIA A, 24564, 24000, 550.54.14, GPU-aaaa1111-0000
1, NVIDIA B, 8192, 300, 550.54.14, GPU-bbbb2222-0000
"""
NAMES = """
GPU 0: NVIDIA A (UUID: GPU-aaaa1111-0000)
GPU 1: NVIDIA B (UUID: GPU-bbbb2222-0000)
"""


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """A program of that name that lists two GPUs, or what it is told."""
    folder = tmp_path / "nvidia"
    folder.mkdir()

    def list_gpus(listing: str = LISTING, names: str = NAMES) -> None:
        (folder / "listing").write_text(listing.lstrip())
        (folder / "names").write_text(names.lstrip())

    list_gpus()
    program = folder / "nvidia-smi"
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = -L ]; then cat {folder}/names; else cat {folder}/listing; fi\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return list_gpus


@pytest.fixture
def started(experiment, tmp_path):
    """Setup, a relaxation block and a folder with the initial magnetization."""
    return _begin(experiment, tmp_path)


def _begin(experiment, folder):
    m0 = experiment.initial_magnetization(1)
    write_ovf(folder / "m0.ovf", m0, experiment.film.cell_size)
    scripts = Scripts(experiment.device)
    return scripts.setup(), scripts.relax(1e-11, "m1.ovf"), folder


class Pulses:
    """Three pulses in a folder, by any engine."""

    def __init__(self, experiment: Experiment, folder: Path) -> None:
        self.folder = folder
        self.setup = _begin(experiment, folder)[0]
        shape, size = (*experiment.film.array_shape, 3), experiment.film.cell_size
        self.blocks = []
        for n in (1, 2, 3):
            write_ovf(folder / f"j{n}.ovf", np.full(shape, n * 1e12), size, title="j", unit="A/m2")
            scripts = Scripts(experiment.device)
            self.blocks.append(scripts.pulse(n, [0.1, -0.1], f"j{n}.ovf", 1e-11, f"m{n}.ovf"))

    def run(self, engine, first: int = 1, last: int = 3):
        """Execute pulses from the last magnetization; return the fields that they end with."""
        time = 0.0 if first == 1 else read_ovf(self.folder / f"m{first - 1}.ovf").time
        session = engine.start(self.setup, self.folder, f"m{first - 1}.ovf", time=time)
        try:
            for n in range(first, last + 1):
                session.execute(self.blocks[n - 1], f"m{n}.ovf")
        finally:
            session.close()
        return self.fields(first, last)

    def fields(self, first: int = 1, last: int = 3):
        return [read_ovf(self.folder / f"m{n}.ovf").data for n in range(first, last + 1)]


@pytest.fixture
def pulses(experiment, tmp_path):
    return Pulses(experiment, tmp_path)


@pytest.fixture
def undisturbed(experiment, memory, fake):
    """The fields after the three pulses, by a process for each; computed once."""
    whole = memory / "whole"
    if whole.exists():
        return Pulses(experiment, whole).fields()
    whole.mkdir()
    return Pulses(experiment, whole).run(Mumax3Engine(fake("real()")))


@pytest.fixture
def no_orphan(tmp_path):
    """Fails if a process whose working directory is the test's folder outlives the test."""
    yield
    limit = time.monotonic() + 3  # what is killed takes a moment to die
    while (left := _processes_in(tmp_path)) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not left


def _processes_in(folder):
    """Command lines of processes, other than this one, whose working directory is `folder`."""
    left = []
    for entry in Path("/proc").iterdir():
        try:
            inside = Path(os.readlink(entry / "cwd")) == folder
        except OSError:
            continue
        if inside and int(entry.name) != os.getpid():
            left.append(entry.name)
    return left
