"""A password is stored in clear, encoded, or hashed by a fast hash.

Who gets the table has the passwords: in clear or base64 at once, by MD5, SHA-1 or a bare SHA-2
after billions of guesses a second (OWASP Password Storage Cheat Sheet; CWE-256, CWE-261, CWE-328).

Remedy:

    Store werkzeug.security.generate_password_hash(password) (scrypt) or an argon2 hash, and compare
    with check_password_hash.

Bad:

    --- models.py
    import hashlib
    def store(user, password):
        user.digest = hashlib.md5(password.encode()).hexdigest()

Good:

    --- models.py
    import hashlib
    from werkzeug.security import generate_password_hash
    def store(user, password):
        user.digest = generate_password_hash(password)
    def avatar(email):
        return hashlib.md5(email.encode()).hexdigest()

Limits:

    A password under another name is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Binding, Call, Finding, Module, Project, Severity, Span, rule

_MAY_HASH = re.compile(r"hash|crypt|digest|argon|pbkdf|verify|check_?pass", re.IGNORECASE)

_MOST_PLACES = 4
_MOST_ALIKE = 20  # functions of one name
_FAST = re.compile(r"^hashlib\.(md5|sha1|sha224|sha256|sha384|sha512|new)$")
_ENCODED = re.compile(r"^base64\.(b64encode|encodebytes|urlsafe_b64encode|b32encode)$")
_PASSWORD = re.compile(r"(^|[._[])(password|passwd|passphrase|pwd)(\b|_|$)", re.IGNORECASE)
_CONFIGURED = re.compile(r"(^|[._])(cfg|config|conf|settings|options|environ)[.[]", re.IGNORECASE)
_KEY = re.compile(r"(^|_)(key|iv)$", re.IGNORECASE)  # what encrypts, and is kept nowhere
_DIGEST = re.compile(r"hash|digest|encrypted|derived", re.IGNORECASE)
_HASHING = re.compile(r"generate_password_hash|bcrypt|argon2|pbkdf2|scrypt|hash_password|passlib")

# Methods of werkzeug.security.generate_password_hash before 2.3: one salted round, or none.
_SLOW = re.compile(r"^(pbkdf2|scrypt|argon2|bcrypt)", re.IGNORECASE)
# Queries that compare the column with what was typed, or fill it with what is written there.
_COMPARED = re.compile(
    r"\b(where|and)\s+[`\"]?\w{0,30}pass(word|wd)?[`\"]?\s*=\s*"
    r"(['\"]?(\{|%s|%\()|['\"]?$|\?|:\w|['\"]\s*\+|@\w)",
    re.IGNORECASE,
)
_FILLED = re.compile(
    r"\binsert\s+into\s+\W?\w{0,60}\W?\s*\([^)]{0,400}\bpass(word|wd)?\b[^)]{0,400}\)\s*"
    r"values\s*\([^)]{0,400}'[\w!@#-]{4,24}'",
    re.IGNORECASE,
)
_HASHED_IN_SQL = re.compile(r"\b(md5|sha1|sha2|crypt|digest|password)\s*\(", re.IGNORECASE)
_PWNED = re.compile(r"pwnedpasswords|haveibeenpwned", re.IGNORECASE)


@rule(
    kind="pw-weak-storage",
    severity=Severity.HIGH,
    cwe=(256, 261, 328),
    references=("OWASP Password Storage Cheat Sheet", "NIST SP 800-63B, section 5.1.1.2"),
)
def password_stored_weakly(project: Project) -> Iterator[Finding]:
    """Fast hashes and encodings of passwords, and models that keep them as they come."""
    for call, module, home, line in _handed_on(project):
        yield password_stored_weakly.finding(
            "a password is given to a function that hashes it by one fast round",
            home.span(line),
            module.span(call.line),
        )
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        is_lookup = _is_lookup(module)
        for call in module.calls:
            if _is_fast_method(call):
                yield password_stored_weakly.finding(
                    "this method hashes a password by one fast round", module.span(call.line)
                )
            if is_lookup and call.name == "hashlib.sha1":
                continue  # asked for by its first five digits, and not stored
            argument = call.named("string", 0) or call.named("data", 0)
            if not argument or not _is_password(argument):
                continue
            if _FAST.search(call.name):
                yield password_stored_weakly.finding(
                    f"{call.name} of a password is guessed in no time", module.span(call.line)
                )
            elif _ENCODED.search(call.name):
                yield password_stored_weakly.finding(
                    "an encoded password is a password in clear", module.span(call.line)
                )
        hashing = {_class_around(c.scope, module) for c in module.calls if _HASHING.search(c.name)}
        queries = () if _may_hash(module) else tuple(_queries(module))
        if queries:
            yield password_stored_weakly.finding(
                "a query compares or fills the column of passwords with what was typed", *queries
            )
        for binding in module.bindings:
            if (
                _is_kept(binding, module)
                and hashing.isdisjoint(("", binding.owner))  # another class says nothing of it
                and not _is_given_hashed(binding, project)
            ):
                yield password_stored_weakly.finding(
                    "the password is kept as it comes", module.span(binding.line)
                )


def _handed_on(project: Project) -> Iterator[tuple[Call, Module, Module, int]]:
    """Calls that give a password to a function of the project that hashes it by one fast round.

    With each: its module, that of the function, and the line that hashes there.
    """
    modules = [m for m in project.modules if m.file.environment in ("production", "staging")]
    hashing: dict[str, list[tuple[Module, str, int]]] = {}
    for module in modules:
        keys = {b.line for b in module.bindings if _KEY.search(b.key)}
        for call in module.calls if not _is_lookup(module) else ():
            if _FAST.search(call.name) and call.scope and call.line not in keys:
                owner, _, name = call.scope.rpartition(".")
                known = hashing.setdefault(name, [])
                if len(known) < _MOST_ALIKE:
                    known.append((module, owner, call.line))
    for module in modules if hashing else ():
        for call in module.calls:
            head, _, name = call.name.rpartition(".")
            for home, owner, line in hashing.get(name, ()):
                stem = home.file.path.removesuffix(".py").removesuffix("/__init__")
                is_own = home is module and head in ("", "self", "cls", owner)
                is_imported = bool(head) and f".{stem.replace('/', '.')}".endswith(f".{head}")
                if (is_own or is_imported) and _is_password(call.named("", 0)):
                    yield call, module, home, line


def _is_lookup(module: Module) -> bool:
    """True for a module that asks whether a password is known to be stolen, by a part of its hash.

    https://haveibeenpwned.com/API/v3#PwnedPasswords (read 2026).
    """
    return any(_PWNED.search(text.value) for text in module.strings)


def _is_password(name: str) -> bool:
    """True for the name of a user's password that is no digest yet."""
    is_one = bool(_PASSWORD.search(name)) and not _DIGEST.search(name)
    return is_one and not _CONFIGURED.search(name)  # one secret of the operator's is no user's


def _queries(module: Module) -> Iterator[Span]:
    """The lines of the first queries that show passwords to be kept as they come."""
    lines = {
        text.line: None
        for text in module.strings
        if (_COMPARED.search(text.value) or _FILLED.search(text.value))
        and not _HASHED_IN_SQL.search(text.value)
    }
    for call in module.calls:
        if call.name.endswith(".filter_by") and {"password", "passwd"} & set(call.keywords):
            lines[call.line] = None
    yield from (module.span(line) for line in list(lines)[:_MOST_PLACES])


def _may_hash(module: Module) -> bool:
    """True for a module that calls what may hash, by a name of its own too."""
    return any(_MAY_HASH.search(call.name) for call in module.calls)


def _is_fast_method(call: Call) -> bool:
    """True for ``generate_password_hash(password, method="sha256")`` and the like of Werkzeug."""
    if not call.name.endswith("generate_password_hash"):
        return False
    method = call.argument("method", 1)
    return method is not None and bool(method.text) and _SLOW.match(method.text) is None


def _class_around(scope: str, module: Module) -> str:
    """The innermost class that a function's path leads through, or an empty string."""
    at = scope
    while at and at not in module.classes:
        at = at.rpartition(".")[0]
    return at


def _is_given_hashed(binding: Binding, project: Project) -> bool:
    """True for a model's constructor that other modules call with what they hashed."""
    name = binding.owner.rpartition(".")[2]
    if not name or not binding.scope.endswith("__init__"):
        return False
    makers = [
        module
        for module in project.modules
        if any(call.name.rpartition(".")[2] == name for call in module.calls)
        and module.file.environment in ("production", "staging")
    ]
    return bool(makers) and all(
        any(_HASHING.search(c.name) or c.name.endswith("hashpw") for c in module.calls)
        for module in makers
    )


def _is_kept(binding: Binding, module: Module) -> bool:
    """True for ``self.password = password`` of a database model, and a literal password."""
    receiver, _, key = binding.name.rpartition(".")
    if key != "password" or not receiver:
        return False
    literal = binding.value.literal
    if receiver != "self":
        words = receiver.lower()
        is_account = any(word in words for word in ("user", "account", "admin", "customer"))
        return is_account and isinstance(literal, str) and bool(literal)
    bases = module.classes.get(binding.owner, ())
    return binding.source == {"password"} and any(base.endswith("Model") for base in bases)
