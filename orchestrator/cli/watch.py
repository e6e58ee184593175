"""`orchestrator watch ROOT`: the page of runs and campaigns in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.base.errors import OrchestratorError


@click.command()
@click.argument("root", type=click.Path(path_type=Path), default=Path("runs"))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Where to listen on 127.0.0.1.  [default: 8765, or any free one]",
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def watch(root: Path, port: int | None, no_browser: bool) -> None:
    """Serve a page of the runs and campaigns under ROOT, while they go on and afterwards.

    ROOT is the folder of the run folders, `runs` by default, or one run or campaign folder. Only
    this user's browser on this machine is answered, from elsewhere through `ssh -L`. Ctrl-C ends
    the page; runs go on.
    """
    try:
        from orchestrator.page.serve import serve
    except ModuleNotFoundError as error:
        raise OrchestratorError(
            f"the page needs the package {error.name}: pip install starlette uvicorn"
        ) from None

    def told(address: str) -> None:
        click.echo(f"{root} is shown at\n    {address}\nCtrl-C ends the page, not the runs.")

    serve(root, port=port, browser=not no_browser, told=told)
