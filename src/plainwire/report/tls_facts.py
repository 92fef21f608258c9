"""What a TLS endpoint revealed, as lines for a person: part by part, the deciding ones first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from plainwire.model import CertificateFacts, Chain, Staple, TlsEndpoint
from plainwire.policy.profiles import DRAFT
from plainwire.report.groups import counted

MAX_NAMES = 8
MAX_PATHS = 3
MAX_REASONS = 3
# What is wrong with a suite whatever else it has, by a word of its name; the worst first.
BROKEN = {
    "NULL": "no encryption",
    "anon": "no authentication",
    "EXPORT": "export strength",
    "EXPORT40": "export strength",
    "RC4": "RC4",
    "DES": "DES",
    "DES40": "DES",
    "3DES": "64-bit blocks",
    "IDEA": "64-bit blocks",
    "RC2": "64-bit blocks",
    "MD5": "MD5",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one part: its ``heading`` on the first line, ``depth`` steps from the margin.

    ``is_bad`` says that they tell of a flaw.
    """

    words: str
    heading: str = ""
    depth: int = 0
    is_bad: bool = False


def lines(endpoint: TlsEndpoint, now: datetime) -> Iterator[Line]:
    """What was seen; what was not looked at or not answered has no line but an "Unknown" one.

    ``now`` is the time that days left are counted from.
    """
    if endpoint.protocols is not None:
        yield from _versions(endpoint.protocols)
    for version in _seen_versions(endpoint):
        yield from _headed(version, _version(version, endpoint))
    if endpoint.dh is not None:
        name = f", {endpoint.dh.common}" if endpoint.dh.common else ""
        reused = ", its public value reused" if endpoint.dh.reused else ""
        yield Line(f"{endpoint.dh.bits} bits{name}{reused}", "DH")
    for chain in endpoint.certificates or ():
        if chain.chain:
            yield from _headed("Certificate", _certificate(chain, now))
    yield from _headed("Features", _features(endpoint.features or {}))
    if endpoint.vulnerabilities:
        yield from _headed("Attacks", _attacks(endpoint.vulnerabilities))
    if endpoint.post_quantum is not None:
        word = "ready" if endpoint.post_quantum.ready else "not ready"
        yield Line(f"{word}: {endpoint.post_quantum.because}", "Post-quantum")
    yield from _headed("Profiles", _profiles(endpoint))
    yield from _headed("DNS", _dns(endpoint.dns or {}))
    gaps = (Line(f"{gap.question}: {gap.reason}", "") for gap in endpoint.inconclusive)
    yield from _headed("No TLS" if endpoint.speaks_tls is False else "Unknown", gaps)


def summary(endpoint: TlsEndpoint, now: datetime) -> str:
    """The same in a sentence: versions, how many suites, the certificates; "" if nothing is known.

    ``now`` is as for `lines`.
    """
    on = [name for name, is_on in (endpoint.protocols or {}).items() if is_on][::-1]
    words = [", ".join(on)] if on else []
    if endpoint.ciphers:
        suites = {name for names in endpoint.ciphers.values() for name in names}
        words.append(counted(len(suites), "suite"))
    leaves = {chain.chain[0] for chain in endpoint.served if chain.chain}
    for leaf in sorted(leaves, key=lambda leaf: (leaf.key_type, leaf.fingerprint_sha256)):
        words.append(f"{leaf.key_type} {leaf.key_bits} bits {_days(leaf, now)}")
    if endpoint.post_quantum is not None:
        words.append("post-quantum" if endpoint.post_quantum.ready else "not post-quantum")
    return "; ".join(words)


def where(endpoint: TlsEndpoint) -> str:
    """What was asked: address and port, the name given, and how TLS was begun."""
    address = endpoint.address or endpoint.host
    address = f"[{address}]" if ":" in address else address
    words = [f"{address}:{endpoint.port}"]
    words.append(f"asked for {endpoint.server_name}" if endpoint.server_name else "without a name")
    if endpoint.starttls:
        words.append(f"STARTTLS of {endpoint.starttls}")
    return ", ".join(words)


def _headed(heading: str, found: Iterator[Line]) -> Iterator[Line]:
    for number, line in enumerate(found):
        head = heading if number == 0 else ""
        yield Line(line.words, head, line.depth, line.is_bad)


def _versions(known: Mapping[str, bool]) -> Iterator[Line]:
    on = [name for name, is_on in known.items() if is_on][::-1]
    off = [name for name, is_on in known.items() if not is_on][::-1]
    words = ", ".join(on) or "none"
    yield Line(f"{words}; not {', '.join(off)}" if off else words, "Versions")


def _seen_versions(endpoint: TlsEndpoint) -> tuple[str, ...]:
    """The versions that something is known of, the newest first."""
    parts = (endpoint.ciphers, endpoint.groups, endpoint.signature_algorithms)
    found = {version for part in parts for version in part or {}}
    return tuple(sorted(found, reverse=True))


def _version(version: str, endpoint: TlsEndpoint) -> Iterator[Line]:
    suites = (endpoint.ciphers or {}).get(version)
    if suites is not None:
        order = (endpoint.cipher_order or {}).get(version)
        whose = f", the {order}'s order" if order else ""
        yield Line(f"{counted(len(suites), 'suite')}{whose}")
        yield from _suites(suites)
    groups = (endpoint.groups or {}).get(version)
    if groups is not None:
        yield Line(f"groups: {', '.join(groups) or 'none'}")
    schemes = (endpoint.signature_algorithms or {}).get(version)
    if schemes is not None:
        yield Line(f"signatures: {', '.join(schemes) or 'none'}")


def _suites(names: tuple[str, ...]) -> Iterator[Line]:
    """The suites in their order, neighbours with one key exchange and one flaw on a line."""
    for (exchange, flaw), run in groupby(names, lambda name: (_exchange(name), _flaw(name))):
        ciphers = ", ".join(_cipher(name) for name in run)
        words = [word for word in (exchange, flaw) if word]
        yield Line(f"{', '.join(words)}: {ciphers}" if words else ciphers, "", 1, is_bad(flaw))


def _exchange(name: str) -> str:
    """The key exchange in a suite's name: ECDHE_RSA; empty for TLS 1.3 and SSL 2."""
    exchange, found, _ = name.removeprefix("TLS_").partition("_WITH_")
    return exchange if found and name.startswith("TLS_") else ""


def _cipher(name: str) -> str:
    """The rest of a suite's name behind its key exchange."""
    exchange = _exchange(name)
    return name.removeprefix(f"TLS_{exchange}_WITH_") if exchange else name


def _flaw(name: str) -> str:
    """What is wrong with a suite; empty if nothing is."""
    words = set(name.split("_"))
    for word, flaw in BROKEN.items():
        if word in words:
            return flaw
    exchange = _exchange(name)
    if exchange and not exchange.startswith(("ECDHE", "DHE", "ECCPWD")):
        return "no forward secrecy"
    return ""


def is_bad(flaw: str) -> bool:
    """True if a suite's flaw is more than a want."""
    return bool(flaw) and flaw != "no forward secrecy"


def _certificate(chain: Chain, now: datetime) -> Iterator[Line]:
    leaf = chain.chain[0]
    asked = "" if chain.asked_with.get("sni", True) else ", shown without a name"
    yield Line(f"{leaf.subject or 'no subject'}, {_key(leaf)}{asked}")
    yield Line(f"for {_some(leaf.sans)}" if leaf.sans else "for no name (no SAN)")
    yield Line(f"valid {_days(leaf, now)}, issued by {leaf.issuer}")
    served = f"{counted(len(chain.chain), 'certificate')} served"
    if "untrusted_root" in chain.problems_checked or chain.trusted_by:
        trusted = ", ".join(chain.trusted_by)
        served += f", trusted by {trusted}" if trusted else ", trusted by no store"
    yield Line(served, is_bad=not chain.trusted_by)
    for error in chain.path_errors or ():
        yield Line(error, "", 1, is_bad=True)
    for path in chain.paths[:MAX_PATHS]:
        yield Line(" < ".join(path), "", 1)
    if len(chain.paths) > MAX_PATHS:
        yield Line(f"and {len(chain.paths) - MAX_PATHS} more paths", "", 1)
    if chain.problems:
        words = ", ".join(problem.replace("_", " ") for problem in chain.problems)
        yield Line(f"problems: {words}", is_bad=True)
    extras = [words for words in (_staple(chain.staple), _scts(chain.scts)) if words]
    if leaf.must_staple:
        extras.insert(0, "demands a staple")
    if extras:
        yield Line("; ".join(extras))


def _key(one: CertificateFacts) -> str:
    signed = f", signed with {one.signature_hash}" if one.signature_hash else ""
    flaws = f", flawed: {', '.join(one.key_flaws)}" if one.key_flaws else ""
    return f"{one.key_type} {one.key_bits} bits{flaws}{signed}"


def _days(one: CertificateFacts, now: datetime) -> str:
    left = (one.not_after - now).days
    words = f"{counted(left, 'day')} left" if left >= 0 else f"over for {counted(-left, 'day')}"
    return f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d} ({words})"


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def _staple(staple: Staple | None) -> str:
    if staple is None:
        return ""
    since = f", of {staple.this_update:%Y-%m-%d}" if staple.this_update else ""
    until = f" until {staple.next_update:%Y-%m-%d}" if staple.next_update else ""
    problem = f"; {staple.problem}" if staple.problem else ""
    return f"staple: {staple.status}{since}{until}{problem}"


def _scts(number: int | None) -> str:
    return "" if number is None else counted(number, "SCT")


def _features(features: Mapping[str, Any]) -> Iterator[Line]:
    """What is there, what is not, and what is more than yes or no."""
    for word, wanted in (("yes", True), ("no", False)):
        names = [name.replace("_", " ") for name, value in features.items() if value is wanted]
        if names:
            yield Line(f"{word}: {', '.join(names)}")
    others = [(n, v) for n, v in features.items() if not isinstance(v, bool)]
    for name, value in others:
        words = ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else value
        yield Line(f"{name.replace('_', ' ')}: {words or 'none'}")


def _attacks(known: Mapping[str, bool]) -> Iterator[Line]:
    found = [name.replace("_", " ") for name, is_there in known.items() if is_there]
    safe = [name.replace("_", " ") for name, is_there in known.items() if not is_there]
    if found:
        yield Line(f"open to {', '.join(found)}", is_bad=True)
    if safe:
        yield Line(f"not open to {', '.join(safe)}")


def _profiles(endpoint: TlsEndpoint) -> Iterator[Line]:
    words = {True: "met", False: "not met", None: "not known"}
    for name, verdict in (endpoint.profiles or {}).items():
        is_draft = DRAFT in verdict.because
        yield Line(f"{name}: {words[verdict.meets]}" + (f" ({DRAFT})" if is_draft else ""))
        reasons = [reason for reason in verdict.because if reason != DRAFT]
        if not verdict.meets:
            yield from (Line(reason, "", 1) for reason in reasons[:MAX_REASONS])
        more = len(reasons) - MAX_REASONS
        if more > 0:
            where = "json" if is_draft else f"--profile {name}"
            yield Line(f"and {more} more; {where} tells all", "", 1)


def _dns(records: Mapping[str, Any]) -> Iterator[Line]:
    if "caa" in records:
        words = ", ".join(f"{one['tag']} {one['value']}" for one in records["caa"])
        at = f" (at {records['caa'][0]['at']})" if records["caa"] else ""
        yield Line(f"CAA: {words or 'none'}{at}")
    if "tlsa" in records:
        words = ", ".join(_tlsa(one) for one in records["tlsa"])
        yield Line(f"TLSA: {words or 'none'}")
    if "https" in records:
        words = "; ".join(_service(one) for one in records["https"])
        yield Line(f"HTTPS: {words or 'none'}")


def _tlsa(one: Mapping[str, Any]) -> str:
    signed = "" if one["authenticated"] else ", not authenticated"
    return f"{one['usage']} {one['selector']} {one['matching_type']} {one['data'][:16]}…{signed}"


def _service(one: Mapping[str, Any]) -> str:
    ech = ", ECH" if one["ech"] else ""
    return f"{one['priority']} {one['target']} {' '.join(one['alpn'])}{ech}".rstrip()
