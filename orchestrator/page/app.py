"""The addresses of the page and what answers them.

The name of a run or campaign in an address is looked up among those that the board lists; no path
is ever made of it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from orchestrator.base.errors import OrchestratorError
from orchestrator.campaign.store import CampaignFolder
from orchestrator.page.actions import Actions, Refused
from orchestrator.page.board import Board
from orchestrator.page.guard import Guard, Keys
from orchestrator.page.pictures import MEDIA, RUN_FIGURES, Pictures, kind_of
from orchestrator.page.summary import Summary
from orchestrator.page.views import (
    board_view,
    campaign_version,
    campaign_view,
    recall_view,
    run_view,
)

_HERE = Path(__file__).parent
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}


def make_app(root: Path, keys: Keys) -> Starlette:
    """The application that serves the runs and campaigns of a root.

    Parameters
    ----------
    root : Path
        Folder of the run folders.
    keys : Keys
        The secrets that requests must know.
    """
    page = _Page(root, keys)
    routes = [
        Route("/", page.shell("board")),
        Route("/runs/{name}", page.shell("run")),
        Route("/campaigns/{name}", page.shell("campaign")),
        Route("/api/board", _answers(page.board_data)),
        Route("/api/runs/{name}", _answers(page.run_data)),
        Route("/api/runs/{name}/recall", _answers(page.run_recall)),
        Route("/api/runs/{name}/stop", _answers(page.stop_run), methods=["POST"]),
        Route("/api/runs/{name}/resume", _answers(page.resume_run), methods=["POST"]),
        Route("/api/campaigns/{name}", _answers(page.campaign_data)),
        Route("/api/campaigns/{name}/figures", _answers(page.campaign_figures)),
        Route("/api/campaigns/{name}/stop", _answers(page.stop_campaign), methods=["POST"]),
        Route("/api/campaigns/{name}/resume", _answers(page.resume_campaign), methods=["POST"]),
        Route("/pictures/runs/{name}/thumbnail", _answers(page.thumbnail)),
        Route("/pictures/runs/{name}/{figure}", _answers(page.run_figure)),
        Route("/pictures/campaigns/{name}/{figure}", _answers(page.campaign_figure)),
        Mount("/static", StaticFiles(directory=_HERE / "static")),
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        threading.Thread(target=page.board.read_all, daemon=True).start()
        yield
        page.pictures.close()

    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Guard, keys=keys),
            Middleware(GZipMiddleware, minimum_size=4096, compresslevel=1),
        ],
        exception_handlers={HTTPException: _refused, OrchestratorError: _unusable},
        lifespan=lifespan,
    )


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(f"{error.detail}\n", error.status_code)


def _unusable(_request: Request, error: Exception) -> Response:
    status = 409 if isinstance(error, Refused) else 422
    return PlainTextResponse(f"{error}\n", status)


def _answers(answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
    """An endpoint that works in a thread, since it reads files and draws."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return endpoint


class _Page:
    """What the endpoints have in common."""

    def __init__(self, root: Path, keys: Keys) -> None:
        self.board = Board(root)
        self.actions = Actions(self.board)
        self.pictures = Pictures(self.board)
        self._keys = keys
        loader = FileSystemLoader(_HERE)
        self._template = Environment(loader=loader, autoescape=True).get_template("page.html")

    def shell(self, kind: str) -> Callable[[Request], Any]:
        """The HTML around what the scripts draw."""

        def answer(request: Request) -> Response:
            name = request.path_params.get("name", "")
            if kind == "run":
                self._run(request)
            elif kind == "campaign":
                self._campaign(request)
            text = self._template.render(
                kind=kind,
                name=name,
                token=self._keys.token,
                root=self.board.root,
                version=version("mumax3-orchestrator"),
            )
            return HTMLResponse(text, headers={"cache-control": "no-store"})

        return _answers(answer)

    def _run(self, request: Request) -> Summary:
        name = request.path_params["name"]
        run = self.board.runs().get(name)
        if run is None:
            raise HTTPException(404, "there is no such run")
        return run

    def _campaign(self, request: Request) -> CampaignFolder:
        found = self.board.campaigns().get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "there is no such campaign")
        if isinstance(found, str):
            raise HTTPException(422, found)
        return found

    def board_data(self, request: Request) -> Response:
        """The table."""
        return _data(request, board_view(self.board))

    def run_data(self, request: Request) -> Response:
        """A run."""
        return _data(request, run_view(self.board, self.actions, self._run(request)))

    def run_recall(self, request: Request) -> Response:
        """The recall of a training."""
        run = self._run(request)
        return _data(request, recall_view(self.board.root / run.name, _training(request)))

    def campaign_data(self, request: Request) -> Response:
        """A campaign."""
        return _data(request, campaign_view(self.board, self.actions, self._campaign(request)))

    def campaign_figures(self, request: Request) -> Response:
        """The names of a campaign's figures, which are drawn for that."""
        campaign = self._campaign(request)
        stamp = campaign_version(self.board, campaign)
        figures = self.pictures.campaign_figures(campaign.path.name, stamp)
        return _data(request, {"version": stamp, "figures": list(figures)})

    def thumbnail(self, request: Request) -> Response:
        """The latest texture of a run."""
        return _picture(self.pictures.thumbnail(self._run(request)), "png")

    def run_figure(self, request: Request) -> Response:
        """A figure of a training."""
        run, figure = self._run(request), request.path_params["figure"]
        if figure not in RUN_FIGURES:
            raise HTTPException(404, "there is no such figure")
        content = self.pictures.run_figure(run, figure, _training(request))
        return _picture(content, kind_of(figure))

    def campaign_figure(self, request: Request) -> Response:
        """A figure of a campaign."""
        campaign, figure = self._campaign(request), request.path_params["figure"]
        stamp = campaign_version(self.board, campaign)
        figures = self.pictures.campaign_figures(campaign.path.name, stamp)
        if figure not in figures:
            raise HTTPException(404, "there is no such figure")
        return _picture(figures[figure], "svg")

    def stop_run(self, request: Request) -> Response:
        """Ask a run to stop."""
        return self._done(self.actions.stop_run(self._run(request)))

    def resume_run(self, request: Request) -> Response:
        """Go on with a run."""
        return self._done(self.actions.resume_run(self._run(request)))

    def stop_campaign(self, request: Request) -> Response:
        """Ask a campaign to stop."""
        return self._done(self.actions.stop_campaign(self._campaign(request)))

    def resume_campaign(self, request: Request) -> Response:
        """Go on with a campaign."""
        again = request.query_params.get("failed") == "too"
        return self._done(self.actions.resume_campaign(self._campaign(request), retry_failed=again))

    def _done(self, said: str) -> Response:
        self.board.forget_time()
        return JSONResponse({"said": said})


def _training(request: Request) -> int:
    text = request.query_params.get("training", "1")
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise HTTPException(422, "training: must be a number from 1")
    return int(text)


def _data(request: Request, content: Any) -> Response:
    """JSON, or nothing where the browser has it already."""
    body = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _picture(content: bytes, kind: str) -> Response:
    return Response(content, media_type=MEDIA[kind], headers=_FOREVER)
