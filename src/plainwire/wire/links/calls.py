"""Which names a script fetches from, and what a URL in it is given to."""

from __future__ import annotations

import re

__all__ = ["called_names", "is_called", "is_scheme_choice"]

MAX_NAMES = 2000

# fetch(API + "/x"), fetch(`${API}/x`), xhr.open("GET", config.api), axios.get(API)
_CALL = re.compile(
    r"(?:\b(?:fetch|sendBeacon|EventSource|importScripts)\s*+\(\s*+"
    r"|\.open\s*+\(\s*+[\"'][A-Za-z]{1,10}[\"']\s*+,\s*+"
    r"|\baxios(?:\.(?:get|post|put|patch|delete|head|options|request|create))?\s*+\(\s*+"
    r"|(?:\$|\bjQuery)\.(?:ajax|get|post|getJSON|getScript)\s*+\(\s*+)"
    r"(?:\{\s*+(?:url|baseURL)\s*+:\s*+)?(?:`\$\{\s*+)?(?P<name>[A-Za-z_$][\w$.]{0,100})"
)
_GIVEN_TO = re.compile(r"(?P<name>[\w$.]{1,100})[\"']?\s*+(?P<sign>[=:])\s*+\Z")
_GLOBAL = re.compile(r"^(?:window|self|globalThis|this)\.")
# location.protocol === "https:" ? "wss://…" : "ws://…", or the same with if and else.
_CHOICE = re.compile(
    r"\b(?:protocol\s*+[!=]==?|isSecureContext\b)[^;]{0,160}"
    r"(?:;\s*+\}?\s*+else\b[^;]{0,120})?\Z"
)
_LOOK_BACK = 320


def called_names(source: str) -> frozenset[str]:
    """The names whose value a script asks for over the network, at most `MAX_NAMES`.

    Those that stand first in what fetch, XMLHttpRequest, axios, jQuery and the like are given;
    ``window.`` and ``this.`` left out. Comments and strings are not told apart from code.
    """
    names: set[str] = set()
    for match in _CALL.finditer(source):
        names.add(_GLOBAL.sub("", match["name"]))
        if len(names) == MAX_NAMES:
            break
    return frozenset(names)


def is_called(source: str, position: int, names: frozenset[str]) -> bool:
    """True if the literal at ``position`` is given to a name, or a member of one, in ``names``."""
    given = _GIVEN_TO.search(source[max(0, position - _LOOK_BACK) : position])
    if given is None:
        return False
    name = _GLOBAL.sub("", given["name"])
    if given["sign"] == "=":
        return name in names
    return any(each.endswith(f".{name}") for each in names)


def is_scheme_choice(source: str, position: int) -> bool:
    """True if the literal at ``position`` is what a script takes by the page's own scheme."""
    return _CHOICE.search(source[max(0, position - _LOOK_BACK) : position]) is not None
