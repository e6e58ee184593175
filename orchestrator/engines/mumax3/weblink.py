"""The web interface of one `mumax3 -i` process, as a client sees it.

Only what the interface is known to do is relied upon: PUT with the id `cli` hands over script text
and returns when it is accepted, POST is a poll, which may be slow or refused while the process
computes. All else is read from what the process prints.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time as clock
from typing import Any

_NUMBER = re.compile(r"\s*([-+]?[0-9.]+(?:[eE][-+]?\d+)?)")
_PAGE = "id=client"
"""Not the guard's: each page is told of a change once."""


class WebLink:
    """Commands for, and signs of life from, a process that listens on 127.0.0.1.

    Parameters
    ----------
    port : int
        Its port.
    token : str
        What commands need; mumax3 asks for none.
    period : float
        Time between polls, s.
    """

    def __init__(self, port: int, token: str = "", period: float = 1.0) -> None:
        self._port = port
        self._commands = f"/?token={token}" if token else "/"
        self._period = period
        self._done = threading.Event()
        self.refused = 0
        """The last polls that found the port closed, one after the other."""
        self._values: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._poll, name="mumax3 poll", daemon=True)
        self._thread.start()

    def send(self, script: str, timeout: float) -> bool:
        """Hand over script text; whether its acceptance was confirmed in time.

        Without a confirmation it is unknown whether the text was, or will be, carried out.
        """
        body = json.dumps({"ID": "cli", "Arg": script})
        try:
            return self._request("PUT", body, timeout, self._commands)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def time(self) -> float | None:
        """Simulated time in s as the page shows it."""
        match = _NUMBER.match(str(self._values.get("time", "")))
        return float(match[1]) if match else None

    def shown(self) -> tuple[str, ...]:
        """What moves on the page while the engine works; the page answers even if it hangs."""
        return tuple(str(self._values.get(element)) for element in ("time", "nsteps", "busy"))

    def close(self) -> None:
        """Stop polling."""
        self._done.set()
        self._thread.join(timeout=10)

    def _poll(self) -> None:
        while not self._done.is_set():
            begin = clock.monotonic()
            try:
                status, answer = self._request("POST", _PAGE, 5.0)
                self.refused = 0
                if status == 200:
                    self._note(answer)
            except ConnectionRefusedError:
                self.refused += 1
            except (OSError, http.client.HTTPException):
                self.refused = 0  # busy, or cut off; the process's output tells which
            self._done.wait(max(0.05, self._period - (clock.monotonic() - begin)))

    def _note(self, answer: bytes) -> None:
        try:
            calls = json.loads(answer)
            changed = {call["Args"][0]: call["Args"][-1] for call in calls if len(call["Args"]) > 1}
        except (ValueError, KeyError, TypeError, IndexError):
            return
        self._values |= changed

    def _request(
        self, method: str, body: str, timeout: float, path: str = "/"
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        try:
            connection.request(method, path, body.encode(), {"Content-Type": "text/plain"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
