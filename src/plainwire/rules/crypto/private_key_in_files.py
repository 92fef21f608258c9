"""A private key lies in the project's files.

Whoever reads the repository or pulls the image can be the server: they answer for it behind a
certificate that clients accept, and sign what only it may sign (CWE-321). A key that was once
pushed stays in the history.

Remedy:

    Make a new key where it is used, give it to the deployment as a secret, and have the old one's
    certificate revoked.

Bad:

    --- deployment/server.key
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
    -----END PRIVATE KEY-----
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Good:

    --- tests/server.key
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
    -----END PRIVATE KEY-----
    --- deployment/server.key
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
    -----END ENCRYPTED PRIVATE KEY-----
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Limits:

    PEM, unencrypted, and JSON Web Keys alone, and not for tests, examples and development. Whether
    a server uses the key is not asked. A key inside another file is not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from plainwire.model import Finding, Project, Severity, SourceFile, Span, rule

# The members that only the owner has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4; RFC 8037).
_JWK_SECRET = re.compile(r"\"(?:d|k)\"\s*:\s*\"[\w+/=-]{16,}\"")
_BEGINS = re.compile(r"-----BEGIN ((RSA|EC|DSA|OPENSSH) )?PRIVATE KEY-----")


@rule(
    kind="secret-hardcoded",
    severity=Severity.HIGH,
    cwe=(321,),
    references=("RFC 7468, section 10", "RFC 7517, section 9", "OWASP ASVS 4.0.3, 6.4.1"),
)
def private_key_in_files(project: Project) -> Iterator[Finding]:
    """The first line of each key that is for production."""
    for file in project.files:
        if file.format != "other" or file.environment not in ("production", "staging"):
            continue
        key = _jwk(file)
        if key is not None:
            yield private_key_in_files.finding("a JSON Web Key is kept with the project", key)
            continue
        lines = (n for n, line in enumerate(file.lines, 1) if _BEGINS.fullmatch(line.strip()))
        line = next(lines, None)
        if line is not None and "Proc-Type: 4,ENCRYPTED" not in file.text:
            yield private_key_in_files.finding(
                "an unencrypted private key is kept with the project", file.span(line)
            )


def _jwk(file: SourceFile) -> Span | None:
    """Where a file holds the secret part of a JSON Web Key. Returns None if it holds none."""
    if '"kty"' not in file.text:
        return None
    found = _JWK_SECRET.search(file.text)
    if found is None:
        return None
    place = file.span(file.text.count("\n", 0, found.start()) + 1)
    return replace(place, text=_JWK_SECRET.sub('"…"', place.text))
