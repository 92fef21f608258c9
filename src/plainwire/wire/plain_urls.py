"""Addresses without TLS that leave the machine and the private network."""

from __future__ import annotations

import ipaddress
import re

_URL = re.compile(r"(http|ws|ftp|ldap|redis|amqp|mongodb|smtp)://(?:[^@/\s]*@)?([^/:?#\s]+)", re.I)
# Names that identify and are not fetched: XML namespaces, schemas, licences, RFC 2606's examples.
_IDENTIFIERS = re.compile(
    r"(^|\.)(w3\.org|schemas\.\w+\.\w+|xmlns\.com|purl\.org|ogp\.me|example\.(com|org|net)"
    r"|opengis\.net|isotc211\.org|openarchives\.org|schema\.org|json-schema\.org|opensource\.org|apache\.org/licenses)$",
    re.IGNORECASE,
)
_INTERNAL = (
    ".local",
    ".internal",
    ".localhost",
    ".test",
    ".example",
    ".invalid",
    ".svc",
    ".lan",
    ".onion",  # Tor encrypts the way to it
)


def host_of(url: str) -> str:
    """The host of a plain address in lower case, or an empty string if it is none."""
    match = _URL.match(url)
    return match[2].lower() if match else ""


def is_remote(url: str) -> bool:
    """True for a plain address on the public internet, by a name with a dot or a public address."""
    host = host_of(url)
    if not host or "." not in host or host.endswith(_INTERNAL) or _IDENTIFIERS.search(host):
        return False
    if re.search(r"[{}<>$%]", host):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return bool(re.fullmatch(r"[\w.-]+\.[a-z][a-z0-9-]*", host))
