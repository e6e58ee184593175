"""The elements of the web interface's page: what their events do and what they show."""

from __future__ import annotations

import contextlib
import html
import io
import math
import threading
from functools import cache
from importlib import resources
from typing import Any

from orchestrator.engines.cpu.language.errors import ScriptError
from orchestrator.engines.cpu.web.interactive import Interactive

SOLVERS = {
    "bw_euler": -1, "euler": 1, "heun": 2, "rk23": 3, "rk4": 4, "rk45": 5, "rkf56": 6,
}  # fmt: skip
_SETTINGS = {"fixdt": "FixDt", "mindt": "MinDt", "maxdt": "MaxDt", "maxerr": "MaxErr"}
_MESH = ("nx", "ny", "nz", "cx", "cy", "cz", "px", "py", "pz")
_SPANS = ("time", "nsteps", "dt", "lasterr", "maxtorque", "busy")
_INPUTS = {
    "cli": "", "runtime": "1e-9", "runsteps": "1000", "geomselect": "Universe", "geomargs": "()",
    "mselect": "Uniform", "margs": "(1, 0, 0)", "renderQuant": "m", "renderComp": "",
    "renderLayer": "0", "renderScale": "1", "region": "-1", "usingx": "1", "usingy": "2",
}  # fmt: skip
_LARGEST_PICTURE = 1024


class ControlPanel:
    """The page of one simulation; called from the server's threads.

    Parameters
    ----------
    session : Interactive
        What takes the commands.
    name : str
        Shown as the page's title.
    """

    def __init__(self, session: Interactive, name: str) -> None:
        self.session = session
        self.name = name
        self._inputs = dict(_INPUTS)
        self._edited: dict[str, str] = {}
        self._page = ""
        self._sent: dict[str, str] = {}
        self._lock = threading.Lock()
        regional = session.world.sim.material.regional()
        self._parameters = {known.lower(): known for known in regional}

    def request(self) -> contextlib.AbstractContextManager[None]:
        """A request under way."""
        return self.session.request()

    # Events

    def event(self, element: str, argument: Any) -> None:
        """Act on an event; returns when the simulation has accepted what it has to do.

        Raises
        ------
        KeyError
            If there is no such element.
        ValueError
            If the value is unusable.
        """
        text = _text(argument)
        inputs = self._inputs
        if element == "cli":
            self._run_script(text)
        elif element in ("run", "steps", "relax"):
            self.session.inbox.send(self.session.stop)
            self._run_script(
                {
                    "run": f"Run({inputs['runtime']})",
                    "steps": f"Steps({inputs['runsteps']})",
                    "relax": "Relax()",
                }[element]
            )
        elif element == "break":
            self.session.inbox.send(self.session.stop)
        elif element in _SETTINGS:
            self._run_script(f"{_SETTINGS[element]} = {text}")
        elif element == "solvertype":
            if text not in SOLVERS:
                raise ValueError(f"{text} is not one of {', '.join(SOLVERS)}")
            self._run_script(f"SetSolver({SOLVERS[text]})")
        elif element == "setmesh":
            values = {**self.session.values, **self._edited}
            self._edited = {}
            self._run_script(f"SetMesh({', '.join(values.get(key, '0') for key in _MESH)})")
        elif element == "setgeom":
            self._run_script(f"SetGeom({inputs['geomselect']}{_arguments(inputs['geomargs'])})")
        elif element == "setm":
            self._run_script(f"m = {inputs['mselect']}{_arguments(inputs['margs'])}")
        elif element == "tableAutoSave":
            self._run_script(f"TableAutoSave({text})")
        elif element in _MESH:
            self._edited[element] = text
        elif element in inputs:
            inputs[element] = text
        elif element.lower() in self._parameters:
            self._set_parameter(self._parameters[element.lower()], text)
        else:
            raise KeyError(element)

    def _run_script(self, text: str) -> None:
        self.session.inbox.send(lambda: self.session.evaluate(text))

    def _set_parameter(self, name: str, text: str) -> None:
        value = f"vector{text}" if text.strip().startswith("(") else text
        region = self._inputs["region"]
        everywhere = region in ("-1", "")
        self._run_script(
            f"{name} = {value}" if everywhere else f"{name}.SetRegion({region}, {value})"
        )

    # Values

    def changes(self, page: str) -> list[dict[str, Any]]:
        """The calls by which a page becomes up to date; all of them for a page that is new."""
        self.session.refresh_wanted = True
        with self._lock:
            if page != self._page:
                self._page, self._sent = page, {}
            shown = {**self.session.values, **self._inputs, **self._edited}
            shown["console"] = self.session.console()
            calls = [
                _call(key, value) for key, value in shown.items() if self._sent.get(key) != value
            ]
            self._sent = shown
        return calls

    def page(self) -> str:
        """The page with its elements, to be filled by `changes`."""
        rows = "".join(
            f"<label>{name} <input id={name}></label>" for name in self._parameters.values()
        )
        text = _page_text().replace("<!--parameters-->", rows)
        return text.replace("<!--name-->", html.escape(self.name))

    # Pictures

    def picture(self, quantity: str) -> bytes:
        """A JPEG of a quantity, drawn after all commands accepted so far."""
        from orchestrator.engines.cpu.output.pictures import encoded, image_of

        name, inputs = quantity or self._inputs["renderQuant"], self._inputs
        drawn: list[bytes] = []
        missing: list[str] = []

        def draw() -> None:
            try:
                data = self.session.field(name)
            except (KeyError, ScriptError):
                missing.append(name)
                return
            if (component := "xyz".find(inputs["renderComp"] or "-")) >= 0 and data.shape[3] == 3:
                data = data[..., component : component + 1]
            layer = _index(inputs["renderLayer"], data.shape[0])
            drawn.append(encoded(image_of(data[layer : layer + 1], _LARGEST_PICTURE), "jpg"))

        self.session.inbox.send(draw, wait=True)
        if missing:
            raise KeyError(name)
        return drawn[0]

    def plot(self) -> bytes:
        """Two columns of the table against each other, SVG."""
        from matplotlib.figure import Figure

        names, rows = self.session.world.record.table.read()
        x, y = (_index(self._inputs[key], len(names) + 1) - 1 for key in ("usingx", "usingy"))
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        axes.set_xlabel(names[x] if names else "")
        axes.set_ylabel(names[y] if names else "")
        if rows.size:
            axes.plot(rows[:, x], rows[:, y])
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg")
        return buffer.getvalue()


def _text(argument: Any) -> str:
    if isinstance(argument, bool) or not isinstance(argument, str | int | float):
        raise ValueError(f"a text or number is needed, not {argument!r}")
    if isinstance(argument, float) and not math.isfinite(argument):
        raise ValueError(f"{argument} is not a number")
    return str(argument)


def _arguments(text: str) -> str:
    return text if text.strip().startswith("(") else f"({text})"


def _index(text: str, count: int) -> int:
    try:
        return min(max(int(text), 0), count - 1)
    except ValueError:
        return 0


def _call(element: str, value: str) -> dict[str, Any]:
    if element == "console":
        return {"F": "setConsoleText", "Args": [value]}
    if element in _SPANS:
        return {"F": "setAttr", "Args": [element, "innerHTML", html.escape(value)]}
    if element == "solvertype":
        names = {str(number): name for name, number in SOLVERS.items()}
        return {"F": "setSelect", "Args": [element, names.get(value, value)]}
    return {"F": "setTextbox", "Args": [element, value]}


@cache
def _page_text() -> str:
    return (resources.files("orchestrator.engines.cpu") / "page.html").read_text(encoding="utf-8")
