"""Apache httpd: virtual hosts, their TLS, redirects, headers and what they pass on.

https://httpd.apache.org/docs/2.4/ (core, mod_ssl, mod_proxy, mod_headers, mod_rewrite).
"""

from __future__ import annotations

import re
import shlex

from plainwire.model import Forward, Listen, ProxySite, Setting, SourceFile, Span
from plainwire.source.deploy import hsts

_JINJA = re.compile(r"\{\{[^{}]*\}\}|\{%.{0,400}?%\}")
_OPEN = re.compile(r"<VirtualHost\s+([^>]+)>", re.IGNORECASE)


MAX_SITES = 100


def sites(file: SourceFile) -> tuple[ProxySite, ...]:
    """The virtual hosts of a file."""
    found: list[ProxySite] = []
    hosts: str | None = None
    begin = 0
    body: list[tuple[tuple[str, ...], int]] = []
    for number, line in enumerate(file.lines, 1):
        text = _JINJA.sub(lambda m: "_" * len(m[0]), line).strip()
        if not text or text.startswith("#") or len(found) >= MAX_SITES:
            continue
        opening = _OPEN.match(text)
        if opening:
            hosts, begin, body = opening[1], number, []
        elif text.lower().startswith("</virtualhost") and hosts is not None:
            found.append(_site(file, hosts, begin, body))
            hosts = None
        elif hosts is not None:
            body.append((_words(text), number))
    return tuple(found)


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text)) or (text,)
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
    sent = redirects = asks_password = None
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
            if any(w.startswith("https://") for w in rest) or _refuses(lowered):
                redirects = file.span(line)
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
            forwards.append(
                (scheme, host, int(port) if port.isdecimal() else None, file.span(line))
            )
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
    )


def _refuses(words: list[str]) -> bool:
    """True for a status 4xx for every path but perhaps ACME's (Apache, mod_alias)."""
    if not words or not re.fullmatch(r"4\d\d", words[0]):
        return False
    pattern = "".join(words[1:]).replace("\\", "")
    return pattern in ("/", "^/", "^/(?!.well-known/acme-challenge/)")


def _port(host: str) -> int:
    port = host.rpartition(":")[2]
    return int(port) if port.isdecimal() else 80
