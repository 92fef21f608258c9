"""Where a Location leads: resolved as browsers do (RFC 9110, section 10.2.2; WHATWG URL)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from plainwire.model import WireError
from plainwire.wire.hosts import host, same_host

__all__ = ["Destination", "resolve", "same_host"]

MAX_LOCATION = 65536
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PARTS = re.compile(r"([^?#]*)(\?[^#]*)?(?:#.*)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# C0 controls and spaces are stripped at both ends, tabs and newlines are dropped everywhere
# (WHATWG URL, section 4.4): servers that fold headers do send them.
_STRIPPED = "".join(map(chr, range(0x21)))
_DROPPED = str.maketrans("", "", "\t\n\r")
_KEPT = "%/:;=@!$&'()*+,-._~[]|^{}"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a redirect leads. ``path`` holds the query and no fragment; user information is gone.

    For a scheme other than http, https, ws and wss, ``host`` is empty and ``port`` 0.
    ``problems`` names what the RFC forbids and browsers forgive.
    """

    scheme: str
    host: str
    port: int
    path: str
    has_userinfo: bool = False
    problems: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The absolute URL; for a foreign scheme the scheme and a colon only."""
        if not self.host:
            return f"{self.scheme}:"
        name = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{name}{port}{self.path}"


def resolve(location: str, base: str) -> Destination:
    """The place that a Location value means for a browser that asked ``base``, an absolute URL.

    Raises:
        WireError: if either is no URL (RFC 3986, section 4.1).
    """
    if len(location) > MAX_LOCATION or len(base) > MAX_LOCATION:
        raise WireError("RFC 9110, section 10.2.2: Location is too long")
    origin = _resolve(base, None)
    if not origin.host:
        raise WireError("RFC 3986, section 5.1: the base has no host")
    return _resolve(_as_text(location), origin)


def _as_text(location: str) -> str:
    """Field values come as Latin-1 (RFC 9110, section 5.5) and mean UTF-8 where they can."""
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return location


def _resolve(reference: str, base: Destination | None) -> Destination:
    problems = ["control characters"] if _CONTROL.search(reference) else []
    text = reference.strip(_STRIPPED).translate(_DROPPED)
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else base.scheme if base else ""
    if scheme not in DEFAULT_PORTS:
        if not scheme:
            raise WireError("RFC 3986, section 4.3: not an absolute URL")
        return Destination(scheme, "", 0, "", problems=tuple(problems))
    before, query = _split(text[match.end() :] if match else text)
    if "\\" in before:
        problems.append("backslashes")
        before = before.replace("\\", "/")
    has_authority = before.startswith("//")
    # "https:host" is absolute, and relative if the base has that very scheme (WHATWG URL, 4.4).
    if match and not has_authority and (base is None or base.scheme != scheme):
        problems.append("no // after the scheme")
        has_authority = True
    if has_authority:
        return _absolute(scheme, before.lstrip("/"), query, problems)
    if base is None:
        raise WireError("RFC 3986, section 4.3: not an absolute URL")
    path = _relative(before, query, base.path)
    return Destination(scheme, base.host, base.port, path, False, tuple(problems))


def _split(text: str) -> tuple[str, str]:
    match = _PARTS.match(text)
    return (match[1], match[2] or "") if match else (text, "")


def _absolute(scheme: str, rest: str, query: str, problems: list[str]) -> Destination:
    authority, slash, path = rest.partition("/")
    userinfo, at, hostport = authority.rpartition("@")
    name, port = _host_port(hostport, scheme)
    path = _encoded(_without_dots(slash + path)) + _encoded(query, "?")
    return Destination(scheme, name, port, path, bool(at and userinfo), tuple(problems))


def _host_port(text: str, scheme: str) -> tuple[str, int]:
    name, colon, digits = text.rpartition(":")
    if not colon or text.endswith("]"):
        name, digits = text, ""
    if not digits:
        return host(name), DEFAULT_PORTS[scheme]
    if not re.fullmatch(r"[0-9]{1,16}", digits) or int(digits) > 65535:
        raise WireError("RFC 3986, section 3.2.3: not a port")
    return host(name), int(digits)


def _relative(path: str, query: str, base: str) -> str:
    """RFC 3986, section 5.2.2, for a base path that holds its query."""
    base_path, base_query = _split(base)
    if not path:
        return base_path + (_encoded(query, "?") if query else base_query)
    if not path.startswith("/"):
        path = base_path.rpartition("/")[0] + "/" + path
    return _encoded(_without_dots(path)) + _encoded(query, "?")


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4; the empty path is the root."""
    kept: list[str] = []
    segments = path.split("/")[1:] or [""]
    for number, segment in enumerate(segments, 1):
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del kept[-1:]
        if plain not in (".", ".."):
            kept.append(segment)
        elif number == len(segments):
            kept.append("")
    return "/" + "/".join(kept)


def _encoded(text: str, also: str = "") -> str:
    """The text with what may not stand in a request target percent-encoded, escapes kept."""
    return quote(text, safe=_KEPT + also, errors="replace")
