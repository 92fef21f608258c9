"""A password or key is written in the code that uses it.

Whoever reads the repository, the image or a stack trace can log in with it, and it is the same on
every machine and in every year, because changing it means a release (CWE-798, CWE-321).

Remedy:

    Read it from the environment or a secret store where it is used, and change the one that was
    written down.

Bad:

    --- client.py
    import requests
    def token():
        login = {"username": "ingestor", "password": "Winter2019"}
        return requests.post("https://catalogue.example.org/login", json=login).json()
    def connect(driver):
        return driver.connect(host="db.internal", user="app", password="Winter2019")

Good:

    --- client.py
    import os
    import requests
    def token():
        login = {"username": "ingestor", "password": os.environ["CATALOGUE_PASSWORD"]}
        return requests.post("https://catalogue.example.org/login", json=login).json()
    def connect(driver):
        return driver.connect(host="localhost", user="app", password="password")

Limits:

    Known by the names beside it: a user, a host, a client's id. What development uses is none: the
    user's own name, "password", what opens something on this machine. Settings of the application
    are another rule's (secret-in-files).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from plainwire.model import Binding, Call, Finding, Module, Project, Severity, rule
from plainwire.wire.secret_words import is_password, is_signing_key, is_value
from plainwire.wire.url_passwords import is_stand_in, is_this_machine

_WANTED = ("production", "staging")
_OF_OTHERS = re.compile(
    r"test|dev|local|debug|example|dummy|fake|mock|sample|demo|seed|fixture|populate", re.IGNORECASE
)
# Beside a password: who logs in, and where. Where alone shows that it is no form's or schema's.
_WHO = frozenset({"user", "username", "user_name", "login", "email", "uid", "account"})
_WHERE = frozenset(
    {"host", "hostname", "server", "database", "db", "dbname", "dsn", "port", "client_id",
     "consumer_key"}
)  # fmt: skip
_GIVEN = ("password", "passwd", "client_secret", "consumer_secret", "sasl_plain_password")
_NAMES_OF_USERS = ("user", "username", "client_id", "consumer_key", "sasl_plain_username", "email")
_CONNECTS = re.compile(
    r"(^|\.)(connect|create_pool|Connection|ConnectionPool|(Strict)?Redis|MongoClient"
    r"|HTTP(Basic|Digest)Auth|(?P<pair>PlainCredentials))$"
)
_PAIRS = re.compile(r"(^|\.)(PlainCredentials|HTTP(Basic|Digest)Auth)$|\.login$")
_MAIL = frozenset({"smtplib", "imaplib", "ftplib", "poplib"})
_HASHES = re.compile(r"(^|\.)(generate_password_hash|hashpw|hash_password|set_password)$")
# What a call has that is given a secret: asked first, of every call there is.
_TELLING = frozenset({"auth", "default", *_GIVEN})
_CALLED = (".login", "PlainCredentials", "Auth", "_hash", "hashpw", "hash_password", "set_password")
_OPTIONS = re.compile(r"(^|\.)(option|add_argument|Option)$")
_AUTHORIZATION = re.compile(r"(Bearer|Basic|Token|ApiKey) (?=\S*\d)[\w+/=.-]{20,}")
_OF_SESSIONS = re.compile(r"(session|cookie|csrf)_?key$", re.IGNORECASE)
_MOST_NAMES = 2000  # of a module: each is looked through for a secret of another line
_WORDS = re.compile(r"[a-z]+([._-][a-z]+)*", re.IGNORECASE)


@rule(
    kind="secret-hardcoded",
    severity=Severity.MEDIUM,
    cwe=(321,),
    references=("OWASP ASVS 4.0.3, 2.10.4", "CWE-798"),
)
def credential_in_code(project: Project) -> Iterator[Finding]:
    """Literal passwords and keys in calls, dictionaries, options and constants."""
    settings = {(s.place.path, s.place.line) for app in project.apps for s in app.settings}
    configured = {s.value for app in project.apps for s in app.settings if is_signing_key(s.name)}
    for module in project.modules:
        is_wanted = module.file.environment in _WANTED
        if not is_wanted or _OF_OTHERS.search(module.file.name):
            continue
        told = set()
        for what, line, severity in _in(module, configured):
            if line not in told and (module.file.path, line) not in settings:
                told.add(line)
                does = "signs" if severity is Severity.HIGH else "opens"
                yield credential_in_code.finding(
                    f"{what} is written here; it {does} what it protects",
                    module.span(line),
                    severity=severity,
                    environment="production",
                )


def _in(module: Module, configured: Set[str | None]) -> Iterator[tuple[str, int, Severity | None]]:
    """What is a secret, its line and its severity where that is not the rule's.

    ``configured`` are the keys that applications are given: another rule's, wherever they stand.
    """
    logs_in = any(full.partition(".")[0] in _MAIL for full in module.imports.values())
    for call in module.calls:
        is_asked = not _TELLING.isdisjoint(call.keywords) or call.name.endswith(_CALLED)
        if is_asked and not _OF_OTHERS.search(call.scope):
            yield from _of_call(call, module, logs_in, configured)
    for binding in module.bindings:
        if binding.name[:1] != "{" and not _is_called_secret(binding):
            continue
        if binding.is_main or _OF_OTHERS.search(f"{binding.scope} {binding.name}"):
            continue
        text = binding.value.text if binding.name[:1] == "{" or not binding.scope else ""
        if (
            not text
            or binding.value.variable is not None
            or not _stands_in(module, binding.line, text)
        ):
            continue
        if binding.name[:1] == "{":
            if _is_login(binding, text):
                yield f"the {binding.key} of a login", binding.line, None
        elif text not in configured and _is_constant(binding, text):
            is_key = is_signing_key(binding.key)
            yield binding.name, binding.line, Severity.HIGH if is_key else None
    for one in module.strings:
        if _AUTHORIZATION.fullmatch(one.value) and not _OF_OTHERS.search(one.scope):
            yield "the value of an Authorization header", one.line, None


def _of_call(
    call: Call, module: Module, logs_in: bool, configured: Set[str | None]
) -> Iterator[tuple[str, int, Severity | None]]:
    """The secrets that a call is given."""
    if _OPTIONS.search(call.name):
        yield from _of_option(call, configured)
        return
    if _HASHES.search(call.name) and not call.is_main:
        yield from _of_account(call, module)
    auth = call.argument("auth")
    if auth is not None and isinstance(auth.literal, tuple) and len(auth.literal) == 2:
        user, password = (str(part) for part in auth.literal)
        if _opens(password, user) and _stands_in(module, auth.line, password):
            yield f"the password that {call.name} is given", auth.line, None
    last = call.name.rpartition(".")[2]
    is_pair = bool(_PAIRS.search(call.name)) and (last != "login" or logs_in)
    host = call.argument("host", None if is_pair else 0)
    if host is not None and is_this_machine(host.text) and not is_pair:
        return
    user_value = next((v for n in _NAMES_OF_USERS if (v := call.argument(n)) is not None), None)
    if user_value is None and (is_pair or _CONNECTS.search(call.name)):
        user_value = call.argument("user", 0)
    elif user_value is None:
        return
    for name in _GIVEN:
        value = call.argument(name, 1 if is_pair and name == "password" else None)
        password = value.text if value is not None and value.variable is None else ""
        if value is None or not _opens(password, user_value.text if user_value else ""):
            continue
        if (line := _line_of(module, value.line, password)) is not None:
            yield f"the {name} that {call.name} is given", line, None


def _of_account(call: Call, module: Module) -> Iterator[tuple[str, int, Severity | None]]:
    """The password that code gives to an account: whatever it is, it is live."""
    value = call.argument("password", 0)
    literal = value.literal if value is not None and value.variable is None else None
    text = literal.decode("ascii", "replace") if isinstance(literal, bytes) else literal
    if value is None or not isinstance(text, str) or " " in text or _OF_OTHERS.search(text):
        return
    if is_value(text) and _stands_in(module, value.line, text):
        yield "the password of an account", value.line, None


def _of_option(
    call: Call, configured: Set[str | None]
) -> Iterator[tuple[str, int, Severity | None]]:
    """The default of an option of the command line that is called a secret."""
    default = call.argument("default")
    if default is not None and default.text in configured:
        return
    if default is None or not is_value(default.text) or default.variable is not None:
        return
    spoken = (call.argument("", at) for at in range(3))
    names = [v.text.lstrip("-").replace("-", "_") for v in spoken if v is not None]
    envvar = call.argument("envvar")
    names += [envvar.text] if envvar is not None else []
    is_key = any(map(is_signing_key, names))
    if is_key or (any(map(is_password, names)) and not is_stand_in(default.text)):
        name = next(n for n in names if is_signing_key(n) or is_password(n))
        yield f"the default of {name}", default.line, Severity.HIGH if is_key else None


def _opens(password: str, user: str) -> bool:
    """True for a password that is none of development's and no placeholder."""
    return (
        is_value(password)
        and " " not in password
        and password.lower() != user.lower()
        and not is_stand_in(password)
    )


def _is_called_secret(binding: Binding) -> bool:
    """True for a name of the module that says so."""
    name = binding.name
    return not binding.scope and name.isidentifier() and (is_signing_key(name) or is_password(name))


def _is_login(binding: Binding, text: str) -> bool:
    """True for a dictionary's password with whom or what it opens beside it."""
    beside = binding.source
    is_sent = binding.name.startswith("{sent}")
    if not (beside & _WHERE or (is_sent and beside & _WHO)):
        return False
    is_local = any(is_this_machine(word) for word in beside)
    is_users = text.lower() in {word.lower() for word in beside}
    return not (is_local or is_users) and _opens(text, "")


def _is_constant(binding: Binding, text: str) -> bool:
    """True for a module's constant that is called a secret, and does not only name one."""
    name, plain = binding.name.lower(), text.lower().replace("-", "_")
    if not name.isidentifier() or not is_value(text) or re.search(r"[\s/%{}:]", text):
        return False
    if plain in name or name in plain:
        return False
    if is_signing_key(name):  # or the name of what is kept in a session
        return not (_OF_SESSIONS.search(name) and _WORDS.fullmatch(text.strip("_")))
    return is_password(name) and not is_stand_in(text) and not _WORDS.fullmatch(text)


def _line_of(module: Module, line: int, text: str) -> int | None:
    """The line that a text is written on: this one, or a constant's that has it. None: no one."""
    if _stands_in(module, line, text):
        return line
    given = (b.line for b in module.bindings[:_MOST_NAMES] if b.value.text == text)
    return next((number for number in given if _stands_in(module, number, text)), None)


def _stands_in(module: Module, number: int, text: str) -> bool:
    """True if a line of the file holds a text; a span's own text has its secrets masked."""
    return any(text in line for line in module.file.lines[number - 1 : number])
