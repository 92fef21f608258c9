"""One Python file: parsed once, walked once, without recursion."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import replace
from typing import Protocol

from plainwire.model import UNKNOWN, SourceFile, Span, Text, Value, masked_line
from plainwire.source.python.facts import (
    PythonBinding,
    PythonCall,
    PythonFunction,
    Where,
    children,
)
from plainwire.source.python.values import evaluate

_JINJA = re.compile(r"\{\{[^{}\n]*\}\}")
_JINJA_BLOCK = re.compile(r"\{%[^{}\n]*%\}|\{#[^{}\n]*#\}")

MAX_TESTS = 20
# The entries of dictionaries that are facts: options that are passed on by ``**``.
ENTRIES = frozenset({"verify", "verify_ssl", "ssl_verify", "verify_signature", "cert_reqs"})


class Outside(Protocol):
    """What a module sees of the others."""

    def constant(self, name: str) -> Value | None:
        """The value of a full dotted name. Returns None if it is not known."""


class PythonModule:
    """A Python file as its facts. `link` gives it the means to look into other modules."""

    def __init__(self, file: SourceFile, name: str, tree: ast.Module) -> None:
        self.file = file
        self.name = name
        self.imports: dict[str, str] = {}
        self.calls: list[PythonCall] = []
        self.bindings: list[PythonBinding] = []
        self.functions: list[PythonFunction] = []
        self.strings: list[Text] = []
        self.classes: dict[str, tuple[str, ...]] = {}
        self.class_lines: dict[str, int] = {}
        self.constants: dict[str, ast.expr | None] = {}
        self.locals: dict[tuple[str, str], ast.expr | None] = {}
        self.outside: Outside | None = None
        self._resolving = 0
        self._values: dict[tuple[ast.expr, str], Value] = {}
        self._lines: list[str] = []
        self._package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
        self._find_imports(tree)  # first: every name that follows is resolved by them
        self._walk(tree)
        self.calls.sort(key=lambda call: call.line)
        self.bindings.sort(key=lambda binding: binding.line)

    def span(self, line: int) -> Span:
        """A line of the module as evidence."""
        if not self._lines:  # most modules are never quoted
            self._lines = self.file.lines
        text = self._lines[line - 1].strip()[:200] if 0 < line <= len(self._lines) else ""
        return Span(self.file.path, line, 1, line, masked_line(text))

    # Names and values ----------------------------------------------------------------------

    def name_of(self, node: ast.expr) -> str:
        """The full dotted name of an expression, imports resolved; empty if it has none."""
        parts: list[str] = []
        at: ast.expr = node
        for _ in range(20):
            match at:
                case ast.Attribute(value=value, attr=attr):
                    parts.append(attr)
                    at = value
                case ast.Call(func=func):
                    parts.append("()")
                    at = func
                case ast.Name(id=name):
                    parts.append(self.imports.get(name, name))
                    return ".".join(reversed(parts)).replace(".()", "()")
                case _:
                    return ".".join(reversed(parts)).replace(".()", "()") if parts else ""
        return ""

    def value(self, node: ast.expr, scope: str = "") -> Value:
        """What an expression of this module comes to.

        Each is evaluated once a scope: names that refer to each other (``x = x or f(x)``) would
        cost time exponential in their number. One that is asked for while it is evaluated is not
        known.
        """
        key = (node, scope)
        if key not in self._values:
            self._values[key] = Value(UNKNOWN, node.lineno)

            def look(inner: ast.expr, depth: int) -> Value | None:
                return self._look(inner, scope, depth)

            self._values[key] = evaluate(node, self.name_of, look)
        return self._values[key]

    def call_of(self, binding: PythonBinding) -> PythonCall | None:
        """The call whose value a name is given. Returns None if it is given something else."""
        here = (c for c in self.calls if c.line == binding.node.lineno)
        return next((c for c in here if c.is_of(binding)), None)

    def _look(self, node: ast.expr, scope: str, depth: int) -> Value | None:
        if self._resolving > 20:
            return None
        self._resolving += 1
        try:
            if isinstance(node, ast.Name):
                at = scope
                while at:
                    if (at, node.id) in self.locals:
                        found = self.locals[at, node.id]
                        return self.value(found, at) if found is not None else None
                    at = at.rpartition(".")[0]
                return self.constant(node.id)
            name = self.name_of(node)
            outside = self.outside
            if name and outside is not None:
                return outside.constant(name)
            return None
        finally:
            self._resolving -= 1

    def constant(self, name: str) -> Value | None:
        """A name given once in the module or imported. Returns None if it is not known."""
        if name in self.constants:
            node = self.constants[name]
            return self.value(node) if node is not None else None
        if name in self.imports and self.outside is not None:
            return self.outside.constant(self.imports[name])
        return None

    # Facts ---------------------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.imports[alias.asname or top] = alias.name if alias.asname else top
            return
        base = node.module or ""
        if node.level:
            parents = self._package[: len(self._package) - node.level + 1]
            base = ".".join([*parents, base] if base else parents)
        for alias in node.names:
            self.imports[alias.asname or alias.name] = f"{base}.{alias.name}"

    def _find_imports(self, tree: ast.Module) -> None:
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            for name in ("body", "orelse", "finalbody", "handlers", "cases"):
                inner = getattr(node, name, None)
                if isinstance(inner, list):
                    waiting += inner

    def _walk(self, tree: ast.Module) -> None:
        waiting: list[tuple[ast.AST, Where]] = [(tree, Where())]
        while waiting:
            node, where = waiting.pop()
            inner = self._note(node, where)
            docstring = _docstring_of(node)
            if isinstance(node, ast.If):
                body, otherwise = _branches(node, inner)
                waiting.append((node.test, inner))
                waiting += [(child, body) for child in node.body]
                waiting += [(child, otherwise) for child in node.orelse]
                continue
            waiting += [(child, inner) for child in children(node) if child is not docstring]

    def _note(self, node: ast.AST, where: Where) -> Where:
        """Take a node's facts; returns what stands around its children."""
        match node:
            case ast.Call():
                self.calls.append(PythonCall(self, node, where))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value, where)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._bind(target, value, where)
            case ast.NamedExpr(target=target, value=value):
                self._bind(target, value, where)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions.append(PythonFunction(self, node, where))
                scope = f"{where.scope}.{node.name}" if where.scope else node.name
                return Where(scope, where.owner, where.is_main, where.tests)
            case ast.ClassDef(name=name, bases=bases):
                scope = f"{where.scope}.{name}" if where.scope else name
                self.classes[scope] = tuple(self.name_of(base) for base in bases)
                self.class_lines[scope] = node.lineno
                return Where(scope, scope, where.is_main, where.tests)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in ENTRIES:
                        name = f"{{}}[{key.value}]"
                        self.bindings.append(PythonBinding(self, name, value, where, key.lineno))
            case ast.Constant(value=str(text)) if text:
                self.strings.append(Text(text[:2000], node.lineno, where.scope))
            case _:
                pass
        return where

    def _bind(self, target: ast.expr, value: ast.expr, where: Where) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                    self._bind(part, value.elts[target.elts.index(part)], where)
                elif isinstance(part, ast.Name):
                    self._remember(part.id, None, where)
            return
        name = ""
        if isinstance(target, ast.Subscript):
            key = target.slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                name = f"{self.name_of(target.value)}[{key.value}]"
        elif isinstance(target, ast.Name):
            self._remember(target.id, value, where)
            name = target.id
        else:
            name = self.name_of(target)
        if name:
            self.bindings.append(PythonBinding(self, name, value, where, target.lineno))

    def _remember(self, name: str, value: ast.expr | None, where: Where) -> None:
        """Keep what a name is, as long as it is given once."""
        if where.scope and where.scope != where.owner:
            key = (where.scope, name)
            self.locals[key] = None if key in self.locals else value
        elif not where.scope:
            self.constants[name] = None if name in self.constants else value
        else:
            key_name = f"{where.owner}.{name}"
            self.constants[key_name] = None if key_name in self.constants else value


def parse(file: SourceFile, name: str) -> PythonModule:
    """Read a Python file; template placeholders of a project generator are masked.

    Raises:
        SyntaxError: if it cannot be parsed, or is nested too deep.
    """
    try:
        tree = _tree(file.text)
    except SyntaxError:
        if "{{" not in file.text and "{%" not in file.text:
            raise
        masked = _JINJA_BLOCK.sub(lambda m: " " * len(m[0]), file.text)
        tree = _tree(_JINJA.sub(lambda m: "_" * len(m[0]), masked))
    return PythonModule(file, name, tree)


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape is the project's own business
        try:
            return ast.parse(text)
        except (RecursionError, MemoryError, ValueError) as error:
            raise SyntaxError(f"nested too deep or not text: {type(error).__name__}") from None


def _docstring_of(node: ast.AST) -> ast.AST | None:
    """The docstring statement of a module, class or function. Returns None if it has none."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        first = node.body[0] if node.body else None
        is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        return first if is_text else None
    return None


def _branches(node: ast.If, where: Where) -> tuple[Where, Where]:
    """What stands around the body of an ``if``, for which its test holds, and around its ``else``.

    The innermost tests are kept: a chain of thousands of ``elif`` would keep their square.
    """
    if _is_main_test(node.test):
        return replace(where, is_main=True), where
    negated = ast.UnaryOp(ast.Not(), node.test, lineno=node.lineno, col_offset=0)
    outer = where.tests[-MAX_TESTS:]
    return replace(where, tests=(*outer, node.test)), replace(where, tests=(*outer, negated))


def _is_main_test(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
    )
