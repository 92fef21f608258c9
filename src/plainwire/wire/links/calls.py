"""Which names a script fetches from, and what a URL in it is given to."""

from __future__ import annotations

import re

__all__ = ["called_names", "is_called", "is_scheme_choice"]

MAX_NAMES = 2000
# What fetches: db.open("users", …) and $.extend(…) do not.
METHODS = "get|head|post|put|patch|delete|options"
JQUERY = r"(?<![\w$.])(?:\$|jQuery)\.(?:ajax|get|post|getJSON|getScript)"

# fetch(API + "/x"), fetch(`${API}/x`), xhr.open("GET", config.api), axios.get(API)
_CALL = re.compile(
    r"(?:\b(?:fetch|sendBeacon|EventSource|importScripts)\s*+\(\s*+"
    rf"|\.open\s*+\(\s*+[\"'](?i:{METHODS})[\"']\s*+,\s*+"
    r"|\baxios(?:\.(?:get|post|put|patch|delete|head|options|request|create))?\s*+\(\s*+"
    rf"|{JQUERY}\s*+\(\s*+)"
    r"(?:\{\s*+(?:url|baseURL)\s*+:\s*+)?(?:`\$\{\s*+)?(?P<name>[A-Za-z_$][\w$.]{0,100})"
)
_GIVEN_TO = re.compile(r"(?P<name>[\w$.]{1,100})[\"']?\s*+(?P<sign>[=:])\s*+\Z")
_GLOBAL = re.compile(r"^(?:window|self|globalThis|this)\.")
# location.protocol === "https:" ? "wss://…" : "ws://…", or the same with if and else; minifiers
# turn the comparison around.
_CHOICE = re.compile(
    r"(?:\bprotocol\s*+[!=]==?|\bisSecureContext\b|[\"']https?:[\"']\s*+[!=]==?[\w\s.$]{0,40}protocol\b)"
    r"[^;]{0,160}(?:;\s*+\}?\s*+else\b[^;]{0,120})?\Z"
)
# isSecure ? "wss://a" : "ws://a", whatever isSecure is made of.
_OTHER_BEFORE = re.compile(
    r"\?\s*+([\"'`])(?:https|wss)://[^\"'`]{0,200}\1\s*+:\s*+\Z", re.IGNORECASE
)
_OTHER_AFTER = re.compile(r"([\"'`])[^\"'`]{0,200}\1\s*+:\s*+[\"'`](?:https|wss)://", re.IGNORECASE)
_LOOK_BACK = 320
# Where lines are so long, a minifier gave every function the same names of a letter or two.
_MINIFIED_LINE = 500
_SHORT = 2
# Members that are called so in every other object: the one meant is looked for by its name.
_COMMON = frozenset({"url", "uri", "href", "src", "path", "link"})


def called_names(source: str) -> frozenset[str]:
    """The names whose value a script asks for over the network, at most `MAX_NAMES`.

    Those that stand first in what fetch, XMLHttpRequest, axios, jQuery and the like are given;
    ``window.`` and ``this.`` left out, and in a minified script those of a letter or two. Comments
    and strings are not told apart from code.
    """
    names: set[str] = set()
    is_minified = len(source) > _MINIFIED_LINE * (1 + source.count("\n"))
    for match in _CALL.finditer(source):
        name = _GLOBAL.sub("", match["name"])
        if is_minified and len(name.partition(".")[0]) <= _SHORT:
            continue
        names.add(name)
        if len(names) == MAX_NAMES:
            break
    return frozenset(names)


def is_called(source: str, position: int, names: frozenset[str]) -> bool:
    """True if the literal at ``position`` is given to a name, or a member of one, in ``names``."""
    before = source[max(0, position - _LOOK_BACK) : position]
    given = _GIVEN_TO.search(before)
    if given is None:
        return False
    name = _GLOBAL.sub("", given["name"])
    if given["sign"] == "=":
        return name in names
    of = [each.removesuffix(f".{name}") for each in names if each.endswith(f".{name}")]
    if name not in _COMMON:
        return bool(of)
    return any(re.search(rf"(?<![\w$.]){re.escape(each)}\s*+[=:]\s*+\{{", before) for each in of)


def is_scheme_choice(source: str, position: int) -> bool:
    """True if the literal at ``position`` is what a script takes by the page's own scheme, or in
    the place of one over TLS."""
    before = source[max(0, position - _LOOK_BACK) : position]
    return (
        _CHOICE.search(before) is not None
        or _OTHER_BEFORE.search(before) is not None
        or (before.rstrip()[-1:] == "?" and _OTHER_AFTER.match(source, position) is not None)
    )
