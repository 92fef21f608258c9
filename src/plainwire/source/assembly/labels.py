"""Traefik in compose files: the routers that labels define, with what its own files say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from plainwire.model import Route, Span
from plainwire.source.assembly.known import Known
from plainwire.source.deploy.compose import ComposeFile, ComposeService
from plainwire.source.deploy.traefik import Files

_TRAEFIK = re.compile(r"(^|[/_-])traefik(\b|[:_@-])")
_INTERNAL = re.compile(r"traefik\.\w+\.routers\.([^.]+)\.service=\w+@internal")
_FLAG = re.compile(r"--entrypoints\.([\w-]+)\.http\.(tls|redirections)\b", re.IGNORECASE)


def routes(known: Known, one: ComposeFile) -> Iterator[Route]:
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
            (int(m[1]) for t, _ in labels if (m := re.search(r"server\.port=(\d+)$", t))), None
        )
        redirect = any("redirectscheme" in t.lower() for t, _ in labels)
        redirect = redirect or (is_secured and bool(redirecting))
        hsts = next((p for t, p in labels if "stsseconds" in t.lower()), None)
        places = tuple(p for _, p in (tls or routers)[:2])
        place = (tls or routers)[0][1]
        yield Route(
            "traefik", place, written.name, port, is_secured, places, redirect or None, hsts=hsts
        )


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
