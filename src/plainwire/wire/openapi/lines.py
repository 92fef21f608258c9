"""The line of an operation in its document's text, looked up for the few that a finding names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from plainwire.wire.openapi.document import CONSTRUCTION, Loader, is_bounded, looks_like_json

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)


def line_of(text: bytes, pointer: Sequence[str]) -> int | None:
    """The line, counted from 1, of the key that ``pointer`` leads to (RFC 6901, unescaped).

    Returns None if it is not there. ``text`` was parsed before, so it is bounded.
    """
    if not pointer:
        return 1
    offset = _in_json(text, pointer) if looks_like_json(text) else None
    if offset is not None:
        return text.count(b"\n", 0, offset) + 1
    return _in_yaml(text, pointer)


def _in_json(text: bytes, pointer: Sequence[str]) -> int | None:
    """The offset of the key, by the brackets that are open; members of arrays are not named."""
    wanted = [_written(key) for key in pointer]
    depth, reached = 0, 0  # reached: how many keys lead here, counted in open objects
    last: tuple[bytes, int] | None = None
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
            if depth <= reached:
                return None  # the object that had to hold the next key is over
        elif token == b":" and last is not None:
            key, at = last
            if depth == reached + 1 and key in wanted[reached]:
                reached += 1
                if reached == len(wanted):
                    return at
        last = (token, match.start()) if token[:1] == b'"' else None
    return None


def _written(key: str) -> frozenset[bytes]:
    """The ways that JSON writers put a key: slashes escaped or not, other characters too."""
    import json

    plain = json.dumps(key).encode()
    raw = json.dumps(key, ensure_ascii=False).encode("utf-8", "surrogatepass")
    ways = (plain, raw, plain.replace(b"/", b"\\/"), raw.replace(b"/", b"\\/"))
    return frozenset(ways)


def _in_yaml(text: bytes, pointer: Sequence[str]) -> int | None:
    loader = None
    try:
        if not is_bounded(text):
            return None
        loader = Loader(text)
        node = loader.get_single_node()
        line = None
        for key in pointer:
            if not isinstance(node, yaml.MappingNode):
                return None
            pair = next((p for p in node.value if getattr(p[0], "value", None) == key), None)
            if pair is None:
                return None
            line, node = pair[0].start_mark.line + 1, pair[1]
        return line
    except (*CONSTRUCTION, RecursionError):
        return None
    finally:
        if loader is not None:
            loader.dispose()
