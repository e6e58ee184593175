"""What the page can do: ask to stop, and start the command that goes on.

Nothing of a request but the name of a folder that the board lists gets here; commands are lists of
arguments, made of that folder and of the name of an engine.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from orchestrator.base.errors import InputError, OrchestratorError, RunFolderError
from orchestrator.campaign.monitor import JOBS, WORKERS
from orchestrator.campaign.store import CampaignFolder
from orchestrator.engines.table import ENGINES
from orchestrator.page.board import Board
from orchestrator.page.summary import Summary
from orchestrator.run.description import experiment_to_go_on_with, read_description
from orchestrator.run.execute import ask_to_stop
from orchestrator.run.folder import OUTPUT


class Refused(OrchestratorError):
    """What was asked for cannot be done now."""


class Actions:
    """Stops runs and campaigns of a board and goes on with them.

    Parameters
    ----------
    board : Board
        The runs and campaigns.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._lock = threading.Lock()
        self._begun: dict[str, subprocess.Popen[bytes]] = {}

    def stop_run(self, run: Summary) -> str:
        """Ask a run to stop.

        Raises
        ------
        Refused
            If nobody works on it, or a campaign's worker does, which would go on with it.
        """
        folder = self._board.root / run.name
        if (by := self._campaign_at_work_on(run.name)) is not None:
            raise Refused(f"a worker of {by} carries this run out; stop the campaign")
        try:
            ask_to_stop(folder)
        except InputError as error:
            raise Refused(str(error)) from None
        return "asked to stop; it does at the next pulse boundary"

    def stop_campaign(self, campaign: CampaignFolder) -> str:
        """Ask all workers of a campaign to stop."""
        campaign.ask_to_stop()
        return "asked to stop; its workers do at their next pulse boundaries"

    def resume_run(self, run: Summary) -> str:
        """Start `orchestrator run` for a run folder, in a process of its own.

        Raises
        ------
        Refused
            If it is finished, somebody works on it, or the folder does not say how.
        """
        if run.state not in ("stopped", "failed"):
            raise Refused(f"the run is {run.state}")
        folder = self._board.root / run.name
        command = run_command(folder)
        experiment_to_go_on_with(folder)
        return self._start(run.name, command, folder / OUTPUT)

    def resume_campaign(self, campaign: CampaignFolder, *, retry_failed: bool) -> str:
        """Start `orchestrator campaign resume` for a campaign, in a process of its own.

        Raises
        ------
        Refused
            If it is at work, or works at a site, which its folder does not name.
        """
        going = {name for name, run in self._board.runs().items() if run.state == "running"}
        if any(entry.folder.name in going for entry in campaign.runs):
            raise Refused("the campaign is at work")
        command = campaign_command(campaign, retry_failed=retry_failed)
        return self._start(campaign.path.name, command, campaign.path / OUTPUT)

    def at_work(self, name: str) -> bool:
        """Whether the process that was started for a run or campaign still goes on."""
        with self._lock:
            process = self._begun.get(name)
            return process is not None and process.poll() is None

    def _start(self, name: str, command: list[str], output: Path) -> str:
        with self._lock:
            process = self._begun.get(name)
            if process is not None and process.poll() is None:
                raise Refused("it has just been started")
            with output.open("ab") as file:
                file.write(f"$ {shlex.join(command)}\n".encode())
                file.flush()
                self._begun[name] = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        return "started"

    def _campaign_at_work_on(self, name: str) -> str | None:
        for campaign in self._board.campaigns():
            if (self._board.root / campaign / WORKERS / f"{name}.json").exists():
                return campaign
        return None


def run_command(folder: Path) -> list[str]:
    """The command that goes on with a run.

    Raises
    ------
    Refused
        If it was begun by a script, with templates of the user's own, or an engine that is none.
    RunFolderError
        If its description is damaged.
    """
    if read_description(folder)["experiment"]["training"].get("script"):
        raise Refused("a script chose its pulses, so start that script again to go on")
    engine = _engine_of(folder, "run", folder)
    return _command("run", str(folder.resolve()), "--engine", engine)


def campaign_command(campaign: CampaignFolder, *, retry_failed: bool = False) -> list[str]:
    """The command that goes on with a campaign on this machine, with the engine of its runs.

    Raises
    ------
    Refused
        If it works at a site, or its runs are such that `run_command` refuses them.
    """
    path = campaign.path
    if (path / JOBS).exists():
        raise Refused(
            "it works at a site, so name the site's file: orchestrator campaign resume "
            f"{shlex.quote(str(path))} --site FILE"
        )
    engine = "auto"
    for entry in campaign.runs:
        with suppress(RunFolderError):  # not begun, or broken
            engine = _engine_of(entry.folder, "campaign resume", path)
            break
    more = ["--retry-failed"] if retry_failed else []
    return _command("campaign", "resume", str(path.resolve()), "--engine", engine, *more)


def _engine_of(run: Path, command: str, folder: Path) -> str:
    description = read_description(run)
    if description.get("templates"):
        raise Refused(
            "it was begun with templates of your own, so name their folder: orchestrator "
            f"{command} {shlex.quote(str(folder))} --templates FOLDER"
        )
    engine = description["engine"]
    for key in ("mode", "name"):
        if isinstance(engine, dict) and engine.get(key) in ENGINES:
            return str(engine[key])
    raise Refused("its engine is none that this program knows")


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "orchestrator", *words]
