"""Names that hold secrets, and values that are none: for settings in files of every format."""

from __future__ import annotations

import re

_SIGNING = re.compile(
    r"(^|_)(SECRET|SECRET_?KEY\w*|SIGNING_?KEY|ENCRYPTION_?KEY|FERNET_?KEY|HMAC\w*|PRIVATE_?KEY"
    r"|JWT_?(SECRET|KEY)\w*|SESSION_?KEY|COOKIE_?(SECRET|KEY)|CSRF_?(SECRET|KEY)\w*"
    r"|ITSDANGEROUS_?KEY|PASSWORD_SALT)$",
    re.IGNORECASE,
)
# What is said of a key, and is none.
_ABOUT = re.compile(
    r"_(ALGO(RITHM)?S?|DIGEST(MOD)?|HASH|HEADER|NAME|LENGTH|SIZE|BYTES|BITS|LIFETIME|PATH|FILE(NAME)?"
    r"|URL|URI|ID|VERSION|TYPE|PREFIX)$",
    re.IGNORECASE,
)
_COOKIE_NAME = re.compile(r"(consent|banner|tour|theme|language|locale)_?COOKIE_?KEY$", re.I)
_PASSWORD = re.compile(
    r"(^|[_-])(PASSWORD|PASSWD|PASS|PWD|API_?KEY|ACCESS_?KEY|AUTH_?TOKEN|API_?TOKEN)$"
    r"|^db[_-]?password|password\.txt$|_secret$| webhook$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"^\s*$|<[^<>]*>|[{}]|\$[\w({]|_{4,}|^\*+$|^x{3,}$|^\.\.\.$|^(none|null|true|false|yes|no|on|off)$",
    re.IGNORECASE,
)
_SAMPLE = re.compile(
    r"change|your|replace|example|sample|placeholder|insert|todo|fixme|secret_?here|xxx",
    re.IGNORECASE,
)

# What somebody else gives: a stand-in for it opens nothing.
_GIVEN = re.compile(
    r"(^|_)(MAIL|EMAIL|SMTP|AWS|S3|TWILIO|SENDGRID|STRIPE|GOOGLE|GITHUB|FACEBOOK|OPENAI|SLACK)_"
    r"|(^|_)(API_?KEY|ACCESS_?KEY|API_?TOKEN)$",
    re.IGNORECASE,
)


def is_signing_key(name: str) -> bool:
    """True for a name whose value signs or encrypts: ``SECRET_KEY``, ``JWT_SECRET_KEY``.

    ``CONSENT_COOKIE_KEY`` is what a cookie is called, ``HMAC_ALGORITHM`` is no key.
    """
    is_about = _ABOUT.search(name) or _COOKIE_NAME.search(name)
    return bool(_SIGNING.search(name)) and not is_about


def is_password(name: str) -> bool:
    """True for a name whose value opens something: ``POSTGRES_PASSWORD``, ``API_KEY``."""
    return bool(_PASSWORD.search(name))


def is_value(text: str) -> bool:
    """True for a value that is used as it stands, and no reference or empty."""
    return len(text) > 2 and not _PLACEHOLDER.search(text) and not text.startswith("/")


def is_sample(text: str) -> bool:
    """True for a value that only says where the real one goes."""
    return bool(_SAMPLE.search(text))


def is_stand_in_for_given(name: str, text: str) -> bool:
    """True for a sample in the place of what another service gives: ``MAIL_PASSWORD=your-…``.

    A sample that the project itself takes, such as a database's password, is what it runs with.
    """
    return bool(_GIVEN.search(name)) and is_sample(text)
