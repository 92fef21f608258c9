"""A build, workflow or start script downloads over plain HTTP, or without verifying.

What is downloaded runs later with the application's rights: whoever is on the way chooses it
(CWE-494). `curl -k`, `wget --no-check-certificate` and `pip --trusted-host` accept any peer.

Remedy:

    Download over https with verification, and compare a checksum that stands in the file.

Bad:

    --- Dockerfile
    FROM python:3.12
    RUN curl -k https://get.example.net/install.sh | sh

Good:

    --- Dockerfile
    FROM python:3.12
    RUN curl -fsSL https://get.example.net/install.sh -o install.sh
    HEALTHCHECK CMD curl -f http://localhost:8000/health

Limits:

    Downloads by other programs, and through variables, are not seen. Of workflows, GitHub's,
    GitLab's, CircleCI's, Azure's and Bitbucket's are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, SourceFile, rule
from plainwire.wire.plain_urls import is_remote

_INSECURE = re.compile(
    r"\bcurl\b[^|;&\n]*\s(-[a-zA-Z]*k[a-zA-Z]*|--insecure)(\s|$)"
    r"|\bwget\b[^|;&\n]*--no-check-certificate|\bpip3?\b[^|;&\n]*--trusted-host"
    r"|http\.sslVerify[ =]false|GIT_SSL_NO_VERIFY=(1|true)|NODE_TLS_REJECT_UNAUTHORIZED=[\"']?0"
    r"|NODE_TLS_REJECT_UNAUTHORIZED[\"']?:\s*[\"']?0|GIT_SSL_NO_VERIFY[\"']?:\s*[\"']?(1|true)"
    r"|PYTHONHTTPSVERIFY[\"']?(=|:\s*)[\"']?0|strict-ssl[ =]false"
)
_FETCHES = re.compile(r"\b(curl|wget)\b")
MAX_COMMAND = 4_000
_PLAIN = re.compile(r"\b(?:curl|wget|pip3?|ADD|git clone)\b[^|;&\n]*?(http://[^\s\"'|;&)]+)")


@rule(
    kind="download-insecure",
    severity=Severity.MEDIUM,
    cwe=(494, 319),
    references=("CWE-494", "pip, --trusted-host"),
)
def plain_download(project: Project) -> Iterator[Finding]:
    """Lines of Dockerfiles and scripts that download without TLS or verification."""
    for file in (*project.of("dockerfile"), *project.of("shell")):
        if file.environment in ("production", "staging"):
            yield from _in(file)
    for file in project.of("workflow"):  # what builds and publishes the product
        yield from _in(file)


def _in(file: SourceFile) -> Iterator[Finding]:
    for number, line in _commands(file):
        if line.lstrip().startswith("#") or "HEALTHCHECK" in line or len(line) > MAX_COMMAND:
            continue
        if re.search(r"\bcurl\b[^|;&\n]*\s(--head|-I)\s", line):
            continue  # asks whether somebody answers, and takes nothing
        plain = _PLAIN.search(line)
        if _INSECURE.search(line) and "localhost" not in line and "127.0.0.1" not in line:
            yield plain_download.finding("verification is switched off", file.span(number))
        elif plain and is_remote(plain[1]):
            yield plain_download.finding(
                f"{plain[1][:120]} is downloaded in clear", file.span(number)
            )


def _commands(file: SourceFile) -> Iterator[tuple[int, str]]:
    """The lines of a file, that of a ``curl`` with those that continue it."""
    lines = file.lines
    for number, line in enumerate(lines, 1):
        whole = line
        if _FETCHES.search(line):
            for following in lines[number : number + 20]:
                if not whole.rstrip().endswith("\\"):
                    break
                whole = f"{whole.rstrip()[:-1]} {following.strip()}"
                if _FETCHES.search(following):
                    break
        yield number, whole
