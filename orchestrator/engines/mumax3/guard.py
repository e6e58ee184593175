"""Run a command and kill it with all its children as soon as the caller is gone.

Started as a script, `python guard.py GUI COMMAND ...`, in a session of its own, with the read end
of a pipe as its standard input. When the pipe's other end is closed, on purpose or because the
caller has died, the command's process group is killed. Else the guard ends as the command did, with
its exit code or by its signal.

A live mumax3 leaves when nobody has asked it anything for 3 s, which a caller that computes may not
manage. So the guard asks once a second where the file GUI states an address; `-` stands for none.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import sys
import time

UNSTARTED_CODE = 126
UNSTARTED = "guard: "
"""Exit code, and head of the message, with which the guard tells that it cannot start a command."""
_PERIOD = 1.0
_PATIENCE = 5.0
_POLL = b"POST / HTTP/1.1\r\nHost: mumax3\r\nConnection: close\r\nContent-Length: 8\r\n\r\nid=guard"


def main(gui: str, command: list[str]) -> None:
    """Guard one command; does not return."""
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    signal.set_wakeup_fd(poke)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    try:
        child = os.posix_spawn(
            command[0],
            command,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)],
            setpgroup=0,
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )
    except OSError as error:
        print(f"{UNSTARTED}{command[0]}: cannot be started ({error.strerror})", flush=True)
        os._exit(UNSTARTED_CODE)
    if gui != "-":
        keep_alive(gui, [0, wake])
    select.select([0, wake], [], [])
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    os.killpg(child, signal.SIGKILL)  # all of it, or what a command that ended has left behind
    status = os.waitpid(child, 0)[1]
    if ended is None:
        os._exit(1)
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


def keep_alive(gui: str, ends: list[int]) -> None:
    """Poll the web interface until one of the descriptors `ends` is readable."""
    asked: socket.socket | None = None
    moment = time.monotonic() - _PERIOD
    while True:
        waiting = ends if asked is None else [*ends, asked.fileno()]
        due = moment + (_PERIOD if asked is None else _PATIENCE)
        ready = select.select(waiting, [], [], max(0.0, due - time.monotonic()))[0]
        if set(ready) & set(ends):
            return
        if asked is not None and ready:
            asked = _read(asked)
        elif time.monotonic() >= due:
            if asked is not None:
                asked.close()
            moment = time.monotonic()
            asked = _ask(gui)


def _ask(gui: str) -> socket.socket | None:
    try:
        with open(gui) as file:
            port = int(file.read().rpartition(":")[2])
        asked = socket.create_connection(("127.0.0.1", port), timeout=0.5)
        asked.sendall(_POLL)
    except (OSError, ValueError):
        return None
    return asked


def _read(asked: socket.socket) -> socket.socket | None:
    try:
        if asked.recv(1 << 16):
            return asked
    except OSError:
        pass
    asked.close()
    return None


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
