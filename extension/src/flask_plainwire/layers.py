"""The WSGI layers around and below the extension: by their usual attributes, and at work."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, NamedTuple

from flask import Flask

from flask_plainwire.settings import ConfigurationError

# Ours first, then ProxyFix and DispatcherMiddleware, python-socketio, and what others call it.
_ATTRIBUTES = ("inner", "app", "wsgi_app", "application", "_app", "wrapped_app")
_DEEPEST = 20
_DEEPEST_CALL = 1000  # as Python's own limit
# Packages with functions that are called like layers and answer nothing themselves: bridges from
# ASGI, those who watch, and the debugger, whose place is a developer's machine.
_SILENT = frozenset(
    {
        *("a2wsgi", "hypercorn", "uvicorn", "flask", "flask_plainwire", "werkzeug.debug"),
        *("ddtrace", "elasticapm", "newrelic", "opentelemetry", "sentry_sdk"),
    }
)


PROXY_FIX_OUTSIDE = (
    "what it changed is not believed, the originals are taken; call TLS(app) after it"
)


class Outside(NamedTuple):
    """What is outside of the extension, from the outside in: each layer, or a function's name."""

    wrapped_later: list[Any]
    around: list[Any]


def outside(gate: Any, frame: FrameType | None) -> Outside:
    """The layers around a gate that is at work: those of ``app.wsgi_app``, and around the app.

    The latter are known only by the call that they are making, whose innermost ``frame`` is given;
    a layer that is a generator hides those around it.
    """
    wrapped = layers(gate.app.wsgi_app, until=gate)
    around: list[Any] = []
    into = wrapped
    for caller in _callers(frame):
        given = _arguments(caller)
        owner = given[0] if given else None
        if owner is gate.app:
            into = around
        layer = _layer(caller, given)
        if layer is not None and not any(_is_same(layer, known) for known in into):
            into.insert(0, layer)
    return Outside(wrapped, around)


def layers(outermost: Any, until: Any = None) -> list[Any]:
    """The layers from the outside to ``until``, which is left out, or as far as they are seen."""
    found: list[Any] = []
    layer = outermost
    while layer is not None and layer is not until and len(found) < _DEEPEST:
        found.append(layer)
        inner = [getattr(layer, attribute, None) for attribute in _ATTRIBUTES]
        if until is not None and any(one is until for one in inner):
            break
        # Flask-Sockets' keeps the application too, whose outermost layer it is.
        layer = next((one for one in inner if callable(one) and not isinstance(one, Flask)), None)
    return found


def ensure_peer_is_known(outer: Sequence[Any]) -> None:
    """Each ProxyFix keeps what it found as the original: of two, the second keeps a header's word.

    Raises:
        ConfigurationError: if more than one is around the extension.
    """
    if sum(map(is_proxy_fix, outer)) > 1:
        raise ConfigurationError(
            "more than one ProxyFix was wrapped later: the peer's address is lost; "
            "call TLS(app) after them"
        )


def name(layer: Any) -> str:
    """What to call a layer: its class, with its settings if it is a ProxyFix."""
    kind = type(layer)
    if isinstance(layer, str):
        return layer
    if is_proxy_fix(layer):
        counts = (f"x_{word}={getattr(layer, f'x_{word}', 0)}" for word in ("for", "proto", "host"))
        return f"ProxyFix({', '.join(counts)})"
    return str(getattr(layer, "__qualname__", None) or f"{kind.__module__}.{kind.__qualname__}")


def said_of_later(layer: Any) -> str:
    """What it means that this layer is around the extension."""
    if is_proxy_fix(layer):
        return f"{name(layer)} was wrapped later: {PROXY_FIX_OUTSIDE}"
    return (
        f"{name(layer)} was wrapped later: what it answers itself is served in clear, "
        "and what it says of the peer is believed; call TLS(app) after it"
    )


def said_of_around(layer: Any) -> str:
    """What it means that this layer is around the application object."""
    return (
        f"{name(layer)} is around the application: what it answers itself is served in "
        "clear, and what it says of the peer is believed; put it around app.wsgi_app, "
        "then call TLS(app)"
    )


def is_proxy_fix(layer: Any) -> bool:
    """Is it Werkzeug's ProxyFix, or a class derived from it?"""
    return any(kind.__name__ == "ProxyFix" for kind in type(layer).__mro__)


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    for _ in range(_DEEPEST_CALL):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


def _layer(frame: FrameType, given: Sequence[Any]) -> Any:
    """The layer that this call is of: its object, or its function's name; None if it is of none.

    A layer is called with an environ and a start_response (PEP 3333).
    """
    if _package(frame) in _SILENT or frame.f_globals.get("__name__") in _SILENT:
        return None
    if len(given) > 2 and _is_call(*given[1:3]) and not issubclass(type(given[0]), Flask):
        return given[0]
    is_call = any(_is_call(*given[start : start + 2]) for start in range(len(given) - 1))
    return frame.f_code.co_qualname if is_call else None


def _is_same(layer: Any, known: Any) -> bool:
    if isinstance(layer, str):
        return layer == name(known)
    return layer is known or layer is getattr(known, "__self__", None)


def _is_call(environ: Any, start_response: Any) -> bool:
    # Not isinstance, which asks the object: any function's arguments come here.
    return issubclass(type(environ), dict) and "wsgi.input" in environ and callable(start_response)


def _arguments(frame: FrameType) -> list[Any]:
    """The positional arguments of a call, with those of ``*args``."""
    code, known = frame.f_code, frame.f_locals
    given = [known.get(name) for name in code.co_varnames[: code.co_argcount]]
    if code.co_flags & inspect.CO_VARARGS:
        given += known.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount]) or ()
    return given


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
