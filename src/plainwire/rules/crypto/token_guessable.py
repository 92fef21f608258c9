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
from bisect import bisect_left
from collections.abc import Iterator

from plainwire.model import Binding, Finding, Module, Project, Severity, rule

_MAKERS = frozenset(
    {"choice", "choices", "randint", "random", "randrange", "sample", "getrandbits", "uuid1"}
)
_SECRET = re.compile(
    r"token|secret|passw(or)?d|passcode|\botp\b"
    r"|(^|_)(pw|pwd|otp|pin|nonce|salt|csrf|api_?key|session_?id)(_|$)"
    r"|(^|_)key_?gen|(gen|generate|make|create|new)_(api_?)?key"
    r"|(reset|verif\w*|auth|invit\w*|access|recovery|login|registration|activation|confirm\w*"
    r"|sign_?up|join)_?(code|key)",
    re.IGNORECASE,
)
# A nonce that a client sends need only differ (RFC 5849, section 3.3); one of a page or a login
# must not be guessed (CSP Level 3; OpenID Connect Core, 15.5.2).
_NONCE = re.compile(r"(^|_)nonce(_|$)", re.IGNORECASE)
_WEB = frozenset({"flask", "quart", "werkzeug", "django", "fastapi", "starlette", "connexion"})
_SIGNS = re.compile(r"(^|\.)(jwt\.encode|create_(access|refresh)_token|serialize_compact)$")
_LONGEST, _MOST_CALLS = 6, 50  # lines of a statement, and what it calls
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
    found: set[int] = set()
    cookies: set[tuple[str, str]] = set()
    imported = {n for n, full in module.imports.items() if _top(full) in ("random", "uuid")}
    safe = _SAFE | {b.name for b in module.bindings if "SystemRandom" in b.source}
    for call in module.calls:
        if call.name.endswith(".set_cookie") and call.named("value", 1):
            cookies.add((call.scope, call.named("value", 1)))
    for binding in module.bindings:
        words = binding.source
        is_random = bool(words & _MAKERS) and ("random" in words or bool(words & imported))
        is_picked = any(word.lower().rstrip("s") == binding.key.lower() for word in words)
        if is_picked and f"{binding.key}s" in {word.lower() for word in words}:
            found.add(binding.line)
            continue  # one of several that are there
        if not is_random or words & safe or not imported:
            continue
        if (binding.scope, binding.name) in cookies and not _is_secret(binding.key, module):
            found.add(binding.line)
            yield token_guessable.finding(
                f"{binding.key} tells clients apart and can be predicted",
                module.span(binding.line),
                severity=Severity.LOW,
            )
        elif _is_secret(binding.key, module):
            line = _line_of(binding, module)
            found |= {binding.line, line}
            yield token_guessable.finding(f"{binding.key} can be predicted", module.span(line))
    signed = {call.scope for call in module.calls if _SIGNS.search(call.name)}
    for call in module.calls:
        if call.scope in signed:
            continue  # a number in a token that nobody can make without the key
        function = call.scope.rpartition(".")[2]
        is_random = call.name.startswith("random.") and call.name[7:] in _MAKERS
        is_random = is_random and "random" not in safe
        if is_random and _is_secret(function, module) and not _is_near(call.line, found):
            found.add(call.line)
            yield token_guessable.finding(
                f"what {function} returns can be predicted", module.span(call.line)
            )


def _line_of(binding: Binding, module: Module) -> int:
    """The line of what is given that draws by chance, where it takes several."""
    first = bisect_left(module.calls, binding.line, key=lambda call: call.line)
    for call in module.calls[first : first + _MOST_CALLS]:
        if call.line > binding.line + _LONGEST:
            break
        if call.name.rpartition(".")[2] in _MAKERS and call.scope == binding.scope:
            return call.line
    return binding.line


def _is_near(line: int, found: set[int]) -> bool:
    """True for a line of a statement that is found already."""
    return any(0 <= line - other <= 2 for other in found)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _is_secret(name: str, module: Module) -> bool:
    found = _SECRET.search(name)
    if found is None or not _NONCE.fullmatch(found[0]):
        return found is not None
    return any(_top(full) in _WEB for full in module.imports.values())
