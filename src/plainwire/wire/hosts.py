"""Host names and addresses as URLs have them, in the one form in which they compare."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote

from plainwire.model import WireError

MAX_HOST = 1024

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def host(text: str) -> str:
    """The host in lower case and A-labels, without a root dot; IPv6 without brackets.

    Percent-encoding is decoded and UTS 46 maps the rest, as browsers do (WHATWG URL, section
    3.5). Shorthand forms of IPv4 such as ``0x7f.1`` are refused.

    Raises:
        WireError: if the text is no host (RFC 3986, section 3.2.2).
    """
    if len(text) > MAX_HOST:
        raise WireError("RFC 3986, section 3.2.2: host is too long")
    if text.startswith("["):
        return _ipv6(text)
    name = unquote(text, errors="strict") if "%" in text and _is_utf8(text) else text
    name = _a_labels(name.lower())
    labels = name.removesuffix(".").split(".")
    if labels[-1].isdigit():
        return _ipv4(name)
    if len(name) > 254 or not all(_LABEL.fullmatch(label) for label in labels):
        raise WireError("RFC 3986, section 3.2.2: not a host name")
    return name.removesuffix(".")


def same_host(one: str, other: str) -> bool:
    """True if two texts name one host: case, root dot, IDN form and IPv6 spelling do not count."""
    try:
        return host(_bracketed(one)) == host(_bracketed(other))
    except WireError:
        return False


def _bracketed(text: str) -> str:
    return f"[{text}]" if ":" in text and not text.startswith("[") else text


def _is_utf8(text: str) -> bool:
    try:
        unquote(text, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def _a_labels(name: str) -> str:
    if name.isascii():
        return name
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise WireError("RFC 5891, section 4: not an internationalised host name") from None


def _ipv6(text: str) -> str:
    try:
        if not text.endswith("]") or "%" in text:
            raise ValueError
        return str(ipaddress.IPv6Address(text[1:-1]))
    except ValueError:
        raise WireError("RFC 3986, section 3.2.2: not an IPv6 address") from None


def _ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text.removesuffix(".")))
    except ValueError:
        raise WireError("RFC 3986, section 3.2.2: not an IPv4 address") from None
