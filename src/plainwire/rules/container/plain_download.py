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

    Downloads by other programs, and through variables, are not seen. An address without a scheme
    is plain to curl and wget. Of workflows, GitHub's,
    GitLab's, CircleCI's, Azure's and Bitbucket's are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, SourceFile, Span, rule
from plainwire.wire.plain_urls import is_remote

_INSECURE = re.compile(
    r"\bcurl\b[^|;&\n]*\s(-[a-zA-Z]*k[a-zA-Z]*|--insecure)(\s|$)"
    r"|\bwget\b[^|;&\n]*--no-check-certificate|\bpip3?\b[^|;&\n]*--trusted-host"
    r"|http\.sslVerify[ =]false|GIT_SSL_NO_VERIFY=(1|true)|NODE_TLS_REJECT_UNAUTHORIZED=[\"']?0"
    r"|NODE_TLS_REJECT_UNAUTHORIZED[\"']?:\s*[\"']?0|GIT_SSL_NO_VERIFY[\"']?:\s*[\"']?(1|true)"
    r"|PYTHONHTTPSVERIFY[\"']?(=|:\s*)[\"']?0|strict-ssl[ =]false"
)
_OFF = "verification is switched off"
_FETCHES = re.compile(r"\b(curl|wget)\b")
MAX_COMMAND = 4_000
_MOST_PLACES = 8
# curl and wget take http where an address names no scheme (curl(1), URL; wget(1), URL Format).
_COMMAND = re.compile(r"\b(curl|wget)\s+([^|;&\n`)]*)")
_TAKES = {"curl": "oHduXAebcTFmwKrxCEQUyYzt", "wget": "OoPTtUaiBwQe"}  # short options with a value
_LONG = re.compile(
    r"--(output|header|data\S*|request|user|user-agent|referer|max-time|retry|connect-timeout"
    r"|cacert|cert|key|write-out|url|proxy|form|output-document|directory-prefix|tries|timeout"
    r"|password|post-data|resolve)"
)
# What curl fetches is written to a file or given to what runs or installs it.
_KEPT = re.compile(
    r"\s-\w*[oO](\s|$)|--(output|remote-name)\b"
    r"|\|\s*(sudo\s+)?((ba|da|z)?sh|python|tar|apt-key|gpg|tee)\b"
)
_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
_BARE = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})(:\d+)?(/\S*)?", re.IGNORECASE)
_FILE = re.compile(r"\.(sh|py|gz|tgz|zip|tar|xz|bz2|deb|rpm|txt|json|ya?ml|html?|pem|key|crt|asc"
                   r"|conf|md|log|sql|out|bin|exe|js|css)$", re.IGNORECASE)  # fmt: skip
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
    """The findings in a file: whoever writes ``-k`` writes it everywhere, which is one fault."""
    unverified: list[Span] = []
    for number, line in _commands(file):
        if line.lstrip().startswith("#") or "HEALTHCHECK" in line or len(line) > MAX_COMMAND:
            continue
        if re.search(r"\bcurl\b[^|;&\n]*\s(--head|-I)\s", line):
            continue  # asks whether somebody answers, and takes nothing
        plain = _PLAIN.search(line)
        if _INSECURE.search(line) and "localhost" not in line and "127.0.0.1" not in line:
            place = file.span(number)
            if _has_comment(file, number):
                yield plain_download.finding(_OFF, place)
            else:
                unverified.append(place)
        elif plain and is_remote(plain[1]):
            yield plain_download.finding(
                f"{plain[1][:120]} is downloaded in clear", file.span(number)
            )
        elif bare := _bare(line):
            yield plain_download.finding(
                f"{bare[:120]} names no scheme, so that it is downloaded in clear",
                file.span(number),
            )
    for at in range(0, len(unverified), _MOST_PLACES):
        places = unverified[at : at + _MOST_PLACES]
        also = f" (and in {len(places) - 1} more places)" if len(places) > 1 else ""
        yield plain_download.finding(_OFF + also, *places)


def _has_comment(file: SourceFile, number: int) -> bool:
    """True where a comment suppresses: that speaks for one line alone."""
    return any("plainwire:" in line for line in file.lines[max(number - 2, 0) : number])


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


def _bare(line: str) -> str:
    """The address without a scheme that a command fetches, or an empty string."""
    for command in _COMMAND.finditer(line):
        is_value = False
        for word in _WORD.findall(command[2]):
            if is_value:
                is_value = False
            elif word.startswith("--"):
                is_value = "=" not in word and bool(_LONG.fullmatch(word))
            elif word.startswith("-"):
                is_value = word[-1] in _TAKES[command[1]]
            elif found := _BARE.fullmatch(word.strip("\"'")):
                is_file = not found[3] and bool(_FILE.search(found[1]))
                is_kept = command[1] == "wget" or found[3] or _KEPT.search(line)
                if is_kept and not is_file and is_remote(f"http://{found[0]}"):
                    return found[0]
    return ""
