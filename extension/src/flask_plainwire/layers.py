"""The WSGI layers around and below the extension, found by their usual attributes."""

from __future__ import annotations

from typing import Any

from flask_plainwire.settings import ConfigurationError

# Ours first, then ProxyFix and DispatcherMiddleware, python-socketio, and what others call it.
_ATTRIBUTES = ("inner", "app", "wsgi_app", "application", "_app", "wrapped_app")
_DEEPEST = 20


def layers(outermost: Any, until: Any = None) -> list[Any]:
    """The layers from the outside to ``until``, which is left out, or as far as they are seen."""
    found: list[Any] = []
    layer = outermost
    while layer is not None and layer is not until and len(found) < _DEEPEST:
        found.append(layer)
        inner = (getattr(layer, name, None) for name in _ATTRIBUTES)
        layer = next((one for one in inner if callable(one)), None)
    return found


def ensure_peer_is_known(outermost: Any, gate: Any) -> None:
    """Each ProxyFix keeps what it found as the original: of two, the second keeps a header's word.

    Raises:
        ConfigurationError: if more than one is around the extension.
    """
    if sum(map(is_proxy_fix, layers(outermost, until=gate))) > 1:
        raise ConfigurationError(
            "more than one ProxyFix was wrapped later: the peer's address is lost; "
            "call TLS(app) after them"
        )


def name(layer: Any) -> str:
    """What to call a layer: its class, with its settings if it is a ProxyFix."""
    kind = type(layer)
    if is_proxy_fix(layer):
        counts = (f"x_{word}={getattr(layer, f'x_{word}', 0)}" for word in ("for", "proto", "host"))
        return f"ProxyFix({', '.join(counts)})"
    return str(getattr(layer, "__qualname__", None) or f"{kind.__module__}.{kind.__qualname__}")


def is_proxy_fix(layer: Any) -> bool:
    """Is it Werkzeug's ProxyFix, or a class derived from it?"""
    return any(kind.__name__ == "ProxyFix" for kind in type(layer).__mro__)
