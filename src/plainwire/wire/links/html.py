"""Links and forms in HTML, by what a browser does with each (W3C Mixed Content Level 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from plainwire.wire.links import css, json_values, script
from plainwire.wire.links.link import MAX_URL, Kind, Link
from plainwire.wire.links.markup import Tag, tags

# Section 3.1: upgradeable are images (not from srcset, whose initiator is "imageset"), sound and
# film. Section 3.2: everything else that a page loads is blockable.
_ATTRIBUTES: dict[str, tuple[tuple[str, Kind], ...]] = {
    "script": (("src", "active"), ("href", "active"), ("xlink:href", "active")),
    "iframe": (("src", "active"),),
    "frame": (("src", "active"),),
    "object": (("data", "active"),),
    "embed": (("src", "active"),),
    "track": (("src", "active"),),
    "use": (("href", "active"), ("xlink:href", "active")),
    "img": (("src", "passive"),),
    "image": (("href", "passive"), ("xlink:href", "passive")),
    "audio": (("src", "passive"),),
    "video": (("src", "passive"), ("poster", "passive")),
    "source": (("src", "passive"),),
    "body": (("background", "passive"),),
    "a": (("href", "navigation"), ("xlink:href", "navigation")),
    "area": (("href", "navigation"),),
    "form": (("action", "form"),),
    "button": (("formaction", "form"),),
    "input": (("formaction", "form"),),
}
# What libraries fetch as soon as a page or a part of it is shown: htmx and its extensions.
_FETCHING = re.compile(r"(?:data-)?(?:hx-(?:get|post|put|patch|delete)|sse-connect|ws-connect)")
MAX_DEPTH = 3  # of documents within attributes
_LOADED_RELATIONS = frozenset({"stylesheet", "preload", "modulepreload", "manifest", "prefetch"})
_IMAGE_RELATIONS = frozenset(
    {"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"}
)
_NOT_FETCHED = ("#", "data:", "javascript:", "mailto:", "tel:", "about:", "blob:")
_REFRESH = re.compile(r"\s*[0-9.]+\s*[;,\s]\s*(?:url\s*=\s*)?[\"']?([^\"']+)", re.IGNORECASE)
_CANDIDATE = re.compile(r"([^\s,]\S*+)[^,]*+")


@dataclass(frozen=True, slots=True)
class Form:
    """A form: ``action`` as written, None where it is the page itself; ``method`` in lower case.

    ``is_implicit`` marks fields that stand in no form and are sent by script.
    """

    action: str | None
    method: str
    has_password: bool
    position: int
    is_implicit: bool = False


def links(document: str, *, depth: int = 0) -> Iterator[Link]:
    """The links of a document in order, joined to the first ``<base href>`` before them.

    The document in a frame's srcdoc is part of it; ``depth`` counts how deep that goes.
    """
    base: str | None = None
    for tag in tags(document):
        if tag.is_end:
            continue
        if tag.name == "base" and base is None:
            base = _cleaned(tag.get("href"))
        for link in _of_tag(tag):
            yield link if base is None else _joined(link, base)
        if tag.name == "iframe" and depth < MAX_DEPTH and (inner := tag.get("srcdoc")):
            for link in links(inner, depth=depth + 1):
                there = replace(link, where=f"iframe srcdoc {link.where}", position=tag.position)
                yield there if base is None else _joined(there, base)


def forms(document: str) -> Iterator[Form]:
    """The forms of a document in order, then the fields outside any form as one of their own.

    A field's ``form`` attribute is not followed: it counts for the form that it stands in.
    """
    opened: Tag | None = None
    has_password = False
    loose: int | None = None
    for tag in tags(document):
        if tag.name == "form" and (opened is None or tag.is_end):
            if opened is not None:
                yield _form(opened, has_password)
            opened, has_password = (None if tag.is_end else tag), False
        elif tag.name == "input" and (tag.get("type") or "").strip().lower() == "password":
            has_password = True
            if opened is None and loose is None:
                loose = tag.position
    if opened is not None:
        yield _form(opened, has_password)
    if loose is not None:
        yield Form(None, "get", True, loose, is_implicit=True)


def _form(tag: Tag, has_password: bool) -> Form:
    method = (tag.get("method") or "get").strip().lower()
    action = _cleaned(tag.get("action")) or None
    return Form(
        action, method if method in ("post", "dialog") else "get", has_password, tag.position
    )


def _of_tag(tag: Tag) -> Iterator[Link]:
    for attribute, kind in _ATTRIBUTES.get(tag.name, ()):
        yield from _of_attribute(tag, attribute, kind)
    if tag.name in ("img", "source"):
        yield from _of_source_set(tag)
    elif tag.name == "link":
        yield from _of_attribute(tag, "href", _relation(tag))
    elif tag.name == "input" and (tag.get("type") or "").strip().lower() == "image":
        yield from _of_attribute(tag, "src", "passive")
    elif tag.name == "meta":
        yield from _of_refresh(tag)
    yield from _of_code(tag)


def _of_attribute(tag: Tag, attribute: str, kind: Kind) -> Iterator[Link]:
    url = _cleaned(tag.get(attribute))
    if url and not url[:12].lower().startswith(_NOT_FETCHED):
        yield Link(url, kind, f"{tag.name} {attribute}", tag.position)


def _cleaned(value: str | None) -> str | None:
    """The value as a URL parser sees it: no tabs or newlines (WHATWG URL, section 4.4)."""
    if value is None:
        return None
    return re.sub(r"[\t\n\r]", "", value[: 4 * MAX_URL]).strip()[:MAX_URL]


def _relation(tag: Tag) -> Kind:
    relations = set((tag.get("rel") or "").lower().split())
    if relations & _IMAGE_RELATIONS or (
        relations & {"preload", "prefetch"} and (tag.get("as") or "").lower() == "image"
    ):
        return "passive"
    return "active" if relations & _LOADED_RELATIONS else "navigation"


def _of_source_set(tag: Tag) -> Iterator[Link]:
    for candidate in _CANDIDATE.finditer((tag.get("srcset") or "")[: 16 * MAX_URL]):
        url = candidate[1].rstrip(",")[:MAX_URL]
        if url and not url[:5].lower().startswith("data:"):
            yield Link(url, "active", f"{tag.name} srcset", tag.position)


def _of_refresh(tag: Tag) -> Iterator[Link]:
    if (tag.get("http-equiv") or "").strip().lower() == "refresh":
        match = _REFRESH.match((tag.get("content") or "")[:MAX_URL])
        if match:
            yield Link(match[1].strip(), "navigation", "meta refresh", tag.position)


def _of_code(tag: Tag) -> Iterator[Link]:
    if tag.name == "style":
        yield from css.links(tag.text, position=tag.text_position, where="style")
    elif tag.name == "script" and "src" not in tag.attributes:
        kind = (tag.get("type") or "").partition(";")[0].strip().lower()
        if kind in ("", "module") or kind in script.MEDIA_TYPES:
            yield from script.links(tag.text, position=tag.text_position, where="script")
        elif kind == "importmap":
            for link in json_values.links(tag.text, where="script importmap"):
                yield replace(link, kind="active", position=tag.position)
        elif kind.endswith("json"):
            yield from json_values.links(tag.text, where="script")
    for name in tag.attributes:
        if name == "style":
            text = tag.get(name) or ""
            yield from css.links(text, position=tag.position, where=f"{tag.name} style")
        elif _FETCHING.fullmatch(name):
            yield from _of_attribute(tag, name, "active")
        elif name.startswith("on"):
            text = tag.get(name) or ""
            yield from script.links(text, position=tag.position, where=f"{tag.name} {name}")


def _joined(link: Link, base: str) -> Link:
    try:
        return Link(urljoin(base, link.url)[:MAX_URL], link.kind, link.where, link.position)
    except ValueError:
        return link
