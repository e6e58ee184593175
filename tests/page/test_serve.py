"""`orchestrator watch` as a process."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from click.testing import CliRunner

from orchestrator.base.errors import InputError
from orchestrator.cli.main import cli

WATCH = [sys.executable, "-m", "orchestrator", "watch"]


def test_served_on_this_machine_until_it_is_interrupted(folder):
    words = [*WATCH, str(folder), "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        said = one.stdout.readline() + one.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:(\d+)(/\S*)\?key=\S+", said)
        assert address[2] == f"/runs/{folder.name}"
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address[0]) as page:
            assert page.status == 200
            assert "server" not in {name.lower() for name in page.headers}
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"http://127.0.0.1:{address[1]}/")
        with socket.socket(socket.AF_INET6) as other, pytest.raises(OSError, match="refused"):
            other.connect(("::1", int(address[1])))
        one.send_signal(signal.SIGINT)
        assert one.wait(20) == 0
        assert one.stderr.read() == ""


def test_what_cannot_be_served_is_refused(tmp_path):
    refused = CliRunner().invoke(cli, ["watch", str(tmp_path / "no"), "--no-browser"])
    assert isinstance(refused.exception, InputError)
    assert "no such folder" in str(refused.exception)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = CliRunner().invoke(cli, ["watch", str(tmp_path), "--port", port])
        assert isinstance(refused.exception, InputError)
        assert f"--port {port}: cannot be listened at" in str(refused.exception)
