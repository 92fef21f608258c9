"""Whether a cookie looks as if it stood for a person: by its name, else by its value."""

from __future__ import annotations

import re
from itertools import pairwise

from plainwire.wire.cookies import Cookie

# Whole names of frameworks and gateways (their own documentation), in lower case.
_NAMES = frozenset(
    {
        "phpsessid",
        "jsessionid",
        "cfid",
        "cftoken",
        "aspxauth",
        "awselbauthsessioncookie",
        "sessid",
        "sessionid",
        "authtoken",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "rememberme",
        "userid",
        "laravelsession",
        "connectsid",
    }
)
# IIS and WordPress put something random behind theirs.
_BEGINNINGS = ("aspsessionid", "wordpressloggedin", "wordpresssec")
_WORDS = frozenset(
    {
        "session",
        "sess",
        "sessid",
        "sessionid",
        "sid",
        "auth",
        "authentication",
        "authorization",
        "token",
        "jwt",
        "remember",
        "rememberme",
        "login",
        "sso",
        "bearer",
        "credential",
        "credentials",
    }
)
# Readable by design (double-submit tokens), or a preference, or for counting visits.
_OTHER = frozenset(
    {
        "csrf",
        "xsrf",
        "csrftoken",
        "xsrftoken",
        "csrfmiddlewaretoken",
        "requestverificationtoken",
        "antiforgery",
        "consent",
        "theme",
        "lang",
        "language",
        "locale",
        "timezone",
        "tz",
        "currency",
        "analytics",
        "utm",
        "ga",
        "gid",
        "gat",
        "gcl",
        "fbp",
        "fbc",
    }
)
# Random, but they name a server and not a visitor (documentation of AWS ELB, Azure, Google Cloud
# load balancing, nginx `sticky`, ingress-nginx, HAProxy).
_AFFINITY = frozenset(
    {
        "awsalb",
        "awsalbcors",
        "awsalbtg",
        "awsalbtgcors",
        "awselb",
        "awselbcors",
        "arraffinity",
        "arraffinitysamesite",
        "gclb",
        "route",
        "ingresscookie",
        "serverid",
    }
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_RANDOM = re.compile(r"[A-Za-z0-9_.~+/=:%!-]{16,}")
_OPAQUE_LENGTH = 16


def is_session_like(cookie: Cookie) -> bool:
    """True if the cookie seems to identify a session or a user.

    By whole words of its name, or by a value of 16 or more characters that looks random. Tokens
    against CSRF and cookies of load balancers do not.
    """
    words = [word.lower() for word in _WORD.findall(cookie.name)]
    whole = "".join(words)
    if _OTHER.intersection(words) or whole in _OTHER or whole in _AFFINITY:
        return False
    if whole in _NAMES or whole.startswith(_BEGINNINGS) or _WORDS.intersection(words):
        return True
    return looks_random(cookie.value)


def looks_random(value: str) -> bool:
    """True for 16 or more characters that change between digits and cases as random text does.

    Of two neighbours in random hexadecimal digits 47 % differ in class, in base64 64 %; words,
    dates and counters stay below 20 %, camel case without digits below 45 %.
    """
    text = value.strip('"')
    if not _RANDOM.fullmatch(text):
        return False
    characters = [char for char in text if char.isalnum()]
    if len(characters) < _OPAQUE_LENGTH or len(set(characters)) < 8:
        return False
    changes = sum(_class(one) != _class(other) for one, other in pairwise(characters))
    has_digits = any(char.isdigit() for char in characters)
    return changes / (len(characters) - 1) > (0.2 if has_digits else 0.45)


def _class(char: str) -> int:
    return 0 if char.isdigit() else 1 if char.islower() else 2
