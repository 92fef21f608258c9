"""What the user named, as a `Target`: URLs, bare hosts, ports, IPv6, internationalised names."""

from __future__ import annotations

import ipaddress
import re

from plainwire.model import Origin, Scheme, Target, UsageError

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST_PORT = re.compile(r"^(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:/?#\[\]]*))(?::(?P<port>\d{0,6}))?$")
_LABEL = re.compile(r"^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$")
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
    host, port, is_ip = _host_port(hostport, words if not at else hostport)
    https, http = _origins(host, port, named, http_ports, https_ports)
    value = _shown(named, host, port, path) if named else f"{hostport}{path if path != '/' else ''}"
    target = Target(value, host, path, named, https, http, is_ip, None)
    return target, userinfo if at else None


def _without_login(words: str) -> str:
    """The words without anything that could be a password before an at sign."""
    return re.sub(r"(?s)^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", r"\1…@", words)


def _shown(named: Scheme, host: str, port: int | None, path: str) -> str:
    return Origin(named, host, port or (443 if named == "https" else 80)).url(path)


def _scheme(text: str) -> tuple[Scheme | None, str]:
    match = _SCHEME.match(text)
    if match is None:
        return None, text
    word = match[1].lower()
    if word == "http" or word == "https":
        return word, text[match.end() :]  # type: ignore[return-value]
    raise UsageError(f"not an http or https URL: {text[:80]!r}")


def _split(rest: str) -> tuple[str, str]:
    match = re.search(r"[/?#]", rest)
    if match is None:
        return rest, "/"
    authority, path = rest[: match.start()], rest[match.start() :].partition("#")[0]
    return authority, path if path.startswith("/") else "/" + path


def _host_port(text: str, shown: str) -> tuple[str, int | None, bool]:
    match = _HOST_PORT.match(text)
    if match is None or not (match["six"] or match["host"]):
        bare = _ip(text)
        if bare is None:
            raise UsageError(f"not a target: {shown[:80]!r}")
        return bare, None, True
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise UsageError(f"port out of range in {shown[:80]!r}")
    name = match["six"] or match["host"]
    literal = _ip(name)
    if literal is not None:
        return literal, port, True
    if match["six"]:
        raise UsageError(f"not an IPv6 address: {name[:80]!r}")
    return _a_label(name), port, False


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _a_label(name: str) -> str:
    """The name as the DNS has it: lower case, A-labels (RFC 5890, UTS 46 mapping)."""
    lower = name.lower().rstrip(".")
    if not lower.isascii():
        import idna

        try:
            lower = idna.encode(lower, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise UsageError(f"not a host name: {name[:80]!r} ({error})") from None
    labels = lower.split(".")
    if len(lower) > 253 or not all(_LABEL.match(label) for label in labels):
        raise UsageError(f"not a host name: {name[:80]!r}")
    if labels[-1].isdigit():
        raise UsageError(f"not a host name or an IP address: {name[:80]!r}")
    return lower


def _origins(
    host: str,
    port: int | None,
    named: Scheme | None,
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
