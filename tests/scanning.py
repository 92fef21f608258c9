"""Scans of the real servers, by the library and by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from plainwire.live.settings import Settings
from plainwire.model import Origin, Report, Target
from plainwire.scan import scan
from plainwire.wire.target import parse_target

NAME = "api.plainwire.test"
HSTS = "max-age=31536000; includeSubDomains"
# What an A says nothing against: the letters from the best, for `letter in AT_LEAST["B"]`.
AT_LEAST = {"A": "A", "B": "AB", "C": "ABC"}


class Ports(Protocol):
    """Where a server listens."""

    @property
    def https_port(self) -> int: ...

    @property
    def http_port(self) -> int: ...


@dataclass(frozen=True)
class At:
    """Two ports that are no `Server`'s."""

    https_port: int
    http_port: int


def twins(server: Ports, host: str = NAME, path: str = "/") -> Target:
    """The server's ports as if they were 443 and 80: TLS on the one, cleartext on the other."""
    target, _ = parse_target(f"https://{host}:{server.https_port}{path}")
    return replace(target, http=(Origin("http", target.host, server.http_port),))


def scanned(server: Ports, ca: Path, host: str = NAME, path: str = "/", **options: Any) -> Report:
    """The report of a whole scan through the library."""
    settings = Settings(ca_file=ca, resolve={NAME: "127.0.0.1"})
    return scan(twins(server, host, path), settings=settings, **options)


# What the TLS library of a server decides, by its version and defaults: no test of what is
# configured minds it. What these checks find is tested with `tests/checks/test_tls_flaws.py`.
OF_THE_STACK = frozenset(
    {
        "cbc-suite-accepted",
        "client-renegotiation-accepted",
        "dh-value-reused",
        "fallback-scsv-missing",
        "post-quantum-missing",
        "signature-algorithm-weak",
        "static-key-exchange-accepted",
        "tls-1-3-missing",
    }
)


def ids(report: Report | Mapping[str, Any]) -> set[str]:
    """The flaws of encryption in a report, or in its JSON, beside those `OF_THE_STACK`.

    These servers are set up for what they do with TLS and plain HTTP; `tests/test_applications.py`
    has what the other categories find.
    """
    if isinstance(report, Report):
        found = {f.id for f in report.findings if f.category == "encryption"}
    else:
        found = {f["id"] for f in report["findings"] if f["category"] == "encryption"}
    return found - OF_THE_STACK


def letter(report: Report) -> str:
    """The letter of a report that has one."""
    assert report.grade is not None
    return report.grade.letter


@dataclass(frozen=True)
class Said:
    """What the command line said."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The one report of ``--format json``."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def command(server: Ports, ca: Path, *options: str, host: str = NAME) -> Said:
    """``plainwire scan`` of the named TLS port, with the cleartext port by ``--http-port``."""
    words = [f"https://{host}:{server.https_port}/", "--http-port", str(server.http_port)]
    words += ["--resolve", f"{NAME}:127.0.0.1", "--ca", str(ca), *options]
    done = subprocess.run(
        [sys.executable, "-m", "plainwire", "scan", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ca.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    return Said(done.returncode, done.stdout, done.stderr)
