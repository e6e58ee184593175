"""From syntax tree to checked program: every name, type and argument count before anything runs."""

from __future__ import annotations

import operator
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.engines.cpu.language import nodes, statements, values
from orchestrator.engines.cpu.language.errors import CompileError, ScriptError
from orchestrator.engines.cpu.language.functions import Function, methods_of
from orchestrator.engines.cpu.language.nodes import Constant, EngineVariable, Expression, Variable
from orchestrator.engines.cpu.language.parse import Source, parse, statements_in, text_of
from orchestrator.engines.cpu.language.scope import Scope
from orchestrator.engines.cpu.language.statements import Statement
from orchestrator.engines.cpu.language.types import convert, type_name

if TYPE_CHECKING:
    from tree_sitter import Node

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": values.divide,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_INT64 = 2**63


class Checker:
    """Checks a script in a scope; reports the first thing that is wrong.

    Parameters
    ----------
    scope : Scope
        The world's names; top-level declarations are added to it.
    unsupported : mapping
        Names that mumax3 has and this engine refuses, with the reason.
    find : callable
        The path of a sourced file by its name; a `ScriptError` where it may not be read.
    """

    def __init__(
        self,
        scope: Scope,
        unsupported: dict[str, str],
        find: Callable[[str], str],
        depth: int = 0,
    ) -> None:
        self.scope = scope
        self.find = find
        self.unsupported = unsupported
        self.depth = depth
        self.source = Source((), ())

    def check(self, text: str) -> list[Statement]:
        """The statements of a script.

        Raises
        ------
        CompileError
            Naming the line and what is wrong there.
        """
        self.source = parse(text)
        return [self.statement(node) for node in self.source.statements]

    def fail(self, node: Node, reason: str) -> CompileError:
        """An error at a node."""
        return CompileError(reason, self.source.line_of(node), self.source.statement_text(node))

    # Statements

    def statement(self, node: Node) -> Statement:
        handler = getattr(self, f"_{node.type}", None)
        if handler is None:
            raise self.fail(node, f"not allowed: {node.type.replace('_', ' ')}")
        checked: Statement = handler(node)
        return checked

    def place(self, node: Node) -> tuple[int, str]:
        text = text_of(node).strip()
        first = text.split("\n")[0].strip()
        return self.source.line_of(node), first if first == text else f"{first} ..."

    def _empty_statement(self, node: Node) -> Statement:
        return statements.Block(*self.place(node), ())

    def _expression_statement(self, node: Node) -> Statement:
        inner = node.named_children[0]
        if inner.type == "call_expression":
            function = inner.child_by_field_name("function")
            if function is not None and text_of(function) == "source":
                return self._inlined(inner)
        return statements.Evaluate(*self.place(node), self.expression(inner))

    def _inlined(self, node: Node) -> Statement:
        arguments = self._arguments(node)
        if len(arguments) != 1 or "string_literal" not in arguments[0].type:
            raise self.fail(node, "source needs the name of a file, a string")
        name = text_of(arguments[0])[1:-1]
        if self.depth > 20:
            raise self.fail(node, f"source: {name} includes itself")
        try:
            text = Path(self.find(name)).read_text()
        except ScriptError as error:
            raise self.fail(node, f"source: {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise self.fail(node, f"source: {name} cannot be read ({error})") from None
        inner = Checker(self.scope, self.unsupported, self.find, self.depth + 1)
        try:
            body = inner.check(text)
        except CompileError as error:
            raise self.fail(node, f"in {name}: {error}") from None
        return statements.Block(*self.place(node), body)

    def _sides(self, node: Node) -> tuple[Node, Node]:
        left, right = (node.child_by_field_name(side) for side in ("left", "right"))
        assert left is not None and right is not None
        if left.named_child_count != 1 or right.named_child_count != 1:
            raise self.fail(node, "multiple assignment not allowed")
        return left.named_children[0], right.named_children[0]

    def _short_var_declaration(self, node: Node) -> Statement:
        left, right = self._sides(node)
        if left.type != "identifier":
            raise self.fail(left, f"non-name {text_of(left)} on left side of :=")
        value = self.expression(right)
        if value.type is type(None):
            raise self.fail(right, "void used as value")
        variable = Variable(text_of(left), value.type)
        if not self.scope.declare(variable.name, variable):
            raise self.fail(left, f"already defined: {variable.name}")
        return statements.Assign(*self.place(node), variable, value)

    def _assignment_statement(self, node: Node) -> Statement:
        left, right = self._sides(node)
        symbol = node.child_by_field_name("operator")
        assert symbol is not None
        target = self._target(left)
        value = self.expression(right)
        if symbol.type in ("+=", "-="):
            value = self._arithmetic(node, symbol.type[0], target, value)
        elif symbol.type != "=":
            raise self.fail(node, f"not allowed: {symbol.type}")
        return self._assignment(node, target, value)

    def _assignment(
        self, node: Node, target: Variable | EngineVariable, value: Expression
    ) -> Statement:
        line, text = self.place(node)
        return statements.Assign(line, text, target, convert(value, target.input_type, line, text))

    def _inc_statement(self, node: Node) -> Statement:
        target = self._target(node.named_children[0])
        symbol = "+" if node.type == "inc_statement" else "-"
        return self._assignment(
            node, target, self._arithmetic(node, symbol, target, Constant(1.0, float))
        )

    _dec_statement = _inc_statement

    def _target(self, node: Node) -> Variable | EngineVariable:
        if node.type != "identifier":
            raise self.fail(node, f"can not assign to {text_of(node)}")
        meaning = self._meaning(node)
        if isinstance(meaning, Variable) or (
            isinstance(meaning, EngineVariable) and meaning.write is not None
        ):
            return meaning
        raise self.fail(node, f"can not assign to {text_of(node)}")

    def _block(self, node: Node) -> Statement:
        self.scope = Scope(self.scope)
        body = [self.statement(child) for child in statements_in(node)]
        assert self.scope.outer is not None
        self.scope = self.scope.outer
        return statements.Block(*self.place(node), body)

    def _if_statement(self, node: Node) -> Statement:
        if (start := node.child_by_field_name("initializer")) is not None:
            raise self.fail(start, "not allowed: a statement before the condition of if")
        condition, then, otherwise = (
            node.child_by_field_name(part) for part in ("condition", "consequence", "alternative")
        )
        assert condition is not None and then is not None
        checked = self._converted(condition, bool)
        self.scope = Scope(self.scope)
        parts = self.statement(then), self.statement(otherwise) if otherwise else None
        assert self.scope.outer is not None
        self.scope = self.scope.outer
        return statements.If(*self.place(node), checked, *parts)

    def _for_statement(self, node: Node) -> Statement:
        parts: dict[str, Node | None] = {}
        for child in node.named_children:
            if child.type == "range_clause":
                raise self.fail(child, "not allowed: range")
            if child.type == "for_clause":
                for part in ("initializer", "condition", "update"):
                    parts[part] = child.child_by_field_name(part)
            elif child.type not in ("block", "comment"):
                parts["condition"] = child
        start, condition, update = (
            parts.get(part) for part in ("initializer", "condition", "update")
        )
        body = node.child_by_field_name("body")
        assert body is not None
        self.scope = Scope(self.scope)
        checked = statements.For(
            *self.place(node),
            self.statement(start) if start else None,
            self._converted(condition, bool) if condition else None,
            self.statement(update) if update else None,
            self.statement(body),
        )
        assert self.scope.outer is not None
        self.scope = self.scope.outer
        return checked

    # Expressions

    def expression(self, node: Node) -> Expression:
        """A checked expression."""
        match node.type:
            case "identifier" | "true" | "false":
                meaning = self._meaning(node)
                if isinstance(meaning, Function):
                    raise self.fail(node, f"function {text_of(node)} used as value")
                return meaning
            case "int_literal" | "float_literal":
                return self._number(node)
            case "interpreted_string_literal" | "raw_string_literal":
                return Constant(text_of(node)[1:-1], str)
            case "parenthesized_expression":
                return self.expression(node.named_children[0])
            case "unary_expression":
                return self._unary(node)
            case "binary_expression":
                return self._binary(node)
            case "call_expression":
                return self._call(node)
            case "index_expression":
                return self._index(node)
            case "selector_expression":
                raise self.fail(node, f"method {text_of(node)} must be called")
        raise self.fail(node, f"not allowed: {node.type.replace('_', ' ')} {text_of(node)!r}")

    def _converted(self, node: Node, target: type) -> Expression:
        return convert(
            self.expression(node),
            target,
            self.source.line_of(node),
            self.source.statement_text(node),
        )

    def _meaning(self, node: Node) -> Any:
        name = text_of(node)
        if (meaning := self.scope.find(name)) is None:
            if (reason := self.unsupported.get(name.lower())) is not None:
                raise self.fail(node, f"{name} is not supported by this engine: {reason}")
            raise self.fail(node, f"undefined: {name}")
        return meaning

    def _number(self, node: Node) -> Expression:
        text = text_of(node)
        if "_" in text or text[:2].lower() in ("0x", "0b", "0o"):
            raise self.fail(node, f"not allowed: number {text}")
        if node.type == "float_literal":
            return Constant(float(text), float)
        if (value := int(text)) >= _INT64:
            raise self.fail(node, f"number {text} is out of range")
        return Constant(value, int)

    def _unary(self, node: Node) -> Expression:
        symbol, operand = (node.child_by_field_name(part) for part in ("operator", "operand"))
        assert symbol is not None and operand is not None
        if symbol.type == "-":
            return nodes.Operation(operator.neg, (self._converted(operand, float),), float)
        if symbol.type == "!":
            return nodes.Operation(operator.not_, (self._converted(operand, bool),), bool)
        raise self.fail(node, f"not allowed: unary {symbol.type}")

    def _binary(self, node: Node) -> Expression:
        left, symbol, right = (
            node.child_by_field_name(part) for part in ("left", "operator", "right")
        )
        assert left is not None and symbol is not None and right is not None
        if symbol.type in ("&&", "||"):
            return nodes.Logical(
                symbol.type == "&&", self._converted(left, bool), self._converted(right, bool)
            )
        if symbol.type in _COMPARISONS:
            operands = self._converted(left, float), self._converted(right, float)
            return nodes.Operation(_COMPARISONS[symbol.type], operands, bool)
        return self._arithmetic(node, symbol.type, self.expression(left), self.expression(right))

    def _arithmetic(self, node: Node, symbol: str, left: Expression, right: Expression) -> Any:
        if symbol not in _ARITHMETIC:
            raise self.fail(node, f"not allowed: {symbol}")
        place = self.source.line_of(node), self.source.statement_text(node)
        operands = convert(left, float, *place), convert(right, float, *place)
        return nodes.Operation(_ARITHMETIC[symbol], operands, float)

    def _index(self, node: Node) -> Expression:
        operand, index = (node.child_by_field_name(part) for part in ("operand", "index"))
        assert operand is not None and index is not None
        indexed = self.expression(operand)
        if indexed.type not in (values.Vector, values.Numbers):
            raise self.fail(node, f"can not index {type_name(indexed.type)}")
        field = "components" if indexed.type is values.Vector else "values"
        return nodes.Index(indexed, self._converted(index, int), operator.attrgetter(field))

    def _arguments(self, node: Node) -> list[Node]:
        arguments = node.child_by_field_name("arguments")
        assert arguments is not None
        return [child for child in arguments.named_children if child.type != "comment"]

    def _call(self, node: Node) -> Expression:
        callee = node.child_by_field_name("function")
        assert callee is not None
        if callee.type == "identifier":
            meaning = self._meaning(callee)
            if not isinstance(meaning, Function):
                return self._call_value(node, meaning)
            return nodes.Call(meaning, self._checked_arguments(node, meaning, text_of(callee)))
        if callee.type != "selector_expression":
            raise self.fail(node, f"can not call {text_of(callee)}")
        operand, field = (callee.child_by_field_name(part) for part in ("operand", "field"))
        assert operand is not None and field is not None
        receiver = self.expression(operand)
        method = methods_of(receiver.type).get(text_of(field).lower())
        if method is None:
            raise self.fail(node, f"type {type_name(receiver.type)} has no method {text_of(field)}")
        arguments = self._checked_arguments(node, method, text_of(field))
        return nodes.Call(method, (receiver, *arguments))

    def _call_value(self, node: Node, operand: Expression) -> Expression:
        arguments = self._arguments(node)
        if operand.type is not values.FloatFunction:
            raise self.fail(node, f"can not call {type_name(operand.type)}")
        if len(arguments) != 1:
            raise self.fail(node, f"function needs 1 arguments, got {len(arguments)}")
        return nodes.CallValue(operand, self._converted(arguments[0], float))

    def _checked_arguments(
        self, node: Node, function: Function, name: str
    ) -> tuple[Expression, ...]:
        arguments = self._arguments(node)
        if function.variadic:
            return tuple(self._converted(argument, object) for argument in arguments)
        if len(arguments) != len(function.parameters):
            raise self.fail(
                node, f"{name} needs {len(function.parameters)} arguments, got {len(arguments)}"
            )
        return tuple(
            self._converted(argument, kind)
            for argument, kind in zip(arguments, function.parameters, strict=True)
        )
