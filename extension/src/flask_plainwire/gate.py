"""The WSGI layer around a Flask application that lets through what came over TLS."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from flask import Flask, Request, request
from werkzeug.wrappers import Response

from flask_plainwire import (
    answers,
    credentials,
    decorators,
    evidence,
    exemption,
    layers,
    marks,
    outgoing,
    settings,
)
from flask_plainwire.hsts import host_name, is_local_name
from flask_plainwire.peers import address_of, is_loopback, peer_of, said_of_wide
from flask_plainwire.rates import Rate, Recent
from flask_plainwire.scheme import (
    CLEARTEXT,
    PROXY_HEADERS,
    SCHEME_HEADERS,
    TOLD,
    VERDICT,
    Verdict,
    decide,
    header_name,
    shown,
)
from flask_plainwire.settings import DEVELOPMENT, MARKED, PROXY, REDIRECT, REFUSE, REPORT, Settings
from flask_plainwire.signals import (
    cleartext_refused,
    credential_exposed,
    untrusted_forwarded_header,
)

Environ = MutableMapping[str, Any]
_LOGGED_PER_MINUTE = 3


class Gate:
    """``app.wsgi_app`` with the extension around it, and ``app.extensions["plainwire"]``."""

    def __init__(self, app: Flask, inner: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self.inner = inner
        self._settings: Settings | None = None
        self._lock = threading.Lock()
        self._logged = Rate(_LOGGED_PER_MINUTE)
        self._exposures = Rate(0)
        self._exposed_lately = Recent()
        self._judged_headers = PROXY_HEADERS

    @property
    def settings(self) -> Settings:
        """What was read at the first request.

        Raises:
            RuntimeError: if there was none yet.
        """
        if self._settings is None:
            raise RuntimeError("the configuration is read at the first request")
        return self._settings

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Refuse, redirect or pass on one request."""
        rules = self._settings or self._read(environ)
        verdict = decide(environ, rules)
        is_forwarded = not self._judged_headers.isdisjoint(environ)
        forged = self._cleaned(environ, rules, verdict) if is_forwarded else ()
        environ["wsgi.url_scheme"] = verdict.scheme
        environ[VERDICT] = verdict
        hsts = None
        if verdict.scheme == "https":
            if rules.mode in (REFUSE, REDIRECT):
                hsts = rules.hsts.value(environ.get("HTTP_HOST", ""))
        elif rules.termination == DEVELOPMENT and not is_forwarded and _is_at_home(environ):
            environ[decorators.IN_DEVELOPMENT] = True
        else:
            answer = self._answer_in_clear(environ, start_response, rules, verdict, forged)
            if answer is not None:  # an answer may be an empty list
                return answer
        self._tell_forged(environ, forged)
        secures = rules.cookies_secure and (
            verdict.scheme == "https"
            or (rules.mode in (REFUSE, REDIRECT) and decorators.IN_DEVELOPMENT not in environ)
        )
        if hsts is None and not secures:
            return self.inner(environ, start_response)
        return self.inner(environ, outgoing.secured(start_response, hsts, secures))

    def check_view(self) -> Response | None:
        """Refuse a request that has reached another view than the one that was decided on.

        A layer inside may have changed path or method (X-HTTP-Method-Override), or a decorator may
        stand where its guard is not called. Called by Flask, before every other hook.
        """
        # Each access through the proxy costs as much as all that is looked at.
        reached: Request = request._get_current_object()  # type: ignore[attr-defined]
        return decorators.denied_at(self.app, reached)

    # The first request

    def _read(self, environ: Environ) -> Settings:
        with self._lock:
            if self._settings is None:
                may_be_silent = self.app.debug or self.app.testing
                try:
                    rules = settings.read(self.app.config, may_be_silent)
                    # Of an application that is mounted in one with a gate, that gate is outermost.
                    frame = None if VERDICT in environ else inspect.currentframe()
                    outside = layers.outside(self, frame)
                    layers.ensure_peer_is_known([*outside.wrapped_later, *outside.around])
                except settings.ConfigurationError as error:
                    raise settings.ConfigurationError(self._told(error, environ)) from None
                self._notice(environ, rules, outside)
                named = {rules.header_key, rules.client_cert_key} - {""}
                self._judged_headers = PROXY_HEADERS | named
                self._exposures = Rate(rules.exposures_per_minute)
                self._settings = rules
            return self._settings

    def _told(self, error: Exception, environ: Environ) -> str:
        lines = [str(error), *settings.said_of_unknown(self.app.config), "seen with this request:"]
        lines += [f"  {line}" for line in evidence.seen(environ, self.app.wsgi_app)]
        return "\n".join([*lines, f"likely: {evidence.likely(environ)}"])

    def _notice(self, environ: Environ, rules: Settings, outside: layers.Outside) -> None:
        log = self.app.logger
        for layer in outside.wrapped_later:
            log.warning("TLS(app) is not the outermost layer: %s", layers.said_of_later(layer))
        for layer in outside.around:
            if not layers.is_proxy_fix(layer):
                log.warning("TLS(app) is not the outermost layer: %s", layers.said_of_around(layer))
        if "werkzeug.proxy_fix.orig" in environ and self.app.wsgi_app is self:
            log.warning("a ProxyFix is around the application: %s", layers.PROXY_FIX_OUTSIDE)
        for said in (
            *settings.said_of_unknown(self.app.config),
            *map(said_of_wide, rules.peers.wide()),
        ):
            log.warning("%s", said)
        for endpoint, function in marks.hidden(self.app):
            log.warning("%s", marks.said_of_hidden(endpoint, function))
        if rules.termination == DEVELOPMENT:
            log.info("TLS_TERMINATION is not set (debug or tests): loopback is served in clear")

    # In clear

    def _cleaned(self, environ: Environ, rules: Settings, verdict: Verdict) -> tuple[str, ...]:
        """Leave of the proxy's headers what a trusted proxy vouches for; the others' names."""
        if rules.termination == PROXY and verdict.reason != "peer-untrusted":
            for key in SCHEME_HEADERS:
                if key != rules.header_key:
                    environ.pop(key, None)
            # One value, for whoever reads it further in: ProxyFix, or code that does so by hand.
            if not rules.is_rfc7239 and rules.header_key in environ:
                environ.setdefault(TOLD + rules.header_key, environ[rules.header_key])
                environ[rules.header_key] = verdict.scheme
            return ()
        found = sorted(self._judged_headers.intersection(environ))
        for key in found:
            del environ[key]
        return tuple(header_name(key) for key in found)

    def _answer_in_clear(
        self,
        environ: Environ,
        start_response: Callable[..., Any],
        rules: Settings,
        verdict: Verdict,
        forged: tuple[str, ...],
    ) -> Iterable[bytes] | None:
        """The answer to a request in clear; None if it is to be served."""
        endpoint = marks.endpoint_of(self.app, environ)
        method = environ["REQUEST_METHOD"]
        mark = marks.mark_of(self.app, endpoint, method, rules.exempt_endpoints)
        is_safe = method in answers.SAFE_METHODS and ("HTTP_UPGRADE" not in environ)
        if endpoint is not None and mark == marks.EXEMPT and is_safe:
            self._tell_forged(environ, forged)
            self._expose(environ, list(self._exposed(environ, rules)))
            credentials.strip(environ, rules.credential_headers)
            told = self.telling(environ)
            return exemption.answer(self.inner, environ, start_response, endpoint, told)
        if rules.mode in (REPORT, MARKED) and mark not in (marks.REQUIRED, marks.REDIRECTED):
            if rules.mode == REPORT:
                self._log("would be refused", environ, verdict)
                self._expose(environ, list(self._exposed(environ, rules)))
            return None
        redirects = rules.mode == REDIRECT and mark != marks.REQUIRED
        url = None
        # What is not certain may have come over TLS: it would be sent to where it comes from.
        is_certain = verdict.reason == CLEARTEXT.reason
        if is_safe and is_certain and (redirects or mark == marks.REDIRECTED):
            url = answers.location(environ, rules.redirect_hosts, rules.redirect_port)
        if url is not None:
            then = self.telling(environ, forged, "redirected")
            return answers.redirect(environ, start_response, url, then)
        return answers.refuse(environ, start_response, self.telling(environ, forged))

    def telling(
        self, environ: Environ, forged: tuple[str, ...] = (), word: str = "refused"
    ) -> Callable[[], None]:
        """What to call after a request in clear was denied: it is logged, and signals are sent."""
        verdict: Verdict = environ[VERDICT]
        found = list(self._exposed(environ, self.settings))
        kept = {
            "reason": verdict.reason,
            "method": environ["REQUEST_METHOD"],
            "path": environ.get("PATH_INFO", ""),
            "peer": peer_of(environ),
        }

        def then() -> None:
            self._log(word, environ, verdict)
            self._tell_forged(environ, forged)
            self._send(cleartext_refused, **kept)
            self._expose(environ, found)

        return then

    # What is told

    def _exposed(self, environ: Environ, rules: Settings) -> Iterable[credentials.Exposed]:
        return credentials.exposed(environ, self.app.config, rules.credential_headers)

    def _expose(self, environ: Environ, found: list[credentials.Exposed]) -> None:
        for one in found:
            if one.sha256 in self._exposed_lately:
                continue
            passes, held = self._exposures.passes("exposed")
            if held and (passes or held == 1):
                self.app.logger.warning("credentials exposed and not signalled: %d", held)
            if passes:
                self._exposed_lately.add(one.sha256)
                self._send(
                    credential_exposed,
                    kind=one.kind,
                    name=one.name,
                    sha256=one.sha256,
                    username=one.username,
                    path=environ.get("PATH_INFO", ""),
                    peer=peer_of(environ),
                )

    def _tell_forged(self, environ: Environ, names: tuple[str, ...]) -> None:
        if names:
            path, peer = environ.get("PATH_INFO", ""), peer_of(environ)
            self._send(untrusted_forwarded_header, headers=names, path=path, peer=peer)

    def _send(self, signal: Any, **told: Any) -> None:
        """Tell the receivers, each apart, in an application context as a view has it.

        Not by ``signal.send``, which leaves out those after one that fails.
        """
        if signal.is_muted:
            return
        for receiver in signal.receivers_for(self.app):
            try:
                with self.app.app_context():
                    self.app.ensure_sync(receiver)(self.app, **told)
            except Exception:  # whatever theirs raise: the next must still hear
                self.app.logger.exception("a receiver of %s failed", signal.name)

    def _log(self, word: str, environ: Environ, verdict: Verdict) -> None:
        passes, held = self._logged.passes(verdict.reason)
        if passes:
            self.app.logger.warning(
                "%s: %s %s from %s: %s%s%s",
                word,
                shown(environ["REQUEST_METHOD"], 20),
                shown(environ.get("PATH_INFO", "")),
                shown(peer_of(environ)),
                verdict.reason,
                f" ({verdict.detail})" if verdict.detail else "",
                f"; {held} like it were not logged" if held else "",
            )


def _is_at_home(environ: Environ) -> bool:
    """Is it a developer's own request: from this machine, for this machine?"""
    name = host_name(environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""))
    address = address_of(name.strip("[]"))
    is_here = is_local_name(name) or (address is not None and address.is_loopback)
    return is_here and is_loopback(peer_of(environ))
