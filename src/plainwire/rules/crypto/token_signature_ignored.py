"""A JSON Web Token is read without checking its signature.

Anybody can write such a token; what it says is then nobody's word (RFC 8725, section 3; CWE-347).

Remedy:

    jwt.decode(token, key, algorithms=["HS256"]) with verification left on.

Bad:

    --- auth.py
    import jwt
    def who(token):
        return jwt.decode(token, options={"verify_signature": False})["sub"]

Good:

    --- auth.py
    import jwt
    def who(token, key):
        return jwt.decode(token, key, algorithms=["HS256"])["sub"]

Limits:

    Other libraries than PyJWT and python-jose are not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Module, Project, Severity, rule

_BEFORE_2 = re.compile(r"\s*(([=~]=|<=)\s*[01]\.|<\s*2(\.0)*\s*($|[;,]))")


@rule(
    kind="jwt-weak",
    severity=Severity.HIGH,
    cwe=(347,),
    references=("RFC 8725, section 3", "RFC 7519, section 7.2"),
)
def token_signature_ignored(project: Project) -> Iterator[Finding]:
    """Calls of decode with verification off or any algorithm, and the algorithm none."""
    takes_any = bool(_BEFORE_2.match(project.requirements.get("pyjwt", "")))
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        if any("jwt" in name or name.startswith("jose") for name in module.imports.values()):
            yield from _in(module)
            if takes_any:
                yield from _unpinned(module)


def _unpinned(module: Module) -> Iterator[Finding]:
    """Calls of PyJWT before 2.0 without ``algorithms``, which it insists on since then.

    https://pyjwt.readthedocs.io/en/stable/changelog.html#v2-0-0 (read 2026).
    """
    for call in module.calls:
        is_open = not {"algorithms", "verify", "options", "**"} & set(call.keywords)
        if call.name == "jwt.decode" and is_open and call.argument("verify", 2) is None:
            yield token_signature_ignored.finding(
                "the token's header chooses the algorithm: this PyJWT takes any that the key fits",
                module.span(call.line),
                severity=Severity.LOW,
            )


def _in(module: Module) -> Iterator[Finding]:
    for call in module.calls:
        if not call.name.endswith((".decode", ".encode")) or "jwt" not in call.name:
            continue
        verify = call.argument("verify")
        algorithms = call.argument("algorithms") or call.argument("algorithm")
        named = algorithms.literal if algorithms is not None else None
        words = named if isinstance(named, tuple) else (named,)
        if verify is not None and verify.literal is False:
            yield token_signature_ignored.finding("verify=False", module.span(call.line))
        elif any(isinstance(word, str) and word.lower() == "none" for word in words):
            yield token_signature_ignored.finding(
                'the algorithm "none" signs nothing', module.span(call.line)
            )
    for binding in module.bindings:
        if binding.name == "{}[verify_signature]" and binding.value.literal is False:
            yield token_signature_ignored.finding(
                "verify_signature is off", module.span(binding.line)
            )
