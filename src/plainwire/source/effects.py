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
        "write_text", "write_bytes", "touch", "rmdir", "enqueue", "send_task", "publish",
        "bulk_write", "find_one_and_update", "find_one_and_replace", "find_one_and_delete",
        "get_or_create", "bulk_create", "bulk_update", "put_item", "update_item", "delete_item",
        "put_object", "delete_object", "delete_objects", "upload_file", "upload_fileobj",
        "hset", "hdel", "setex", "lpush", "rpush", "sadd", "srem", "zadd", "xadd", "flushdb",
        "flushall",
    }
)  # fmt: skip
# What the standard library and its like change or start by functions with common names, and
# requests that ask another server for a change.
_CALLS = re.compile(
    r"subprocess\.(run|call|check_call|check_output|getoutput|getstatusoutput)"
    r"|os\.(re(name|names|place|movedirs)|kill|killpg|truncate|mkdir|makedirs|symlink|link|chmod"
    r"|chown|popen)"
    r"|shutil\.(move|copy\w*|make_archive|unpack_archive)|(requests|httpx)\.(post|put|patch|delete)"
)
_EXECUTES = frozenset({"execute", "executescript", "text"})
# Modes of open that write (Python, open), and statements of SQL that do.
_MODE = re.compile(r"(?=[rbt+]*[wax+])[rwaxbt+]{1,4}")
_SQL = re.compile(
    r"(\s|--[^\n]*\n|/\*[^*]*\*/)*(with\s[^;]{0,2000}?\b)?"
    r"(insert\s+(or\s+\w+\s+)?into|update\s+\S+\s+set|delete\s+from|replace\s+into|merge\s+into"
    r"|truncate\s|drop\s+(table|view|index)|alter\s+table|create\s+(table|view|index))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Looked:
    """A module's functions by their paths, what each calls, and which change something by a call.

    ``methods`` are its functions in classes by their own names, ``made`` the calls whose values
    names hold.
    """

    functions: Mapping[str, Function]
    calls: Mapping[str, Mapping[str, None]]
    changing: frozenset[str]
    methods: Mapping[str, list[Function]]
    made: Mapping[str, str]


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
            if _is_writing(one.words) or _path(one) in self._of(home).changing:
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
        """The functions of the project that a function calls by their names.

        What a method's name means depends on the object: all methods of that name count, in the
        module that the object or its class comes from.
        """
        looked = self._of(module)
        for name in looked.calls.get(_path(function), ()):
            own = name.removeprefix("self.")
            holder, _, method = name.rpartition(".")
            name = f"{looked.made[holder]}.{method}" if holder in looked.made else name
            home, local = self._program.split(name) or (module, name)
            if own != name:
                local = f"{function.scope}.{own}"
            found = self._of(home).functions.get(local)
            if found is not None:
                yield home, found
            elif home is not module or holder in looked.made:
                yield from ((home, one) for one in self._of(home).methods.get(method, ()))

    def _of(self, module: PythonModule) -> _Looked:
        if module.name not in self._known:
            calls: dict[str, dict[str, None]] = defaultdict(dict)
            changing = set()
            for call in module.calls:
                calls[call.scope][call.name] = None
                if _CALLS.fullmatch(call.name) or _opens(call) or _executes(call):
                    changing.add(call.scope)
            functions = {_path(function): function for function in module.functions}
            methods: dict[str, list[Function]] = defaultdict(list)
            for function in module.functions:
                if function.scope in module.classes:
                    methods[function.name].append(function)
            made = {b.name: b.call.name for b in module.bindings if b.call is not None}
            looked = _Looked(functions, calls, frozenset(changing), methods, made)
            self._known[module.name] = looked
        return self._known[module.name]


def _executes(call: Call) -> bool:
    """True for a statement of SQL that changes something and is not written in the call itself."""
    if call.name.rpartition(".")[2] not in _EXECUTES:
        return False
    statement = call.argument("", 0)
    return statement is not None and _SQL.match(statement.text) is not None


def _opens(call: Call) -> bool:
    """True if a call opens a file to write, or to do what its mode says which is not known:
    ``open(path, "w")``, ``path.open("a")``, ``open(path, mode)``.
    """
    if call.name.rpartition(".")[2] != "open":
        return False
    is_plain = call.name in ("open", "io.open", "codecs.open")
    modes = [call.argument("mode", at) for at in ((1,) if is_plain else (0, 1))]
    texts = [mode.literal for mode in modes if mode is not None]
    if is_plain and any(not isinstance(text, str) for text in texts):
        return True
    return any(isinstance(text, str) and _MODE.fullmatch(text) for text in texts)


def _path(function: Function) -> str:
    return f"{function.scope}.{function.name}" if function.scope else function.name


def _is_writing(words: frozenset[str]) -> bool:
    return bool(words & _WRITES) or any(_SQL.match(word) for word in words)
