"""Whom the server answers: this user's browser, under this machine's name, and nobody else."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from orchestrator.page.app import make_app
from orchestrator.run.folder import LOCK, STOP
from orchestrator.run.locks import locked

ADDRESSES = ["/", "/api/board", "/static/main.js", "/runs/x", "/pictures/runs/x/thumbnail", "/no"]


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "LOCALHOST:1", "127.0.0.1:65535"])
def test_any_port_of_this_machine_is_answered(client, host):
    assert client.get("/api/board", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8765",
        "localhost@evil.example",
        "127.0.0.2",
        "0.0.0.0:8765",
        "[::1",
        "",
    ],
)
def test_other_hosts_are_refused(client, host):
    for address in ADDRESSES:
        answer = client.get(address, headers={"host": host})
        assert (answer.status_code, "host" in answer.text) == (400, True)


@pytest.mark.parametrize("cookie", [None, "", "wrong", "\u00e9".encode().decode("latin-1")])
def test_nothing_is_told_without_the_key(root, keys, cookie):
    client = TestClient(make_app(root, keys), base_url="http://localhost")
    headers = {} if cookie is None else {"cookie": f"{keys.cookie}={cookie}".encode("latin-1")}
    for address in ADDRESSES:
        answer = client.get(address, headers=headers)
        assert (answer.status_code, "with its key" in answer.text) == (403, True)
        assert keys.token not in answer.text


def test_the_key_in_the_address_becomes_a_cookie(root, keys):
    client = TestClient(make_app(root, keys), base_url="http://localhost", follow_redirects=False)
    for wrong in ("x", "", keys.token):
        assert client.get(f"/?key={wrong}").status_code == 403
    assert client.get("/").status_code == 403
    answer = client.get(f"/runs/x?key={keys.key}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs/x")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert client.get("/").status_code == 200
    elsewhere = client.get(f"http://localhost//evil.example/?key={keys.key}")
    assert elsewhere.headers["location"] == "/evil.example/"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-token": ""},
        {"x-token": "wrong"},
        {"x-token": "\u00e9"},
        {"origin": ""},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8766"},
        {"origin": "https://127.0.0.1:8765"},
        {"origin": "http://localhost:8765"},
    ],
)
def test_only_the_page_itself_changes_anything(client, folder, headers):
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    with locked(folder / LOCK):
        (folder / "finished.json").unlink()
        for what in ("stop", "resume"):
            answer = client.post(f"/api/runs/{folder.name}/{what}", headers=encoded)
            assert (answer.status_code, "page itself" in answer.text) == (403, True)
            assert client.get(f"/api/runs/{folder.name}/{what}").status_code == 405
        assert not (folder / STOP).exists()
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            answer = client.request(method, f"/api/runs/{folder.name}/stop")
            assert answer.status_code == 405
        assert client.post(f"/api/runs/{folder.name}/stop").status_code == 200
        assert (folder / STOP).exists()


def test_scripts_and_frames_of_others_are_shut_out(client):
    for address in ("/", "/api/board", "/nothing"):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_nothing_is_loaded_from_elsewhere(client):
    page = client.get("/").text
    sources = [page]
    for name in ("main", "common", "board", "run", "campaign"):
        sources.append(client.get(f"/static/{name}.js").text)
    sources.append(client.get("/static/page.css").text)
    for text in sources:
        assert len(text) > 100
        assert "https://" not in text
        assert "http://" not in text
        assert "innerHTML" not in text
        assert "eval(" not in text
