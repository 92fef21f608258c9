"""The links of an https answer that lead to cleartext: http and ws, loopback apart."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plainwire.model import Exchange, WireError
from plainwire.wire.cleartext import is_redirect
from plainwire.wire.links import Kind, Link, links, script
from plainwire.wire.links.calls import is_called, is_scheme_choice
from plainwire.wire.masking import shortened
from plainwire.wire.redirects import resolve

MAX_SHOWN = 5
MAX_SHOWN_LENGTH = 120  # characters

_CLEARTEXT = re.compile(r"(http|ws)://", re.IGNORECASE)
_IN_SCRIPT = (*script.CALL_NAMES, "string")


@dataclass(frozen=True, slots=True)
class InsecureLink:
    """A link to cleartext. ``host`` is empty where a script puts it together as it runs.

    ``scheme`` is http or ws. ``kind`` is active too for an address in a script that is given to
    a name that the script fetches from, or written into markup: ``is_indirect``. ``is_json``
    marks a value of JSON.
    """

    url: str
    scheme: str
    host: str
    kind: Kind
    where: str
    source: Exchange
    position: int | None
    is_indirect: bool = False

    @property
    def is_json(self) -> bool:
        """True for a value of JSON, in an answer or in a page."""
        return self.position is None


def insecure_links(
    source: Exchange, called: frozenset[str] = frozenset()
) -> tuple[InsecureLink, ...]:
    """The links to cleartext in the body of an https answer, none in one that redirects.

    ``called`` are the names that scripts fetch from (`called_names`). Loopback is left out, as
    it is potentially trustworthy (W3C Secure Contexts, section 3.1), unless it is the host that
    answered: that is judged as if it were deployed. So is what a script takes by the page's own
    scheme.
    """
    if is_redirect(source):
        return ()
    text = source.text
    found = links(text, source.content_type)
    return tuple(_insecure(found, text, source, called))


def is_own(host: str, own: str) -> bool:
    """True for a host or a subdomain of it."""
    return host == own or host.endswith(f".{own}")


def is_left_out(host: str, own: str) -> bool:
    """True for a loopback host that is not the scanned host itself."""
    return host != own and _is_loopback(host)


def listed(urls: Iterable[str]) -> str:
    """The first `MAX_SHOWN` of the distinct URLs, each escaped and cut, and how many more."""
    every = list(dict.fromkeys(urls))
    shown = ", ".join(repr(shortened(url, MAX_SHOWN_LENGTH)) for url in every[:MAX_SHOWN])
    more = len(every) - MAX_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _insecure(
    found: Iterable[Link], text: str, source: Exchange, called: frozenset[str]
) -> Iterator[InsecureLink]:
    own = source.request.origin.host
    for link in found:
        place = _place(link, source.url)
        if place is None or is_left_out(place[2], own):
            continue
        is_in_script = _is_in_script(link)
        if is_in_script and is_scheme_choice(text, link.position or 0):
            continue
        is_indirect = (
            is_in_script and link.kind == "data" and is_called(text, link.position or 0, called)
        )
        kind: Kind = "active" if is_indirect else link.kind
        url, scheme, host = place
        is_guessed = is_indirect or link.where.endswith("markup")
        yield InsecureLink(url, scheme, host, kind, link.where, source, link.position, is_guessed)


def _place(link: Link, base: str) -> tuple[str, str, str] | None:
    """URL, scheme and host of a link to cleartext; None for any other link."""
    try:
        place = resolve(link.url, base)
    except WireError:
        # "ws://" + location.host, "http://api-" + stage: a scheme, and a host as the script runs.
        match = _CLEARTEXT.match(link.url)
        if match is None or link.kind != "active" or not _is_in_script(link):
            return None
        return link.url, match[1].lower(), ""
    return (place.url, place.scheme, place.host) if place.scheme in ("http", "ws") else None


def _is_in_script(link: Link) -> bool:
    return link.position is not None and any(
        link.where == name or link.where.endswith(f" {name}") for name in _IN_SCRIPT
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
