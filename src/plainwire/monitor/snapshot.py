"""A report made comparable: sorted, without what changes by itself, under one hash.

A snapshot has parts; one that was not looked at or not answered is absent, and `overlaid` keeps
the older one's in its place, so that a question without an answer is never a change. Left out is
what varies from look to look (tickets, times, clocks) and what only the time changes: whether a
certificate has ended is the business of `expiry`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from plainwire.grading import grade
from plainwire.model import Finding, Report, TlsEndpoint
from plainwire.monitor.expiry import organisation
from plainwire.monitor.seen import Body
from plainwire.report.envelope import endpoint_dict
from plainwire.wire import hsts

BY_TIME = ("expired", "not_yet_valid", "expires_soon")
FOUND_BY_TIME = ("certificate-expired", "certificate-not-yet-valid", "certificate-expires-soon")
KEPT = ("speaks_tls", "protocols", "dh", "signature_algorithms", "cipher_order", "post_quantum")
IN_ORDER = ("ciphers", "groups")
VOLATILE_FEATURES = ("ticket_lifetime_hint_s", "tls13_ticket_lifetime_s", "clock_skew_s")
MAX_URLS = 200
PLACES = ("tls", "issuers")
LISTS = frozenset(("ciphers", "groups", "cipher_order", "signature_algorithms"))
OPEN = LISTS | {"http", "protocols", "features", "vulnerabilities"}


def of_endpoint(endpoint: TlsEndpoint) -> Body:
    """The snapshot of a probe."""
    place = f"{endpoint.host}:{endpoint.port}"
    return {"tls": {place: _endpoint(endpoint)}, "issuers": {place: _issuers(endpoint)}}


def of_report(report: Report, answers: Iterable[Mapping[str, Any]] = ()) -> Body:
    """The snapshot of a scan; ``answers`` are the entries of its trace that count.

    The grade is that of the findings which time alone does not bring, and absent where something
    was unanswered: an upper bound cannot be compared.
    """
    lasting = [f for f in report.findings if f.id not in FOUND_BY_TIME]
    body: dict[str, Any] = {
        "tls": {f"{e.host}:{e.port}": _endpoint(e) for e in report.tls},
        "issuers": {f"{e.host}:{e.port}": _issuers(e) for e in report.tls},
        "http": dict(_answer(entry) for entry in list(answers)[:MAX_URLS]),
        "findings": dict(_finding(one) for one in lasting),
        "unsure": _unsure(report),
    }
    if report.grade is not None and not report.grade.is_upper_bound:
        body["grade"] = grade(lasting, is_upper_bound=False, scope=()).letter
    return body


def hashed(body: Body) -> str:
    """The SHA-256 of what counts in a snapshot."""
    counted = {key: part for key, part in body.items() if key != "unsure"}
    words = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def overlaid(old: Body, new: Body) -> Body:
    """The new snapshot with the old one's parts where the new one has none.

    An old finding is gone unless its check had a question without an answer this time.
    """
    whole = dict(_over(old, new))
    if "findings" in new:
        unsure = set(new.get("unsure", ()))
        held = {
            key: one
            for key, one in old.get("findings", {}).items()
            if key not in new["findings"] and one["id"] in unsure
        }
        whole["findings"] = dict(sorted({**held, **new["findings"]}.items()))
    return whole


def _over(old: Body, new: Body) -> Body:
    """The parts of both, the new one's where both have one; what is open is merged inside."""
    merged: dict[str, Any] = dict(old)
    for key, part in new.items():
        before = old.get(key)
        if key in PLACES and isinstance(before, Mapping):
            merged[key] = {**before, **{p: _place(before.get(p, {}), e) for p, e in part.items()}}
        elif key in OPEN and isinstance(before, Mapping) and isinstance(part, Mapping):
            merged[key] = {**before, **part}
        else:
            merged[key] = part
    return merged


def _place(old: Body, new: Body) -> Body:
    """One endpoint, without lists of versions that are off now."""
    merged = dict(_over(old, new))
    off = {version for version, is_on in merged.get("protocols", {}).items() if not is_on}
    for key in LISTS & merged.keys():
        merged[key] = {v: each for v, each in merged[key].items() if v not in off}
    return merged


def _endpoint(endpoint: TlsEndpoint) -> Body:
    """What lasts of an endpoint, in the words of the report contract."""
    told = endpoint_dict(endpoint)
    unsure = {gap.part for gap in endpoint.inconclusive}
    found = {key: told[key] for key in KEPT if key in told and key not in unsure}
    if "post_quantum" in found:
        found["post_quantum"] = {"ready": found["post_quantum"]["ready"]}
    for key in IN_ORDER:
        if key in told and key not in unsure:
            found[key] = _ordered(told[key], told.get("cipher_order", {}))
    if "signature_algorithms" in found:
        found["signature_algorithms"] = _ordered(found["signature_algorithms"], {})
    for key in ("features", "vulnerabilities"):
        if key in told and key not in unsure:
            kept = {n: v for n, v in told[key].items() if n not in VOLATILE_FEATURES}
            found[key] = dict(sorted(kept.items()))
    if endpoint.certificates is not None and "certificates" not in unsure:
        found["certificates"] = sorted(
            (_chain(chain) for chain in told["certificates"] if chain.get("chain")),
            key=lambda chain: json.dumps(chain["asked_with"], sort_keys=True),
        )
    return found


def _ordered(lists: Mapping[str, list[str]], order: Mapping[str, str]) -> dict[str, list[str]]:
    """The lists in the server's order where it has one, else sorted: the client's tells nothing."""
    return {
        version: list(items) if order.get(version) == "server" else sorted(items)
        for version, items in lists.items()
    }


def _chain(chain: Mapping[str, Any]) -> dict[str, Any]:
    """A served chain without what a renewal changes: names of times and numbers of its leaf."""
    leaf = chain["chain"][0]
    return {
        "asked_with": chain["asked_with"],
        "chain": [
            {
                "key_type": leaf["key_type"],
                "key_bits": leaf["key_bits"],
                "key_flaws": leaf["key_flaws"],
            }
        ],
        "problems": [word for word in chain["problems"] if word not in BY_TIME],
        "problems_checked": [w for w in chain["problems_checked"] if w not in BY_TIME],
        "trusted_by": sorted(chain["trusted_by"]),
    }


def _issuers(endpoint: TlsEndpoint) -> dict[str, str]:
    """Who issued the leaf served for each key."""
    return {
        str(chain.asked_with.get("key", "any")): organisation(chain.chain[0].issuer)
        for chain in endpoint.certificates or ()
        if chain.chain and (chain.asked_with.get("sni", True) or endpoint.server_name is None)
    }


def _answer(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a URL answered: its status, where it redirects to, its HSTS."""
    response = entry["response"]
    headers = {h["name"].lower(): h["value"] for h in reversed(response["headers"])}
    said: dict[str, Any] = {"status": response["status"]}
    if 300 <= response["status"] < 400 and "location" in headers:
        said["location"] = headers["location"][:300]
    if entry["request"]["url"].startswith("https:"):
        said["hsts"] = _hsts(headers.get(hsts.NAME))
    return entry["request"]["url"], said


def _hsts(value: str | None) -> dict[str, Any] | None:
    if value is None:
        return None
    policy = hsts.parse(value)
    return {
        "max-age": policy.max_age_s if policy.is_honoured else None,
        "includeSubDomains": policy.include_subdomains,
        "preload": policy.preload,
    }


def _finding(finding: Finding) -> tuple[str, dict[str, Any]]:
    where = f" at {finding.operation.method} {finding.operation.path}" if finding.operation else ""
    severity = str(finding.severity)
    return finding.fingerprint, {
        "id": finding.id,
        "severity": severity,
        "words": f"{finding.id}{where}",
    }


def _unsure(report: Report) -> list[str]:
    """The checks with a question that got no answer: what they found before may still be there."""
    return sorted({gap.check for gap in report.unanswered})
