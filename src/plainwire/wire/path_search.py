"""The ways from a certificate up to the roots of a store (RFC 5280, section 6; RFC 4158).

Time is left out on purpose: whether a path holds today is another question than whether there
is one, and whoever asks only "valid?" hears only the first of several reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from plainwire.model import WireError
from plainwire.wire import certificate_names
from plainwire.wire import der as asn1
from plainwire.wire.certificate import Certificate, parse

MAX_DEPTH = 10
MAX_VERIFICATIONS = 64
MAX_STEPS = 500
MAX_PATHS = 8
MAX_COMPARISONS = 100_000

SERVER_PURPOSES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)

Path = tuple[Certificate, ...]


@lru_cache(maxsize=16)
def by_subject(store: tuple[bytes, ...]) -> Mapping[bytes, tuple[bytes, ...]]:
    """A store's certificates by their subject, none of them parsed; what is broken is left out."""
    found: dict[bytes, tuple[bytes, ...]] = {}
    for der in store:
        try:
            subject = asn1.outline(der).subject
        except WireError:
            continue
        found[subject] = (*found.get(subject, ()), der)
    return found


@dataclass(slots=True)
class Search:
    """One search, with what it may still spend.

    ``served`` are the certificates of the peer, ``stores`` the anchors by subject. At most
    `MAX_VERIFICATIONS` signatures are verified, each pair once, likely issuers first, and at
    most `MAX_STEPS` certificates visited, so that a mesh of cross-signs costs no more; names are
    compared with constraints at most `MAX_COMPARISONS` times, and beyond that do not hold.
    ``is_cut`` is True once one of these bounds, or `MAX_DEPTH`, left something out: what was not
    found may be there. ``errors`` are rules of RFC 5280 that a way up breaks, the first few.
    """

    served: Sequence[Certificate]
    stores: Mapping[str, Mapping[bytes, tuple[bytes, ...]]]
    verifications: int = MAX_VERIFICATIONS
    steps: int = MAX_STEPS
    comparisons: int = MAX_COMPARISONS
    is_cut: bool = False
    errors: dict[str, None] = field(default_factory=dict)
    _issuers: dict[bytes, Path] = field(default_factory=dict)
    _within: dict[tuple[bytes, bytes], bool] = field(default_factory=dict)

    def stores_of(self, certificate: Certificate) -> tuple[str, ...]:
        """The stores that hold this very certificate as an anchor."""
        return tuple(
            name
            for name, store in self.stores.items()
            if certificate.der in store.get(certificate.subject, ())
        )

    def named_issuers(self, certificate: Certificate) -> Path:
        """Served certificates and anchors whose subject is the issuer, the likeliest first."""
        ders = [der for store in self.stores.values() for der in store.get(certificate.issuer, ())]
        ders += [item.der for item in self.served if item.subject == certificate.issuer]
        found = [issuer for der in dict.fromkeys(ders) if (issuer := _parsed(der))]
        return tuple(sorted(found, key=lambda issuer: not _fits(certificate, issuer)))

    def issuers(self, certificate: Certificate) -> Path:
        """Those of them whose key made the certificate's signature."""
        if certificate.der not in self._issuers:
            self._issuers[certificate.der] = tuple(
                issuer
                for issuer in self.named_issuers(certificate)
                if self._is_signed(certificate, issuer)
            )
        return self._issuers[certificate.der]

    def _is_signed(self, certificate: Certificate, issuer: Certificate) -> bool:
        if self.verifications <= 0:
            self.is_cut = True
            return False
        self.verifications -= 1
        return certificate.is_signed_by(issuer)

    def is_self_signed(self, certificate: Certificate) -> bool:
        """True if the certificate's own key made its signature."""
        if not certificate.is_self_issued:
            return False
        if certificate.der in self._issuers:
            return certificate in self._issuers[certificate.der]
        return self._is_signed(certificate, certificate)

    def depths(self, leaf: Certificate) -> dict[bytes, int]:
        """Every certificate above the leaf by its DER, with the fewest steps that lead to it."""
        found, at = {leaf.der: 0}, [leaf]
        for certificate in at:
            for issuer in self.issuers(certificate):
                if issuer.der not in found and len(found) < MAX_STEPS:
                    found[issuer.der] = found[certificate.der] + 1
                    at.append(issuer)
        return found

    def paths(self, leaf: Certificate) -> tuple[Path, ...]:
        """The paths from the leaf to an anchor that RFC 5280 lets stand, whatever the time.

        An anchor need not be self-signed, and may be the leaf itself: what a store names is
        trusted (RFC 5280, 6.1.1 (d)).
        """
        found: list[Path] = []
        for path in self._walk((leaf,)):
            if self.stores_of(path[-1]):
                found.append(path)
                if len(found) == MAX_PATHS:
                    break
        return tuple(found)

    def _walk(self, path: Path) -> Iterator[Path]:
        if self.steps <= 0:
            self.is_cut = True
            return
        top = path[-1]
        if rule := _unreadable(top):
            self._note(top, rule)
            return
        self.steps -= 1
        yield path
        issuers = self.issuers(top)
        if not issuers and self.named_issuers(top):
            self._note(top, "is not signed by the key of its issuer's name")
        for issuer in issuers:
            # The same name with the same key again is a loop, whatever else differs.
            is_new = all(
                (issuer.subject, issuer.public_key) != (item.subject, item.public_key)
                for item in path
            )
            if not is_new:
                continue
            if rule := self._broken_rule(issuer, path):
                self._note(issuer, rule)
            elif len(path) == MAX_DEPTH:
                self.is_cut = True
            else:
                yield from self._walk((*path, issuer))

    def _note(self, certificate: Certificate, rule: str) -> None:
        if len(self.errors) < MAX_PATHS:
            self.errors[f"{certificate.facts.subject} {rule}"] = None

    def _broken_rule(self, issuer: Certificate, path: Path) -> str:
        """What RFC 5280, 6.1.4 (g) and (k) to (n), holds against the issuer of ``path``, if any."""
        rules: dict[str, Callable[[], bool]] = {
            "is no CA (basicConstraints)": lambda: self._is_authority(issuer),
            "may not sign certificates (keyUsage)": lambda: _signs_certificates(issuer),
            "allows fewer CAs below it (pathLenConstraint)": lambda: _is_short_enough(issuer, path),
            "is not for TLS servers (extendedKeyUsage)": lambda: is_for_servers(issuer),
            "forbids a name below it (nameConstraints)": lambda: self._names_hold(issuer, path),
        }
        return next((rule for rule, is_kept in rules.items() if not is_kept()), "")

    def _is_authority(self, issuer: Certificate) -> bool:
        # RFC 5280, 6.1.4 (k): without basicConstraints only a version 1 certificate that is known
        # to be an authority by other means, here: by being in a store.
        if issuer.extension(x509.BasicConstraints) is not None:
            return issuer.is_ca
        return issuer.parsed.version is x509.Version.v1 and bool(self.stores_of(issuer))

    def _names_hold(self, issuer: Certificate, path: Path) -> bool:
        constraints = issuer.extension(x509.NameConstraints)
        if constraints is None:
            return True
        leaf, *authorities = path
        # RFC 5280, 4.2.1.10: not applied to self-issued certificates unless it is the last one.
        checked = [leaf, *(item for item in authorities if not item.is_self_issued)]
        return all(self._is_within(item, issuer, constraints) for item in checked)

    def _is_within(
        self, item: Certificate, issuer: Certificate, constraints: x509.NameConstraints
    ) -> bool:
        pair = item.der, issuer.der
        if pair not in self._within:
            self.comparisons -= certificate_names.comparisons(item, constraints)
            self.is_cut = self.is_cut or self.comparisons < 0
            self._within[pair] = self.comparisons >= 0 and certificate_names.is_within(
                item, constraints
            )
        return self._within[pair]


def is_for_servers(certificate: Certificate) -> bool:
    """True if extendedKeyUsage is absent or has serverAuth or any (RFC 5280, 4.2.1.12).

    In an authority it narrows what its certificates are for, as all clients read it.
    """
    usage = certificate.extension(x509.ExtendedKeyUsage)
    return usage is None or any(purpose in usage for purpose in SERVER_PURPOSES)


def _parsed(der: bytes) -> Certificate | None:
    try:
        return parse(der)
    except WireError:
        return None


def _fits(certificate: Certificate, issuer: Certificate) -> bool:
    """True if the key identifiers agree; a hint only (RFC 5280, 4.2.1.1), the signature decides."""
    authority = certificate.extension(x509.AuthorityKeyIdentifier)
    subject = issuer.extension(x509.SubjectKeyIdentifier)
    return bool(authority and subject and authority.key_identifier == subject.digest)


def _unreadable(certificate: Certificate) -> str:
    """Why a certificate must be refused whatever it says; empty if it need not."""
    if certificate.has_unknown_critical:
        return "has a critical extension that is not understood"
    return "is malformed" if certificate.is_malformed else ""


def _signs_certificates(issuer: Certificate) -> bool:
    usage = issuer.extension(x509.KeyUsage)
    return usage is None or usage.key_cert_sign


def _is_short_enough(issuer: Certificate, path: Path) -> bool:
    """pathLenConstraint counts the authorities below, those that are not self-issued (4.2.1.9)."""
    constraints = issuer.extension(x509.BasicConstraints)
    if constraints is None or constraints.path_length is None:
        return True
    below = sum(1 for item in path[1:] if not item.is_self_issued)
    return below <= constraints.path_length
