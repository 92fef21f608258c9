"""The style sheets and scripts that a page loads from its own origin, one level deep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plainwire.model import Answer, Exchange, Origin, Request, WireError
from plainwire.wire.cleartext import is_redirect
from plainwire.wire.insecure_links import InsecureLink, insecure_links
from plainwire.wire.links import links, script
from plainwire.wire.links.calls import called_names
from plainwire.wire.links.markup import tags
from plainwire.wire.redirects import resolve

_PAGES = ("text/html", "application/xhtml+xml")
_LOADED = ("script src", "link href", "style @import")
_UPGRADE = "upgrade-insecure-requests"


def parts(pages: Iterable[Exchange]) -> tuple[Request, ...]:
    """What to ask to see the style sheets and scripts of some pages, each once.

    A browser asks for the same with every visit of a page.
    """
    wanted: dict[Request, None] = {}
    for page in pages:
        wanted.update(dict.fromkeys(_parts_of(page)))
    return tuple(wanted)


def insecure_links_of(
    page: Exchange, answers: Mapping[Request, Answer]
) -> tuple[InsecureLink, ...]:
    """The links to cleartext of a page and of those of its parts that were answered."""
    sources = [page]
    for request in _parts_of(page):
        answer = answers.get(request)
        if isinstance(answer, Exchange) and _is_used(answer):
            sources.append(answer)
    called = frozenset[str]().union(*(called_names(each.text) for each in sources))
    return tuple(link for source in sources for link in insecure_links(source, called))


def is_upgraded(page: Exchange) -> bool:
    """True if browsers ask for everything that the page loads, and send its forms, over https.

    That is, if a policy of it says upgrade-insecure-requests (W3C Upgrade Insecure Requests), in a
    header or in a meta element; a report-only policy has no such power.
    """
    if any(_upgrades(value) for value in page.all("content-security-policy")):
        return True
    return page.content_type in _PAGES and any(
        tag.name == "meta"
        and (tag.get("http-equiv") or "").strip().lower() == "content-security-policy"
        and _upgrades(tag.get("content") or "")
        for tag in tags(page.text)
    )


def _upgrades(policies: str) -> bool:
    directives = policies.replace(",", ";").split(";")
    return any(each.split()[:1] == [_UPGRADE] for each in map(str.lower, directives))


def _parts_of(page: Exchange) -> tuple[Request, ...]:
    """The requests for a page's style sheets and scripts of its own origin, each once."""
    if page.content_type not in _PAGES or is_redirect(page):
        return ()
    wanted: dict[Request, None] = {}
    for link in links(page.text, page.content_type):
        if link.kind == "active" and link.where in _LOADED:
            try:
                place = resolve(link.url, page.url)
            except WireError:
                continue
            if (place.scheme, place.host, place.port) == _triple(page.request.origin):
                wanted[Request(page.request.origin, "GET", place.path)] = None
    return tuple(wanted)


def _triple(origin: Origin) -> tuple[str, str, int]:
    return origin.scheme, origin.host, origin.port


def _is_used(answer: Exchange) -> bool:
    """True if a browser applies it: a 2xx status and a type of style sheets or scripts."""
    is_known = answer.content_type == "text/css" or answer.content_type in script.MEDIA_TYPES
    return 200 <= answer.status < 300 and is_known
