"""A secret is written in the project's files.

Whoever reads the repository or pulls the image has the key: with `SECRET_KEY` they sign session
cookies, with a JWT key they sign tokens, with a password they log in (CWE-321). A fallback for a
variable that is not set is the live key wherever nobody sets the variable.

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

    Secrets are known by the names of their settings, not by how random they look. Sample files
    count only if they are named for production or an image holds them as `.env`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Module, Project, Setting, Severity, Span, rule
from plainwire.wire.secret_words import is_password, is_sample, is_signing_key, is_value

_SAMPLE_FILE = re.compile(r"sample|example|template|\.dist", re.IGNORECASE)
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
_MOST_PLACES = 8
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
    for settings in _alike(project, copied):
        first = settings[0]
        seen |= {(s.place.path, s.place.line) for s in settings}
        role = "is the fallback of a variable" if first.is_default else "is written"
        is_key = is_signing_key(first.name)
        places = list(dict.fromkeys(s.place for s in settings))
        also = f" (and in {len(places) - 1} more places)" if len(places) > 1 else ""
        yield secret_in_files.finding(
            f"{first.name} {role} here{also}; it {'signs' if is_key else 'opens'} what it protects",
            *places,
            severity=Severity.HIGH
            if is_key and first.place.path not in copied
            else Severity.MEDIUM,
            confidence=Confidence.FIRM,
            environment=first.environment if first.environment == "staging" else "production",
        )
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for name, place in _in_calls(module):
            if (place.path, place.line) not in seen:
                seen.add((place.path, place.line))
                yield secret_in_files.finding(
                    f"the key that {name} is given is written here",
                    place,
                    environment="production",
                )


def _alike(project: Project, copied: frozenset[str]) -> Iterator[list[Setting]]:
    """The settings that write a secret down; one password in several files is one secret.

    A key that signs is found in every file, since each may be the one that is live.
    """
    groups: dict[object, list[Setting]] = {}
    for setting in _settings(project, copied):
        path = setting.place.path
        value = setting.value or ""
        is_key = is_signing_key(setting.name)
        if not is_value(value) or not (is_key or is_password(setting.name)):
            continue
        is_sample_file = _SAMPLE_FILE.search(path) and path not in copied
        if is_sample_file and (not _PRODUCTION.search(path) or is_sample(value)):
            continue
        place = (path, setting.place.line)
        is_alone = is_key or _has_comment(project, setting.place)
        key = place if is_alone else (setting.name, value, setting.environment)
        groups.setdefault(key, []).append(setting)
    for settings in groups.values():
        for at in range(0, len(settings), _MOST_PLACES):
            yield settings[at : at + _MOST_PLACES]


def _has_comment(project: Project, place: Span) -> bool:
    """True where a comment suppresses: that speaks for one place alone."""
    file = project.file(place.path)
    lines = file.lines[max(place.line - 2, 0) : place.line] if file is not None else ()
    return any("plainwire:" in line for line in lines)


def _in_calls(module: Module) -> Iterator[tuple[str, Span]]:
    """The literal keys that code gives to what signs or encrypts, where they are written."""
    for call in module.calls:
        what = next((key for name, key in _SIGNERS if name.search(call.name)), None)
        value = call.argument(what[0], what[1]) if what is not None else None
        text = value.literal if value is not None else None
        text = text.decode("ascii", "replace") if isinstance(text, bytes) else text
        if value is None or not isinstance(text, str) or not is_value(text):
            continue
        given = [b.line for b in module.bindings if b.value.literal == value.literal]
        place = module.span(given[0] if given else value.line)
        if text[:40] in place.text and "PUBLIC KEY" not in text:
            yield call.name, place


def _settings(project: Project, copied: frozenset[str]) -> Iterator[Setting]:
    """What applications, images, services, environment files and manifests say of production."""
    wanted = ("production", "staging")
    for app in project.apps:
        yield from (s for s in app.settings if s.environment in wanted)
    for image in project.images:
        if image.environment in wanted:
            for stage in image.stages:
                yield from (s for s in stage.settings.values() if s.place.path == image.path)
    for deployment in project.deployments:
        if deployment.environment in wanted and deployment.apps:
            for service in deployment.services:
                if service.environment in wanted:
                    yield from (s for s in service.settings.values() if s.environment in wanted)
    for setting in project.variables:
        if setting.environment in (*wanted, "example") or setting.place.path in copied:
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
