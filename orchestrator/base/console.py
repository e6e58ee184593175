"""The terminal, or a width for files and pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 130


def new_console() -> Console:
    """A console on the standard output, as wide as the terminal if it is one."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)
