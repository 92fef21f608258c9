"""HAProxy: frontends with what they bind, redirect and pass on.

https://docs.haproxy.org/3.0/configuration.html (bind, redirect, http-request, server).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from plainwire.model import Forward, Listen, ProxySite, Setting, SourceFile, Span
from plainwire.source.deploy import hsts
from plainwire.source.numerals import whole

_SECTION = re.compile(
    r"(frontend|backend|listen|defaults|global|userlist|resolvers|peers)\b\s*(\S*)"
)
# A condition that only some requests meet, by their path, method or sender.
_OF_SOME = re.compile(r"(?<!!)(?<!! )\{\s*(path|url|base|method|src|query)")


# A redirect of the scheme keeps the host; without a condition or by how the request arrived.
_OWN_SCHEME = re.compile(
    r"redirect scheme https(\s+code \d+)?(\s+(if !\s*\{ ssl_fc \}|unless \{ ssl_fc \}))?\s*$"
)


@dataclass
class _Section:
    """One section while it is read."""

    kind: str
    name: str
    place: Span
    listens: list[Listen] = field(default_factory=list)
    servers: list[tuple[str, int | None, bool, bool | None, Span]] = field(default_factory=list)
    backends: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    header_place: Span | None = None
    redirects: Span | None = None
    hsts: Span | None = None
    ciphers: Setting | None = None  # of the first bind line with TLS; of global: the default
    is_tcp: bool = False
    comes_back: Span | None = None


MAX_SECTIONS = 200


def sites(file: SourceFile) -> tuple[ProxySite, ...]:
    """A site for each frontend and listen section; in mode tcp without TLS, what passes it on."""
    sections: list[_Section] = []
    for number, line in enumerate(file.lines[:10_000], 1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        opening = _SECTION.match(text) if line[:1] not in (" ", "\t") else None
        if opening and len(sections) >= MAX_SECTIONS:
            break
        if opening:
            is_tcp = opening[1] != "defaults" and _is_tcp_by_default(sections)
            sections.append(_Section(opening[1], opening[2], file.span(number), is_tcp=is_tcp))
        elif text and sections:
            _line(sections[-1], text, file, number)
    default = next((s.ciphers for s in sections if s.kind == "global" and s.ciphers), None)
    backends = {s.name: s for s in sections if s.kind in ("backend", "listen")}
    return tuple(
        _site(s, backends, default, file)
        for s in sections
        if s.kind in ("frontend", "listen") and s.listens
    )


def _is_tcp_by_default(sections: list[_Section]) -> bool:
    """What the last ``defaults`` before a section says of its mode; http where it says nothing."""
    return next((s.is_tcp for s in reversed(sections) if s.kind == "defaults"), False)


def _line(section: _Section, text: str, file: SourceFile, number: int) -> None:
    words, place = text.split(), file.span(number)
    if words[0] == "bind" and len(words) > 1:
        _bind(section, words, file, place)
    elif words[0] == "ssl-default-bind-ciphers" and section.kind == "global" and len(words) > 1:
        section.ciphers = Setting(words[0], words[1], place, file.environment)
    elif words[0] == "server" and len(words) > 2:
        host, _, port = words[2].rpartition(":")
        at = whole(port)
        verifies = None if "verify" not in words else "none" not in words
        section.servers.append((host or words[2], at, "ssl" in words, verifies, place))
    elif words[0] in ("default_backend", "use_backend") and len(words) > 1:
        section.backends.append(words[1])
    elif words[0] == "mode":
        section.is_tcp = words[1:2] == ["tcp"]
    elif _sends_away(words):
        section.redirects = place
        if _OWN_SCHEME.search(text):
            section.comes_back = place
    elif hsts.is_sent(words):
        section.hsts = place
    elif text.startswith(("http-request set-header ", "http-request add-header ")):
        section.headers[words[2].lower()] = words[3] if len(words) > 3 else ""
        section.header_place = place


def _bind(section: _Section, words: list[str], file: SourceFile, place: Span) -> None:
    host, _, text = words[1].rpartition(":")
    port = whole(text)
    if port is None:
        return
    has_tls = "ssl" in words
    is_first = has_tls and not any(listen.has_tls for listen in section.listens)
    if is_first and "ciphers" in words[:-1]:
        value = words[words.index("ciphers") + 1]
        section.ciphers = Setting("ciphers", value, place, file.environment)
    section.listens.append(Listen(port, place, has_tls, host.replace("*", "")))


def _sends_away(words: list[str]) -> bool:
    """True for a redirect to https, or a refusal of everything."""
    if words[:2] == ["http-request", "deny"]:
        return not {"if", "unless"} & set(words)
    if "if" in words and _OF_SOME.search(" ".join(words[words.index("if") :])):
        return False
    return "redirect" in words[:2] and "scheme" in words and "https" in words


def _site(
    section: _Section, backends: dict[str, _Section], default: Setting | None, file: SourceFile
) -> ProxySite:
    parts = [section, *(backends[name] for name in section.backends if name in backends)]
    headers = {name: value for part in parts for name, value in part.headers.items()}
    place = next((part.header_place for part in parts if part.header_place), None)
    forwards = tuple(
        Forward(host, port, "https" if tls else "http", at, headers, place, verifies=verifies)
        for part in parts
        for host, port, tls, verifies, at in part.servers[:5]
    )
    sent = next((part.hsts for part in parts if part.hsts), None)
    has_tls = any(listen.has_tls for listen in section.listens)
    return ProxySite(
        "haproxy",
        section.place,
        tuple(section.listens),
        forwards,
        section.redirects,
        sent,
        environment=file.environment,
        ciphers=section.ciphers or default if has_tls else None,
        is_passed_through=section.is_tcp and not has_tls,
        comes_back=section.comes_back,
    )
