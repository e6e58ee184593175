"""The terminal, or a width for files and pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 130


def new_console(*, quiet: bool = False) -> Console:
    """A console on the standard output, as wide as the terminal or notebook if it is one.

    Parameters
    ----------
    quiet : bool
        Whether nothing is to be printed.
    """
    from rich.console import Console

    console = Console(quiet=quiet)
    seen = console.is_terminal or console.is_jupyter
    return console if seen else Console(width=_WIDTH, quiet=quiet)
