"""What mumax3 says of itself when it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"^//\s*(a?mumax)\S*\s+v?(\d+(?:\.\d+)*\S*)[^\n]*", re.IGNORECASE | re.M)
_AMUMAX = re.compile(r"\bamumax\b[^\n]*?v?(\d[\w.\-]*)", re.IGNORECASE)
_GPU = re.compile(
    r"^//\s*GPU info:\s*(?P<name>[^\n]*?)\s*\((?P<memory>\d+)\s*MB\)(?:,\s*CUDA Driver\s*"
    r"(?P<driver>[\d.]+))?(?:,\s*cc=(?P<capability>[\d.]+))?",
    re.IGNORECASE | re.MULTILINE,
)
_COMMIT = re.compile(r"^//\s*commit hash:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_EMBEDDED = re.compile(r"^//mumax3-orchestrator", re.MULTILINE)


@dataclass(frozen=True)
class Banner:
    """Version and hardware; an empty text where the banner does not state it.

    Attributes
    ----------
    program : str
        `mumax`, `amumax`, `embedded` or `` (no banner understood).
    version, commit : str
        As stated.
    line : str
        The line with the version.
    gpu, driver, capability : str
        Name of the GPU, CUDA version of its driver, compute capability.
    memory_mib : int or None
        The GPU's memory in MiB.
    """

    program: str = ""
    version: str = ""
    line: str = ""
    commit: str = ""
    gpu: str = ""
    driver: str = ""
    capability: str = ""
    memory_mib: int | None = None

    def provenance(self) -> dict[str, str]:
        """What belongs into the results, without empty entries."""
        found = {
            "version": self.line,
            "commit": self.commit,
            "gpu": self.gpu,
            "cuda_driver": self.driver,
            "compute_capability": self.capability,
        }
        return {key: value for key, value in found.items() if value}


def read_banner(text: str) -> Banner:
    """Find the banner in what a process has printed."""
    commit, gpu = _COMMIT.search(text), _GPU.search(text)
    program = version = line = ""
    if embedded := _EMBEDDED.search(text):
        program = "embedded"
        line = text[embedded.start() :].split("\n", 1)[0]
    elif stated := _VERSION.search(text):
        program, version, line = stated[1].lower(), stated[2], stated[0]
    elif fork := _AMUMAX.search(text):
        program, version, line = "amumax", fork[1], fork[0]
    return Banner(
        program,
        version,
        line.removeprefix("//").strip(),
        commit[1] if commit else "",
        gpu["name"] if gpu else "",
        (gpu["driver"] or "") if gpu else "",
        (gpu["capability"] or "") if gpu else "",
        int(gpu["memory"]) if gpu else None,
    )
