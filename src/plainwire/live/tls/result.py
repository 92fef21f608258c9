"""The answers of a listener in the words of the report, with what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import get_args

from plainwire.live.tls import chains, facts
from plainwire.live.tls.seen import Seen
from plainwire.model import Gap, Origin, Part, TlsEndpoint
from plainwire.policy import post_quantum, profiles, weaknesses
from plainwire.policy.versions import Version

PARTS: tuple[Part, ...] = get_args(Part)


def endpoint_of(
    origin: Origin,
    address: str,
    name: str | None,
    seen: Seen,
    *,
    connections: int,
    duration_s: float,
    now: datetime,
    stores: Mapping[str, tuple[bytes, ...]],
) -> TlsEndpoint:
    """The answers of a listener in the words of the report."""
    versions = seen.versions
    speaks = versions.speaks_tls if versions else None
    named = f"[{origin.host}]" if ":" in origin.host else origin.host
    where = f"{named}:{origin.port}: "
    judged, unread = chains.judged(seen.shown, name=origin.host, now=now, stores=stores)
    gaps = [Gap("versions", q, why) for q, why in versions.inconclusive] if versions else []
    if speaks is None and not connections:
        gaps = _without_connection(gaps)
    gaps = [replace(g, question=where + g.question) for g in (*gaps, *seen.gaps, *unread)]
    # Questions go side by side: which was given up first is chance.
    gaps.sort(key=lambda gap: (PARTS.index(gap.part), gap.question, gap.reason))
    if not speaks:
        return TlsEndpoint(
            origin.host,
            origin.port,
            address=address,
            server_name=name,
            speaks_tls=speaks,
            inconclusive=tuple(gaps),
            connections=connections,
            duration_s=duration_s,
        )
    assert versions is not None
    endpoint = TlsEndpoint(
        origin.host,
        origin.port,
        address=address,
        server_name=name,
        speaks_tls=True,
        protocols=versions.protocols,
        ciphers=facts.ciphers(seen) or None,
        cipher_order=facts.cipher_order(seen) or None,
        groups=facts.group_names(seen) or None,
        signature_algorithms=facts.scheme_names(seen) or None,
        dh=facts.dh(seen.flights),
        certificates=judged or None,
        features=facts.features(seen) or None,
        inconclusive=tuple(gaps),
        connections=connections,
        duration_s=duration_s,
    )
    return _judged(endpoint, seen)


def _without_connection(gaps: list[Gap]) -> list[Gap]:
    """One gap instead of one for each version, where all of them met with the same."""
    reasons = {gap.reason for gap in gaps if not gap.reason.startswith("not asked")}
    if len(reasons) != 1:
        return gaps
    return [Gap("versions", "what does it speak?", reasons.pop())]


def _judged(endpoint: TlsEndpoint, seen: Seen) -> TlsEndpoint:
    """The endpoint with what follows from the rest of it."""
    groups = seen.groups.get(Version.TLS_1_3)
    return replace(
        endpoint,
        vulnerabilities=(dict(seen.vulnerabilities) | weaknesses.derived(endpoint)) or None,
        profiles=profiles.verdicts(endpoint) if endpoint.ciphers else None,
        post_quantum=post_quantum.judged(endpoint, groups.order if groups else None),
    )
