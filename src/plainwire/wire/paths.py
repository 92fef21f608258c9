"""What is wrong with a served certificate chain, every reason by itself.

Libraries stop at the first reason, and strict ones refuse private authorities for what no client
minds; hence an own judgement. `PROBLEMS` are the words of the report contract. Where RFC 5280
leaves a choice, the docstrings say which was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509

from plainwire.model import Chain, Staple, WireError
from plainwire.wire import staples
from plainwire.wire.certificate import Certificate, parse
from plainwire.wire.certificate_names import is_for
from plainwire.wire.path_search import (
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_VERIFICATIONS,
    Path,
    Search,
    by_subject,
    is_for_servers,
)

MAX_SERVED = 32
SOON = timedelta(days=14)
LONGEST = timedelta(days=398)
# Why the words of `NEEDS_SEARCH` may be missing.
BEYOND = (
    f"no root was found, and its chain is more than is followed: {MAX_SERVED} certificates, "
    f"{MAX_DEPTH} in a path, {MAX_VERIFICATIONS} signatures, {MAX_COMPARISONS:,} names compared"
)
LEAST_BITS = {"RSA": 2048, "DSA": 2048, "ECDSA": 224}


def judge(
    chain: Sequence[bytes],
    *,
    name: str,
    now: datetime,
    stores: Mapping[str, Sequence[bytes]],
    stapled: bool | None = None,
    staple: bytes | None = None,
) -> Chain:
    """What a served chain says, which stores trust it, and every problem it has.

    ``chain`` is DER as served, the leaf first; ``name`` a host name (A-label) or an IP literal;
    ``now`` aware; ``stores`` anchors by store name; ``stapled`` whether an OCSP response came
    along, None if nobody looked, and then `must_staple_missing` is not among the checked;
    ``staple`` is the response itself, and only one that a client would believe tells `revoked`.
    ``scts`` counts those in the leaf and in the staple.
    ``paths`` of the answer has the best first, so that the first to a store's root is that store's.
    A certificate behind the leaf that cannot be read is left out of ``chain`` and counts as
    `extra_certs`, and so does what is past the first `MAX_SERVED`. Where a bound was met before a
    path was found, the words of `NEEDS_SEARCH` are not among the checked: there may be one.

    Raises:
        WireError: if there is no certificate, or the leaf cannot be read (RFC 8446, 4.4.2).
    """
    case = _case(chain, name, now, stores, stapled if staple is None else True)
    judged = None
    if staple is not None:
        issuers = case.search.issuers(case.leaf)
        judged = staples.judge(staple, leaf=case.leaf, issuers=issuers, now=now)
        case = replace(case, staple=judged.staple)
    unasked = {word for word, is_asked in NEEDS_STAPLE.items() if not is_asked(case)}
    if _is_open(case):
        unasked |= NEEDS_SEARCH
    checked = tuple(word for word in PROBLEMS if word not in unasked)
    trusted = {store for path in case.paths for store in case.search.stores_of(path[-1])}
    problems = tuple(word for word in checked if PROBLEMS[word](case))
    return Chain(
        chain=tuple(item.facts for item in case.served),
        problems=problems,
        problems_checked=checked,
        trusted_by=tuple(store for store in stores if store in trusted),
        paths=tuple(
            dict.fromkeys(tuple(item.facts.subject for item in path) for path in case.paths)
        ),
        staple=case.staple,
        scts=_embedded_scts(case.leaf) + (judged.scts if judged else 0),
        path_errors=tuple(case.search.errors) if "untrusted_root" in problems else None,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """What the questions below are asked of.

    ``served`` are the readable certificates, each once; ``is_padded`` that others came with them,
    ``is_cut`` that they were more than are looked at.
    ``paths`` has the best path first (`_rank`), and ``path`` is that one; without a path to an
    anchor, the served certificates that lead up from the leaf.
    """

    search: Search
    served: Path
    is_padded: bool
    is_cut: bool
    name: str
    now: datetime
    stapled: bool | None
    depths: Mapping[bytes, int]
    paths: tuple[Path, ...]
    path: Path
    staple: Staple | None = None

    @property
    def leaf(self) -> Certificate:
        return self.served[0]

    @property
    def linked(self) -> Path:
        """The served certificates that lead up from the leaf, in the order served."""
        return tuple(item for item in self.served if item.der in self.depths)


def _case(
    chain: Sequence[bytes],
    name: str,
    now: datetime,
    stores: Mapping[str, Sequence[bytes]],
    stapled: bool | None,
) -> _Case:
    if not chain:
        raise WireError("RFC 8446 4.4.2: the server's certificate_list MUST NOT be empty")
    leaf = parse(chain[0])
    others = [item for der in chain[1:MAX_SERVED] if (item := _readable(der))]
    served = tuple({item.der: item for item in (leaf, *others)}.values())
    search = Search(served, {store: by_subject(tuple(ders)) for store, ders in stores.items()})
    paths = sorted(search.paths(leaf), key=lambda path: _rank(path, now))
    depths = search.depths(leaf)
    linked = tuple(item for item in served if item.der in depths)
    return _Case(
        search=search,
        served=served,
        is_padded=len(served) < len(chain),
        is_cut=len(chain) > MAX_SERVED,
        name=name,
        now=now,
        stapled=stapled,
        depths=depths,
        paths=tuple(paths),
        path=paths[0] if paths else linked,
    )


def _readable(der: bytes) -> Certificate | None:
    try:
        return parse(der)
    except WireError:
        return None


def _rank(path: Path, now: datetime) -> tuple[int, int]:
    """What makes a path better: fewer certificates out of their time, then fewer at all."""
    return sum(_is_lapsed(item, now) for item in path), len(path)


def _is_lapsed(item: Certificate, now: datetime) -> bool:
    return not item.facts.not_before <= now <= item.facts.not_after


def _expired(case: _Case) -> bool:
    """The leaf, or a certificate that the best path needs, the root included as in OpenSSL."""
    return any(case.now > item.facts.not_after for item in case.path)


def _not_yet_valid(case: _Case) -> bool:
    return any(case.now < item.facts.not_before for item in case.path)


def _expires_soon(case: _Case) -> bool:
    """The leaf has at most 14 days left; one that has expired is `expired` only."""
    return timedelta(0) <= case.leaf.facts.not_after - case.now <= SOON


def _self_signed(case: _Case) -> bool:
    """The leaf's own key signed it, and no store names it: named by `--ca` it is as good as any."""
    return not case.paths and case.search.is_self_signed(case.leaf)


def _incomplete_chain(case: _Case) -> bool:
    """No path, and for a certificate on the way up nobody has one with its issuer's name.

    A private root that was not given looks the same from here; the words say what was seen.
    """
    return not case.paths and not _self_signed(case) and _is_cut_off(case)


def _untrusted_root(case: _Case) -> bool:
    """No path though every issuer's name is at hand: an unknown root, a wrong signature, or a
    constraint (basicConstraints, keyUsage, pathLen, extendedKeyUsage, names) that is broken."""
    return not case.paths and not _self_signed(case) and not _is_cut_off(case)


def _is_open(case: _Case) -> bool:
    """No path was found, and not everything was looked at."""
    return not case.paths and not _self_signed(case) and (case.is_cut or case.search.is_cut)


def _is_cut_off(case: _Case) -> bool:
    way = [parse(der) for der in case.depths]
    if any(case.search.stores_of(item) or case.search.is_self_signed(item) for item in way):
        return False
    return any(not case.search.named_issuers(item) for item in way)


def _wrong_chain_order(case: _Case) -> bool:
    """A certificate comes before one that is fewer steps from the leaf, or the leaf is not first.

    Alternatives at the same height may come in any order (RFC 8446, 4.4.2, lets extra ones be).
    """
    heights = [case.depths[item.der] for item in case.linked]
    return heights != sorted(heights) or any(
        case.leaf in case.search.issuers(item) for item in case.served[1:]
    )


def _extra_certs(case: _Case) -> bool:
    """Something served twice, unreadable, or on no way up from the leaf."""
    return case.is_padded or len(case.linked) < len(case.served)


def _root_in_chain(case: _Case) -> bool:
    """A self-signed certificate behind the leaf: bytes that no client needs (RFC 8446, 4.4.2)."""
    return any(case.search.is_self_signed(item) for item in case.served[1:])


def _hostname_mismatch(case: _Case) -> bool:
    return not is_for(case.leaf, case.name)


def _no_san(case: _Case) -> bool:
    """No dNSName and no iPAddress; then the name mismatches too, since nothing else counts."""
    return not case.leaf.dns_names and not case.leaf.ip_addresses


def _weak_key(case: _Case) -> bool:
    """RSA or DSA below 2048 bits or EC below 224, anywhere on the path; unknown sizes are not."""
    keys = [(item.facts.key_type, item.facts.key_bits) for item in case.path]
    return any(0 < bits < LEAST_BITS.get(kind, 0) for kind, bits in keys)


def _signed_with(case: _Case, *weak: str) -> bool:
    """A signature that a client relies on: the leaf's, and others up to but without the root's."""
    signed = [
        item
        for item in case.path
        if item == case.leaf
        or not (case.search.stores_of(item) or case.search.is_self_signed(item))
    ]
    return any(item.facts.signature_hash in weak for item in signed)


def _validity_too_long(case: _Case) -> bool:
    """The leaf is valid for more than 398 times 24 hours from notBefore to notAfter."""
    return case.leaf.facts.not_after - case.leaf.facts.not_before > LONGEST


def _revoked(case: _Case) -> bool:
    """The staple says so, and the leaf's issuer vouches for it; also one that is stale by now."""
    return case.staple is not None and case.staple.status == "revoked"


def _tells_revocation(case: _Case) -> bool:
    """True if a staple says whether the leaf was revoked: a stale "good" does not."""
    staple = case.staple
    if staple is None or staple.status == "unknown":
        return False
    return staple.status == "revoked" or staple.problem is None


def _embedded_scts(leaf: Certificate) -> int:
    """The SCTs in the leaf itself (RFC 6962, section 3.3)."""
    found = leaf.extension(x509.PrecertificateSignedCertificateTimestamps)
    return len(list(found)) if found is not None else 0


def _wrong_purpose(case: _Case) -> bool:
    """RFC 5280, sections 4.2.1.3 and 4.2.1.12: what the key is for, in words and in bits."""
    usage = case.leaf.extension(x509.KeyUsage)
    takes_part = usage is None or (
        usage.digital_signature or usage.key_encipherment or usage.key_agreement
    )
    return not takes_part or not is_for_servers(case.leaf)


# In the order of the report contract.
PROBLEMS: Mapping[str, Callable[[_Case], bool]] = {
    "expired": _expired,
    "not_yet_valid": _not_yet_valid,
    "expires_soon": _expires_soon,
    "self_signed": _self_signed,
    "untrusted_root": _untrusted_root,
    "incomplete_chain": _incomplete_chain,
    "wrong_chain_order": _wrong_chain_order,
    "extra_certs": _extra_certs,
    "root_in_chain": _root_in_chain,
    "hostname_mismatch": _hostname_mismatch,
    "no_san": _no_san,
    "weak_key": _weak_key,
    "weak_signature_sha1": lambda case: _signed_with(case, "sha1"),
    "weak_signature_md5": lambda case: _signed_with(case, "md5", "md4", "md2"),
    "validity_too_long": _validity_too_long,
    "ca_as_leaf": lambda case: case.leaf.is_ca,
    "must_staple_missing": lambda case: case.leaf.facts.must_staple and case.stapled is False,
    "revoked": _revoked,
    "wrong_eku": _wrong_purpose,
}
# Words that take an answer about a staple, and whether there is one.
NEEDS_STAPLE: Mapping[str, Callable[[_Case], bool]] = {
    "must_staple_missing": lambda case: case.stapled is not None,
    "revoked": _tells_revocation,
}
# Words that say of a chain what a search that was cut short does not know.
NEEDS_SEARCH = frozenset({"untrusted_root", "incomplete_chain", "extra_certs"})
