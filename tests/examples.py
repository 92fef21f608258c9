"""Runs a check on the examples of its own page.

The code of an example runs with `issue`, `days`, `now` and `token` (makes a JSON Web Token) at
hand and may define
- `source`: files as in a rule's page, given to the scan as the application's source;
- `app`: a Flask application that is served over http and over https, in process;
- `http_app` / `https_app`: one for a single scheme; nobody listens at the other;
- `users`: the bearer tokens of those whom the scan asks as, by name; the first one is the given;
- `protocols`, `ciphers`, `features` and the like (`PARTS`): what the probe found, where no server
  can be had that does it;
- `ciphers` as a string of OpenSSL's: a real server on loopback with these suites, and what our
  own probe finds of it, as with `plainwire tls`; `certificate` and `versions` belong to it then;
- `staple` (by `ocsp_response(...)`): the certificate is judged with it, as no server can be had;
- `publicly_trusted = True`: the examples' root counts as one of Mozilla's;
- `certificate` (made by `issue(...)`) and/or `versions`: then https is a real TLS server on
  loopback with that certificate and those versions, and plain HTTP is closed.
The site's name is `api.example.com`; `root`, the examples' own CA, is trusted as `--ca`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import tempfile
import textwrap
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from auditing import laid_out
from plainwire import correlate
from plainwire.live.connector import NoListenerError
from plainwire.live.credentials import Credentials
from plainwire.live.logins import Recipe
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.model import (
    Check,
    DhParameters,
    Exchange,
    Origin,
    PostQuantum,
    Report,
    Request,
    TlsEndpoint,
    example_files,
)
from plainwire.scan import scan_async
from plainwire.tls import report_async
from plainwire.wire.target import parse_target

HOST = "api.example.com"
OPTED_IN = frozenset(
    {
        "trace-probe",
        "login-probes",
        "default-credentials",
        "injection-probes",
        "rate-probes",
        "ssrf-probes",
    }
)  # an example is found only if its question may be asked
# Parts of a TlsEndpoint that an example may state.
PARTS = (
    "protocols",
    "ciphers",
    "groups",
    "signature_algorithms",
    "dh",
    "features",
    "vulnerabilities",
    "post_quantum",
)


def code_of(text: str) -> dict[str, Any]:
    """The names that an example's code defines."""
    space: dict[str, Any] = {"__name__": "example", "now": datetime.now(UTC)}
    space["token"] = made_token
    space["days"] = lambda n: timedelta(days=n)
    space |= {"DhParameters": DhParameters, "PostQuantum": PostQuantum}
    with contextlib.suppress(ImportError):
        from certificates import issue, ocsp_response, roca_key
        from tls_example import ROOT

        space |= {"issue": issue, "root": ROOT}
        space |= {"ocsp_response": ocsp_response, "roca_key": roca_key}
    exec(compile(textwrap.dedent(text), "example.py", "exec"), space)
    return space


def made_token(secret: str, **claims: Any) -> str:
    """A JSON Web Token with HS256 (RFC 7515, appendix A.1), made here and not by our own code."""
    header = {"alg": "HS256", "typ": "JWT"}
    parts = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (header, claims)
    ]
    signed = b".".join(parts)
    mac = hmac.new(secret.encode(), signed, "sha256").digest()
    return b".".join((signed, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()


def identities(space: dict[str, Any], origin: Origin) -> dict[str, Credentials]:
    """The users of an example; the first is the given one."""
    users = space.get("users", {})
    if not isinstance(users, dict):  # a handler of that name
        return {}
    names = ["given", *list(users)[1:]]
    lines = [(("Authorization", f"Bearer {token}"),) for token in users.values()]
    return {n: Credentials(line, origin) for n, line in zip(names, lines, strict=False)}


def recipe(fields: dict[str, str]) -> Recipe:
    """How the user of an example logs in: a POST of its fields to /login."""
    body, kind = json.dumps(fields).encode(), ("Content-Type", "application/json")
    secret = (fields["password"],)
    return Recipe("ann", "/login", "token", headers=(kind,), body=body, secrets=secret)


def wsgi_send(space: dict[str, Any], known: dict[str, Credentials] | None = None) -> Any:
    """A door for `LiveSite(send=...)` that asks the example's application in process."""
    apps = {
        "http": space.get("http_app", space.get("app")),
        "https": space.get("https_app", space.get("app")),
    }

    async def send(request: Request) -> Exchange:
        app = apps[request.origin.scheme]
        if app is None:
            raise NoListenerError("connection refused")
        client = app.test_client(use_cookies=False)
        who = (known or {}).get("given" if request.identity == "canary" else request.identity or "")
        lines = who.lines(request) if who is not None else ()
        named = {name.lower() for name, _ in request.headers}
        lines = tuple(line for line in lines if line[0].lower() not in named)
        answer = client.open(
            request.path,
            method=request.method,
            headers=[*lines, *request.headers],
            data=request.body or None,
            base_url=request.origin.url(""),
        )
        lines = tuple((k, v) for k, v in answer.headers)
        return Exchange(request, answer.status_code, lines, answer.data, address="127.0.0.1")

    return send


async def good_tls(site: LiveSite, origin: Origin) -> TlsEndpoint:
    """What a sound TLS server reveals, where https is served; used for in-process examples."""
    answer = await site.ask(Request(origin, "GET", site.target.path))
    return TlsEndpoint(origin.host, origin.port, speaks_tls=isinstance(answer, Exchange))


async def report_on(check: Check, example: str, *, target: str = f"https://{HOST}/") -> Report:
    """The report of one check alone on one example."""
    space = code_of(example)
    options: dict[str, Any] = {"checks": [check]}
    if "source" in space:
        with tempfile.TemporaryDirectory() as folder:
            files = example_files(space["source"])
            options["source"] = correlate.of_folder(laid_out(files, Path(folder)))
    if isinstance(space.get("ciphers"), str):
        return await probed(check, space)
    if ("certificate" in space and "staple" not in space) or "versions" in space:
        from tls_example import ROOT, serving

        async with serving(space) as (port, ca_file):
            parsed, _ = parse_target(f"https://{HOST}:{port}/")
            parsed = replace(parsed, address="127.0.0.1")
            if space.get("publicly_trusted"):
                options["stores"] = {"mozilla": (ROOT.der,)}
            return await scan_async(parsed, settings=Settings(ca_file=ca_file), **options)
    parsed, _ = parse_target(target)

    async def look(site: LiveSite, origin: Origin) -> TlsEndpoint:
        endpoint = replace(await good_tls(site, origin), **stated)
        return replace(endpoint, certificates=judged(space)) if "staple" in space else endpoint

    stated = {name: space[name] for name in PARTS if name in space}
    if "ciphers" in stated:
        stated.setdefault("protocols", dict.fromkeys(stated["ciphers"], True))
    space.setdefault("https_app" if stated or "staple" in space else "", Flask("example"))
    known = identities(space, parsed.https[0])
    recipes = {"given": recipe(space["login"])} if isinstance(space.get("login"), dict) else {}
    return await scan_async(
        replace(parsed, address="127.0.0.1"),
        settings=Settings(allow=OPTED_IN),
        send=wsgi_send(space, known),
        identities={**known, **recipes},
        look=look,
        **options,
    )


async def probed(check: Check, space: dict[str, Any]) -> Report:
    """What one check makes of a real server with the example's suites, probed by itself."""
    from tls_example import ROOT, serving

    async with serving(space) as (port, _):
        parsed, _ = parse_target(f"https://{HOST}:{port}/")
        parsed = replace(parsed, address="127.0.0.1")
        return await report_async(parsed, checks=[check], stores={"ca-file": (ROOT.der,)})


def judged(space: dict[str, Any]) -> tuple[Any, ...]:
    """The example's certificate with the staple that came along."""
    from plainwire.wire.paths import judge
    from tls_example import ROOT

    chain = judge(
        space["certificate"].chain,
        name=HOST,
        now=space["now"],
        stores={"ca-file": (ROOT.der,)},
        stapled=True,
        staple=space["staple"],
    )
    return (chain,)


def holds(check: Check) -> bool:
    """True if the check finds the page's Bad and is silent on its Good, with an answer on both."""
    bad = asyncio.run(report_on(check, check.page.bad))
    good = asyncio.run(report_on(check, check.page.good))
    found = [f for f in bad.findings if f.id == check.id]
    return bool(found) and not good.findings and not good.unanswered and not bad.unanswered


async def nothing(site: Any) -> AsyncIterator[Any]:
    """A check that finds nothing."""
    for _ in ():
        yield
