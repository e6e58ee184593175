"""Warnings in what mumax3 prints."""

from __future__ import annotations

import re

from orchestrator.engines.mumax3.features import Features

_WARNING = re.compile(
    r"^(?://[ \t]*)?warning\b[^\n]*(?:\n//[ \t]{4,}\S[^\n]*)*", re.IGNORECASE | re.MULTILINE
)
_OF_DEMAG = re.compile(r"aspect ratio|7-smooth", re.IGNORECASE)
"""Cells that are far from cubes and unwieldy numbers of cells cost time in the FFTs only."""


def warnings_in(text: str, features: Features) -> list[str]:
    """The warnings that matter to a setup, each in one line.

    A warning's further lines are comments that are indented by four blanks or more.
    """
    found = []
    for match in _WARNING.finditer(text):
        first, *more = match[0].splitlines()
        if features.demag or _OF_DEMAG.search(match[0]) is None:
            found.append(" ".join([first.strip(), *(line.lstrip("/").strip() for line in more)]))
    return found
