"""Published recommendations for TLS servers, and what a server would have to change to meet one.

A profile is a file in `data/profiles/`: its source, its date, how it was read, and its rules. A
rule that a file does not have is not judged. A draft's source could not be read again; it is shown
and gates nothing. No verdict is a statement of compliance.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from plainwire.model import CertificateFacts, Part, ProfileVerdict, TlsEndpoint, UsageError

FOLDER = files("plainwire.policy").joinpath("data", "profiles")
VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
DRAFT = "a draft: its source could not be read again, so it gates nothing"

# What only TLS 1.2 and older versions have, and how to say that it should be otherwise.
FEATURES = {
    "compression": ("TLS compression", "turn off"),
    "secure_renegotiation": ("secure renegotiation (RFC 5746)", "turn on"),
    "extended_master_secret": ("the extended master secret (RFC 7627)", "turn on"),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A recommendation; ``rules`` are those of its file, described by `verdict`'s parts below.

    ``reading`` says how its source was read, and what of it is not judged.
    """

    name: str
    title: str
    version: str
    date: date
    source: str
    reading: str
    is_draft: bool
    rules: Mapping[str, Any] = field(repr=False, hash=False)

    def allowed(self, part: str) -> tuple[str, ...]:
        """The versions, suites or groups that are allowed, best first; () if any is."""
        return tuple(self.rules.get(part, {}).get("allowed", ()))

    def emitted(self, part: str) -> tuple[str, ...]:
        """The suites or groups that a configuration for it names: all that are allowed, or some."""
        return tuple(self.rules.get("emit", {}).get(part, ())) or self.allowed(part)

    @property
    def required_versions(self) -> tuple[str, ...]:
        """The versions that must be offered."""
        return tuple(self.rules["versions"].get("required", ()))


@cache
def names() -> tuple[str, ...]:
    """The names of all profiles, as the command line takes them."""
    found = (item.name for item in FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


@cache
def load(name: str) -> Profile:
    """A profile by its name.

    Raises:
        UsageError: if there is none of that name.
    """
    if name not in names():
        raise UsageError(f"no profile {name!r}; there are {', '.join(names())}")
    read = json.loads(FOLDER.joinpath(f"{name}.json").read_text("utf-8"))
    told = {key: read.pop(key) for key in ("name", "title", "version", "source", "reading")}
    day = date.fromisoformat(read.pop("date"))
    return Profile(**told, date=day, is_draft=read.pop("is_draft"), rules=read)


def verdicts(endpoint: TlsEndpoint) -> dict[str, ProfileVerdict]:
    """The verdict of every profile on an endpoint that speaks TLS; empty if none does."""
    if not endpoint.speaks_tls:
        return {}
    return {name: verdict(endpoint, load(name)) for name in names()}


def verdict(endpoint: TlsEndpoint, profile: Profile) -> ProfileVerdict:
    """Whether an endpoint meets a profile, and exactly what to change or what is not known.

    One thing to change is enough for not meeting it, whatever else is unknown; what is unknown
    keeps an endpoint from meeting it.
    """
    case = _Case(endpoint, profile.rules)
    for judge in (
        _versions,
        _suites,
        _groups,
        _schemes,
        _diffie_hellman,
        _certificates,
        _features,
    ):
        judge(case)
    notes = (DRAFT,) if profile.is_draft else ()
    if case.changes:
        return ProfileVerdict(False, (*dict.fromkeys(case.changes), *notes))
    if case.unknown:
        return ProfileVerdict(None, (*dict.fromkeys(case.unknown), *notes))
    return ProfileVerdict(True, notes)


@dataclass(slots=True)
class _Case:
    endpoint: TlsEndpoint
    rules: Mapping[str, Any]
    changes: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def gap(self, *parts: Part) -> bool:
        """Note what got no answer in a part; True if there is any."""
        found = [gap for gap in self.endpoint.inconclusive if gap.part in parts]
        self.unknown += [f"not known: {gap.question} ({gap.reason})" for gap in found]
        return bool(found)

    def judged(self) -> tuple[str, ...]:
        """The versions that are on and allowed: in all others only the version itself counts."""
        on = self.endpoint.protocols or {}
        return tuple(name for name in self.rules["versions"]["allowed"] if on.get(name))


def _versions(case: _Case) -> None:
    on, rule = case.endpoint.protocols or {}, case.rules["versions"]
    case.changes += [f"remove {v}" for v in VERSIONS if on.get(v) and v not in rule["allowed"]]
    case.changes += [f"enable {v}" for v in rule.get("required", ()) if on.get(v) is False]
    open_ = [
        v for v in VERSIONS if v not in on and (v not in rule["allowed"] or v in rule["required"])
    ]
    case.unknown += [f"not known: is {v} on?" for v in open_]
    case.gap("versions")


def _listed(
    case: _Case, found: Mapping[str, Sequence[str]] | None, part: Part, rule: Mapping[str, Any]
) -> None:
    """Names by version against ``allowed`` names and ``never`` ones."""
    what = {"ciphers": "", "groups": "group ", "signature_algorithms": "signature algorithm "}[part]
    for version in case.judged():
        names = (found or {}).get(version)
        if names is None:
            if not _has_none(case, version, part):
                case.unknown.append(f"not known: the {part.replace('_', ' ')} of {version}")
            continue
        for name in names:
            if (allowed := rule.get("allowed")) is not None and name not in allowed:
                case.changes.append(f"remove {what}{name}")
            elif why := _forbidden(case, name, rule.get("never", ())):
                case.changes.append(f"remove {what}{name} ({why})")
    case.gap(part)


def _has_none(case: _Case, version: str, part: Part) -> bool:
    """True if a part is missing because nothing that a version takes has one.

    Up to TLS 1.2 groups belong to ECDHE and signature algorithms to what is signed; TLS 1.3 signs
    with none that anybody forbids (RFC 8446, 4.2.3).
    """
    if part == "signature_algorithms" and version == "TLSv1.3":
        return True
    suites = (case.endpoint.ciphers or {}).get(version)
    if suites is None or part == "ciphers" or version == "TLSv1.3":
        return False
    if part == "groups":
        return not any("ECDHE" in suite for suite in suites)
    signing = (suite for suite in suites if "anon" not in suite and "PSK" not in suite)
    return not any("DHE" in suite for suite in signing)


def _forbidden(case: _Case, name: str, rules: Iterable[Mapping[str, Any]]) -> str | None:
    for rule in rules:
        if name not in rule.get("names", ()) and not any(w in name for w in rule.get("words", ())):
            continue
        unless = rule.get("unless")
        has = (case.endpoint.features or {}).get(unless) if unless else False
        if has is None:
            case.unknown.append(f"not known: does it take {unless}?")
        elif not has:
            return str(rule["why"])
    return None


def _suites(case: _Case) -> None:
    _listed(case, case.endpoint.ciphers, "ciphers", case.rules["suites"])


def _groups(case: _Case) -> None:
    if rule := case.rules.get("groups"):
        _listed(case, case.endpoint.groups, "groups", rule)


def _schemes(case: _Case) -> None:
    if rule := case.rules.get("signature_algorithms"):
        _listed(case, case.endpoint.signature_algorithms, "signature_algorithms", rule)


def _diffie_hellman(case: _Case) -> None:
    least, shown = case.rules.get("dh_bits"), case.endpoint.dh
    suites = [s for v in case.judged() for s in (case.endpoint.ciphers or {}).get(v, ())]
    if least is None or not any("_DHE_" in suite for suite in suites):
        return
    if shown is None:
        case.unknown.append("not known: the size of the Diffie-Hellman group")
    elif shown.bits < least:
        case.changes.append(f"Diffie-Hellman group of {shown.bits} bits, at least {least}")


def _certificates(case: _Case) -> None:
    rule = case.rules.get("certificate")
    if rule is None:
        return
    if not case.endpoint.certificates:
        case.unknown.append("not known: the certificate")
    for chain in case.endpoint.served:
        case.changes += _leaf(chain.chain[0], rule)
        never = rule.get("problems_never", ())
        for word in (*never, *rule.get("problems_never_if_seen", ())):
            words = word.replace("_", " ")
            if word in chain.problems:
                case.changes.append(f"certificate {words}")
            elif word in never and word not in chain.problems_checked:
                case.unknown.append(f"not known: is the certificate {words}?")
    case.gap("certificates")


def _leaf(leaf: CertificateFacts, rule: Mapping[str, Any]) -> Iterator[str]:
    kinds, hashes = rule.get("key_types"), rule.get("signature_hashes")
    if kinds and leaf.key_type not in kinds:
        yield f"certificate key {leaf.key_type}, only {' or '.join(kinds)}"
    if leaf.key_type == "RSA" and leaf.key_bits < (rule.get("rsa_bits") or 0):
        yield f"certificate key RSA {leaf.key_bits} bits, at least {rule['rsa_bits']}"
    if leaf.key_type == "ECDSA":
        sizes, least = rule.get("ec_bits"), rule.get("ec_bits_at_least", 0)
        if sizes and leaf.key_bits not in sizes:
            only = " or ".join(str(size) for size in sizes)
            yield f"certificate key ECDSA {leaf.key_bits} bits, only {only}"
        if leaf.key_bits < least:
            yield f"certificate key ECDSA {leaf.key_bits} bits, at least {least}"
    # Ed25519 and its like have no hash to choose: None.
    if hashes and leaf.signature_hash is not None and leaf.signature_hash not in hashes:
        yield f"certificate signed with {leaf.signature_hash}, only {', '.join(hashes)}"
    days, limit = (leaf.not_after - leaf.not_before).days, rule.get("lifetime_days")
    if limit is not None and days > limit:
        yield f"certificate lifetime {days} days, at most {limit}"


def _features(case: _Case) -> None:
    on, found = case.endpoint.protocols or {}, case.endpoint.features or {}
    if not any(on.get(version) for version in VERSIONS[:-1]):
        return
    for name, wanted in case.rules.get("features", {}).items():
        words, order = FEATURES[name]
        if name not in found:
            case.unknown.append(f"not known: {words}")
        elif found[name] is not wanted:
            case.changes.append(f"{order} {words}")
