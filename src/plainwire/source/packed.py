"""Values of the model as JSON and back: what is one object stays one, nothing is ever executed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from plainwire import model
from plainwire.model import UNKNOWN

_SCALARS = (str, int, float, bool, type(None))


def pack(value: object) -> str:
    """A value made of the model's dataclasses, containers and scalars, as JSON.

    A table of objects, each naming its parts by their places: ``[3]`` is the fourth.

    Raises:
        TypeError: if a part of it is of another kind.
    """
    table: list[list[object]] = []
    places: dict[int, list[int]] = {}
    held: list[object] = []  # an id is an object's own only as long as the object is there

    def put(one: object) -> object:
        if type(one) in _SCALARS:
            return one
        if id(one) not in places:
            entry = _entry(one, put)
            places[id(one)] = [len(table)]
            table.append(entry)
            held.append(one)
        return places[id(one)]

    root = put(value)
    return json.dumps([table, root], separators=(",", ":"))


def _entry(one: object, put: Callable[[object], object]) -> list[object]:
    if one is UNKNOWN:
        return ["unknown"]
    if isinstance(one, Enum):
        return ["enum", type(one).__name__, one.name]
    if isinstance(one, datetime):
        return ["time", one.isoformat()]
    if isinstance(one, bytes):
        return ["bytes", one.hex()]
    if isinstance(one, tuple | list | frozenset):
        parts = sorted(one, key=repr) if isinstance(one, frozenset) else one
        return [type(one).__name__, *(put(part) for part in parts)]
    if isinstance(one, Mapping):
        return ["dict", *(put(part) for item in one.items() for part in item)]
    if dataclasses.is_dataclass(one) and getattr(model, type(one).__name__, None) is type(one):
        parts = [put(getattr(one, name)) for name in _fields(one.__class__)]
        return ["value", type(one).__name__, *parts]
    raise TypeError(f"{type(one).__name__} is no value of the model")


def unpack(text: str) -> object:
    """What `pack` was given.

    Raises:
        ValueError: if the text is not what `pack` writes.
    """
    try:
        table, root = json.loads(text)
        made: list[object] = []
        for entry in table:
            made.append(_made(entry, made))
        return _parts([root], 0, made)[0]
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a packed value: {type(error).__name__}") from None


def _parts(entry: list[object], start: int, made: list[object]) -> list[object]:
    return [made[part[0]] if isinstance(part, list) else part for part in entry[start:]]


def _made(entry: list[object], made: list[object]) -> object:
    kind = entry[0]
    if kind == "value":  # two thirds of all
        return _value(str(entry[1]), _parts(entry, 2, made))
    if kind == "tuple":
        return tuple(_parts(entry, 1, made))
    match kind:
        case "unknown":
            return UNKNOWN
        case "enum":
            kinds = {"Severity": model.Severity, "Confidence": model.Confidence}
            return kinds[str(entry[1])][str(entry[2])]
        case "time":
            return datetime.fromisoformat(str(entry[1]))
        case "bytes":
            return bytes.fromhex(str(entry[1]))
        case "list":
            return _parts(entry, 1, made)
        case "frozenset":
            return frozenset(_parts(entry, 1, made))
        case "dict":
            parts = _parts(entry, 1, made)
            return dict(zip(parts[::2], parts[1::2], strict=True))
    raise ValueError(f"no kind of value: {kind!r}")


def _value(name: str, parts: list[object]) -> object:
    kind = getattr(model, name)
    names = _fields(kind)
    if len(names) != len(parts):
        raise ValueError(f"{name} has {len(names)} fields, not {len(parts)}")
    one, put = object.__new__(kind), object.__setattr__
    for field, part in zip(names, parts, strict=True):
        put(one, field, part)
    return one


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))
