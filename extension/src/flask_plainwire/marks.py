"""The marks of views, view classes, their methods and blueprints, and which one a request has."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any

from flask import Blueprint, Flask
from flask.views import View

EXEMPT, REDIRECTED, REQUIRED = "exempt", "redirect", "required"
_MARK = "__flask_plainwire_mark__"
_CLIENT_CERT = "__flask_plainwire_client_cert__"
_LOOKED_THROUGH = 100  # functions within one view
# Whatever else can be called may be a proxy, or made when it is looked at.
_FUNCTIONS = (FunctionType, MethodType, functools.partial)


def put(marked: Any, mark: str, needs_client_cert: bool = False) -> None:
    """Mark a view, a view class, a method of one, or a blueprint.

    Raises:
        TypeError: for what no request is answered by, so that the mark would do nothing, and for
            what bears another mark.
    """
    target = getattr(marked, "__func__", marked)  # of a bound or a static method
    if (why := _unfit(target)) is not None:
        raise TypeError(f"{_shown(target)} cannot be marked: {why}")
    before = vars(target).get(_MARK, mark)
    if before != mark:
        raise TypeError(f"{_shown(target)} is marked twice: {before} and {mark}")
    setattr(target, _MARK, mark)
    setattr(target, _CLIENT_CERT, needs_client_cert)


def _unfit(target: Any) -> str | None:
    if isinstance(target, type):
        is_view = issubclass(target, View)
        return None if is_view else "a class that is no flask.views.View; mark its methods"
    if isinstance(target, Flask) or not (callable(target) or isinstance(target, Blueprint)):
        return "no view, no view class and no blueprint"
    return None if hasattr(target, "__dict__") else "it takes no attributes; mark a function"


def _shown(target: Any) -> str:
    return str(getattr(target, "__qualname__", None) or ascii(target)[:80])


def endpoint_of(app: Flask, environ: Mapping[str, Any]) -> str | None:
    """The endpoint that this request would reach; None for 404, 405, a redirect, a wrong host.

    And None where a converter of the application's fails: then it has no view to be exempt.
    """
    environ = dict(environ)  # a request object leaves itself and its caches there
    try:
        adapter = app.create_url_adapter(app.request_class(environ))
        return None if adapter is None else str(adapter.match()[0])
    except Exception:  # HTTPException for want of a route, or whatever a converter raises
        return None


def mark_of(
    app: Flask, endpoint: str | None, method: str, named: frozenset[str] = frozenset()
) -> str | None:
    """The mark of what answers this method at an endpoint; of the ``named`` ones `EXEMPT` at least.

    A view class's method counts first, then the view, the class, the innermost blueprint. Of the
    first three one that requires counts before: its guard is called in any case.
    """
    if endpoint is None:
        return None
    own = [mark for one in _answering(app, endpoint, method) if (mark := _mark(one)) is not None]
    if own:
        return REQUIRED if REQUIRED in own else own[0]
    marks = map(_mark, _blueprints(app, endpoint))
    default = EXEMPT if endpoint in named else None
    return next((mark for mark in marks if mark is not None), default)


def needs_client_cert(app: Flask, endpoint: str | None, method: str) -> bool:
    """Does what answers this method at an endpoint ask for a client certificate?"""
    view = app.view_functions.get(endpoint or "")
    if (kind := _class(view)) is None:  # at every request over TLS
        return bool(getattr(view, _CLIENT_CERT, False))
    return any(getattr(one, _CLIENT_CERT, False) for one in (_method(kind, method), view, kind))


def marked(app: Flask, mark: str, named: frozenset[str] = frozenset()) -> dict[str, set[str]]:
    """The endpoints with this mark, sorted, and the methods for which they have it."""
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        for method in rule.methods or ():
            if mark_of(app, rule.endpoint, method, named) == mark:
                found.setdefault(rule.endpoint, set()).add(method)
    return dict(sorted(found.items()))


def hidden(app: Flask) -> Iterator[tuple[str, str]]:
    """Marks to exempt or redirect that do nothing: the endpoint, and the function that bears one.

    A decorator around it that was made without functools.wraps has taken its place.
    """
    views = {id(view) for view in app.view_functions.values()}
    for endpoint, view in app.view_functions.items():
        for function in _functions(view):
            if _mark(function) is not None:
                continue
            for inner in _inside(function):
                # A view that calls another view is no decorator around it.
                if id(inner) not in views and _mark(inner) in (EXEMPT, REDIRECTED):
                    yield endpoint, _shown(inner)


def said_of_hidden(endpoint: str, function: str) -> str:
    """What it means that a view's mark is not seen."""
    return (
        f"the mark of {function} does nothing: a decorator that was made without functools.wraps "
        f"has taken its place as the view of {endpoint}; mark above that decorator"
    )


def _mark(marked: Any) -> str | None:
    mark = getattr(marked, _MARK, None)
    return None if mark is None else str(mark)


def _answering(app: Flask, endpoint: str, method: str) -> list[Any]:
    """From the inside out: the view class's method, the view, the view class."""
    view = app.view_functions.get(endpoint)
    kind = _class(view)
    return [view] if kind is None else [_method(kind, method), view, kind]


def _class(view: Any) -> type | None:
    kind = getattr(view, "view_class", None)
    return kind if isinstance(kind, type) else None


def _method(kind: Any, method: str) -> Any:
    """As `flask.views.MethodView` finds it: HEAD is answered by ``get`` for want of ``head``."""
    found = getattr(kind, method.lower(), None)
    if found is None and method == "HEAD":
        found = getattr(kind, "get", None)
    return found or getattr(kind, "dispatch_request", None)


def _functions(view: Any) -> list[Any]:
    kind = _class(view)
    if kind is None:
        return [view]
    methods = getattr(kind, "methods", None) or ("GET",)
    found = (_method(kind, method) for method in sorted(methods))
    return list({id(one): one for one in found}.values())


def _inside(function: Any) -> Iterator[Any]:
    """The functions that this one holds, and those that they hold: one may be what it decorates."""
    found, seen = [function], {id(function)}
    while found and len(seen) < _LOOKED_THROUGH:
        for one in _held(found.pop()):
            if type(one) in _FUNCTIONS and id(one) not in seen:
                seen.add(id(one))
                found.append(one)
                yield one


def _held(function: Any) -> list[Any]:
    if type(function) not in _FUNCTIONS:  # a view that is an object: as of a class that decorates
        return list(vars(function).values()) if hasattr(function, "__dict__") else []
    cells = getattr(function, "__closure__", None) or ()
    wrapped = (getattr(function, name, None) for name in ("__wrapped__", "func"))
    return [*wrapped, *map(_content, cells)]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty yet
        return None


def _blueprints(app: Flask, endpoint: str) -> list[Any]:
    """Those of ``a.b.view``: ``a.b``, then ``a``."""
    parts = endpoint.split(".")[:-1]
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return [app.blueprints[name] for name in names if name in app.blueprints]
