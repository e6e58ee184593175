"""Whose port it is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from orchestrator.engines.mumax3.ports import free_port, is_strangers

LISTEN = """import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
input()
"""


@pytest.mark.parametrize("own_session", [False, True])
def test_only_another_session_is_a_stranger(own_session):
    child = subprocess.Popen(
        [sys.executable, "-c", LISTEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=own_session,
    )
    with child:
        port = int(child.stdout.readline())
        assert is_strangers(port, os.getsid(0)) == own_session
        assert is_strangers(port, child.pid) == (not own_session)


def test_a_port_that_nobody_listens_on_is_no_strangers():
    assert not is_strangers(free_port(), os.getsid(0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not is_strangers(listener.getsockname()[1], os.getsid(0))
