"""Apache httpd: virtual hosts, their TLS, redirects, headers and what they pass on.

https://httpd.apache.org/docs/2.4/ (core, mod_ssl, mod_proxy, mod_headers, mod_rewrite).
"""

from __future__ import annotations

import re

from plainwire.model import Forward, Listen, ProxySite, Setting, SourceFile, Span
from plainwire.source.deploy import hsts
from plainwire.source.deploy.words import split
from plainwire.source.numerals import whole

_JINJA = re.compile(r"\{\{[^{}]*\}\}|\{%.{0,400}?%\}")
_OPEN = re.compile(r"<VirtualHost\s+([^>\s][^>]*)>", re.IGNORECASE)


MAX_SITES = 100
MAX_COMMON = 500
# What virtual hosts take over of the server (mod_proxy, ProxyPassInherit; mod_wsgi; mod_ssl).
_PASSES = frozenset({"proxypass", "proxypassmatch", "wsgiscriptalias"})
_INHERITED = _PASSES | {"sslprotocol", "sslciphersuite", "header", "requestheader"}
_CONDITION = "rewritecond"
# A condition on what a proxy before says, or on a variable that may be set by it (mod_setenvif).
_OF_A_HEADER = re.compile(r"%\{(HTTP:|ENV:)|forwarded", re.IGNORECASE)
_Body = list[tuple[tuple[str, ...], int]]


def sites(file: SourceFile) -> tuple[ProxySite, ...]:
    """The virtual hosts of a file, each with what the server passes on for all of them.

    Without any, the server itself is one where it passes requests on.
    """
    read: list[tuple[str, int, _Body]] = []
    common: _Body = []
    hosts: str | None = None
    begin = 0
    body: _Body = []
    for number, line in enumerate(file.lines, 1):
        text = _JINJA.sub(lambda m: "_" * len(m[0]), line).strip()
        if not text or text.startswith("#") or len(read) >= MAX_SITES:
            continue
        opening = _OPEN.match(text)
        if opening:
            hosts, begin, body = opening[1], number, []
        elif text.lower().startswith("</virtualhost") and hosts is not None:
            read.append((hosts, begin, body))
            hosts = None
        elif hosts is not None:
            body.append((_words(text), number))
        elif len(common) < MAX_COMMON:
            common.append((_words(text), number))
    shared = [(w, n) for w, n in common if w[0].lower() in _INHERITED]
    if not read and any(w[0].lower() in _PASSES for w, _ in shared):
        ports = [(w[1], n) for w, n in common if w[0].lower() == "listen" and len(w) > 1]
        address = " ".join(port if ":" in port else f"*:{port}" for port, _ in ports) or "*:80"
        return (_site(file, address, ports[0][1] if ports else shared[0][1], common),)
    return tuple(_site(file, hosts, begin, shared + body) for hosts, begin, body in read)


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(split(text)) or (text,)
    except ValueError:
        return tuple(text.split())


def _site(
    file: SourceFile, hosts: str, begin: int, body: list[tuple[tuple[str, ...], int]]
) -> ProxySite:
    tls = any(w[0].lower() == "sslengine" and w[1:2] == ("on",) for w, _ in body)
    listens = tuple(
        Listen(_port(host), file.span(begin), tls, host.rpartition(":")[0].replace("*", ""))
        for host in hosts.split()
    )
    headers: dict[str, str] = {}
    place: Span | None = None
    sent = redirects = comes_back = asks_password = None
    names = {n for w, _ in body if w[0].lower() in ("servername", "serveralias") for n in w[1:]}
    is_told = any(_OF_A_HEADER.search(" ".join(w)) for w, _ in body if w[0].lower() == _CONDITION)
    protocols = certificate = ciphers = None
    forwards: list[tuple[str, str, int | None, Span]] = []
    for words, line in body:
        name = words[0].lower()
        rest = words[1:]
        lowered = [w.lower() for w in rest]
        if name == "requestheader" and len(rest) > 2:
            headers[lowered[1]] = rest[2]
            place = file.span(line)
        elif name == "header" and hsts.is_sent(rest):
            sent = file.span(line)
        elif name in ("redirect", "redirectpermanent", "redirectmatch", "rewriterule"):
            if _sends_all(name, rest) or _refuses(lowered):
                redirects = file.span(line)
                if not is_told and _is_same_host(rest, names):
                    comes_back = redirects
        elif name == "authtype" and lowered[:1] == ["basic"]:
            asks_password = file.span(line)
        elif name == "sslprotocol":
            protocols = Setting("SSLProtocol", " ".join(rest), file.span(line), file.environment)
        elif name == "sslciphersuite":
            ciphers = Setting(words[0], rest[-1] if rest else "", file.span(line), file.environment)
        elif name == "sslcertificatefile":
            certificate = Setting(words[0], " ".join(rest), file.span(line), file.environment)
        elif name in ("proxypass", "proxypassmatch") and len(rest) > 1 and "://" in rest[1]:
            scheme, _, address = rest[1].partition("://")
            host, _, port = address.partition("/")[0].partition(":")
            forwards.append((scheme, host, whole(port), file.span(line)))
        elif name == "wsgiscriptalias":
            forwards.append(("wsgi", "", None, file.span(line)))
    made = tuple(
        Forward(host, port, scheme, at, dict(headers), place, socket="mod_wsgi" if not host else "")
        for scheme, host, port, at in forwards
    )
    return ProxySite(
        "apache",
        file.span(begin),
        listens,
        made,
        redirects,
        sent,
        protocols,
        certificate,
        file.environment,
        asks_password=asks_password,
        ciphers=ciphers,
        comes_back=comes_back,
    )


def _is_same_host(words: tuple[str, ...], names: set[str]) -> bool:
    """True for a redirect to the host that was asked for, by a variable or its name."""
    target = next((w[8:] for w in words if w.lower().startswith("https://")), "")
    host = re.match(r"(%\{(?:HTTP_HOST|SERVER_NAME)\}|[\w.-]+)(?::443)?(?=[/%$?]|$)", target)
    return host is not None and (host[1].startswith("%") or host[1] in names)


def _sends_all(name: str, words: tuple[str, ...]) -> bool:
    """True for a redirect to https, for every path where it is ``Redirect`` (Apache, mod_alias)."""
    at = next((n for n, word in enumerate(words) if word.lower().startswith("https://")), -1)
    is_prefix = name in ("redirect", "redirectpermanent") and at > 0
    return at >= 0 and (not is_prefix or words[at - 1] == "/" or not words[at - 1].startswith("/"))


def _refuses(words: list[str]) -> bool:
    """True for a status 4xx for every path but perhaps ACME's (Apache, mod_alias)."""
    if not words or not re.fullmatch(r"4\d\d", words[0]):
        return False
    pattern = "".join(words[1:]).replace("\\", "")
    return pattern in ("/", "^/", "^/(?!.well-known/acme-challenge/)")


def _port(host: str) -> int:
    port = whole(host.rpartition(":")[2])
    return 80 if port is None else port
