"""``@tls_exempt``, ``@tls_redirect``, ``@require_https``, and the guard that the last one is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, overload

from flask import Blueprint, Flask, Request, current_app, request
from werkzeug.wrappers import Response

from flask_plainwire import client_certificates, exemption, marks
from flask_plainwire.answers import SAFE_METHODS, refusal
from flask_plainwire.scheme import VERDICT

# What a development server on loopback was allowed: `require_https` allows it too.
IN_DEVELOPMENT = "flask_plainwire.in_development"

# A server, or a bridge to one, sets one of these at least; a script's request context none.
_SERVERS = ("REMOTE_ADDR", "SERVER_SOFTWARE", "wsgi.multithread")
_PAST = (
    "the request came past TLS(app): something was made of app.wsgi_app before TLS(app) was "
    "called; make it afterwards, or put it into app.wsgi_app"
)

View = TypeVar("View", bound=Callable[..., Any])
Markable = TypeVar("Markable", bound=Callable[..., Any] | Blueprint)


def tls_exempt(view: Markable) -> Markable:
    """Answer GET and HEAD in clear too, without the request's credentials; for health checks.

    Raises:
        TypeError: for what is no view, and for a view with another mark.
    """
    marks.put(view, marks.EXEMPT)
    return view


def tls_redirect(view: Markable) -> Markable:
    """Answer GET and HEAD in clear by 308 to https, for pages that a browser's user types in.

    Raises:
        TypeError: for what is no view, and for a view with another mark.
    """
    marks.put(view, marks.REDIRECTED)
    return view


@overload
def require_https(view: Blueprint) -> Blueprint: ...
@overload
def require_https(view: View) -> View: ...
def require_https(view: Any) -> Any:
    """Refuse this view in clear, whatever TLS_MODE says of the others.

    Raises:
        TypeError: for what is no view, and for a view with another mark.
    """
    return tls_required()(view)


def tls_required(*, client_cert: bool = False) -> Callable[[Markable], Markable]:
    """Refuse this view in clear and, with ``client_cert``, without a verified client certificate.

    A blueprint can be marked without ``client_cert``.

    Raises:
        TypeError: for a blueprint with ``client_cert``, for what is no view, and for a view with
            another mark.
    """

    def decorate(view: Any) -> Any:
        if isinstance(view, Blueprint) and client_cert:
            raise TypeError("client_cert=True is for views, not for a blueprint")
        # Before it is wrapped: where @app.route is below, Flask knows the view and not the guard.
        marks.put(view, marks.REQUIRED, client_cert)
        if isinstance(view, Blueprint):
            return view
        if isinstance(view, type):  # marks.put takes classes of flask.views.View only
            view.decorators = [*view.decorators, decorate]  # type: ignore[attr-defined]
            return view
        return _guarded(view, client_cert)

    return decorate


def _guarded(view: Callable[..., Any], client_cert: bool) -> Callable[..., Any]:
    """A view of the same kind, with its marks, that refuses by itself."""
    if inspect.iscoroutinefunction(view):

        @functools.wraps(view)
        async def guarded_later(*args: Any, **kwargs: Any) -> Any:
            return _denied(client_cert) or await view(*args, **kwargs)

        return guarded_later

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return _denied(client_cert) or current_app.ensure_sync(view)(*args, **kwargs)

    return guarded


def _denied(client_cert: bool) -> Response | None:
    environ = request.environ
    verdict = environ.get(VERDICT)
    if verdict is None:
        raise RuntimeError("the view requires HTTPS: call TLS(app), which finds out, first")
    if verdict.scheme != "https" and not environ.get(IN_DEVELOPMENT):
        return _refusal()
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
    endpoint, method = reached.endpoint, reached.method
    wants_client_cert = marks.needs_client_cert(app, endpoint, method)
    if verdict.scheme == "https":
        return _denied(True) if wants_client_cert else None
    exempted = reached.environ.get(exemption.KEY)
    if exempted is not None:
        exempted.is_reached = True
        is_meant = endpoint == exempted.endpoint and method in SAFE_METHODS
        return None if is_meant else _refusal()
    is_required = marks.mark_of(app, endpoint, method) == marks.REQUIRED
    return _denied(wants_client_cert) if is_required else None


def _refusal() -> Response:
    """The refusal of the gate, told of as its own are: after the answer."""
    response = refusal(request.environ)
    if (gate := current_app.extensions.get("plainwire")) is not None:  # else: of one around it
        response.call_on_close(gate.telling(request.environ))
    return response


def _settings() -> Any:
    return current_app.extensions["plainwire"].settings
