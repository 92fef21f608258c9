"""What the user named, as a `Target`: URLs, bare hosts, ports, IPv6, internationalised names."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote

from plainwire.model import Origin, Scheme, Target, UsageError, WireError
from plainwire.wire.hosts import host

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST_PORT = re.compile(r"^(?P<host>\[[^\]]*\]|[^:/?#\[\]]+)(?::(?P<port>\d{0,6}))?$")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
MAX_LENGTH = 4096


def parse_target(
    words: str, *, http_ports: tuple[int, ...] = (), https_ports: tuple[int, ...] = ()
) -> tuple[Target, str | None]:
    """The target in ``words`` and the user information in it (``user:password``) if any.

    Without a scheme both are examined. Ports 80 and 443 are twins; on any other port both
    protocols are tried there, and elsewhere only on ``http_ports`` and ``https_ports``.

    Raises:
        UsageError: if the words are no host, host:port or http(s) URL.
    """
    text = words.strip()
    if not text or len(text) > MAX_LENGTH or _UNSAFE.search(text):
        raise UsageError(f"not a target: {_without_login(words)[:80]!r}")
    named, rest = _scheme(text)
    authority, path = _split(rest)
    userinfo, at, hostport = authority.rpartition("@")
    name, port, is_ip = _host_port(hostport, words if not at else hostport)
    https, http = _origins(name, port, http_ports, https_ports)
    value = _shown(named, name, port, path) if named else f"{hostport}{path if path != '/' else ''}"
    target = Target(value, name, path, named, https, http, is_ip, None)
    return target, userinfo if at else None


def parse_endpoint(words: str, port: int = 443) -> Target:
    """The one TLS listener in ``words``: HOST[:PORT] or an https URL, of which the path is dropped.

    ``port`` is the one of words that name none. The target's value is ``host:port`` with the
    host as an A-label or an address, so that two spellings of one endpoint are equal.

    Raises:
        UsageError: if the words are no host, host:port or https URL, or hold user information.
    """
    text = words.strip()
    if not text or len(text) > MAX_LENGTH or _UNSAFE.search(text):
        raise UsageError(f"not an endpoint: {_without_login(words)[:80]!r}")
    named, rest = _scheme(text)
    authority, _ = _split(rest)
    if named == "http" or "@" in authority:
        raise UsageError(f"not HOST[:PORT] or an https URL: {_without_login(words)[:80]!r}")
    name, own_port, is_ip = _host_port(authority, words)
    origin = Origin("https", name, own_port or port)
    shown = f"[{name}]" if ":" in name else name
    return Target(f"{shown}:{origin.port}", name, "/", "https", (origin,), (), is_ip)


def _without_login(words: str) -> str:
    """The words without anything that could be a password before an at sign."""
    return re.sub(r"(?s)^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", r"\1…@", words)


def _shown(named: Scheme, host: str, port: int | None, path: str) -> str:
    return Origin(named, host, port or (443 if named == "https" else 80)).url(path)


def _scheme(text: str) -> tuple[Scheme | None, str]:
    match = _SCHEME.match(text)
    if match is None:
        return None, text
    word, rest = match[1].lower(), text[match.end() :]
    if word == "http":
        return "http", rest
    if word == "https":
        return "https", rest
    raise UsageError(f"not an http or https URL: {text[:80]!r}")


def _split(rest: str) -> tuple[str, str]:
    match = re.search(r"[/?#]", rest)
    if match is None:
        return rest, "/"
    authority, path = rest[: match.start()], rest[match.start() :].partition("#")[0]
    path = "".join(c if c.isascii() else quote(c) for c in path)  # as RFC 3987, 3.1 maps it
    return authority, path if path.startswith("/") else "/" + path


def _host_port(text: str, shown: str) -> tuple[str, int | None, bool]:
    """The host, the port if there is one, and whether the host is an IP address."""
    try:
        return str(ipaddress.IPv6Address(text)), None, True  # without brackets, as people type it
    except ValueError:
        pass
    match = _HOST_PORT.match(text)
    if match is None:
        raise UsageError(f"not a target: {shown[:80]!r}")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise UsageError(f"port out of range in {shown[:80]!r}")
    try:
        name = host(match["host"])
    except WireError as error:
        raise UsageError(f"not a target: {shown[:80]!r} ({error})") from None
    return name, port, ":" in name or name.rpartition(".")[2].isdigit()


def _origins(
    host: str,
    port: int | None,
    http_ports: tuple[int, ...],
    https_ports: tuple[int, ...],
) -> tuple[tuple[Origin, ...], tuple[Origin, ...]]:
    if port is None or port in (80, 443):
        https, http = [443], [80]
    else:
        https, http = [port], [port]
    https += [p for p in https_ports if p not in https]
    http += [p for p in http_ports if p not in http]
    return (
        tuple(Origin("https", host, p) for p in https),
        tuple(Origin("http", host, p) for p in http),
    )
