"""What a Python file says: calls, bindings and functions, without the tree they were read from.

Values are worked out when they are asked for, since they may need other files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from plainwire.model import Span, Value
from plainwire.source.python.expressions import Expression


@dataclass(frozen=True, slots=True)
class Where:
    """What stands around a node."""

    scope: str = ""
    owner: str = ""
    is_main: bool = False
    tests: tuple[Expression, ...] = ()


class Names(Protocol):
    """The module around a fact, which knows what its names mean."""

    def value(self, node: Expression, scope: str = "") -> Value:
        """What an expression comes to."""

    def span(self, line: int) -> Span:
        """A line as evidence."""


class PythonCall:
    """A call: the callee's full name, the arguments in short form, those by keyword last."""

    __slots__ = ("_arguments", "_module", "_where", "keywords", "line", "name")

    def __init__(
        self,
        module: Names,
        name: str,
        where: Where,
        line: int,
        arguments: tuple[Expression, ...] = (),
        keywords: tuple[str, ...] = (),
    ) -> None:
        self._module, self._where = module, where
        self._arguments = arguments
        self.name = name
        self.line = line
        self.keywords = keywords  # the names of the last arguments, ``**`` for a mapping unpacked

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
    def tested(self) -> frozenset[str]:
        """The texts that the enclosing ``if`` statements compare, and the variables they read."""
        found: set[str] = set()
        waiting = list(self._where.tests)
        while waiting:
            at = waiting.pop()
            if at.kind == "comparison":
                parts = [self._module.value(part, self.scope) for part in at.parts]
                values = [part.literal for part in parts if part.variable is None]
                each = [v for t in values for v in (t if isinstance(t, tuple) else (t,))]
                found.update(v for v in each if isinstance(v, str))
            elif at.kind == "required":
                found.add(str(at.detail))
            elif at.kind == "variable":
                found.add(self._module.value(at.parts[0], self.scope).text)
            waiting += at.parts
        return frozenset(found)

    @property
    def has_arguments(self) -> bool:
        """True if anything is passed."""
        return bool(self._arguments)

    def span(self) -> Span:
        """Its line as evidence."""
        return self._module.span(self.line)

    def argument(self, name: str, position: int | None = None) -> Value | None:
        """An argument by its name or position. Returns None if it is not written."""
        if position is None and name not in self.keywords:
            return None  # what rules ask of every call, and hardly one has
        node = self._written(name, position)
        if node is None or node.kind == "starred":
            return None
        return self._module.value(node, self.scope)

    def elements(self, position: int) -> tuple[Value, ...]:
        """The elements of a positional argument that is a tuple or list; empty if it is none."""
        is_there = position < len(self._arguments) - len(self.keywords)
        node = self._arguments[position] if is_there else None
        if node is None or node.kind != "sequence":
            return ()
        return tuple(self._module.value(part, self.scope) for part in node.parts)

    def named(self, name: str, position: int | None = None) -> str:
        """The dotted name of an argument that is one, or an empty string."""
        node = self._written(name, position)
        return node.name if node is not None else ""

    def _written(self, name: str, position: int | None) -> Expression | None:
        named = len(self.keywords)
        if named and name in self.keywords:
            return self._arguments[self.keywords.index(name) - named]
        if position is not None and position < len(self._arguments) - named:
            return self._arguments[position]
        return None


class PythonBinding:
    """A name with what it is given; its value is worked out when it is asked for."""

    __slots__ = ("_module", "_node", "_value", "_where", "call", "key", "line", "name", "words")

    def __init__(self, module: Names, name: str, node: Expression, where: Where, line: int) -> None:
        self._module, self._node, self._where = module, node, where
        self.name = name
        self.key = name.rpartition("[")[2].rstrip("]").rpartition(".")[2]
        self.line = line
        self.words: tuple[str, ...] = ()
        self.call: PythonCall | None = None  # the call whose value is given, if it is one
        self._value: Value | None = None

    @property
    def scope(self) -> str:
        """The functions and classes around it."""
        return self._where.scope

    @property
    def owner(self) -> str:
        """The class it stands in."""
        return self._where.owner

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
        return frozenset(self.words)


class PythonFunction:
    """A function with its decorators and the words of its body."""

    __slots__ = ("_where", "_words", "decorators", "line", "name")

    def __init__(
        self, name: str, where: Where, line: int, decorators: tuple[PythonCall, ...]
    ) -> None:
        self._where = where
        self.name, self.line, self.decorators = name, line, decorators
        self._words: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """The functions and classes around it."""
        return self._where.scope

    @property
    def words(self) -> frozenset[str]:
        """The names, attributes and strings that it uses."""
        return frozenset(self._words)

    def take(self, words: tuple[str, ...]) -> None:
        """Keep the words of its body."""
        self._words = words
