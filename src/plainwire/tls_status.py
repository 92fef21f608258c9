"""TLS Status: can anyone on the way read or change it? Only true lines, with their counts."""

from __future__ import annotations

import asyncio

from plainwire.model import Cleartext, Request, Site, TlsEndpoint, TlsStatus, Unanswered

INVALIDATING = frozenset(
    {
        "expired",
        "not_yet_valid",
        "hostname_mismatch",
        "no_san",
        "self_signed",
        "untrusted_root",
        "incomplete_chain",
        "revoked",
        "wrong_eku",
    }
)

TRUST_UNKNOWN = "It is not known whether the certificate leads to a root"


async def tls_status(site: Site) -> tuple[TlsStatus, tuple[str, ...]]:
    """FAIL, PASS or UNKNOWN by the report contract, and the lines that say why."""
    in_clear, endpoints = await asyncio.gather(site.cleartext(), site.tls())
    silent = await _silent_http(site)
    spoken = [e for e in endpoints if e.speaks_tls]
    wrong = _clear_lines(in_clear) + _certificate_lines(spoken, endpoints)
    if wrong:
        return "FAIL", tuple(wrong)
    unknown = [f"No answer over http: {u.question}: {u.reason}" for u in silent]
    if failed := [c.exchange.status for c in in_clear if c.verdict == "failed"]:
        statuses = ", ".join(str(status) for status in dict.fromkeys(failed))
        how_many = f"{len(failed)} of {len(in_clear)} asked"
        unknown.append(f"Over HTTP the server only fails ({statuses}, {how_many})")
    if not spoken:
        unknown.append("TLS was not answered")
    if any(not e.certificates for e in spoken):
        unknown.append("The certificate was not seen")
    if not all(e.is_trust_known for e in spoken):
        unknown.append(TRUST_UNKNOWN)
    if unknown:
        return "UNKNOWN", tuple(unknown)
    asked = len(await site.endpoints())
    return "PASS", (
        f"All endpoints require HTTPS ({asked} asked)",
        "Valid SSL certificate detected",
    )


def endpoint_status(endpoint: TlsEndpoint) -> tuple[TlsStatus, tuple[str, ...]]:
    """The status of an endpoint of which nothing but its TLS was looked at."""
    spoken = [endpoint] if endpoint.speaks_tls else []
    if endpoint.speaks_tls is False and endpoint.starttls:
        return "FAIL", (f"TLS was refused in {endpoint.starttls}",)
    wrong = _certificate_lines(spoken, (endpoint,))
    if wrong:
        return "FAIL", tuple(wrong)
    if not spoken:
        return "UNKNOWN", ("TLS was not answered",)
    if not endpoint.certificates:
        return "UNKNOWN", ("The certificate was not seen",)
    if not endpoint.is_trust_known:
        return "UNKNOWN", (TRUST_UNKNOWN,)
    return "PASS", ("Valid SSL certificate detected",)


async def _silent_http(site: Site) -> list[Unanswered]:
    """The questions over http that got no answer."""
    endpoints = await site.endpoints()
    questions = [Request(o, "GET", e.path) for o in site.target.http for e in endpoints]
    answers = await asyncio.gather(*(site.ask(question) for question in questions))
    return [answer for answer in answers if isinstance(answer, Unanswered)]


def _clear_lines(in_clear: tuple[Cleartext, ...]) -> list[str]:
    served = [c for c in in_clear if c.verdict == "served"]
    elsewhere = [c for c in in_clear if c.verdict == "redirected-elsewhere"]
    lines = []
    if served:
        lines.append(f"Endpoint accessible over HTTP ({len(served)} of {len(in_clear)} asked)")
    if elsewhere:
        lines.append(
            f"HTTP does not redirect straight to HTTPS on the same host "
            f"({len(elsewhere)} of {len(in_clear)} asked)"
        )
    return lines


def _certificate_lines(spoken: list[TlsEndpoint], asked: tuple[TlsEndpoint, ...]) -> list[str]:
    if not spoken:
        certain = asked and all(e.speaks_tls is False for e in asked)
        return ["No HTTPS listener", "No valid SSL certificate found"] if certain else []
    for endpoint in spoken:
        for chain in endpoint.served:
            reasons = [p for p in chain.problems if p in INVALIDATING]
            untrusted = "untrusted_root" in chain.problems_checked and not chain.trusted_by
            if reasons or untrusted:
                why = ", ".join(reasons) or "not trusted"
                return [f"No valid SSL certificate found ({why.replace('_', ' ')})"]
    return []
