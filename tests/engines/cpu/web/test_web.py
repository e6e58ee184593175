"""mumax3's web interface: the protocol over real HTTP, with the process at the other end."""

from __future__ import annotations

import http.client
import json
import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from orchestrator.base.errors import InputError
from orchestrator.engines.cpu.main import main
from orchestrator.engines.cpu.web.server import listen_address
from orchestrator.ovf.files import read_ovf

SETUP = """SetGridSize(8, 4, 1)
SetCellSize(4e-9, 4e-9, 4e-9)
EnableDemag = false
Msat = 1e6
Aex = 10e-12
alpha = 0.1
m = uniform(1, 0, 0)
"""
CODE = "import sys; from orchestrator.engines.cpu.main import main; sys.exit(main(sys.argv[1:]))"


class Client:
    """A process and how to talk to it; nothing but the protocol is assumed."""

    def __init__(self, folder: Path, script: str | None, *flags: str) -> None:
        if script is not None:
            (folder / "s.mx3").write_text(script)
        self.out = folder / "s.out"
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, *flags, "-o", str(self.out), "-threads", "1"]
            + ([str(folder / "s.mx3")] if script is not None else []),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
        )  # fmt: skip
        self.lines: list[str] = []
        self.quiet = threading.Lock()
        self._coming: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._coming.put(line.rstrip("\n"))
        self.process.stdout.close()

    def until(self, text: str) -> None:
        """Wait for a line of the process's output."""
        while not self.lines or self.lines[-1] != text:
            try:
                self.lines.append(self._coming.get(timeout=120))
            except queue.Empty:
                raise AssertionError("\n".join(self.lines)) from None

    @property
    def port(self) -> int:
        return int((self.out / "gui").read_text().rpartition(":")[2])

    @property
    def address(self) -> str:
        """Of the page, with the token that commands need."""
        return "/?token=" + (self.out / "gui.token").read_text()

    def ask(
        self, method: str, path: str = "/", body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def put(self, element: str, argument: Any = "") -> int:
        return self.ask("PUT", self.address, json.dumps({"ID": element, "Arg": argument}))[0]

    def poll(self, page: str = "id=1") -> dict[str, str]:
        status, body = self.ask("POST", body=page)
        assert status == 200
        calls = json.loads(body)
        assert {c["F"] for c in calls} <= {"setTextbox", "setSelect", "setAttr", "setConsoleText"}
        return {
            "console" if call["F"] == "setConsoleText" else call["Args"][0]: call["Args"][-1]
            for call in calls
        }

    def wait_for(self, fits: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Poll whole states until one fits."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            state = self.poll(f"id={time.monotonic()}")
            if "busy" in state and fits(state):
                return state
            time.sleep(0.05)
        raise AssertionError(state)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()


def test_next_port_and_end_when_nobody_asks(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        client = Client(tmp_path, 'print("ready")', "-i", "-http", f"127.0.0.1:{port}")
        try:
            client.until("//ready")
            assert client.port > port
            start = time.monotonic()
            assert client.process.wait(120) == 0
            assert time.monotonic() - start > 2
        finally:
            client.end()


def test_a_page_without_i_lives_as_long_as_the_script(tmp_path: Path) -> None:
    script = SETUP + 'print("ready")\nRunWhile(1 < 2)\nprint("over")'
    client = Client(tmp_path, script, "-http", "127.0.0.1:0")
    try:
        client.until("//ready")
        client.wait_for(lambda state: state["busy"] == "Running")
        client.put("break")
        client.until("//over")
        assert client.process.wait(120) == 0
    finally:
        client.end()


def test_without_a_script_and_ctrl_c(tmp_path: Path) -> None:
    client = Client(tmp_path, None, "-i", "-http", "localhost:0")
    try:
        client.until("//script finished, waiting for the web interface")
        assert client.wait_for(lambda state: True)["nx"] == "128"
        client.process.send_signal(signal.SIGINT)
        assert client.process.wait(120) == 130
    finally:
        client.end()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("web")
    made = Client(folder, SETUP + 'print("ready")', "-i", "-http", "127.0.0.1:0")
    over = threading.Event()

    def beat() -> None:
        while not over.wait(1):
            with made.quiet:
                made.poll("id=heart")

    heart = threading.Thread(target=beat)
    try:
        made.until("//ready")
        heart.start()
        yield made
        over.set()
        heart.join()
        assert made.put("cli", "Exit()") == 200
        assert made.process.wait(120) == 0
        assert "ready" in (made.out / "log.txt").read_text()
    finally:
        over.set()
        made.end()


def test_blocks_of_script_one_after_another(client: Client) -> None:
    for number in (1, 2, 3):
        block = (
            f'{{ a := {number}; B_ext = vector(0, 0, a); Run(1e-13); SaveAs(m, "p{number}"); '
            f'Flush(); print("DONE", a) }}'
        )
        assert client.put("cli", block) == 200
        client.until(f"//DONE {number}")
        saved = read_ovf(client.out / f"p{number}.ovf")
        assert saved.time == pytest.approx(number * 1e-13)
        np.testing.assert_allclose(np.linalg.norm(saved.data, axis=-1), 1, atol=1e-6)


def test_polls_tell_what_changed_and_a_new_page_all(client: Client) -> None:
    first = client.wait_for(lambda state: state["busy"] == "Paused")
    assert first["Msat"] == "1e+06" and first["nx"] == "8" and first["solvertype"] == "rk45"
    assert "//ready" in first["console"]
    with client.quiet:
        client.poll("id=7")
        client.put("cli", "print(`more`)")
        client.until("//more")
        changed = client.poll("id=7")
    assert "console" in changed and "Msat" not in changed
    assert changed["console"].endswith("//more\n")


def test_fields_and_buttons(client: Client) -> None:
    before = client.wait_for(lambda state: True)
    for element, value in (("runsteps", 5), ("steps", ""), ("maxerr", "1e-4"), ("alpha", "0.5")):
        assert client.put(element, value) == 200
    assert client.put("B_ext", "(0, 0.5, 0)") == 200
    assert client.put("solvertype", "rk23") == 200
    state = client.wait_for(
        lambda state: state["solvertype"] == "rk23" and state["busy"] == "Paused"
    )
    assert int(state["nsteps"]) == int(before["nsteps"]) + 5
    assert state["maxerr"] == "0.0001" and state["alpha"] == "0.5"
    assert state["B_ext"] == "(0, 0.5, 0)"
    client.put("mselect", "uniform")
    client.put("margs", "(0, 0, 1)")
    client.put("setm")
    client.put("cli", "print(m.average())")
    client.until("//[0 0 1]")


def test_mesh_geometry_and_regions_from_the_page(client: Client) -> None:
    client.wait_for(lambda state: state["nx"] == "8")
    for element, value in (
        ("nx", 10), ("setmesh", ""), ("geomselect", "Rect"), ("geomargs", "20e-9, 8e-9"),
        ("setgeom", ""), ("region", 3), ("alpha", "0.7"), ("region", -1),
        ("tableAutoSave", "1e-12"),
    ):  # fmt: skip
        assert client.put(element, value) == 200
    client.put("cli", "print(m.comp(0).hostCopy().len(), geom.average(), alpha.getRegion(3))")
    client.until("//40 0.2 0.699999988079071")
    state = client.wait_for(lambda state: state["tableAutoSave"] == "1e-12")
    assert (state["nx"], state["cx"]) == ("10", "4e-09") and state["alpha"] != "0.7"
    client.put("cli", "TableAutoSave(0); SetGeom(Universe()); SetGridSize(8, 4, 1)")
    client.wait_for(lambda state: state["nx"] == "8")


def test_break_ends_an_endless_run_and_commands_act_between_its_steps(client: Client) -> None:
    client.put("cli", "RunWhile(1 < 2); print(`after`)")
    client.wait_for(lambda state: state["busy"] == "Running")
    client.put("cli", "alpha = 0.25; print(`between`)")
    client.until("//between")
    assert client.wait_for(lambda state: state["alpha"] == "0.25")["busy"] == "Running"
    client.put("break")
    client.until("//after")
    client.wait_for(lambda state: state["busy"] == "Paused")


def test_a_run_within_a_run_ends_both(client: Client) -> None:
    client.put("cli", "RunWhile(1 < 2); print(`outer`)")
    client.wait_for(lambda state: state["busy"] == "Running")
    client.put("cli", "Steps(3); print(`inner`)")
    client.until("//inner")
    client.until("//outer")


def test_errors_are_told_and_the_process_lives(client: Client) -> None:
    for wrong in ("nonsense(3)", 'm.LoadFile("none.ovf")', "m.setCell(99, 0, 0, vector(1,0,0))"):
        client.put("cli", wrong)
        client.until(f"//script line 1: {wrong}: " + _reason(wrong))
    assert "nonsense" in client.poll("id=e")["console"]
    assert client.ask("PUT", client.address, "{")[0] == 400
    assert client.put("no such element") == 400
    assert client.put("solvertype", "magic") == 400
    assert client.ask("DELETE") == (403, b"not allowed: DELETE /\n")
    assert client.process.poll() is None


def _reason(statement: str) -> str:
    if statement.startswith("nonsense"):
        return "undefined: nonsense"
    if "LoadFile" in statement:
        return "none.ovf: cannot be read (No such file or directory)"
    return "cell (99, 0, 0) is outside the mesh"


def test_page_and_pictures(client: Client) -> None:
    status, page = client.ask("GET", "/")
    assert status == 200 and b'id="cli"' in page and b"id=Dbulk" in page
    client.put("cli", "m = uniform(1, 0, 0); TableSave(); TableSave()")
    status, picture = client.ask("GET", "/render/m")
    image = Image.open(BytesIO(picture))
    assert status == 200 and image.format == "JPEG" and image.size == (8, 4)
    red, green, blue = image.getpixel((4, 2))  # type: ignore[misc]
    assert red > 200 and green < 60 and blue < 60
    assert client.ask("GET", "/render/nothing")[0] == 404
    status, plot = client.ask("GET", "/plot/")
    assert status == 200 and b"<svg" in plot


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Host": "localhost:1"}, True),
        ({"Host": "evil.example"}, False),
        ({"Host": "127.0.0.1.evil.example:35367"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Host": "127.0.0.1:5", "Origin": "http://127.0.0.1:6"}, False),
        ({"Host": "127.0.0.1:5", "Origin": "http://127.0.0.1:5"}, True),
    ],
)
def test_other_origins_are_refused(client: Client, headers: dict[str, str], allowed: bool) -> None:
    status, _ = client.ask("POST", body="id=h", headers=headers)
    assert status == (200 if allowed else 403)
    event = json.dumps({"ID": "runtime", "Arg": "1e-9"})
    assert client.ask("PUT", client.address, event, headers)[0] == (200 if allowed else 403)


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=guess", "/?token=é", "/?other=1"])
def test_commands_need_the_token(client: Client, path: str) -> None:
    """What any account of this machine can reach does not act without the token."""
    before = client.poll("id=t")
    event = json.dumps({"ID": "cli", "Arg": "alpha = 0.77"})
    assert client.ask("PUT", quote(path, safe="/?="), event)[0] == 403
    assert client.poll("id=u").get("alpha") == before.get("alpha")
    assert stat.S_IMODE((client.out / "gui.token").stat().st_mode) == 0o600
    token = client.address.partition("=")[2]
    assert token not in (client.out / "log.txt").read_text()
    assert token not in client.ask("GET")[1].decode()


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n", b"PUT\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n",
        b"PUT / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200,
        b"PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"GET /" + b"x" * 70000,
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"POST / HTTP/1.1\r\n\r\n",
        b"GET /render/%00%ff%2e%2e/m HTTP/1.1\r\n\r\n", b"GET http:// HTTP/1.1\r\nHost: [\r\n\r\n",
    ],
)  # fmt: skip
def test_malformed_requests_harm_nobody(client: Client, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
    assert client.process.poll() is None
    assert client.ask("POST", body="id=m")[0] == 200


def test_many_and_slow_clients_do_not_stop_the_simulation(client: Client) -> None:
    """Hundreds that say nothing, or half a request: the simulation goes on and the page answers."""
    idle = [socket.create_connection(("127.0.0.1", client.port)) for _ in range(250)]
    for connection in idle[::2]:
        connection.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\n{")
    client.put("cli", "{ t = 0; FixDt = 1e-13; Run(1e-11); print(`ran`) }")
    client.until("//ran")
    assert client.ask("POST", body="id=s")[0] == 200
    for connection in idle:
        connection.close()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("-i", "-http", "0.0.0.0:35367"), "open to other machines"),
        (("-http", "192.168.1.2:80"), "open to other machines"),
        (("-http", "example.org:80"), "open to other machines"),
        (("-http", "127.0.0.1"), "not an address"),
        (("-http", "127.0.0.1:99999"), "not an address"),
        (("-i", "-http", ""), "switches off"),
    ],
)
def test_refused_addresses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], reason: str
) -> None:
    (tmp_path / "s.mx3").write_text("print(1)")
    assert main([*flags, str(tmp_path / "s.mx3")]) == 2
    assert reason in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["s.mx3"]


def test_no_host_means_this_machine() -> None:
    assert listen_address(":35367") == ("127.0.0.1", 35367)
    assert listen_address("[::1]:80") == ("::1", 80)
    with pytest.raises(InputError):
        listen_address("nowhere")
