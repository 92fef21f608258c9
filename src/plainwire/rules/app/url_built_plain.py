"""Addresses for users are built with http.

A link in a mail or an answer that begins with http:// takes whoever follows it, with the token in
it, over plain HTTP first. `PREFERRED_URL_SCHEME` is what Flask uses outside a request (CWE-319).

Remedy:

    Build addresses by url_for(..., _external=True) with PREFERRED_URL_SCHEME = "https".

Bad:

    --- config.py
    class ProductionConfig:
        PREFERRED_URL_SCHEME = "http"
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Good:

    --- config.py
    class ProductionConfig:
        PREFERRED_URL_SCHEME = "https"
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Limits:

    An address that a constant holds whole counts where nothing in the project asks addresses; else
    it is one of those that are asked. The default of PREFERRED_URL_SCHEME is http too, and counts
    only outside requests; where nothing is built there it does nothing, so that leaving it out is
    no finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.wire.plain_urls import is_remote

_NAMES = re.compile(
    r"(base|site|public|external|root|app|callback|reset|confirm|front_?end)_?(\w+_)?(url|uri|link)"
)
_CLIENTS = frozenset(
    {"requests", "httpx", "aiohttp", "urllib", "urllib3", "http", "pycurl", "treq"}
)


@rule(
    kind="url-scheme-http",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("Flask, PREFERRED_URL_SCHEME", "RFC 9110, section 17"),
)
def url_built_plain(project: Project) -> Iterator[Finding]:
    """The setting, url_for with _scheme="http", and addresses put together from http://."""
    for app in project.apps:
        for setting in app.setting("PREFERRED_URL_SCHEME", "production", "staging"):
            if setting.value == "http":
                yield url_built_plain.finding("addresses are built with http", setting.place)
    asks = _asks(project)
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for call in module.calls:
            scheme = call.argument("_scheme")
            if call.name.endswith("url_for") and scheme is not None and scheme.literal == "http":
                yield url_built_plain.finding(
                    "the address is built with http", module.span(call.line)
                )
        for binding in module.bindings:
            prefix = binding.value.prefix
            is_whole = prefix.startswith("http://") and is_remote(prefix) and not asks
            if (prefix == "http://" or is_whole) and _NAMES.search(binding.key.lower()):
                yield url_built_plain.finding(
                    "the address is built with http", module.span(binding.line)
                )


def _asks(project: Project) -> bool:
    """True if the project has an HTTP client, so that an address may be one that it asks."""
    return any(
        name.partition(".")[0] in _CLIENTS
        for module in project.modules
        for name in module.imports.values()
    )
