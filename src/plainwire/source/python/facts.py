"""What a Python file says, node by node: calls, bindings and functions, valued when asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from plainwire.model import Span, Value

_CONTEXTS = (ast.Load, ast.Store, ast.Del)


@dataclass(frozen=True, slots=True)
class Where:
    """What stands around a node."""

    scope: str = ""
    owner: str = ""
    is_main: bool = False
    tests: tuple[ast.expr, ...] = ()


class Names(Protocol):
    """The module around a node, which knows what its names mean."""

    def name_of(self, node: ast.expr) -> str:
        """The full dotted name of an expression; empty if it has none."""

    def value(self, node: ast.expr, scope: str = "") -> Value:
        """What an expression comes to."""

    def span(self, line: int) -> Span:
        """A line as evidence."""


class PythonCall:
    """A call; its arguments are valued when they are asked for."""

    __slots__ = ("_module", "_name", "_node", "_where", "line")

    def __init__(self, module: Names, node: ast.Call, where: Where) -> None:
        self._module, self._node, self._where = module, node, where
        self._name: str | None = None
        self.line = node.lineno

    @property
    def name(self) -> str:
        """The callee's full name, valid once every import of the module is known."""
        if self._name is None:
            self._name = self._module.name_of(self._node.func)
        return self._name

    @property
    def scope(self) -> str:
        """The functions and classes that it is in, joined by dots."""
        return self._where.scope

    @property
    def is_main(self) -> bool:
        """True under ``if __name__ == "__main__"``."""
        return self._where.is_main

    @property
    def conditions(self) -> tuple[Value, ...]:
        """What the enclosing ``if`` statements test."""
        return tuple(self._module.value(test, self.scope) for test in self._where.tests)

    @property
    def keywords(self) -> tuple[str, ...]:
        """The names given by keyword, ``**`` for a mapping unpacked."""
        return tuple(k.arg or "**" for k in self._node.keywords)

    def is_of(self, binding: PythonBinding) -> bool:
        """True if a name is given what the call returns."""
        return binding.node is self._node

    def span(self) -> Span:
        """Its line as evidence."""
        return self._module.span(self.line)

    def argument(self, name: str, position: int | None = None) -> Value | None:
        """An argument by its name or position. Returns None if it is not written."""
        for keyword in self._node.keywords:
            if keyword.arg == name:
                return self._module.value(keyword.value, self.scope)
        if position is not None and position < len(self._node.args):
            node = self._node.args[position]
            return None if isinstance(node, ast.Starred) else self._module.value(node, self.scope)
        return None

    def elements(self, position: int) -> tuple[Value, ...]:
        """The elements of a positional argument that is a tuple or list; empty if it is none."""
        node = self._node.args[position] if position < len(self._node.args) else None
        if not isinstance(node, ast.Tuple | ast.List):
            return ()
        return tuple(self._module.value(part, self.scope) for part in node.elts)

    def named(self, name: str, position: int | None = None) -> str:
        """The dotted name of an argument that is one, or an empty string."""
        for keyword in self._node.keywords:
            if keyword.arg == name:
                return self._module.name_of(keyword.value)
        if position is not None and position < len(self._node.args):
            return self._module.name_of(self._node.args[position])
        return ""


class PythonBinding:
    """A name with what it is given; both are worked out when they are asked for."""

    __slots__ = ("_module", "_node", "_source", "_value", "_where", "key", "line", "name")

    def __init__(self, module: Names, name: str, node: ast.expr, where: Where, line: int) -> None:
        self._module, self._node, self._where = module, node, where
        self.name = name
        self.key = name.rpartition("[")[2].rstrip("]").rpartition(".")[2]
        self.line = line
        self._value: Value | None = None
        self._source: frozenset[str] | None = None

    @property
    def scope(self) -> str:
        """The functions and classes around it."""
        return self._where.scope

    @property
    def owner(self) -> str:
        """The class it stands in."""
        return self._where.owner

    @property
    def node(self) -> ast.expr:
        """The expression that is given."""
        return self._node

    @property
    def is_conditional(self) -> bool:
        """True under an ``if``."""
        return bool(self._where.tests)

    @property
    def is_main(self) -> bool:
        """True under ``if __name__ == "__main__"``."""
        return self._where.is_main

    @property
    def value(self) -> Value:
        """What is given."""
        if self._value is None:
            self._value = self._module.value(self._node, self._where.scope)
        return self._value

    @property
    def source(self) -> frozenset[str]:
        """The names and strings in what is given."""
        if self._source is None:
            self._source = frozenset(words_of((self._node,), 60))
        return self._source


class PythonFunction:
    """A function; its words are collected when they are asked for."""

    __slots__ = ("_module", "_node", "_where", "_words", "line", "name")

    def __init__(
        self,
        module: Names,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        where: Where,
    ) -> None:
        self._module, self._node, self._where = module, node, where
        self.name, self.line = node.name, node.lineno
        self._words: frozenset[str] | None = None

    @property
    def scope(self) -> str:
        """The functions and classes around it."""
        return self._where.scope

    @property
    def decorators(self) -> tuple[PythonCall, ...]:
        """Its decorators."""
        return tuple(
            PythonCall(self._module, d if isinstance(d, ast.Call) else _bare(d), self._where)
            for d in self._node.decorator_list
        )

    @property
    def words(self) -> frozenset[str]:
        """The names, attributes and strings that it uses."""
        if self._words is None:
            self._words = frozenset(words_of(self._node.body, 4000))
        return self._words


def _bare(decorator: ast.expr) -> ast.Call:
    return ast.Call(decorator, [], [], lineno=decorator.lineno, col_offset=0)


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes directly inside one, without those that say only load or store."""
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            for part in value:
                if isinstance(part, ast.AST):
                    yield part
        elif isinstance(value, ast.AST) and value.__class__ not in _CONTEXTS:
            yield value


def words_of(nodes: Sequence[ast.AST], most: int) -> list[str]:
    """The names, attributes and strings of a piece of code, in no order, bounded."""
    found: list[str] = []
    waiting = list(nodes)
    while waiting and len(found) < most:
        node = waiting.pop()
        match node:
            case ast.Name(id=name):
                found.append(name)
            case ast.Attribute(attr=attr):
                found.append(attr)
            case ast.Constant(value=str(text)):
                found.append(text[:80])
            case ast.keyword(arg=str(arg)):
                found.append(arg)
        waiting.extend(children(node))
    return found
