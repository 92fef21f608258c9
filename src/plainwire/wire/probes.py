"""Requests that differ from an operation's example in one value: what provokes an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from plainwire.model import ApiOperation, Parameter, Request
from plainwire.wire.openapi import state_change

NO_STORE = ("Cache-Control", "no-store")
MARK = "<x7f3a9>"  # an element that no page has
# What a probe is read of: an endless answer must not cost a megabyte for each.
BODY_LIMIT = 128 * 1024
MAX_OPTIONAL = 6  # parameters of one operation that its example does without


@dataclass(frozen=True, slots=True)
class Probe:
    """A request with one parameter's value changed; ``control`` is the one it changes."""

    parameter: str
    request: Request
    control: Request


def appended(operation: ApiOperation, suffix: str) -> Iterator[Probe]:
    """The example request with ``suffix`` after each value of its path and its query, in turn.

    A parameter that the example does without is added, with a value of its type for the control.
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
                yield Probe(word[1:-1], _asked(control, path), control)
    pairs = query.split("&") if query else []
    for number, pair in enumerate(pairs):
        name, equals, value = pair.partition("=")
        changed = [*pairs]
        changed[number] = f"{name}{equals or '='}{value}{quote(suffix, safe='')}"
        yield Probe(name, _asked(control, f"{way}?{'&'.join(changed)}"), control)
    names = {pair.partition("=")[0] for pair in pairs}
    optional = [p for p in operation.parameters if p.place == "query" and p.name not in names]
    for each in [p for p in optional if not _is_closed(p)][:MAX_OPTIONAL]:
        plain = with_query(control, each.name, _value(each))
        if state_change(control.method, plain.path) is None:
            changed_one = with_query(control, each.name, _value(each) + suffix)
            yield Probe(each.name, _asked(control, changed_one.path), plain)


def _asked(control: Request, path: str) -> Request:
    return replace(control, path=path, body_limit=BODY_LIMIT)


def with_query(request: Request, name: str, value: str) -> Request:
    """The request with one more pair in its query."""
    mark = "&" if "?" in request.path else "?"
    pair = f"{quote(name, safe='')}={quote(value, safe='')}"
    return replace(request, path=f"{request.path}{mark}{pair}")


def apart(request: Request, word: str, *headers: tuple[str, str]) -> Request:
    """The request with headers that no cache may answer by: a query of its own, and no-store."""
    shown = with_query(request, "plainwire", word)
    return replace(shown, headers=(*headers, NO_STORE), body_limit=BODY_LIMIT)


def _is_closed(parameter: Parameter) -> bool:
    """True for a parameter with two values, where nothing can be added."""
    return parameter.schema is not None and "boolean" in parameter.schema.types


def _value(parameter: Parameter) -> str:
    if parameter.example is not None:
        return parameter.example
    types = parameter.schema.types if parameter.schema is not None else frozenset()
    return "1" if types & {"integer", "number"} else "a"
