"""What a link is, and which absolute URLs are names and not links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

MAX_LINKS = 2000
MAX_URL = 4096

# active: a browser that loads it lets it act on the page or blocks it (W3C Mixed Content Level 2,
#   "blockable"). passive: an image, sound or film (there "upgradeable"). navigation: where a click
#   leads. form: where what is typed goes. data: an address in data or code that is not known to
#   be fetched.
Kind = Literal["active", "passive", "navigation", "form", "data"]

_ABSOLUTE = re.compile(r"(?:https?|wss?)://[^\s\"'<>`\\^{}|]{1,4096}", re.IGNORECASE)

# Hosts under which names are minted: XML namespaces, vocabularies, schema identifiers.
_NAMING_HOSTS = (
    "w3.org",
    "w3id.org",
    "json-schema.org",
    "schema.org",
    "schemastore.org",
    "purl.org",
    "purl.oclc.org",
    "xmlns.com",
    "xml.org",
    "xml.apache.org",
    "rdfs.org",
    "ogp.me",
    "opengis.net",
    "ns.adobe.com",
    "schemas.xmlsoap.org",
    "schemas.microsoft.com",
    "schemas.openxmlformats.org",
    "schemas.android.com",
    "docs.oasis-open.org",
    "openid.net",
    "hl7.org",
    "loinc.org",
    "snomed.info",
    "unitsofmeasure.org",
    "spdx.org",
    "tempuri.org",
    "dublincore.org",
    "iptc.org",
    "sitemaps.org",
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is written: ``url`` may be relative, at most `MAX_URL` characters.

    ``where`` is an element with its attribute ("script src"), a JSON pointer, a CSS function or
    the call around a string. ``position`` counts characters of the body; None in JSON.
    """

    url: str
    kind: Kind
    where: str
    position: int | None = None


def is_absolute(text: str) -> bool:
    """True if the whole text is one absolute http, https, ws or wss URL."""
    return _ABSOLUTE.fullmatch(text) is not None


def is_name(url: str) -> bool:
    """True for an absolute URL that only names something: a namespace, a vocabulary, a schema."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    return any(host == each or host.endswith("." + each) for each in _NAMING_HOSTS)
