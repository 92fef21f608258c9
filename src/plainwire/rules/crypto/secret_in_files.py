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

from plainwire.model import Confidence, Finding, Project, Setting, Severity, rule
from plainwire.wire.secret_words import is_password, is_sample, is_signing_key, is_value

_SAMPLE_FILE = re.compile(r"sample|example|template|\.dist", re.IGNORECASE)
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
    for setting in _settings(project, copied):
        path = setting.place.path
        value = setting.value or ""
        is_key = is_signing_key(setting.name)
        if not is_value(value) or not (is_key or is_password(setting.name)):
            continue
        is_sample_file = _SAMPLE_FILE.search(path) and path not in copied
        if is_sample_file and (not _PRODUCTION.search(path) or is_sample(value)):
            continue
        role = "is the fallback of a variable" if setting.is_default else "is written"
        yield secret_in_files.finding(
            f"{setting.name} {role} here; it {'signs' if is_key else 'opens'} what it protects",
            setting.place,
            severity=Severity.HIGH if is_key and path not in copied else Severity.MEDIUM,
            confidence=Confidence.FIRM,
            environment=setting.environment if setting.environment == "staging" else "production",
        )


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
