"""Gives operations an example request: values of listings, else the document's examples, else 1."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from plainwire.live.descriptions import Asks
from plainwire.model import ApiOperation, Exchange, Origin, Request
from plainwire.wire import listings, openapi

MAX_ROUNDS = 2  # /users, /users/{id}, /users/{id}/orders/{order}
MAX_LISTINGS = 20
NO_VALUE = "no value is known for a parameter that it needs"


async def fill(
    site: Asks, origin: Origin, operations: Sequence[ApiOperation]
) -> list[ApiOperation]:
    """The operations, each with a request or the reason why there is none.

    A value that a listing shows is of an object that is there, so it goes before an example.
    """
    done: dict[int, ApiOperation] = {}
    open_ones = {
        number: each
        for number, each in enumerate(operations)
        if each.skipped is None and each.variables
    }
    for number, each in enumerate(operations):
        if number not in open_ones:
            done[number] = each if each.skipped else _asked(each, origin, {})
    values: dict[int, dict[str, str]] = {number: {} for number in open_ones}
    for _ in range(MAX_ROUNDS):
        requests = [e.request for e in done.values() if e.request is not None]
        # `/items/` lists what `/items/{id}` gives, as `/items` does.
        ways = ((request.path.partition("?")[0].rstrip("/"), request) for request in requests)
        listed = {way: request for way, request in ways if way}
        wanted = {
            number: [listed[way] for way in _places(each, values[number]) if way in listed]
            for number, each in open_ones.items()
        }
        every = [request for places in wanted.values() for request in places]
        chosen = list(dict.fromkeys(every))[:MAX_LISTINGS]
        answers = await asyncio.gather(*(site.ask(request) for request in chosen))
        bodies = {
            answer.request.path: answer.body
            for answer in answers
            if isinstance(answer, Exchange) and answer.status == 200
        }
        for number, places in wanted.items():
            each = open_ones[number]
            name = _next(each, values[number])
            shown = (_shown(name, request, bodies.get(request.path, b"")) for request in places)
            for value in (value for found in shown for value in found):
                values[number][name] = value
                break
            if all(name in values[number] for name in each.variables):
                done[number] = _asked(open_ones.pop(number), origin, values[number])
    for number, each in open_ones.items():
        done[number] = _asked(each, origin, _first_numbers(each) | values[number])
    return [done[number] for number in range(len(operations))]


def _next(operation: ApiOperation, values: dict[str, str]) -> str:
    """The first variable without a value; an empty text if there is none."""
    return next((name for name in operation.variables if name not in values), "")


def _shown(name: str, request: Request, body: bytes) -> tuple[str, ...]:
    is_own = request.path.rstrip("/").endswith("/me")
    return listings.of_one(name, body) if is_own else listings.values(name, body)


def _places(operation: ApiOperation, values: dict[str, str]) -> tuple[str, ...]:
    """Where the values of the next variable are shown: the path before it lists them, and one's
    own page there shows one."""
    before = operation.path.partition("{" + _next(operation, values) + "}")[0].rstrip("/")
    place = replace(operation, path=before, parameters=()).filled(values) or ""
    return (place, f"{place}/me")


def _first_numbers(operation: ApiOperation) -> dict[str, str]:
    """The least number for each variable that is an integer and has no example: many objects are
    numbered from 1, and one that is not there is refused or missing, which tells something too."""
    return {
        each.name: each.schema.says("minimum") or "1"
        for each in operation.parameters
        if each.place == "path" and each.example is None and each.schema is not None
        if "integer" in each.schema.types
    }


def _asked(operation: ApiOperation, origin: Origin, values: dict[str, str]) -> ApiOperation:
    path = operation.filled(values)
    if path is None:
        return replace(operation, skipped=NO_VALUE)
    # What a listing or an example holds may say "delete" too.
    reason = openapi.state_change(operation.method, path)
    if reason is not None:
        return replace(operation, skipped=reason)
    return replace(operation, request=Request(origin, operation.method, path))
