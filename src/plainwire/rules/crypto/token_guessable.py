"""A token, code or password comes from a generator that can be predicted.

Python's random is a Mersenne Twister: 624 outputs give all that follow. Reset codes, session ids
and passwords made by it can be computed by who has seen a few (CWE-338, CWE-330).

Remedy:

    Use secrets.token_urlsafe(), secrets.choice() or uuid.uuid4().

Bad:

    --- reset.py
    import random
    def reset(user):
        user.reset_token = "".join(random.choice("abcdef0123456789") for _ in range(20))

Good:

    --- reset.py
    import random
    import secrets
    def reset(user):
        user.reset_token = secrets.token_urlsafe(20)
    def wait():
        jitter = random.random()
        return jitter

Limits:

    Known by the names of what is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Module, Project, Severity, rule

_MAKERS = frozenset(
    {"choice", "choices", "randint", "random", "randrange", "sample", "getrandbits", "uuid1"}
)
_SECRET = re.compile(
    r"token|secret|passw(or)?d|\botp\b|(^|_)(otp|pin|nonce|salt|csrf|api_?key|session_?id)(_|$)"
    r"|(reset|verif\w*|auth|invite|access|recovery|login)_?(code|key)",
    re.IGNORECASE,
)
_SAFE = frozenset({"secrets", "SystemRandom", "urandom"})


@rule(
    kind="token-weak-prng",
    severity=Severity.MEDIUM,
    cwe=(338, 330),
    references=("Python, random, warning", "RFC 4086, section 6.2"),
)
def token_guessable(project: Project) -> Iterator[Finding]:
    """What is called a token or code and made by random, and functions that return one."""
    for module in project.modules:
        if module.file.environment in ("production", "staging"):
            yield from _in(module)


def _in(module: Module) -> Iterator[Finding]:
    found = set()
    for binding in module.bindings:
        words = binding.source
        is_random = ("random" in words or words & _MAKERS) and bool(words & _MAKERS)
        is_picked = any(word.lower().rstrip("s") == binding.key.lower() for word in words)
        if is_picked and f"{binding.key}s" in {word.lower() for word in words}:
            found.add(binding.line)
            continue  # one of several that are there
        if is_random and not words & _SAFE and _SECRET.search(binding.key) and _uses(module):
            found.add(binding.line)
            yield token_guessable.finding(
                f"{binding.key} can be predicted", module.span(binding.line)
            )
    for call in module.calls:
        function = call.scope.rpartition(".")[2]
        is_random = call.name.startswith("random.") and call.name[7:] in _MAKERS
        if is_random and _SECRET.search(function) and call.line not in found:
            found.add(call.line)
            yield token_guessable.finding(
                f"what {function} returns can be predicted", module.span(call.line)
            )


def _uses(module: Module) -> bool:
    return any(name.partition(".")[0] in ("random", "uuid") for name in module.imports.values())
