"""Caddyfiles: sites with their addresses and what they pass on.

https://caddyserver.com/docs/caddyfile (read 2026): a site with a host name gets a certificate and a
redirect from http by itself; reverse_proxy sets X-Forwarded-For, -Proto and -Host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from plainwire.model import Forward, Listen, ProxySite, Setting, SourceFile, Span
from plainwire.source.deploy import hsts
from plainwire.source.numerals import whole

_OWN_HEADERS = {"x-forwarded-for": "(own)", "x-forwarded-proto": "(own)", "x-forwarded-host": ""}
_VARIABLE = re.compile(r"\{\$(\w+)(?::([^{}\s]*))?\}")
_ADDRESS = re.compile(r"^(?:(https?)://)?([^:/\s]*)(?::(\d+))?(?:/\S*)?$")


@dataclass
class _Block:
    """A site while it is read."""

    addresses: list[str]
    place: Span
    forwards: list[Forward] = field(default_factory=list)
    hsts: Span | None = None
    redirects: Span | None = None
    refuses: Span | None = None
    is_split: bool = False
    certificate: Setting | None = None


def sites(file: SourceFile) -> tuple[ProxySite, ...]:
    """The sites of a file; snippets and the global options are none."""
    found: list[ProxySite] = []
    block: _Block | None = None
    depth = 0
    for number, line in enumerate(file.lines[:5000], 1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if not text:
            continue
        if depth == 0 and block is None:
            head = _VARIABLE.sub(lambda m: m[2] or m[0], text).rstrip("{").strip()
            is_site = head and not head.startswith("(")
            block = _Block(head.replace(",", " ").split() if is_site else [], file.span(number))
            if not text.endswith("{"):  # a file with one site needs no braces
                depth = 1
                continue
        elif block is not None and text != "}":
            if depth == 1 and re.fullmatch(r"respond 4\d\d", text):
                block.refuses = file.span(number)
            _directive(block, text, file, number)
        depth += text.endswith("{") - (text == "}")
        if depth == 0 and block is not None:
            found += _closed(block, file)
            block = None
    if block is not None:
        found += _closed(block, file)
    return tuple(found)


def _directive(block: _Block, text: str, file: SourceFile, number: int) -> None:
    words = text.rstrip("{").split() or [""]
    place = file.span(number)
    if words[0] == "reverse_proxy":
        for word in words[1:]:
            match = re.fullmatch(r"(?:(https?|h2c)://)?([\w.$%{}-]+)(?::(\d+))?", word)
            if match and not word.startswith(("/", "@", "*")):
                port = whole(match[3] or "")
                scheme = match[1] or "http"
                block.forwards.append(
                    Forward(match[2], port, scheme, place, dict(_OWN_HEADERS), place)
                )
            elif word.startswith("unix/"):
                block.forwards.append(
                    Forward("", None, "http", place, dict(_OWN_HEADERS), place, socket=word[5:])
                )
    elif hsts.is_sent(words):
        block.hsts = place
    elif words[0] in ("header_up", "request_header") and len(words) > 1:
        _header(block, words[1:], place)
    elif words[0] == "redir" and any(word.startswith("https://") for word in words):
        block.redirects = place
    elif words[0] in ("handle", "handle_path", "route"):
        block.is_split = True
    elif words[:2] == ["tls", "internal"]:
        block.certificate = Setting("tls", "internal self-signed", place, file.environment)


def _header(block: _Block, words: list[str], place: Span) -> None:
    """A header of requests that is set for what they were last said to be passed on to."""
    name, value = words[0].lower(), " ".join(words[1:]).strip('"')
    at = block.forwards[-1].place if block.forwards else None
    for number, forward in enumerate(block.forwards):
        if forward.place == at:
            headers = {n: v for n, v in forward.headers.items() if n != name.lstrip("-+>?")}
            headers |= {} if name.startswith("-") else {name.lstrip("+>?"): value}
            block.forwards[number] = replace(forward, headers=headers, header_place=place)


def _closed(block: _Block, file: SourceFile) -> list[ProxySite]:
    listens = []
    if block.refuses is not None and not block.forwards and not block.is_split:
        block.redirects = block.refuses  # it comes before all but these (Caddy, directive order)
    for address in block.addresses:
        match = _ADDRESS.match(address)
        if match is None:
            continue
        scheme, host, port = match[1], match[2], match[3]
        is_plain = scheme == "http" or port == "80" or (not host and port not in ("443",))
        number = whole(port or "") or (80 if is_plain else 443)
        listens.append(Listen(number, block.place, not is_plain))
    if not listens:
        return []
    return [
        ProxySite(
            "caddy",
            block.place,
            tuple(listens),
            tuple(block.forwards),
            block.redirects,
            block.hsts,
            Setting("protocols", "TLSv1.2 TLSv1.3", block.place, file.environment),
            block.certificate,
            file.environment,
        )
    ]
