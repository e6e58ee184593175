"""Which line of which template a line of a script came from."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARK = re.compile("\0([^\0]*)\0")
_BLANK_BEGIN = re.compile("(?:\0[^\0]*\0|\\s)*")


class Rendered(str):
    """A rendered script; `origins` has one `template:line` for each of its lines."""

    origins: tuple[str, ...]

    @classmethod
    def from_marked(cls, marked: str) -> Rendered:
        """Take the marks of `orchestrator.mx3.marking` out of a text and keep what they say.

        A line comes from where its first character other than a blank does; marks before that one
        are of tags that left nothing there.
        """
        origins, last = [], ""
        for line in marked.split("\n"):
            begin = _BLANK_BEGIN.match(line)
            before = _MARK.findall(begin[0]) if begin else []
            origins.append(before[-1] if before else last)
            last = (_MARK.findall(line) or [last])[-1]
        rendered = cls(_MARK.sub("", marked))
        rendered.origins = tuple(origins)
        return rendered

    @classmethod
    def of_file(cls, text: str, name: str) -> Rendered:
        """A text whose lines come from a file."""
        rendered = cls(text)
        rendered.origins = tuple(f"{name}:{k}" for k in range(1, text.count("\n") + 2))
        return rendered

    def followed_by(self, text: str, origin: str) -> Rendered:
        """This script and then some lines from elsewhere."""
        begin = str(self) if self.endswith("\n") else f"{self}\n"
        whole = Rendered(begin + text)
        origins = self.origins[: begin.count("\n")]
        whole.origins = origins + (origin,) * (whole.count("\n") + 1 - len(origins))
        return whole

    def marked(self) -> str:
        """The text without blank lines at its ends, with its marks, to become part of another."""
        pairs = list(zip(self.split("\n"), self.origins, strict=True))
        while pairs and not pairs[-1][0].strip():
            pairs.pop()
        while pairs and not pairs[0][0].strip():
            pairs.pop(0)
        return "\n".join(f"\0{origin}\0{line}" for line, origin in pairs)


def origin_of(parts: Sequence[str], line: int) -> str:
    """Where a line of a script composed of parts came from, as the end of a sentence.

    Parameters
    ----------
    parts : sequence of str
        The texts that were joined; those that are `Rendered` know their templates.
    line : int
        1 for the first line of the whole.
    """
    for part in parts:
        count = part.count("\n")
        if line <= count or (part is parts[-1] and line == count + 1):
            text = part.split("\n")[line - 1].strip()
            origins = getattr(part, "origins", ())
            where = f" ({origins[line - 1]})" if len(origins) >= line else ""
            return f"\nthat is `{text}`{where}"
        line -= count
    return ""
