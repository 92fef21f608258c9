"""What the names of a Python file mean: what it imports."""

from __future__ import annotations

import ast
from collections.abc import Sequence

_NAMES = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})
_HOLDERS: tuple[type[ast.AST], ...] = (
    ast.Module,
    *ast.stmt.__subclasses__(),
    ast.ExceptHandler,
    ast.match_case,
)
# Where a node holds statements, or what holds them.
_BLOCKS = {kind: [name for name in kind._fields if name in _NAMES] for kind in _HOLDERS}


class Imports:
    """The names that a module's import statements give, each with what it stands for."""

    def __init__(self, package: Sequence[str]) -> None:
        self._package = package
        self.names: dict[str, str] = {}

    def name_of(self, node: ast.expr) -> str:
        """The full dotted name of an expression, imports resolved; empty if it has none."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            head = node.value.id  # most of all
            return f"{self.names.get(head, head)}.{node.attr}"
        parts: list[str] = []
        at = node
        for _ in range(20):
            if isinstance(at, ast.Attribute):
                parts.append(at.attr)
                at = at.value
            elif isinstance(at, ast.Call):
                parts.append("()")
                at = at.func
            else:
                if isinstance(at, ast.Name):
                    parts.append(self.names.get(at.id, at.id))
                return ".".join(reversed(parts)).replace(".()", "()")
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
            for name in _BLOCKS.get(node.__class__, ()):
                waiting += getattr(node, name)
