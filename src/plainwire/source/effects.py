"""Which functions of a program change something, by their words and those of what they call.

A view that does is never asked, whatever its path and its name say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from plainwire.model import Call, Function
from plainwire.source.python.module import PythonModule
from plainwire.source.python.program import Program

MAX_CALLED = 50  # functions that are looked at for one view
_WRITES = frozenset(
    {
        "commit", "drop_all", "create_all", "add_all", "bulk_save_objects", "executemany",
        "unlink", "rmtree", "remove", "delete", "delete_one", "delete_many", "insert_one",
        "insert_many", "update_one", "update_many", "replace_one", "sendmail", "send_message",
        "send_mail", "apply_async", "delay", "save", "logout_user", "login_user", "system", "Popen",
        "write_text", "write_bytes",
    }
)  # fmt: skip
# Modes of open that write (Python, open), and statements of SQL that do.
_MODE = re.compile(r"(?=[rbt+]*[wax+])[rwaxbt+]{1,4}")
_SQL = re.compile(
    r"\s*(insert\s+(or\s+\w+\s+)?into|update\s+\S+\s+set|delete\s+from|replace\s+into|merge\s+into"
    r"|truncate\s|drop\s+(table|view|index)|alter\s+table|create\s+(table|view|index))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Looked:
    """A module's functions by their paths, what each calls, and which open a file to write."""

    functions: Mapping[str, Function]
    calls: Mapping[str, Mapping[str, None]]
    opening: frozenset[str]


class Effects:
    """What the functions of a program change. Everything of a module is looked up once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[str, _Looked] = {}

    def writes(self, module: PythonModule, function: Function) -> bool:
        """True if a function changes something, itself or by what it calls in the project."""
        waiting, seen = [(module, function)], {(module.name, _path(function))}
        while waiting:
            home, one = waiting.pop()
            if _is_writing(one.words) or _path(one) in self._of(home).opening:
                return True
            for found, called in self._called(home, one):
                key = (found.name, _path(called))
                if key not in seen and len(seen) < MAX_CALLED:
                    seen.add(key)
                    waiting.append((found, called))
        return False

    def _called(
        self, module: PythonModule, function: Function
    ) -> Iterator[tuple[PythonModule, Function]]:
        """The functions of the project that a function calls by their names."""
        for name in self._of(module).calls.get(_path(function), ()):
            own = name.removeprefix("self.")
            home, local = self._program.split(name) or (module, name)
            if own != name:
                local = f"{function.scope}.{own}"
            found = self._of(home).functions.get(local)
            if found is not None:
                yield home, found

    def _of(self, module: PythonModule) -> _Looked:
        if module.name not in self._known:
            calls: dict[str, dict[str, None]] = defaultdict(dict)
            opening = set()
            for call in module.calls:
                calls[call.scope][call.name] = None
                if _opens(call):
                    opening.add(call.scope)
            functions = {_path(function): function for function in module.functions}
            self._known[module.name] = _Looked(functions, calls, frozenset(opening))
        return self._known[module.name]


def _opens(call: Call) -> bool:
    """True if a call opens a file to write: ``open(path, "w")``, ``path.open("a")``."""
    last = call.name.rpartition(".")[2]
    positions = (1,) if call.name in ("open", "io.open", "codecs.open") else (0, 1)
    modes = [call.argument("mode", at) for at in positions] if last == "open" else []
    texts = [mode.literal for mode in modes if mode is not None]
    return any(isinstance(text, str) and _MODE.fullmatch(text) for text in texts)


def _path(function: Function) -> str:
    return f"{function.scope}.{function.name}" if function.scope else function.name


def _is_writing(words: frozenset[str]) -> bool:
    return bool(words & _WRITES) or any(_SQL.match(word) for word in words)
