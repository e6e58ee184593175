"""The versions of mumax3 and how they are spoken to.

Blocks and setups are written in the language of mumax3 3.11. A dialect translates them, knows the
flags, and states in a comment at the head of each script what the script assumes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.engines.mumax3.banner import Banner
from orchestrator.engines.mumax3.features import features


@dataclass(frozen=True)
class Dialect:
    """A version of mumax3.

    Attributes
    ----------
    name : str
        `3.10`, `3.11` or `amumax`.
    assumes : tuple of str
        What scripts in it rely on.
    renamed : mapping
        Functions that have another name in it.
    face_dmi : bool
        Whether bulk DMI acts at the two faces of a film of one layer.
    live : bool
        Whether its web interface is the one that the live engine drives.
    """

    name: str
    assumes: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)
    face_dmi: bool = False
    live: bool = True

    def header(self) -> str:
        """Comment lines for the head of a script."""
        lines = [f"// For {self._title()}. It assumes:", *(f"//   {text}" for text in self.assumes)]
        return "\n".join(lines) + "\n"

    def translate(self, script: str) -> str:
        """A script of mumax3 3.11 in this dialect, line by line."""
        for theirs, ours in self.renamed.items():
            script = re.sub(rf"\b{theirs}(?=\s*\()", ours, script, flags=re.IGNORECASE)
        return script

    def arguments(self, script: str, out: str, cache: str, gpu: int) -> list[str]:
        """Flags and script for one run without a web interface."""
        if self.name == "amumax":
            where = ["--output-dir", out, "--force-clean", "--cache", cache, "--gpu", str(gpu)]
            return [*where, "--webui-disable", "--hide-progress-bar", script]
        return ["-http", "", "-o", out, "-f", "-cache", cache, "-gpu", str(gpu), script]

    def live_arguments(self, script: str, out: str, cache: str, gpu: int, port: int) -> list[str]:
        """Flags and script for a process that waits for commands on 127.0.0.1."""
        address = f"127.0.0.1:{port}"
        where = ["-http", address, "-o", out, "-f", "-cache", cache, "-gpu", str(gpu)]
        return ["-i", *where, script]

    def warnings(self, setup: str) -> list[str]:
        """In what a setup does not mean here what it means in mumax3 3.11."""
        found = features(setup)
        thin = found.cells is not None and found.cells[2] == 1 and found.pbc[2] == 0
        if self.face_dmi or not (thin and found.bulk_dmi and not found.open_bc):
            return []
        return [
            f"{self._title()} has no DMI at the faces of a film of one layer, where mumax3 3.11 "
            "has an easy plane of Dbulk^2/(2 Aex); film.pbc = [0, 0, 1] means the same in both"
        ]

    def _title(self) -> str:
        return self.name if self.name == "amumax" else f"mumax3 {self.name}"


KERNELS = "kernels"
"""Name of the folder in which mumax3 keeps kernels of the demagnetizing field."""
_COMMON = (
    "J is the conventional charge current; magnetization moves against it for Pol > 0.",
    "Zhang-Li torque as published with mumax3, GammaLL = 1.7595e11 rad/(T s).",
    "Files to load are relative to the working directory, saved ones to the output folder.",
)
_EXCHANGE_310 = "Regions of Msat = 0 exchange-couple to their neighbors: remove cells by SetGeom."

V3_11 = Dialect(
    "3.11",
    (
        *_COMMON,
        "OpenBC = false: DMI edges with dm/dn = (Dbulk/(2 Aex)) n x m.",
        "One layer and no PBC along z: both film faces are such edges, too.",
    ),
    face_dmi=True,
)
V3_10 = Dialect(
    "3.10",
    (
        *_COMMON,
        "OpenBC = false: DMI edges with dm/dn = (Dbulk/(2 Aex)) n x m, in the plane only.",
        "One layer: the film faces are no DMI edges, whatever the PBC along z.",
        _EXCHANGE_310,
    ),
)
AMUMAX = Dialect(
    "amumax",
    (
        *V3_10.assumes,
        "OVF files by SaveOvfAs and LoadOvfFile; Save and LoadFile would mean Zarr.",
        "The names Nx, dx, Tx, PBCx and their like are taken; the mesh is made once.",
    ),
    {"SaveAs": "SaveOvfAs", "LoadFile": "LoadOvfFile"},
    live=False,
)
DIALECTS = {dialect.name: dialect for dialect in (V3_10, V3_11, AMUMAX)}


def dialect_of(banner: Banner, checked: str) -> tuple[Dialect, str]:
    """The dialect of a version, and a warning if the version is not one of the known.

    Parameters
    ----------
    banner : Banner
        What the binary says of itself.
    checked : str
        What was tried with this binary before.
    """
    if banner.program == "amumax":
        return AMUMAX, ""
    numbers = tuple(int(n) for n in re.findall(r"\d+", banner.version)[:2])
    if banner.program == "embedded" or numbers == (3, 11):
        return V3_11, ""
    if numbers == (3, 10):
        return V3_10, ""
    dialect = V3_10 if numbers and numbers < (3, 10) else V3_11
    stated = f"version {banner.version!r}" if banner.version else "a version it does not state"
    older = " (its exchange between regions and its default of -f differ)" * (numbers < (3, 10))
    return dialect, (
        f"mumax3 in {stated} is not among those this program knows (3.10, 3.11, amumax); "
        f"it is spoken to as {dialect.name}{older if numbers else ''}. Checked: {checked}"
    )


def cache_folder(setup: str, folder: Path) -> str:
    """Value of -cache: a folder of our own where there is a demagnetizing field, else none."""
    return str(folder / KERNELS) if features(setup).demag else ""
