"""Documents of the user in YAML or TOML, in bounds: no key twice, no alias that grows.

YAML's loader takes the last of two keys and says nothing: of two lists of targets one was lost.
Aliases cost nothing until somebody writes them out, and then a thousand bytes are a gigabyte.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from plainwire.model import UsageError

MAX_BYTES = 10_000_000
MAX_VALUES = 2_000_000  # with every alias written out


def parsed(path: Path) -> Any:
    """What a file holds; one whose name ends in ``.toml`` is TOML, any other YAML.

    Raises:
        UsageError: if it cannot be read, is too big, or says something twice.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"cannot read {path}: {why}") from None
    if len(text) > MAX_BYTES:
        raise UsageError(f"{path}: longer than {MAX_BYTES} bytes")
    import yaml

    try:
        return tomllib.loads(text) if path.suffix == ".toml" else _yaml(text)
    except RecursionError:
        raise UsageError(f"{path}: nested too deeply") from None
    except (tomllib.TOMLDecodeError, yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{path}: {str(error).splitlines()[0]}") from None


def _yaml(text: str) -> Any:
    import yaml

    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if _values(root, {}) > MAX_VALUES:
            raise ValueError(f"more than {MAX_VALUES} values once its aliases are written out")
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _values(node: Any, known: dict[int, int]) -> int:
    """How many values a node is with every alias written out.

    Raises:
        ValueError: if a mapping says a key twice, or a node contains itself.
    """
    count = known.setdefault(id(node), 0)
    if count:
        return count
    if isinstance(node.value, str):
        inner = []
    elif node.id == "mapping":
        _refuse_twice(node)
        inner = [part for pair in node.value for part in pair]
    else:
        inner = node.value
    for each in inner:
        if known.get(id(each)) == 0:
            raise ValueError(f"line {node.start_mark.line + 1}: an alias inside of what it names")
    known[id(node)] = 1 + sum(_values(each, known) for each in inner)
    return known[id(node)]


def _refuse_twice(node: Any) -> None:
    seen = set()
    for key, _ in node.value:
        if isinstance(key.value, str):
            if (key.tag, key.value) in seen:
                raise ValueError(f"line {key.start_mark.line + 1}: {key.value!r} is there twice")
            seen.add((key.tag, key.value))
