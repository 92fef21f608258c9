"""What the names of a Python file mean: what it imports."""

from __future__ import annotations

import ast
from collections.abc import Sequence


class Imports:
    """The names that a module's import statements give, each with what it stands for."""

    def __init__(self, package: Sequence[str]) -> None:
        self._package = package
        self.names: dict[str, str] = {}

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
                    if not parts:
                        return self.names.get(name, name)
                    parts.append(self.names.get(name, name))
                    return ".".join(reversed(parts)).replace(".()", "()")
                case _:
                    return ".".join(reversed(parts)).replace(".()", "()") if parts else ""
        return ""

    def _take(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.names[alias.asname or top] = alias.name if alias.asname else top
            return
        base = node.module or ""
        if node.level:
            parents = self._package[: len(self._package) - node.level + 1]
            base = ".".join([*parents, base] if base else parents)
        for alias in node.names:
            self.names[alias.asname or alias.name] = f"{base}.{alias.name}"

    def find(self, tree: ast.Module) -> None:
        """Take the import statements of a module, in whatever block they stand."""
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._take(node)
                continue
            for name in ("body", "orelse", "finalbody", "handlers", "cases"):
                inner = getattr(node, name, None)
                if isinstance(inner, list):
                    waiting += inner
