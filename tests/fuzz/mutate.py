"""Inputs that are nearly right: a seed's text with parts dropped, doubled, swapped or replaced."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

NASTY = (
    "", "0", "-1", "1e999", "nan", "inf", "-inf", "1e-320", "9" * 40, "1000000000", "true", '""',
    "[]", "[[]]", "{}", "(", ")", "{", "}", "[", "]", '"', "'", "\\", "\n", "\0", "=", ":=", ",",
    ";", "//", "/*", "../../etc/passwd", "%s%n", "é", "\ufeff", "\u202e", "\ud7ff", "x" * 300,
)  # fmt: skip
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@st.composite
def texts(draw: st.DrawFn, seeds: Sequence[str]) -> str:
    """A seed with up to six mutations of its words."""
    words = _WORDS.findall(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(words) - 1)))
        how = draw(st.integers(0, 4))
        if how == 0:
            del words[place : place + draw(st.integers(1, 8))]
        elif how == 1:
            words[place:place] = words[place : place + draw(st.integers(1, 8))]
        elif how == 2 and words:
            other = draw(st.integers(0, len(words) - 1))
            words[place], words[other] = words[other], words[place]
        elif how == 3:
            words[place : place + 1] = [draw(st.sampled_from(NASTY))]
        else:
            words[place:place] = [draw(st.text(max_size=4))]
    return "".join(words)


@st.composite
def contents(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """A seed with up to eight bytes changed, and perhaps cut, or with a part doubled."""
    raw = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 8))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    how = draw(st.integers(0, 3))
    place = draw(st.integers(0, len(raw)))
    if how == 0:
        del raw[place:]
    elif how == 1:
        del raw[place : place + draw(st.integers(1, 40))]
    elif how == 2:
        raw[place:place] = raw[place : place + draw(st.integers(1, 40))]
    return bytes(raw)
