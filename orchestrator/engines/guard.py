"""Run a command and kill it with all its children as soon as the caller is gone.

Started as a script, `python guard.py COMMAND ...`, in a session of its own, with the read end of a
pipe as its standard input. When the pipe's other end is closed, on purpose or because the caller
has died, the command's process group is killed. Else the guard ends as the command did, with its
exit code or by its signal.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys


def main(command: list[str]) -> None:
    """Guard one command; does not return."""
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    signal.set_wakeup_fd(poke)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    child = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)],
        setpgroup=0,
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
    )
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


if __name__ == "__main__":
    main(sys.argv[1:])
