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
    a server uses the key is not asked. Inside another file, a key is looked for in kubeconfigs and
    manifests, where it stands in base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace

from plainwire.model import Finding, Project, Severity, SourceFile, Span, rule

# The members that only the owner has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4; RFC 8037).
_JWK_SECRET = re.compile(r"\"(?:d|k)\"\s*:\s*\"[\w+/=-]{16,}\"")
_DASHES = "LS0tLS1CRUdJTi"  # base64 of -----BEGIN
# The first 48 characters of a value, which are 36 of the key's: no more than its first line.
_ENCODED = re.compile(rf"\s*[\w.-]+:\s*[\"']?({_DASHES}[A-Za-z0-9+/]{{34}})")
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
        if file.environment not in ("production", "staging"):
            continue
        for encoded in _encoded(file) if _DASHES in file.text else ():
            yield private_key_in_files.finding(
                "an unencrypted private key is kept with the project, in base64", encoded
            )
        if file.format != "other":
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


def _encoded(file: SourceFile) -> Iterator[Span]:
    """The lines of a kubeconfig or manifest that hold a PEM key in base64."""
    if file.format in ("other", "yaml", "kubernetes"):
        for number, line in enumerate(file.lines, 1):
            found = _ENCODED.match(line)
            begins = base64.b64decode(found[1]).decode("ascii", "replace") if found else ""
            if _BEGINS.match(begins):
                name = line.partition(":")[0].strip()
                yield replace(file.span(number), text=f"{name}: …")  # the line is the key


def _jwk(file: SourceFile) -> Span | None:
    """Where a file holds the secret part of a JSON Web Key. Returns None if it holds none."""
    if '"kty"' not in file.text:
        return None
    found = _JWK_SECRET.search(file.text)
    if found is None:
        return None
    place = file.span(file.text.count("\n", 0, found.start()) + 1)
    return replace(place, text=_JWK_SECRET.sub('"…"', place.text))
