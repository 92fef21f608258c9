"""An application's own settings in YAML, JSON and TOML, where its code opens them by their names.

https://flask.palletsprojects.com/en/stable/api/#flask.Config.from_file (read 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from plainwire.model import Setting, SourceFile
from plainwire.source.deploy import toml_nodes
from plainwire.source.deploy.toml_nodes import Toml
from plainwire.source.deploy.yaml_nodes import Yaml, documents
from plainwire.source.python.module import PythonModule

MAX_SETTINGS = 2_000
TOP = "(top)"  # the scope of what is in no table
_DEPTH = 6
_ENDINGS = (".yml", ".yaml", ".json", ".toml")
_OPENS = (
    "open",
    ".from_file",
    ".from_json",
    ".load_file",
    ".read_text",
    "Path",
    "os.path.join",
)


def opened(modules: Sequence[PythonModule]) -> frozenset[str]:
    """The names, without folders, of the settings files that code opens."""
    found = set()
    for module in modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for call in module.calls:
            if call.name.endswith(_OPENS):
                for position in range(4):
                    value = call.argument("filename" if position == 0 else "", position)
                    text = value.text if value is not None else ""
                    if text.endswith(_ENDINGS):
                        found.add(text.rpartition("/")[2])
    return frozenset(found)


def read(file: SourceFile) -> tuple[Setting, ...]:
    """Every scalar of a file by its own key, those of inner tables with them; `TOP` marks others.

    Raises:
        ValueError: if the file is not what its name says.
    """
    roots: Sequence[Yaml | Toml] = (
        (toml_nodes.load(file.text),) if file.format == "toml" else documents(file.text)
    )
    found: list[Setting] = []
    for root in roots[:20]:
        for name, line, text, scope in _scalars(root, 0):
            if len(found) >= MAX_SETTINGS:
                break
            found.append(Setting(name, text, file.span(line), file.environment, scope))
    return tuple(found)


def configuration(settings: Sequence[Setting]) -> Iterator[Setting]:
    """Those of a file's settings that Flask takes into ``app.config``: at the top, in capitals."""
    yield from (replace(s, scope="") for s in settings if s.scope == TOP and s.name.isupper())


def _scalars(node: Yaml | Toml, depth: int) -> Iterator[tuple[str, int, str, str]]:
    for name, line, value in node.items() if depth < _DEPTH else ():
        if value.text is not None:
            yield name, line, value.text, "" if depth else TOP
        else:
            yield from _scalars(value, depth + 1)
