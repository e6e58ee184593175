"""`orchestrator` and `python -m orchestrator`: the command line."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Entry point; `mx3`, whose flags are mumax3's, starts without all other commands."""
    if sys.argv[1:2] == ["mx3"]:
        _run_scripts(sys.argv[2:])
    from orchestrator.cli.main import main as carry_out

    carry_out()


def _run_scripts(arguments: list[str]) -> None:
    gc.disable()  # what is imported stays
    try:
        from orchestrator.engines.cpu import main, make  # noqa: F401

        gc.freeze()
        gc.enable()
        sys.exit(main.main(arguments))
    except (Exception, KeyboardInterrupt) as error:
        from orchestrator.cli.main import end_with

        end_with(error)


if __name__ == "__main__":
    main()
