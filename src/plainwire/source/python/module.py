"""One Python file as its facts; names are resolved, values are worked out when asked for."""

from __future__ import annotations

import ast
import re
import warnings
from contextlib import suppress
from typing import Protocol

from plainwire.model import UNKNOWN, SourceFile, Span, Text, Value
from plainwire.source.python.expressions import Expression
from plainwire.source.python.facts import PythonBinding, PythonCall, PythonFunction
from plainwire.source.python.newer import as_older
from plainwire.source.python.values import evaluate
from plainwire.source.python.walk import Walk

_JINJA = re.compile(r"\{\{[^{}\n]*\}\}")
_JINJA_BLOCK = re.compile(r"\{%[^{}\n]*%\}|\{#[^{}\n]*#\}")


# What a tree takes grows with these: 0.9 KB each, 450 MB for so many. A file of ordinary code that
# is as large as files are read has fewer.
MAX_WORDS = 500_000
_WORD = re.compile(r"\w+|[^\w\s]")
# What rules look for in a name may cost the square of its length.
MAX_NAME = 200
_LONG = re.compile(rf"\w{{{MAX_NAME + 1}}}")


class Outside(Protocol):
    """What a module sees of the others."""

    def constant(self, name: str) -> Value | None:
        """The value of a full dotted name. Returns None if it is not known."""


class PythonModule:
    """A Python file as its facts. ``outside`` gives it the means to look into other modules."""

    def __init__(self, file: SourceFile, name: str, tree: ast.Module) -> None:
        self.file = file
        self.name = name
        self.outside: Outside | None = None
        self._resolving = 0
        self._values: dict[tuple[int, str], Value] = {}
        package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
        found = Walk(self, package)
        found.walk(tree)
        self.imports: dict[str, str] = found.imports
        self.calls: list[PythonCall] = sorted(found.calls, key=lambda call: call.line)
        self.bindings: list[PythonBinding] = sorted(found.bindings, key=lambda one: one.line)
        self.functions: list[PythonFunction] = found.functions
        self.strings: list[Text] = found.strings
        self.classes: dict[str, tuple[str, ...]] = found.classes
        self.class_lines: dict[str, int] = found.class_lines
        self._named = found.named

    def span(self, line: int) -> Span:
        """A line of the module as evidence."""
        return self.file.span(line)

    def value(self, node: Expression, scope: str = "") -> Value:
        """What an expression of this module comes to.

        Each is evaluated once a scope: names that refer to each other (``x = x or f(x)``) would
        cost time exponential in their number. One that is asked for while it is evaluated is not
        known.
        """
        if node.kind == "unknown":
            return Value(UNKNOWN, node.line)
        if node.kind == "constant":  # is made again as quickly as it is found
            return evaluate(node, lambda _: None)
        key = (id(node), scope)  # the facts hold every expression, so that its id is its own
        if key not in self._values:
            self._values[key] = Value(UNKNOWN, node.line)
            self._values[key] = evaluate(node, lambda inner: self._look(inner, scope))
        return self._values[key]

    def _look(self, node: Expression, scope: str) -> Value | None:
        if self._resolving > 20:
            return None
        self._resolving += 1
        try:
            if node.kind == "name":
                name = str(node.detail)
                at = scope
                while at:
                    if (at, name) in self._named:
                        found = self._named[at, name]
                        return self.value(found, at) if found is not None else None
                    at = at.rpartition(".")[0]
                return self.constant(name)
            if ("", node.name) in self._named:  # of an option: args.host
                found = self._named["", node.name]
                return self.value(found) if found is not None else None
            if node.name and self.outside is not None:
                return self.outside.constant(node.name)
            return None
        finally:
            self._resolving -= 1

    def constant(self, name: str) -> Value | None:
        """A name given once in the module or imported. Returns None if it is not known."""
        if ("", name) in self._named:
            node = self._named["", name]
            return self.value(node) if node is not None else None
        if name in self.imports and self.outside is not None:
            return self.outside.constant(self.imports[name])
        return None


def parse(file: SourceFile, name: str) -> PythonModule:
    """Read a Python file; template placeholders of a project generator are masked.

    Syntax of a newer Python than the one that runs is read as far as `as_older` knows it.

    Raises:
        SyntaxError: if it cannot be parsed, is nested too deep, has more than `MAX_WORDS` words, or
            a name longer than `MAX_NAME`.
    """
    if len(file.text) > MAX_WORDS and sum(1 for _ in _WORD.finditer(file.text)) > MAX_WORDS:
        raise SyntaxError(f"more than {MAX_WORDS} words and signs")
    try:
        return PythonModule(file, name, _tree(file.text))
    except SyntaxError as error:
        refused = error
    older = as_older(file.text)
    if older != file.text:
        with suppress(SyntaxError):
            return PythonModule(file, name, _tree(older))
    if "{{" not in file.text and "{%" not in file.text:
        raise refused
    masked = _JINJA_BLOCK.sub(lambda m: " " * len(m[0]), file.text)
    return PythonModule(file, name, _tree(_JINJA.sub(lambda m: "_" * len(m[0]), masked)))


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape is the project's own business
        try:
            tree = ast.parse(text)
        except (RecursionError, MemoryError, ValueError) as error:
            raise SyntaxError(f"nested too deep or not text: {type(error).__name__}") from None
    if any(len(line) > MAX_NAME and _LONG.search(line) for line in text.split("\n")):
        _ensure_short_names(tree)
    return tree


def _ensure_short_names(tree: ast.Module) -> None:
    """Look at the names alone: a string may be of any length.

    Raises:
        SyntaxError: if one is longer than `MAX_NAME`.
    """
    for node in ast.walk(tree):
        for part in ("id", "attr", "name", "arg", "asname", "module"):
            name = getattr(node, part, None)
            if isinstance(name, str) and len(name) > MAX_NAME:
                raise SyntaxError(f"a name of more than {MAX_NAME} characters")
