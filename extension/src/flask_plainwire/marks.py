"""The decorators for views, view classes and blueprints, and how a request's mark is found."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from flask import Blueprint, Flask, Request, current_app, request
from werkzeug.wrappers import Response

from flask_plainwire import client_certificates, exemption
from flask_plainwire.answers import SAFE_METHODS, refusal
from flask_plainwire.scheme import VERDICT

EXEMPT, REDIRECTED, REQUIRED = "exempt", "redirect", "required"
# What a development server on loopback was allowed: `require_https` allows it too.
IN_DEVELOPMENT = "flask_plainwire.in_development"
_MARK = "__flask_plainwire_mark__"
_CLIENT_CERT = "__flask_plainwire_client_cert__"

# A server, or a bridge to one, sets one of these at least; a script's request context none.
_SERVERS = ("REMOTE_ADDR", "SERVER_SOFTWARE", "wsgi.multithread")
_PAST = (
    "the request came past TLS(app): something was made of app.wsgi_app before TLS(app) was "
    "called; make it afterwards, or put it into app.wsgi_app"
)

View = TypeVar("View", bound=Callable[..., Any])
Markable = TypeVar("Markable", bound=Callable[..., Any] | Blueprint)


def tls_exempt(view: Markable) -> Markable:
    """Answer GET and HEAD in clear too, without the request's credentials; for health checks."""
    setattr(view, _MARK, EXEMPT)
    return view


def tls_redirect(view: Markable) -> Markable:
    """Answer GET and HEAD in clear by 308 to https, for pages that a browser's user types in."""
    setattr(view, _MARK, REDIRECTED)
    return view


@overload
def require_https(view: Blueprint) -> Blueprint: ...
@overload
def require_https(view: View) -> View: ...
def require_https(view: Any) -> Any:
    """Refuse this view in clear, whatever TLS_MODE says of the others."""
    return tls_required()(view)


def tls_required(*, client_cert: bool = False) -> Callable[[Markable], Markable]:
    """Refuse this view in clear and, with ``client_cert``, without a verified client certificate.

    A blueprint can be marked without ``client_cert``.

    Raises:
        TypeError: for a blueprint with ``client_cert``.
    """

    def decorate(view: Any) -> Any:
        if isinstance(view, Blueprint):
            if client_cert:
                raise TypeError("client_cert=True is for views, not for a blueprint")
            setattr(view, _MARK, REQUIRED)
            return view

        # Before it is wrapped: where @app.route is below, Flask knows the view and not the guard.
        with contextlib.suppress(AttributeError):  # a method
            setattr(view, _MARK, REQUIRED)
            setattr(view, _CLIENT_CERT, client_cert)

        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            return _denied(client_cert) or current_app.ensure_sync(view)(*args, **kwargs)

        setattr(guarded, _MARK, REQUIRED)
        setattr(guarded, _CLIENT_CERT, client_cert)
        return guarded

    return decorate


def _denied(client_cert: bool) -> Response | None:
    environ = request.environ
    verdict = environ.get(VERDICT)
    if verdict is None:
        raise RuntimeError("the view requires HTTPS: call TLS(app), which finds out, first")
    if verdict.scheme != "https" and not environ.get(IN_DEVELOPMENT):
        return refusal(environ)
    if client_cert and not client_certificates.is_verified(environ, _settings()):
        return refusal(environ, client_certificates.REQUIRED)
    return None


def denied_at(app: Flask, reached: Request) -> Response | None:
    """A refusal where the view that Flask has found must not answer this request; else None.

    Raises:
        RuntimeError: for a request that has come past the gate.
    """
    verdict = reached.environ.get(VERDICT)
    if verdict is None:
        if not app.testing and any(map(reached.environ.get, _SERVERS)):
            raise RuntimeError(_PAST)
        return None
    view = app.view_functions.get(reached.endpoint or "")
    needs_client_cert = getattr(view, _CLIENT_CERT, False)
    if verdict.scheme == "https":
        return _denied(True) if needs_client_cert else None
    exempted = reached.environ.get(exemption.KEY)
    if exempted is not None:
        exempted.is_reached = True
        is_meant = reached.endpoint == exempted.endpoint and reached.method in SAFE_METHODS
        return None if is_meant else refusal(reached.environ)
    is_required = mark_of(app, reached.endpoint) == REQUIRED
    return _denied(needs_client_cert) if is_required else None


def _settings() -> Any:
    return current_app.extensions["plainwire"].settings


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


def mark_of(app: Flask, endpoint: str | None) -> str | None:
    """The mark of an endpoint: its view's, its view class's, else its innermost blueprint's."""
    if endpoint is None:
        return None
    view = app.view_functions.get(endpoint)
    for marked in (view, getattr(view, "view_class", None), *_blueprints(app, endpoint)):
        if (mark := getattr(marked, _MARK, None)) is not None:
            return str(mark)
    return None


def marked_endpoints(app: Flask, mark: str) -> list[str]:
    """The endpoints with this mark, sorted."""
    return sorted(name for name in app.view_functions if mark_of(app, name) == mark)


def _blueprints(app: Flask, endpoint: str) -> list[Any]:
    """Those of ``a.b.view``: ``a.b``, then ``a``."""
    parts = endpoint.split(".")[:-1]
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return [app.blueprints[name] for name in names if name in app.blueprints]
