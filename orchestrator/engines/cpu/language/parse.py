"""Script text to a syntax tree: mumax3's scripts are the body of a Go function."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.engines.cpu.language.errors import CompileError

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_HEAD = b"package p; func _() {\n"
_TAIL = b"\n}\n"
_DEEPEST = 1000
"""Levels of the syntax tree."""


@dataclass(frozen=True)
class Source:
    """A parsed script.

    Attributes
    ----------
    statements : tuple of Node
        The top-level statements' nodes.
    """

    lines: tuple[str, ...]
    statements: tuple[Node, ...]

    def line_of(self, node: Node) -> int:
        """The line, counted from 1, on which a node starts."""
        return int(node.start_point[0])

    def span(self, node: Node) -> tuple[int, int]:
        """Where a node begins and ends in the script's bytes."""
        return node.start_byte - len(_HEAD), node.end_byte - len(_HEAD)

    def statement_text(self, node: Node) -> str:
        """The source line of a node, without indentation."""
        row = self.line_of(node)
        return self.lines[row - 1].strip() if 0 < row <= len(self.lines) else ""


_PIECE = re.compile(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"|`[^`]*`|\w+|[^\w]", re.DOTALL)


@functools.cache
def _parser() -> Parser:
    import tree_sitter_go
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_go.language()))


def text_of(node: Node) -> str:
    """The text that a node covers."""
    return (node.text or b"").decode()


def statements_in(node: Node | None) -> tuple[Node, ...]:
    """The statements of a block node."""
    found: list[Node] = []
    for child in node.named_children if node is not None else ():
        if child.type == "statement_list":
            found += statements_in(child)
        elif child.type != "comment":
            found.append(child)
    return tuple(found)


def _without_empty_statements(text: str) -> str:
    """The text with a blank in place of each semicolon that ends nothing, which Go allows.

    Those in the head of a loop stay; strings and comments are left alone.
    """
    pieces: list[str] = []
    ended, in_head = True, False
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece == ";" and ended and not in_head:
            piece = " "
        elif piece == "for":
            in_head, ended = True, False
        elif piece in ("{", ";", "\n"):
            in_head = in_head and piece == ";"
            ended = True
        elif not piece.isspace() and not piece.startswith(("//", "/*")):
            ended = False
        pieces.append(piece)
    return "".join(pieces)


def parse(text: str) -> Source:
    """Parse a script.

    Raises
    ------
    CompileError
        If the text is not a list of Go statements.
    """
    tree = _parser().parse(_HEAD + _without_empty_statements(text).encode() + _TAIL)
    source = Source(tuple(text.split("\n")), ())
    root = tree.root_node
    if (row := _too_deep(root)) is not None:
        row = min(max(row, 1), len(source.lines))
        raise CompileError(
            f"nested deeper than {_DEEPEST} levels", row, source.lines[row - 1].strip()[:80]
        )
    if root.has_error:
        wrong = _first_error(root)
        # A missing brace is noticed at the end of the wrapper, below the script.
        row = min(max(wrong.start_point[0], 1), len(source.lines))
        column = wrong.start_point[1] + 1
        if wrong.is_missing:
            reason = f"column {column}: syntax error, expected {wrong.type!r}"
        else:
            words = text_of(wrong).split("\n")[0].strip()[:40]
            reason = f"column {column}: syntax error at {words!r}"
        raise CompileError(reason, row, source.lines[row - 1].strip())
    parts = [child for child in root.named_children if child.type != "comment"]
    if len(parts) != 2 or parts[1].type != "function_declaration":
        extra = parts[-1]
        raise CompileError("unmatched '}'", max(1, min(extra.start_point[0], len(source.lines))))
    return Source(source.lines, statements_in(parts[1].child_by_field_name("body")))


def _too_deep(root: Node) -> int | None:
    """The row where the tree is deeper than what follows can walk, None if nowhere."""
    cursor = root.walk()
    while True:
        if cursor.depth > _DEEPEST:
            return int(cursor.node.start_point[0]) if cursor.node is not None else 0
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return None


def _first_error(node: Node) -> Node:
    if node.type == "ERROR" or node.is_missing:
        inner = [child for child in node.children if child.has_error or child.is_missing]
        return _first_error(inner[0]) if inner and node.type != "ERROR" else node
    for child in node.children:
        if child.has_error or child.is_missing or child.type == "ERROR":
            return _first_error(child)
    return node
