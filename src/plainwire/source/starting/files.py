"""The files that a command means, as far as the project has them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from plainwire.model import SourceFile
from plainwire.source.python.module import PythonModule
from plainwire.source.python.program import Program
from plainwire.source.starting.context import Context, is_under

_SETUP = re.compile(r"[\"']?\s*([\w.-]+)\s*=\s*[\"']?([\w.]+):([\w.]+)")


class Files:
    """The files of one project, by what commands call them."""

    def __init__(
        self, files: Sequence[SourceFile], program: Program, requirements: Mapping[str, str]
    ) -> None:
        self.program = program
        self.requirements = requirements
        self.by_path = {file.path: file for file in files}
        self._by_name: dict[str, list[SourceFile]] = {}
        for file in files:
            self._by_name.setdefault(file.name, []).append(file)
        self.scripts = dict(self._console_scripts(files))

    def find(self, path: str, folder: str) -> SourceFile | None:
        """The project's file that a path inside an image or a checkout means, if one fits."""
        clean = posixpath.normpath(path.strip()).lstrip("/")
        direct = self.by_path.get(posixpath.normpath(posixpath.join(folder, clean)))
        if direct is not None:
            return direct
        named = self._by_name.get(clean.rpartition("/")[2], [])
        candidates = [f for f in named if is_under(f.path, folder)] or named[:1]
        if not candidates or (path.startswith("./") and len(candidates) > 3):
            return None

        def common(file: SourceFile) -> int:
            mine, theirs = file.path.split("/")[::-1], clean.split("/")[::-1]
            pairs = zip(mine, theirs, strict=False)
            return next((n for n, (a, b) in enumerate(pairs) if a != b), len(theirs))

        return max(candidates, key=lambda f: (common(f), -f.path.count("/")))

    def module(self, name: str, folder: str) -> PythonModule | None:
        """A Python module by its name, the one nearest to a folder. Returns None if none is."""
        path = posixpath.join(folder, name.replace(".", "/"))
        for candidate in (f"{path}.py", f"{path}/__init__.py"):
            found = self.program.of_path(candidate)
            if found is not None:
                return found
        return self.program.module(name)

    def _console_scripts(
        self, files: Sequence[SourceFile]
    ) -> Iterator[tuple[str, tuple[PythonModule | None, str]]]:
        for file in files:
            if file.name not in ("setup.py", "setup.cfg", "pyproject.toml"):
                continue
            for line in file.lines:
                match = _SETUP.fullmatch(line.strip().rstrip(",\"'")) or _SETUP.match(line.strip())
                if match:
                    yield match[1], (self.module(match[2], file.folder), match[3])

    def has_flask_env(self, at: Context) -> bool:
        """True if the Flask asked for still reads FLASK_ENV (before 2.3); unknown counts as no."""
        version = self.requirements.get(f"{at.folder}:flask") or self.requirements.get("flask", "")
        match = re.search(r"==\s*(\d{1,9})\.(\d{1,9})|<=?\s*(\d{1,9})\.(\d{1,9})", version)
        if match is None:
            return False
        numbers = [int(n) for n in match.groups() if n]
        return (numbers[0], numbers[1]) < (2, 3)
