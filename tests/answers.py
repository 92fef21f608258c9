"""A site whose answers are written down: what a check finds in exactly these headers."""

import asyncio
from dataclasses import replace

from examples import HOST, good_tls
from plainwire import catalog
from plainwire.live.connector import NoListenerError
from plainwire.model import Exchange, Finding, Report
from plainwire.scan import scan_async
from plainwire.wire.target import parse_target

CHECKS = {check.id: check for check in catalog.load()}
Lines = list[tuple[str, str]]


def scanned(*ids: str, host: str = HOST, **schemes: dict[str, tuple[int, Lines]]) -> Report:
    """The report of checks on a site that is `https={path: (status, headers)}` and `http={...}`.

    A path that is not written down answers as "*" does, or 404; at a scheme without answers
    nobody listens.
    """
    target, _ = parse_target(f"https://{host}/")
    paths = tuple({path: None for answers in schemes.values() for path in answers if path != "*"})

    async def send(request):
        answers = schemes.get(request.origin.scheme)
        if not answers:
            raise NoListenerError("connection refused")
        missing = answers.get("*", (404, []))
        status, lines = answers.get(request.path, missing)
        return Exchange(request, status, tuple(lines), b"x", address="127.0.0.1")

    checks = [CHECKS[id] for id in ids]
    target = replace(target, address="127.0.0.1")
    return asyncio.run(scan_async(target, checks=checks, paths=paths, send=send, look=good_tls))


def found(id: str, **schemes: dict[str, tuple[int, Lines]]) -> tuple[Finding, ...]:
    """The findings of one check, all of whose questions were answered."""
    report = scanned(id, **schemes)
    assert not report.unanswered
    return report.findings
