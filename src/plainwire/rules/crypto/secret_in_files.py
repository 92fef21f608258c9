"""A secret is written in the project's files.

Whoever reads the repository or pulls the image has the key: with `SECRET_KEY` they sign session
cookies, with a JWT key they sign tokens, with a password, or a database's address that holds one,
they log in (CWE-321). A fallback for a variable that is not set is the live key wherever nobody
sets the variable.

Remedy:

    Read the secret from the environment or a secret store, and refuse to start without it:
    os.environ["SECRET_KEY"].

Bad:

    --- config.py
    import os
    class Config:
        SECRET_KEY = os.environ.get("SECRET_KEY") or "hard to guess"
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Good:

    --- config.py
    import os
    class Config:
        SECRET_KEY = os.environ["SECRET_KEY"]
    class TestingConfig(Config):
        SECRET_KEY = "only in tests"
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Limits:

    Secrets are known by the names of their settings, not by how random they look, and passwords in
    addresses by their place (postgresql://user:password@host). There, what development uses is
    none: the user's own name, "password", a variable's fallback on this machine. Sample files count
    only if they are named for production or an image holds them as `.env`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from plainwire.model import (
    Confidence,
    Environment,
    Finding,
    Module,
    Project,
    Setting,
    Severity,
    SourceFile,
    Span,
    rule,
)
from plainwire.wire.secret_words import (
    is_password,
    is_sample,
    is_signing_key,
    is_stand_in_for_given,
    is_value,
)
from plainwire.wire.url_passwords import url_passwords

_SAMPLE_FILE = re.compile(  # not the folder of a chart's templates, which are what is installed
    r"(sample|example|template|\.dist)[^/]*$|(sample|example)[^/]*/", re.IGNORECASE
)
_SIGNERS = (
    (re.compile(r"(^|\.)jwt\.(encode|decode)$"), ("key", 1)),
    (re.compile(r"(^|\.)Fernet$"), ("key", 0)),
    (
        re.compile(
            r"(^|\.)(URLSafe(Timed)?|Timed(JSONWebSignature)?|JSONWebSignature)?Serializer$"
        ),
        ("secret_key", 0),
    ),
    (re.compile(r"(^|\.)(Timestamp)?Signer$"), ("secret_key", 0)),
)
_SIGNER_ENDS = ("code", "Fernet", "Serializer", "Signer")  # asked first: of every call there is
_MOST_PLACES = 8
# Names and scopes that speak of tests and of development.
_OF_OTHERS = re.compile(r"(?<![a-z])(test(ing)?|dev(el(opment)?)?|local|debug)(?![a-z])", re.I)
_OF_OTHER_SCOPES = re.compile(r"test|dev|local|debug", re.IGNORECASE)
# Functions that look whether a secret is fit for production.
_REFUSES = re.compile(
    r"weak|insecure|unsafe|(validate|enforce|check|require)\w{0,80}(secret|secur|config|key)"
)
_ENDS = frozenset({"raise", "exit", "sys.exit", "os._exit", "quit"})  # what starts no further
_LINES_OF = ("ini", "toml", "yaml", "shell", "terraform")
_LONGEST_LINE = 2000
_LONGEST_STATEMENT = 6  # lines
_MOST_LOOKS = 500  # for what each would cost a look through every file
_WANTED = ("production", "staging")
_PRODUCTION = re.compile(r"prod", re.IGNORECASE)


@rule(
    kind="secret-hardcoded",
    severity=Severity.HIGH,
    cwe=(321,),
    references=("OWASP ASVS 4.0.3, 6.4.1", "Flask, configuration, SECRET_KEY"),
)
def secret_in_files(project: Project) -> Iterator[Finding]:
    """Settings for production whose name says secret and whose value is written down."""
    copied = _copied_as_env(project)
    seen = set()
    for number, secrets in enumerate(_alike(project, copied)):
        first = secrets[0]
        named = secrets if number < _MOST_LOOKS else []
        written = [place for s in named for place in _written(project, s)]
        places = list(dict.fromkeys((*written, *(s.place for s in secrets))))
        seen |= {(place.path, place.line) for place in places}
        role = "is the fallback of a variable" if first.is_default else "is written"
        is_key = is_signing_key(first.name)
        also = f" (and in {len(secrets) - 1} more places)" if len(secrets) > 1 else ""
        what = f"the password in {first.name}" if first.is_in_address else first.name
        yield secret_in_files.finding(
            f"{what} {role} here{also}; it {'signs' if is_key else 'opens'} what it protects",
            *places,
            severity=Severity.HIGH
            if is_key and first.place.path not in copied
            else Severity.MEDIUM,
            confidence=Confidence.FIRM,
            environment=first.environment if first.environment == "staging" else "production",
        )
    for module in project.modules:
        if module.file.environment not in _WANTED:
            continue
        for name, place in _in_calls(module):
            if (place.path, place.line) not in seen:
                seen.add((place.path, place.line))
                yield secret_in_files.finding(
                    f"the key that {name} is given is written here",
                    place,
                    environment="production",
                )


@dataclass(frozen=True, slots=True)
class _Secret:
    """A secret that is written down, by the name of what holds it."""

    name: str
    value: str
    place: Span
    environment: Environment
    is_default: bool = False
    is_in_address: bool = False


def _alike(project: Project, copied: frozenset[str]) -> Iterator[list[_Secret]]:
    """The secrets; one password in several files or an address is one secret.

    A key that signs is found in every file, since each may be the one that is live.
    """
    groups: dict[object, dict[Span, _Secret]] = {}
    known: dict[object, object] = {}
    for secret in (*_named(project, copied), *_in_addresses(project, copied)):
        is_alone = is_signing_key(secret.name) or _has_comment(project, secret.place)
        alike = (secret.value, secret.environment)
        key: object = (secret.name, *alike)
        if is_alone:
            key = (secret.place.path, secret.place.line)
        elif secret.is_in_address:
            key = known.get(alike, alike)
        else:
            known.setdefault(alike, key)
        groups.setdefault(key, {}).setdefault(secret.place, secret)
    for group in groups.values():
        secrets = list(group.values())
        for at in range(0, len(secrets), _MOST_PLACES):
            yield secrets[at : at + _MOST_PLACES]


def _named(project: Project, copied: frozenset[str]) -> Iterator[_Secret]:
    """What settings hold whose names say that it is secret."""
    refused: frozenset[str] | None = None  # looked for only where there is a fallback
    for setting in _settings(project, copied):
        value = setting.value or ""
        is_secret = is_signing_key(setting.name) or is_password(setting.name)
        # OpenShift's templates are what is processed and installed, no samples.
        is_installed = setting.scope == "Template" and not is_sample(value)
        is_shown = not is_installed and _is_sample(setting.place.path, value, copied)
        is_shown |= is_stand_in_for_given(setting.name, value)
        if not is_secret or not is_value(value) or is_shown:
            continue
        if setting.is_default:
            refused = _refused(project) if refused is None else refused
            if value in refused or setting.variable in refused:
                continue
        yield _Secret(setting.name, value, setting.place, setting.environment, setting.is_default)


def _written(project: Project, secret: _Secret) -> Iterator[Span]:
    """Where a value is written that the secret's own lines only name: a constant of the code."""
    file = project.file(secret.place.path)
    at = secret.place.line - 1
    if file is None or file.format != "python" or secret.is_in_address:
        return
    if any(secret.value in line for line in file.lines[at : at + _LONGEST_STATEMENT]):
        return
    quoted = (f'"{secret.value}"', f"'{secret.value}'")
    for module in sorted(project.modules, key=lambda one: one.file.path != file.path):
        if module.file.environment not in _WANTED or secret.value not in module.file.text:
            continue
        for number, line in enumerate(module.file.lines, 1):
            if any(text in line for text in quoted):
                yield module.span(number)
                return


def _refused(project: Project) -> frozenset[str]:
    """The values that code looks for to refuse them, and the variables that it insists on."""
    found = {
        text.value
        for module in project.modules
        for text in module.strings
        if text.value and _REFUSES.search(text.scope)
    }
    for module in project.modules:
        if module.file.environment in _WANTED:
            ends = (call for call in module.calls if call.name in _ENDS)
            for call in islice(ends, _MOST_LOOKS):
                found |= call.tested
    return frozenset(found)


def _in_addresses(project: Project, copied: frozenset[str]) -> Iterator[_Secret]:
    """The passwords in addresses: of settings, of strings in code, of other files' lines."""
    for setting in _settings(project, copied):
        for found in url_passwords(setting.value or ""):
            is_for_developers = setting.is_default and found.is_local
            is_sample_file = _is_sample(setting.place.path, found.password, copied)
            if not (is_for_developers or is_sample_file or _OF_OTHERS.search(setting.name)):
                yield _Secret(
                    setting.name, found.password, setting.place, setting.environment,
                    setting.is_default, True,
                )  # fmt: skip
    for module in project.modules:
        if module.file.environment in _WANTED:
            yield from _in_strings(module)
    for file in project.files:
        is_wanted = file.format in _LINES_OF and file.environment in _WANTED
        if is_wanted and not _is_sample(file.path, "", copied):
            yield from _in_lines(file)


def _in_strings(module: Module) -> Iterator[_Secret]:
    """The addresses in code that lead to another machine."""
    for text in module.strings:
        for found in url_passwords(text.value[:_LONGEST_LINE]):
            place = module.span(text.line)
            before = place.text.partition("://")[0]
            is_of_others = _OF_OTHER_SCOPES.search(text.scope) or _OF_OTHERS.search(before)
            is_in_prose = " " in text.value.partition("://")[0]
            if not (found.is_local or is_of_others or is_in_prose):
                name = f"the address of {found.host}"
                yield _Secret(name, found.password, place, module.file.environment, False, True)


def _in_lines(file: SourceFile) -> Iterator[_Secret]:
    """The addresses in the lines of a file, comments left out."""
    if "://" not in file.text or "@" not in file.text:
        return
    for number, line in enumerate(file.lines, 1):
        for found in url_passwords(line[:_LONGEST_LINE]):
            name = line.partition("://")[0].strip()
            if name[:1] not in ("#", ";") and not _OF_OTHERS.search(name):
                name = f"the address of {found.host}"
                place = file.span(number)
                yield _Secret(name, found.password, place, file.environment, False, True)


def _is_sample(path: str, value: str, copied: frozenset[str]) -> bool:
    """True for a file that shows what to write, or a value that is none in one of production."""
    is_sample_file = bool(_SAMPLE_FILE.search(path)) and path not in copied
    return is_sample_file and (not _PRODUCTION.search(path) or is_sample(value))


def _has_comment(project: Project, place: Span) -> bool:
    """True where a comment suppresses: that speaks for one place alone."""
    file = project.file(place.path)
    lines = file.lines[max(place.line - 2, 0) : place.line] if file is not None else ()
    return any("plainwire:" in line for line in lines)


def _in_calls(module: Module) -> Iterator[tuple[str, Span]]:
    """The literal keys that code gives to what signs or encrypts, where they are written."""
    for call in module.calls:
        if not call.name.endswith(_SIGNER_ENDS):
            continue
        what = next((key for name, key in _SIGNERS if name.search(call.name)), None)
        value = call.argument(what[0], what[1]) if what is not None else None
        text = value.literal if value is not None else None
        text = text.decode("ascii", "replace") if isinstance(text, bytes) else text
        if value is None or not isinstance(text, str) or not is_value(text):
            continue
        given = [b.line for b in module.bindings if b.value.literal == value.literal]
        number = given[0] if given else value.line
        if _stands_in(module, number, text[:40]) and "PUBLIC KEY" not in text:
            yield call.name, module.span(number)


def _stands_in(module: Module, number: int, text: str) -> bool:
    """True if a line of the file holds a text; a span's own text has its secrets masked."""
    return any(text in line for line in module.file.lines[number - 1 : number])


def _settings(project: Project, copied: frozenset[str]) -> Iterator[Setting]:
    """What applications, images, services, environment files and manifests say of production."""
    for app in project.apps:
        yield from (s for s in app.settings if s.environment in _WANTED)
    for image in project.images:
        if image.environment in _WANTED:
            for stage in image.stages:
                yield from (s for s in stage.settings.values() if s.place.path == image.path)
    for deployment in project.deployments:
        is_ours = deployment.apps or not project.apps  # else what runs other programs
        if deployment.environment in _WANTED and is_ours:
            for service in deployment.services:
                if service.environment in _WANTED:
                    yield from (s for s in service.settings.values() if s.environment in _WANTED)
    for setting in project.variables:
        if setting.environment in (*_WANTED, "example") or setting.place.path in copied:
            yield setting


def _copied_as_env(project: Project) -> frozenset[str]:
    """The environment files that an image holds as ``.env``, whatever they are called here."""
    found = set()
    for image in project.images:
        folder = image.path.rpartition("/")[0]
        for stage in image.stages:
            for source, target, _ in stage.copies:
                if target.rpartition("/")[2] == ".env":
                    found.add(f"{folder}/{source}" if folder else source)
    return frozenset(found)
