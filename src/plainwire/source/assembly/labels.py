"""Edges that compose files set up service by service: Traefik, nginx-proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from plainwire.model import Route, Span
from plainwire.source.assembly.known import Known
from plainwire.source.deploy.compose import ComposeFile, ComposeService
from plainwire.source.deploy.traefik import Files
from plainwire.source.numerals import whole

_TRAEFIK = re.compile(r"(^|[/_-])traefik(\b|[:_@-])")
_NGINX_PROXY = re.compile(r"(^|/)nginx-?proxy(/nginx-proxy)?(:|@|$)|jwilder/nginx-proxy")
_INTERNAL = re.compile(r"traefik\.\w+\.routers\.([^.]+)\.service=\w+@internal")
_FLAG = re.compile(r"--entrypoints\.([\w-]+)\.http\.(tls|redirections)\b", re.IGNORECASE)


def routes(known: Known, one: ComposeFile) -> Iterator[Route]:
    """The ways that Traefik's labels and nginx-proxy's variables open to services."""
    yield from _labelled(known, one)
    yield from _virtual_hosts(known, one)


def _virtual_hosts(known: Known, one: ComposeFile) -> Iterator[Route]:
    """What nginx-proxy serves, by the variables of the services (its docs, read 2026-11).

    A companion gets the certificate of a LETSENCRYPT_HOST; http is then redirected and HSTS sent
    unless HTTPS_METHOD and HSTS say otherwise. What a folder of certificates holds is not known.
    """
    proxies = [s for s in one.services if _NGINX_PROXY.search(s.image)]
    targets = [target for proxy in proxies for _, target in proxy.mounts]
    has_certificates = any(target.startswith("/etc/nginx/certs") for target in targets)
    for service in one.services if proxies else ():
        values = {n: (s.value or "", s.place) for n, s in service.settings.items()}
        if service in proxies or not values.get("VIRTUAL_HOST", ("",))[0]:
            continue
        has_tls = True if "LETSENCRYPT_HOST" in values else None if has_certificates else False
        place = values["VIRTUAL_HOST"][1]
        method = values.get("HTTPS_METHOD", ("redirect",))[0]
        port = values.get("VIRTUAL_PORT", ("",))[0]
        sends_hsts = has_tls and values.get("HSTS", ("",))[0] != "off"
        yield Route(
            "nginx-proxy",
            place,
            service.name,
            whole(port),
            has_tls,
            (place,),
            method in ("redirect", "nohttp") if has_tls else None,
            hsts=place if sends_hsts else None,
        )


def _labelled(known: Known, one: ComposeFile) -> Iterator[Route]:
    """The routers of labels; TLS by ``tls`` labels or by the entry point."""
    secured, redirecting = _entry_points(known, one)
    for written in one.services:
        labels = [(text, place) for text, place in written.labels if text.startswith("traefik.")]
        routers = _to_services(labels)
        if not routers or _TRAEFIK.search(written.image):
            continue  # its own labels are about its dashboard
        named = {
            word.strip()
            for text, _ in routers
            if ".entrypoints=" in text.lower()
            for word in text.partition("=")[2].split(",")
        }
        tls = [(t, p) for t, p in routers if re.search(r"\.tls(\.|=true)", t)]
        is_secured = bool(tls or named & secured)
        port = next(
            (int(m[1]) for t, _ in labels if (m := re.search(r"server\.port=(\d{1,18})$", t))), None
        )
        redirect = any("redirectscheme" in t.lower() for t, _ in labels)
        redirect = redirect or (is_secured and bool(redirecting))
        hsts = next((p for t, p in labels if "stsseconds" in t.lower()), None)
        places = tuple(p for _, p in (tls or routers)[:2])
        place = (tls or routers)[0][1]
        yield Route(
            "traefik", place, written.name, port, is_secured, places, redirect or None, hsts=hsts
        )
        for at in _plain_beside(routers, secured, redirecting) if is_secured else ():
            yield Route("traefik", at, written.name, port, False, (at,), None)


def _plain_beside(
    routers: Sequence[tuple[str, Span]], secured: set[str], redirecting: set[str]
) -> Iterator[Span]:
    """The routers without TLS beside one that has it, unless something redirects what they take."""
    by_name: dict[str, list[tuple[str, Span]]] = {}
    for text, place in routers:
        name = text.partition(".routers.")[2].split(".")[0]
        by_name.setdefault(name, []).append((text.lower(), place))
    for labels in by_name.values() if len(by_name) > 1 else ():
        said = "\n".join(text for text, _ in labels)
        entries = {
            word.strip()
            for text, _ in labels
            if ".entrypoints=" in text
            for word in text.partition("=")[2].split(",")
        }
        has_tls = re.search(r"\.tls(\.|=true)", said) or entries & {e.lower() for e in secured}
        is_led = "middlewares=" in said or bool(redirecting)  # whichever: it may redirect
        if not has_tls and not is_led and ".rule=" in said:
            yield labels[0][1]


def _to_services(labels: Sequence[tuple[str, Span]]) -> list[tuple[str, Span]]:
    """The labels of routers, without those that lead to what Traefik itself serves."""
    routers = [(text, place) for text, place in labels if ".routers." in text]
    internal = {m[1] for text, _ in routers if (m := _INTERNAL.match(text))}
    return [(t, p) for t, p in routers if t.partition(".routers.")[2].split(".")[0] not in internal]


def _entry_points(known: Known, one: ComposeFile) -> tuple[set[str], set[str]]:
    """The entry points that have TLS, and those that redirect, by flags and mounted files."""
    secured: set[str] = set()
    redirecting: set[str] = set()
    for service in one.services:
        for text, _ in service.flags:
            match = _FLAG.match(text)
            if match:
                (secured if match[2].lower() == "tls" else redirecting).add(match[1])
        for files in mounted(known, service):
            secured |= {p.name for p in files.entry_points.values() if p.has_tls}
            redirecting |= {p.name for p in files.entry_points.values() if p.redirects}
    return secured, redirecting


def mounted(known: Known, service: ComposeService) -> Iterator[Files]:
    """What the Traefik files that are mounted into a service say."""
    for source, _ in service.mounts:
        for path, files in known.traefik.items():
            if path == source or path.startswith(source.rstrip("/") + "/"):
                yield files


def dashboards(known: Known, service: ComposeService) -> Iterator[tuple[str, Span]]:
    """The switch of Traefik's open dashboard, where a mounted file has it."""
    for files in mounted(known, service):
        if files.dashboard is not None:
            yield "api.insecure=true", files.dashboard
