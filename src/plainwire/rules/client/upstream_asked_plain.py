"""The application asks another server over plain HTTP.

What it sends (a user's location, a key in the address) and what comes back can be read and changed
on the way, and the application believes it (CWE-319).

Remedy:

    Use the https address of the service.

Bad:

    --- weather.py
    import requests
    def weather(place):
        return requests.get(f"http://api.openweathermap.org/data/2.5/weather?q={place}").json()

Good:

    --- weather.py
    import requests
    def weather(place):
        return requests.get(f"https://api.openweathermap.org/data/2.5/weather?q={place}").json()
    def health():
        return requests.get("http://localhost:5000/health").ok

Limits:

    Addresses that come from the configuration outside the project are not seen. Names of the
    machine and of private networks are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Call, Finding, Module, Project, Severity, rule
from plainwire.wire.plain_urls import is_remote

_CLIENTS = ("requests", "httpx", "aiohttp", "urllib", "urllib3", "http.client", "pycurl", "treq")
_ASKED_OF = (*_CLIENTS, "session", "self")
_ASKS = re.compile(
    r"(^|\.)(get|post|put|patch|delete|head|options|request|urlopen|urlretrieve|Request|stream"
    r"|ws_connect)$"
)
_NAMES = re.compile(r"url|uri|endpoint|host|site|server|api|base|service|address", re.IGNORECASE)
# What OAuth's clients are given (Flask-OAuthlib, Authlib, Flask-Dance): whoever reads on the way
# to these addresses has the code, the client's secret or the token (RFC 6749, section 3.2).
_OAUTH = (
    "access_token_url",
    "api_base_url",
    "authorization_url",
    "authorize_url",
    "base_url",
    "issuer",
    "jwks_uri",
    "refresh_token_url",
    "request_token_url",
    "server_metadata_url",
    "token_url",
    "userinfo_endpoint",
)
_OAUTH_MODULES = ("authlib", "flask_dance", "flask_oauth", "oauthlib", "requests_oauthlib", "rauth")
_ABOUT = re.compile(r"license|homepage|home_page|docs?_|project_url|namespace|xmlns|schema", re.I)


@rule(
    kind="http-upstream",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("RFC 9110, section 17",),
)
def upstream_asked_plain(project: Project) -> Iterator[Finding]:
    """Addresses that are asked, in a project with an HTTP client."""
    modules = [m for m in project.modules if m.file.environment in ("production", "staging")]
    if not any(_has_client(module) for module in modules):
        return
    for module in modules:
        yield from _in(module)


def _in(module: Module) -> Iterator[Finding]:
    named = set()
    for binding in module.bindings:
        prefix = binding.value.prefix
        if not prefix.startswith("http://") or not is_remote(prefix):
            continue
        if _NAMES.search(binding.key) and not _ABOUT.search(binding.key):
            named.add(prefix)
            yield upstream_asked_plain.finding(
                f"{prefix[:120]} is asked in clear", module.span(binding.line)
            )
    has_oauth = any(full.startswith(_OAUTH_MODULES) for full in module.imports.values())
    for call in module.calls:
        if has_oauth:
            yield from _given_to_oauth(call, module, named)
        if not call.name.startswith(_ASKED_OF) or not _ASKS.search(call.name):
            continue
        for position in (0, 1):
            value = call.argument("url", position)
            prefix = value.prefix if value is not None else ""
            if prefix.startswith("http://") and is_remote(prefix) and prefix not in named:
                yield upstream_asked_plain.finding(
                    f"{prefix[:120]} is asked in clear", module.span(call.line)
                )
                break


def _given_to_oauth(call: Call, module: Module, named: set[str]) -> Iterator[Finding]:
    """The first address that a client of OAuth is given without TLS, its token's before others."""
    for name in _OAUTH if call.keywords else ():
        value = call.argument(name)
        prefix = value.prefix if value is not None else ""
        if prefix.startswith("http://") and is_remote(prefix) and prefix not in named:
            yield upstream_asked_plain.finding(
                f"{prefix[:120]} is given to a client of OAuth, which asks it in clear",
                module.span(value.line if value is not None else call.line),
                severity=Severity.HIGH if "token" in name or "metadata" in name else None,
            )
            return


def _has_client(module: Module) -> bool:
    return any(
        name.partition(".")[0] in _CLIENTS or name.startswith(_OAUTH_MODULES)
        for name in module.imports.values()
    )
