"""All Python files of a project together: names are followed from one module to the next."""

from __future__ import annotations

import re
from collections.abc import Iterable

from plainwire.model import Skip, SourceFile, Value
from plainwire.source.python.module import PythonModule, parse

_HINT = re.compile(r"\bprint\s+[\"'\w]|\bexcept\s+\w+\s*,\s*\w+\s*:|\bexec\s+[\"']")
_TEMPLATE = re.compile(r"\.py\.\w+$")  # config.py.j2


class Program:
    """The modules that could be parsed, by their dotted names."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.modules: list[PythonModule] = []
        self.skipped: list[Skip] = []
        self._by_name: dict[str, PythonModule] = {}
        self._by_path: dict[str, PythonModule] = {}
        self._depth = 0
        for file in files:
            name = dotted(file.path)
            try:
                module = parse(file, name)
            except SyntaxError as error:
                words = "Python 2" if _HINT.search(file.text) else error.msg
                self.skipped.append(Skip(file.path, f"not parsed: {words}", error.lineno or 0))
                continue
            module.outside = self
            self.modules.append(module)
            self._by_path[file.path] = module
            # `from app.config import X` means the module whose path ends like this; the shortest
            # path wins, as it is nearest to the root that the application is started from.
            parts = name.split(".")
            for start in range(len(parts)):
                self._by_name.setdefault(".".join(parts[start:]), module)

    def module(self, name: str) -> PythonModule | None:
        """A module by its dotted name. Returns None if the project has none like it."""
        return self._by_name.get(name)

    def of_path(self, path: str) -> PythonModule | None:
        """A module by its file's path. Returns None if it is none or could not be parsed."""
        return self._by_path.get(path)

    def split(self, name: str) -> tuple[PythonModule, str] | None:
        """The module that a full dotted name begins with, and the rest of it."""
        head, rest = name, ""
        while head:
            found = self._by_name.get(head)
            if found is not None and rest:
                return found, rest
            head, _, last = head.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
        return None

    def constant(self, name: str) -> Value | None:
        """The value of a full dotted name. Returns None if it is not known."""
        if self._depth > 10:
            return None
        self._depth += 1
        try:
            at = self.split(name)
            return at[0].constant(at[1]) if at is not None else None
        finally:
            self._depth -= 1


def dotted(path: str) -> str:
    """The dotted name of a file: ``app/user.py``, or its template, is ``app.user``."""
    path = _TEMPLATE.sub(".py", path)
    stem = path.rpartition(".")[0] if "." in path.rpartition("/")[2] else path
    return stem.removesuffix("/__init__").replace("/", ".")
