"""Requests that differ from an operation's example in one value: what provokes an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from plainwire.model import ApiOperation, Request


@dataclass(frozen=True, slots=True)
class Probe:
    """A request with one parameter's value changed; ``control`` is the one it changes."""

    parameter: str
    request: Request
    control: Request


def appended(operation: ApiOperation, suffix: str) -> Iterator[Probe]:
    """The example request with ``suffix`` after each value of its path and its query, in turn.

    An operation that is never asked has none.
    """
    control = operation.request
    if control is None:
        return
    way, mark, query = control.path.partition("?")
    parts, template = way.split("/"), operation.path.split("/")
    if len(parts) == len(template):
        for number, (part, word) in enumerate(zip(parts, template, strict=True)):
            if word.startswith("{") and word.endswith("}"):
                changed = [*parts[:number], part + quote(suffix, safe=""), *parts[number + 1 :]]
                path = "/".join(changed) + mark + query
                yield Probe(word[1:-1], replace(control, path=path), control)
    pairs = query.split("&") if query else []
    for number, pair in enumerate(pairs):
        name, equals, value = pair.partition("=")
        changed = [*pairs]
        changed[number] = f"{name}{equals or '='}{value}{quote(suffix, safe='')}"
        yield Probe(name, replace(control, path=f"{way}?{'&'.join(changed)}"), control)
