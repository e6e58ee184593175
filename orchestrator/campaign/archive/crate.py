"""RO-Crate metadata of a deposit: https://w3id.org/ro/crate."""

from __future__ import annotations

import mimetypes
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.base.errors import InputError
from orchestrator.campaign.archive.deposit import About, sha256
from orchestrator.campaign.store import CampaignFolder, RunEntry

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_ORCID = re.compile(r"(?:https://orcid.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")
_KINDS = {".nc": "application/netcdf", ".md": "text/markdown", ".mx3": "text/plain"}


def check_about(about: About) -> None:
    """Make sure that a crate can be made.

    Raises
    ------
    InputError
        If rocrate is not installed, or there is no license, or none that can be named.
    """
    try:
        import rocrate.rocrate  # noqa: F401
    except ImportError:
        raise InputError("--crate needs `pip install 'mumax3-orchestrator[crate]'`") from None
    if about.license is None:
        raise InputError("--crate needs the --license of the data, such as CC-BY-4.0")
    if not (_SPDX.fullmatch(about.license) or about.license.startswith("https://")):
        raise InputError(
            f"license: {about.license!r} is neither an SPDX identifier such as CC-BY-4.0 nor an "
            "https address"
        )


def write_crate(folder: CampaignFolder, work: Path, runs: list[RunEntry], about: About) -> None:
    """Describe a deposit by a file `ro-crate-metadata.json` in it.

    Parameters
    ----------
    folder : CampaignFolder
        The campaign.
    work : Path
        The deposit.
    runs : list of RunEntry
        The runs in it.
    about : About
        Title, license and authors.
    """
    from rocrate.model.contextentity import ContextEntity
    from rocrate.model.person import Person
    from rocrate.rocrate import ROCrate

    assert about.license is not None
    crate = ROCrate()
    named = _SPDX.fullmatch(about.license)
    address = f"https://spdx.org/licenses/{about.license}" if named else about.license
    license = {"@type": "CreativeWork", "name": about.license}
    crate.license = crate.add(ContextEntity(crate, address, license))
    crate.name = about.title
    crate.description = (
        f"{len(runs)} of {len(folder.runs)} runs of a campaign of mumax3-orchestrator along "
        + ", ".join(axis["name"] for axis in folder.content["axes"])
    )
    crate.datePublished = datetime.now(UTC)
    if about.authors:
        crate.creator = [crate.add(_person(crate, Person, author)) for author in about.authors]
    program = {
        "@type": "SoftwareApplication",
        "name": "mumax3-orchestrator",
        "softwareVersion": folder.content["program"],
    }
    software = crate.add(ContextEntity(crate, "#mumax3-orchestrator", program))
    parts = []
    for path in sorted(work.iterdir()):
        if path.is_file():
            parts.append(crate.add_file(path, path.name, properties=_file(path)))
        elif path.name in ("scripts", "added", folder.path.name):
            parts.append(crate.add_dataset(path, path.name, properties={"name": path.name}))
    axes = [axis["name"] for axis in folder.content["axes"]]
    for entry in runs:
        place = ", ".join(f"{n} = {v}" for n, v in zip(axes, entry.labels, strict=True))
        properties = {"name": entry.folder.name, "description": f"the run at {place}"}
        path = work / entry.folder.name
        parts.append(crate.add_dataset(path, path.name, properties=properties))
    crate.add_action(software, identifier="#campaign", result=parts)
    crate.metadata.write(work)


def _file(path: Path) -> dict[str, Any]:
    kind = _KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    return {
        "name": path.name,
        "encodingFormat": kind,
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
    }


def _person(crate: Any, person: Any, author: str) -> Any:
    found = _ORCID.search(author)
    name = _ORCID.sub("", author).strip(" ,;<>()")
    address = f"https://orcid.org/{found.group(1)}" if found else f"#{name.replace(' ', '-')}"
    return person(crate, address, {"name": name})
