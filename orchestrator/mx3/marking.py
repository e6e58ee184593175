"""An extension of Jinja2 that marks where each line of a rendered text came from."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream


class MarkLines(Extension):
    """Puts a mark with the template's name and line before each line of its own text and values."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Mark the tokens that are text, and the places where a value begins."""
        name = stream.name or "template"
        for token in stream:
            if token.type == "data":
                lines = token.value.split("\n")
                marked = [f"\0{name}:{token.lineno + k}\0{line}" for k, line in enumerate(lines)]
                yield Token(token.lineno, "data", "\n".join(marked))
            else:
                if token.type == "variable_begin":
                    yield Token(token.lineno, "data", f"\0{name}:{token.lineno}\0")
                yield token
