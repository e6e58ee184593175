"""An engine that executes a coupled script's setup, whatever setup it is given."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.coupling.prepared import Prepared
from orchestrator.coupling.written import Written
from orchestrator.engines.collect import check_time
from orchestrator.engines.session import BlockResult, Engine, Progress, Session
from orchestrator.mx3.origins import Rendered

_WORK = ".written"
_PULSE = "J.Add("


class CoupledEngine:
    """An engine whose sessions are those of a prepared script.

    Between two blocks, the script's own tables and autosaves are brought into the folder `out`
    of the session's folder, numbered on; `BlockResult.state` holds where they are.

    Parameters
    ----------
    engine : Engine
        The one that works.
    prepared : Prepared
        The script.

    Attributes
    ----------
    name : str
        Of the engine that works.
    """

    def __init__(self, engine: Engine, prepared: Prepared) -> None:
        self._engine = engine
        self.name = engine.name
        self.prepared = prepared

    def describe(self) -> dict[str, str]:
        """Name, version and hardware."""
        return self._engine.describe()

    def play(self, script: str, folder: Path, out: Path | None = None) -> Path:
        """Run another script by itself; see `Engine.play`."""
        return self._engine.play(script, folder, out)

    def start(
        self,
        setup: str,
        folder: Path,
        magnetization: str,
        *,
        time: float = 0.0,
        state: Mapping[str, Any] | None = None,
    ) -> Session:
        """Start a session with the script's setup; see `Engine.start`."""
        state = state or {}
        self.prepared.copy_inputs(folder)
        session = self._engine.start(
            self.prepared.setup, folder, magnetization, time=time, state=state.get("engine", {})
        )
        return CoupledSession(session, self.prepared, folder, time, state.get("written", {}))


class CoupledSession:
    """A session whose pulses let the script's own outputs go on."""

    def __init__(
        self,
        session: Session,
        prepared: Prepared,
        folder: Path,
        time: float,
        written: Mapping[str, Any],
    ) -> None:
        self._session = session
        self._prepared = prepared
        self._folder = folder
        self._time = time
        self._state = written
        self._written: Written | None = None

    def execute(
        self,
        block: str,
        magnetization: str,
        outputs: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
        keep: Path | None = None,
    ) -> BlockResult:
        """Run a block; see `Session.execute`. Outputs of the script go on in pulses."""
        if _PULSE not in block:
            return self._session.execute(block, magnetization, outputs, progress=progress)
        if self._written is None:
            self._written = Written(self._folder, self._prepared, self._state)
        written, work = self._written, self._folder / _WORK
        shutil.rmtree(work, ignore_errors=True)
        whole = _around(self._seed(written) + written.begun(self._time), block, written.ended())
        result = self._session.execute(whole, magnetization, outputs, progress=progress, keep=work)
        check_time(result.field, result.magnetization, self._time, block)
        written.take(work, result.time)
        shutil.rmtree(work, ignore_errors=True)
        self._time = result.time
        state = {"engine": dict(result.state), "written": written.state}
        return dataclasses.replace(result, state=state)

    def _seed(self, written: Written) -> str:
        """Another stream of the thermal field in each block."""
        if self._prepared.thermal is None:
            return ""
        return f"ThermSeed({self._prepared.thermal} + {written.blocks + 1})\n"

    def close(self, *, tidy: bool = True) -> None:
        """End the session; see `Session.close`."""
        self._session.close(tidy=tidy)


def _around(before: str, block: str, after: str) -> Rendered:
    """A block between statements of the coupling, whose lines keep their origins."""
    whole = Rendered(before + block + after)
    inner = getattr(block, "origins", None)
    lines = block.count("\n")
    own = tuple(inner[:lines]) if inner is not None else ("a pulse",) * lines
    ends = ("the coupling",) * before.count("\n"), ("the coupling",) * (after.count("\n") + 1)
    whole.origins = (*ends[0], *own, *ends[1])
    return whole
