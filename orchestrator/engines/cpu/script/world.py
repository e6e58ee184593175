"""The world a script lives in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrator.engines.cpu.language.errors import ScriptError
from orchestrator.engines.cpu.language.interpret import check_script, run_script
from orchestrator.engines.cpu.language.statements import Statement
from orchestrator.engines.cpu.output.outputs import Outputs
from orchestrator.engines.cpu.output.recorder import Recorder
from orchestrator.engines.cpu.physics.simulation import Simulation
from orchestrator.engines.cpu.script.control import Control
from orchestrator.engines.cpu.script.magnet import Magnet
from orchestrator.engines.cpu.script.moments import Moments
from orchestrator.engines.cpu.script.names import Names
from orchestrator.engines.cpu.script.space import Space


class World:
    """A simulation and what scripts reach it through; `make.make_world` makes one with all names.

    This is what commands work with, each with the parts that it needs.

    Parameters
    ----------
    sim : Simulation
        The simulation.
    outputs : Outputs
        Where logs, tables and fields go.
    folder : Path, optional
        Folder that relative names of files to load refer to; the working directory by default.

    Attributes
    ----------
    names : Names
        What scripts may call and read.
    space : Space
        Mesh, geometry and regions.
    magnet : Magnet
        The magnetization.
    moments : Moments
        The time, and expressions that depend on it.
    control : Control
        Runs under way.
    record : Recorder
        The table, and what is saved by itself.
    """

    def __init__(self, sim: Simulation, outputs: Outputs, folder: Path | None = None) -> None:
        self.sim = sim
        self.outputs = outputs
        self.folder = folder
        outputs.access.let_read(folder or Path())
        self.names = Names()
        self.space = Space(sim)
        self.magnet = Magnet(sim, self.space)
        self.moments = Moments(sim.clock)
        self.control = Control(sim)
        self.record = Recorder(outputs.path("table.txt"), lambda: sim.clock.time)
        sim.post_step.append(self._after_step)
        sim.before_run.append(self.record.save_due)

    def check(self, text: str) -> list[Statement]:
        """Check a script in this world; see `check_script`."""
        names = self.names
        return check_script(text, names.scope, names.unsupported, self.input_path)

    def run(self, program: list[Statement], *, echo: bool = True) -> None:
        """Run a checked script."""
        with np.errstate(all="ignore"):  # as Go, which yields Inf and NaN in silence
            run_script(program, self.control.guard, self.outputs.note if echo else None)

    def execute(self, text: str, *, script: str = "", echo: bool = True) -> None:
        """Check and run a script.

        Raises
        ------
        ScriptError
            With script, line and statement.
        """
        try:
            self.run(self.check(text), echo=echo)
        except ScriptError as error:
            error.script = script
            raise

    def _after_step(self) -> None:
        self.control.after_step()
        if not self.sim.relaxing:  # Relax looks at its outputs itself, before every block
            self.record.save_due()

    def input_path(self, name: str) -> str:
        """The path of a file to load.

        Raises
        ------
        PanicError
            If scripts may not read there.
        """
        return str(self.outputs.access.reading((self.folder or Path()) / name))

    def close(self) -> None:
        """Close table and log."""
        self.record.close()
        self.outputs.close()
