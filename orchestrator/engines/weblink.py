"""The web interface of one `mumax3 -i` process, as a client sees it.

Only what the interface is known to do is relied upon: PUT with the id `cli` hands over script text
and returns when it is accepted, POST is a poll that also keeps the process alive and may be slow or
refused while the process computes. All else is read from what the process prints.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time as clock
from typing import Any

_NUMBER = re.compile(r"\s*([-+]?[0-9.]+(?:[eE][-+]?\d+)?)")
_PAGE = "id=7"


class WebLink:
    """Commands and heartbeats for a process that listens on 127.0.0.1.

    Parameters
    ----------
    port : int
        Its port.
    period : float
        Time between heartbeats, s; mumax3 leaves after 3 s without one.
    """

    def __init__(self, port: int, period: float = 1.0) -> None:
        self._port = port
        self._period = period
        self._done = threading.Event()
        self.answers = 0
        """Heartbeats that were answered."""
        self.values: dict[str, Any] = {}
        """What the process shows on its page, by the element's id."""
        self._thread = threading.Thread(target=self._beat, name="mumax3 heartbeat", daemon=True)
        self._thread.start()

    def send(self, script: str, timeout: float) -> bool:
        """Hand over script text; whether its acceptance was confirmed in time.

        Without a confirmation it is unknown whether the text was, or will be, carried out.
        """
        body = json.dumps({"ID": "cli", "Arg": script})
        try:
            return self._request("PUT", body, timeout)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def time(self) -> float | None:
        """Simulated time in s as the page shows it."""
        match = _NUMBER.match(str(self.values.get("time", "")))
        return float(match[1]) if match else None

    def close(self) -> None:
        """Stop the heartbeat."""
        self._done.set()
        self._thread.join(timeout=10)

    def _beat(self) -> None:
        while not self._done.is_set():
            begin = clock.monotonic()
            try:
                status, answer = self._request("POST", _PAGE, 5.0)
                if status == 200:
                    self.answers += 1
                    self._note(answer)
            except (OSError, http.client.HTTPException):
                pass  # busy or gone; the process and its output tell which
            self._done.wait(max(0.05, self._period - (clock.monotonic() - begin)))

    def _note(self, answer: bytes) -> None:
        try:
            calls = json.loads(answer)
            changed = {call["Args"][0]: call["Args"][-1] for call in calls if len(call["Args"]) > 1}
        except (ValueError, KeyError, TypeError, IndexError):
            return
        self.values |= changed

    def _request(self, method: str, body: str, timeout: float) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        try:
            connection.request(method, "/", body.encode(), {"Content-Type": "text/plain"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
