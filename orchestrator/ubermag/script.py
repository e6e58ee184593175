"""The material half of a mumax3 setup, as the script functions of mumax3c write it."""

from __future__ import annotations

import contextlib
import re
import tempfile
import threading
from typing import TYPE_CHECKING

from orchestrator.base.errors import OrchestratorError
from orchestrator.describe.material_script import NAMES
from orchestrator.ubermag.packages import load

if TYPE_CHECKING:
    from micromagneticmodel import System

_WORKING_DIRECTORY = threading.Lock()

_NOT_MATERIAL = re.compile(
    r"//.*|OutputFormat = \w+|SetPBC\(.*\)|SetGridSize\(.*\)|SetCellSize\(.*\)"
    r'|m\.LoadFile\(".*"\)|regions\.LoadFile\(".*"\)|tableadd\(\w+\)'
    r"|gammaLL = \S+|doprecess = true|setsolver\(5\)|fixDt = 0"
)
_SATURATION = re.compile(r"Msat\.setregion\(0, (\S+)\)")


def written_by_mumax3c(system: System) -> str:
    """The assignments of material parameters that mumax3c writes for a uniform System.

    mumax3c puts its files into the working directory of the process. It is changed to a temporary
    folder for the few milliseconds that this takes, under a lock of this module: concurrent calls
    are safe, but another thread must not use relative paths meanwhile.

    Parameters
    ----------
    system : System
        Uniform material; mumax3c leaves an attribute on it, so not the user's. Give it few cells.

    Raises
    ------
    OrchestratorError
        If mumax3c writes a line that is not known here.
    """
    mumax3c = load().mc
    folder = tempfile.TemporaryDirectory(prefix="mumax3c-")
    with _WORKING_DIRECTORY, folder as path, contextlib.chdir(path):
        text = mumax3c.scripts.system_script(system, ovf_format="bin4", abspath=False)
        dynamics = mumax3c.scripts.driver_script(mumax3c.TimeDriver(), system, t=1.0, n=1)
    lines = []
    for line in [*text.splitlines(), *dynamics.partition("\nfor ")[0].splitlines()]:
        line = _SATURATION.sub(r"Msat = \1", line.strip())
        name = NAMES.get(line.partition(" = ")[0].lower())
        if name is not None:
            lines.append(f"{name} = {line.partition(' = ')[2]}")
        elif line and not _NOT_MATERIAL.fullmatch(line):
            raise OrchestratorError(
                f"mumax3c {mumax3c.__version__} writes {line!r}, a line unknown to this program; "
                "describe the device without a System, or use mumax3c 0.4"
            )
    return "\n".join(lines)
