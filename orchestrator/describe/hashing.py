"""Hashes of descriptions, which name run folders."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any


def without_defaults(description: Any) -> Any:
    """A description as plain types without the fields at their defaults.

    An option that is added later, at a default that changes nothing, so leaves all hashes as they
    are. The `shape` of a contact stays, since it says which contact it is.
    """
    if dataclasses.is_dataclass(description):
        values = {f.name: getattr(description, f.name) for f in dataclasses.fields(description)}
        defaults = {f.name: f.default for f in dataclasses.fields(description)}
        return {
            name: without_defaults(value)
            for name, value in values.items()
            if value != defaults[name] or (name == "shape" and value is not None)
        }
    if isinstance(description, tuple | list):
        return [without_defaults(value) for value in description]
    return description


def canonical_hash(description: dict[str, Any]) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a description, whatever its order of keys.

    Parameters
    ----------
    description : dict
        Plain types only; floats enter by their shortest round-trip representation.
    """
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
