"""The proxy offers cipher suites that are broken.

RC4, 3DES, DES, MD5, NULL, export and anonymous suites must not be used (RFC 7465; RFC 9325, section
4.1): a client that takes one is read, or cannot tell who answers.

Remedy:

    Name the suites of Mozilla's intermediate profile: `plainwire tls --emit nginx`.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA:RC4-SHA:!DSS;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:HIGH:!aNULL:!3DES:!RC4:!MD5;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    What a word such as HIGH or ALL stands for depends on the OpenSSL that is installed, and is not
    judged; whether that OpenSSL still has the suite is not known either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, SourceFile, rule

_NAMED = re.compile(
    r"(?m)^[ \t]*(?:ssl_ciphers|SSLCipherSuite|ssl-default-bind-ciphers)[ \t]+([^;\n#]{1,4000})"
)
# OpenSSL's words (openssl-ciphers(1)): what a suite's name has in it, and what excludes it.
_BROKEN = {
    "RC4": (re.compile(r"\bRC4\b"), {"RC4"}),
    "3DES": (re.compile(r"\b(?:3DES|DES-CBC3)\b"), {"3DES", "DES-CBC3-SHA"}),
    "DES": (re.compile(r"\b(?:DES|DES-CBC(?!3))\b(?!-CBC3)"), {"DES", "LOW"}),
    "MD5": (re.compile(r"\bMD5\b"), {"MD5"}),
    "NULL": (re.compile(r"\b(?:e?NULL)\b"), {"NULL", "eNULL"}),
    "export": (re.compile(r"\bEXP(?:ORT(?:40|56)?)?\b"), {"EXP", "EXPORT"}),
    "anonymous": (re.compile(r"\b(?:aNULL|ADH|AECDH)\b"), {"aNULL", "ADH", "AECDH"}),
}


@rule(
    kind="server-weak-tls",
    severity=Severity.MEDIUM,
    cwe=(327,),
    references=("RFC 7465", "RFC 9325, section 4.1", "Mozilla TLS guideline 6.0 (2026-04-06)"),
)
def weak_suites_offered(project: Project) -> Iterator[Finding]:
    """The lists of suites in configurations of nginx, Apache and HAProxy."""
    for file in project.files:
        is_live = file.environment in ("production", "staging")
        if is_live and file.format in ("nginx", "apache", "haproxy"):
            yield from _in(file)


def _in(file: SourceFile) -> Iterator[Finding]:
    for match in _NAMED.finditer(file.text):
        broken = _broken(match[1])
        if broken:
            line = file.text.count("\n", 0, match.start(1)) + 1
            yield weak_suites_offered.finding(f"{', '.join(broken)} is offered", file.span(line))


def _broken(words: str) -> list[str]:
    """The kinds of broken suites that a list names and does not exclude."""
    each = re.split(r"[:, \t]+", words.strip().strip("\"'"))
    excluded = {word[1:] for word in each if word[:1] in ("!", "-")}
    named = [word for word in each if word[:1] not in ("!", "-")]
    return [
        kind
        for kind, (pattern, exclusions) in _BROKEN.items()
        if any(pattern.search(word) for word in named) and not excluded & exclusions
    ]
