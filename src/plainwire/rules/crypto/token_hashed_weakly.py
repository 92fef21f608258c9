"""A token or key is derived by a broken hash.

MD5 and SHA-1 have practical collisions, and a keyed digest that is built by hand from them can be
extended or forged (RFC 6151, RFC 6194; CWE-328).

Remedy:

    Use hmac with SHA-256, or secrets.token_urlsafe() for a token that needs no meaning.

Bad:

    --- tokens.py
    import hashlib
    def digest(api_token):
        return hashlib.sha1(api_token.encode()).hexdigest()

Good:

    --- tokens.py
    import hashlib
    def digest(api_token):
        return hashlib.sha256(api_token.encode()).hexdigest()
    def etag(body):
        return hashlib.md5(body, usedforsecurity=False).hexdigest()

Limits:

    Known by the names of what is hashed: file contents, addresses and cache keys are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule

_BROKEN = re.compile(r"^hashlib\.(md5|sha1)$")
_SECRET = re.compile(r"(^|[._])[^\W_]*(token|secret|session_?id|api_?key|nonce|signature)", re.I)


@rule(
    kind="token-weak-hash",
    severity=Severity.MEDIUM,
    cwe=(328,),
    references=("RFC 6151", "RFC 6194"),
)
def token_hashed_weakly(project: Project) -> Iterator[Finding]:
    """MD5 and SHA-1 over what is called a token, secret or key."""
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for call in module.calls:
            if not _BROKEN.search(call.name) or call.argument("usedforsecurity") is not None:
                continue
            if "cache" in call.scope.lower():
                continue  # where something is kept, not what is compared
            if _SECRET.search(call.named("string", 0)):
                yield token_hashed_weakly.finding(
                    f"{call.name} of a secret", module.span(call.line)
                )
