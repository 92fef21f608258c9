"""What ``flask tls check`` finds in an application, without sending a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Flask

from flask_plainwire import layers, marks, settings
from flask_plainwire.answers import SAFE_METHODS
from flask_plainwire.gate import Gate
from flask_plainwire.peers import said_of_wide
from flask_plainwire.scheme import header_name
from flask_plainwire.settings import DEVELOPMENT, PROXY, REFUSE, YEAR_S, Settings

LEVELS = ("info", "warning", "error")


@dataclass(frozen=True)
class Finding:
    """One thing to know; the id never changes its meaning."""

    id: str
    level: str
    message: str
    hint: str = ""


def check(app: Flask) -> list[Finding]:
    """Everything to say of this application's configuration, the worst first."""
    gate = app.extensions.get("plainwire")
    if not isinstance(gate, Gate):
        said = "the extension is not there"
        return [Finding("tls.E001", "error", said, "TLS(app), after every other layer")]
    found = [*_configured(app), *_outer_layers(app, gate)]
    try:
        rules = settings.read(app.config, may_be_silent=True)
    except settings.ConfigurationError:
        return _sorted(found)
    for look in _LOOKS:
        found += look(app, rules)
    return _sorted(found)


def _sorted(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: (-LEVELS.index(one.level), one.id))


def _configured(app: Flask) -> Iterator[Finding]:
    try:
        settings.read(app.config, may_be_silent=app.debug or app.testing)
    except settings.ConfigurationError as error:
        for line in str(error).splitlines():
            hint = "README, Configuration; an app that starts so refuses to answer"
            yield Finding("tls.E002", "error", line, hint)
    for name, near in settings.unknown_keys(app.config).items():
        hint = f"{near}?" if near else ""
        yield Finding("tls.W001", "warning", f"no key {name!a}", hint)


def _outer_layers(app: Flask, gate: Gate) -> Iterator[Finding]:
    outer = layers.layers(app.wsgi_app, until=gate)
    for layer in outer:
        level, id = ("warning", "tls.W002") if layers.is_proxy_fix(layer) else ("error", "tls.E003")
        yield Finding(id, level, layers.said_of_later(layer))
    try:
        layers.ensure_peer_is_known(outer)
    except settings.ConfigurationError as error:
        yield Finding("tls.E005", "error", str(error))


def _undeployed(app: Flask, rules: Settings) -> Iterator[Finding]:
    if rules.termination == DEVELOPMENT and (app.debug or app.testing):
        said = "TLS_TERMINATION is not set, which only debug and tests allow"
        yield Finding("tls.W003", "warning", said, "'server' or 'proxy'")


def _wide_trust(app: Flask, rules: Settings) -> Iterator[Finding]:
    for network in rules.peers.wide():
        yield Finding("tls.E004", "error", said_of_wide(network), "the addresses of the proxies")


def _unenforced(app: Flask, rules: Settings) -> Iterator[Finding]:
    if rules.mode in (settings.REPORT, settings.MARKED):
        said = f"TLS_MODE is '{rules.mode}': requests in clear are served"
        yield Finding("tls.W004", "warning", said, "TLS_MODE = 'refuse', when the report is quiet")


def _exempt(app: Flask, rules: Settings) -> Iterator[Finding]:
    for name in sorted(rules.exempt_endpoints - set(app.view_functions)):
        yield Finding("tls.W005", "warning", f"TLS_EXEMPT_ENDPOINTS: no endpoint {name!a}")
    for name, methods in marks.marked(app, marks.EXEMPT, rules.exempt_endpoints).items():
        yield Finding("tls.I001", "info", f"{name} answers GET and HEAD in clear")
        if left := sorted(methods - SAFE_METHODS - {"OPTIONS"}):
            said = f"{name} is exempt and takes {', '.join(left)}, which are refused in clear"
            yield Finding("tls.W006", "warning", said)


def _redirects(app: Flask, rules: Settings) -> Iterator[Finding]:
    names = marks.marked(app, marks.REDIRECTED)
    if names and not rules.redirect_hosts:
        said = f"{', '.join(names)}: marked for a redirect, and TLS_REDIRECT_HOSTS is not set"
        yield Finding("tls.W007", "warning", said, "without an allow-listed host it is refused")


def _hidden(app: Flask, rules: Settings) -> Iterator[Finding]:
    for endpoint, function in marks.hidden(app):
        yield Finding("tls.W011", "warning", marks.said_of_hidden(endpoint, function))


def _hsts(app: Flask, rules: Settings) -> Iterator[Finding]:
    age_s = rules.hsts.age_s(time.time())
    if age_s < YEAR_S and rules.mode in (REFUSE, settings.REDIRECT):
        said = f"HSTS: max-age is {age_s} s" if age_s else "HSTS is not sent"
        yield Finding("tls.I002", "info", said, "TLS_HSTS_SINCE raises it by a ramp")
    if rules.hsts.preload and rules.mode == REFUSE:
        # https://hstspreload.org/#submission-requirements, 2: redirect on the same host, if port
        # 80 listens.
        said = "the preload list asks of port 80 a redirect, and TLS_MODE is 'refuse'"
        yield Finding("tls.W008", "warning", said, "close port 80, or let the proxy redirect")


def _cookies(app: Flask, rules: Settings) -> Iterator[Finding]:
    if not rules.cookies_secure:
        yield Finding("tls.W009", "warning", "TLS_COOKIES_SECURE is off")


def _links(app: Flask, rules: Settings) -> Iterator[Finding]:
    if app.config.get("PREFERRED_URL_SCHEME") == "http":
        said = "PREFERRED_URL_SCHEME is 'http': url_for outside of requests writes http links"
        yield Finding("tls.I003", "info", said, "PREFERRED_URL_SCHEME = 'https'")


def _others(app: Flask, rules: Settings) -> Iterator[Finding]:
    hooks = app.before_request_funcs.get(None, [])
    for name in ("flask_talisman", "flask_sslify"):
        theirs = [hook for hook in hooks if getattr(hook, "__module__", "").startswith(name)]
        # Talisman's hooks are its methods; with force_https=False they redirect nobody.
        if any(getattr(getattr(hook, "__self__", None), "force_https", True) for hook in theirs):
            said = f"{name} redirects too, by a header that it believes from everybody"
            yield Finding("tls.W010", "warning", said, "README, Coming from Flask-Talisman")


def _smuggled(app: Flask, rules: Settings) -> Iterator[Finding]:
    if rules.termination != PROXY:
        return
    for key in (rules.header_key, rules.client_cert_key):
        name = header_name(key)
        if "-" in name:
            said = (
                "some servers (cheroot, granian, tornado, twisted) take "
                f"{name.replace('-', '_')} of a client for {name}, if the proxy lets it through"
            )
            yield Finding("tls.I004", "info", said, "README, Servers that do not tell - from _")


_LOOKS: tuple[Callable[[Flask, Settings], Iterator[Finding]], ...] = (
    _undeployed,
    _wide_trust,
    _unenforced,
    _exempt,
    _redirects,
    _hidden,
    _hsts,
    _cookies,
    _links,
    _others,
    _smuggled,
)
