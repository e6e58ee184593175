"""The text of a script with its statements, as pieces that can be found, blanked and replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.engines.cpu.language.parse import Source, parse, text_of

if TYPE_CHECKING:
    from tree_sitter import Node


class Text:
    """A script's text whose statements may be replaced; all lines keep their numbers.

    Parameters
    ----------
    text : str
        A script.

    Raises
    ------
    CompileError
        If it is none; with line and what is wrong there.
    """

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()
        self.source: Source = parse(text)
        self._edits: list[tuple[int, int, bytes]] = []

    @property
    def statements(self) -> tuple[Node, ...]:
        """The statements of the top level."""
        return self.source.statements

    def line(self, node: Node) -> int:
        """The line, counted from 1, on which a node begins."""
        return self.source.line_of(node)

    def replace(self, node: Node, by: str = "") -> None:
        """Put something in the place of a node; blanks with its line ends by default."""
        begin, end = self.source.span(node)
        ends = b"\n" * self._bytes[begin:end].count(b"\n")
        self._edits.append((begin, end, by.encode() + ends))

    def replace_from(self, node: Node) -> None:
        """Take out a node and all that follows."""
        begin, _ = self.source.span(node)
        self._edits.append((begin, len(self._bytes), b"\n"))

    def edited(self) -> str:
        """The text with all replacements made; of those within others only the outer ones."""
        parts, at = [], 0
        for begin, end, by in sorted(self._edits, key=lambda e: (e[0], -e[1])):
            if begin >= at:
                parts += [self._bytes[at:begin], by]
                at = end
        return b"".join([*parts, self._bytes[at:]]).decode()


def short(node: Node) -> str:
    """The first line of a node's text."""
    text = text_of(node).strip()
    first = text.split("\n")[0].strip()
    return first if first == text else f"{first} ..."


def within(node: Node) -> Iterator[Node]:
    """A node and all nodes in it."""
    yield node
    for child in node.named_children:
        yield from within(child)


def called(node: Node) -> tuple[str, str, tuple[Node, ...]] | None:
    """Object ("" for none), function and arguments of a call, in lower case; None of another node.

    The object of `m.comp(0).average()` is `m.comp(0)`.
    """
    if node.type != "call_expression":
        return None
    function, listed = (node.child_by_field_name(part) for part in ("function", "arguments"))
    assert function is not None
    given = tuple(listed.named_children) if listed is not None else ()
    arguments = tuple(a for a in given if a.type != "comment")
    if function.type == "selector_expression":
        parts = (function.child_by_field_name(part) for part in ("operand", "field"))
        operand, field = (text_of(part).lower() for part in parts if part is not None)
        return operand, field, arguments
    return "", text_of(function).lower(), arguments


def call_of(statement: Node) -> tuple[str, str, tuple[Node, ...]] | None:
    """The call that a statement is; None of another statement."""
    if statement.type != "expression_statement":
        return None
    return called(statement.named_children[0])


def assigned(node: Node) -> tuple[str, Node] | None:
    """Name in lower case and value of an assignment or declaration; None of another node."""
    if node.type not in ("assignment_statement", "short_var_declaration"):
        return None
    left, right = (node.child_by_field_name(side) for side in ("left", "right"))
    if left is None or right is None or not left.named_children or not right.named_children:
        return None
    return text_of(left).strip().lower(), right.named_children[0]
