"""Serve the page on this machine until it is interrupted."""

from __future__ import annotations

import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from orchestrator.base.errors import InputError
from orchestrator.campaign.store import CAMPAIGN
from orchestrator.page.app import make_app
from orchestrator.page.guard import Keys
from orchestrator.run.folder import DESCRIPTION
from orchestrator.run.progress import stop_on_signals

ADDRESS = "127.0.0.1"
PORT = 8765
"""Where the page is served unless that is taken."""


def serve(
    root: Path,
    *,
    port: int | None = None,
    browser: bool = True,
    told: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the page of a root until SIGINT or SIGTERM.

    Parameters
    ----------
    root : Path
        Folder of the run folders, or one run or campaign folder in it.
    port : int, optional
        Where to listen; PORT by default, or any that is free.
    browser : bool
        Whether to open the page in a browser.
    told : callable
        Told the address, with its key, once the page is served.

    Raises
    ------
    InputError
        If there is no such folder, or the port is taken.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; name the folder of the run folders")
    root, path = root.resolve(), "/"
    for name, kind in ((DESCRIPTION, "runs"), (CAMPAIGN, "campaigns")):
        if (root / name).is_file():
            root, path = root.parent, f"/{kind}/{root.name}"
    keys = Keys()
    with _listening(port) as listener, tempfile.TemporaryDirectory() as own:
        address = f"http://{ADDRESS}:{listener.getsockname()[1]}{path}?key={keys.key}"
        config = uvicorn.Config(
            make_app(root, keys), log_level="warning", access_log=False, server_header=False
        )
        server = _Server(config, lambda: _opened(address, Path(own) if browser else None, told))
        with stop_on_signals():  # uvicorn passes on what it has ended for
            server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that tells when it has begun to listen."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell."""
        await super().startup(sockets=sockets)
        self._begun()


def _listening(port: int | None) -> socket.socket:
    for chosen in (PORT, 0) if port is None else (port,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, chosen))
            listener.listen()
        except OSError as error:
            listener.close()
            problem = error
        else:
            return listener
    raise InputError(f"--port {port}: cannot be listened at ({problem.strerror})")


def _opened(address: str, own: Path | None, told: Callable[[str], None]) -> None:
    """Tell the address, and open it through a file that only this user reads.

    Others see the arguments of processes, and the address holds the key.
    """
    told(address)
    if own is not None:
        file = own / "open.html"
        file.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={address}">')
        threading.Thread(target=webbrowser.open, args=(file.as_uri(),), daemon=True).start()
