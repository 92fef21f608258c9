"""Which names a certificate is for (RFC 9525) and may be for (RFC 5280, section 4.2.1.10)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from cryptography import x509

from plainwire.wire.certificate import ODD, Certificate


def is_for(certificate: Certificate, name: str) -> bool:
    """True if the certificate names ``name``, a host name (A-label) or an IP literal.

    Only subjectAltName counts (RFC 9525, 6.1: never the common name). Host names compare without
    case and without one trailing dot. A wildcard is the whole left-most label and stands for one
    label (6.3); two labels must follow it, as OpenSSL and the browsers want. An IP address is
    compared with iPAddress entries only (6.4), never with a wildcard or a dNSName.
    """
    address = _address(name)
    if address is not None:
        return address in certificate.ip_addresses
    wanted = name.lower().removesuffix(".")
    return bool(wanted) and any(_is_match(wanted, item.lower()) for item in certificate.dns_names)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    bare = name.removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None


def _is_match(wanted: str, presented: str) -> bool:
    label, _, rest = presented.partition(".")
    if label != "*":
        return wanted == presented
    first, _, wanted_rest = wanted.partition(".")
    return bool(first) and "." in rest and rest == wanted_rest


def comparisons(certificate: Certificate, constraints: x509.NameConstraints) -> int:
    """How many comparisons `is_within` takes at most."""
    trees = (constraints.permitted_subtrees or (), constraints.excluded_subtrees or ())
    return (len(certificate.names) + 1) * sum(len(group) for group in trees)


def is_within(certificate: Certificate, constraints: x509.NameConstraints) -> bool:
    """True if every name of the certificate is permitted and none is excluded.

    dNSName, iPAddress and directoryName (the subject too) are compared. A constraint on another
    kind of name refuses a certificate that has a name of that kind, since it cannot be obeyed
    (RFC 5280, 6.1.4 (g)). It takes up to `comparisons` steps: ask before, both are the peer's.
    """
    permitted = tuple(constraints.permitted_subtrees or ())
    excluded = tuple(constraints.excluded_subtrees or ())
    names = [*certificate.names, *_subject(certificate)]
    return all(_is_allowed(name, permitted, excluded) for name in names)


def _subject(certificate: Certificate) -> list[x509.GeneralName]:
    try:
        subject = certificate.parsed.subject
    except ODD:
        return []
    return [x509.DirectoryName(subject)] if subject.rdns else []


def _is_allowed(
    name: x509.GeneralName,
    permitted: Sequence[x509.GeneralName],
    excluded: Sequence[x509.GeneralName],
) -> bool:
    inside = [tree for tree in permitted if type(tree) is type(name)]
    outside = [tree for tree in excluded if type(tree) is type(name)]
    if not inside and not outside:
        return True
    if not isinstance(name, x509.DNSName | x509.IPAddress | x509.DirectoryName):
        return False
    if any(_covers(tree, name, is_exclusion=True) for tree in outside):
        return False
    return not inside or any(_covers(tree, name, is_exclusion=False) for tree in inside)


def _covers(tree: x509.GeneralName, name: x509.GeneralName, *, is_exclusion: bool) -> bool:
    match tree, name:
        case x509.DNSName(), x509.DNSName():
            return _covers_host(tree.value.lower(), name.value.lower(), is_exclusion)
        case x509.IPAddress(), x509.IPAddress():
            # An entry that is no single address is never permitted and always excluded.
            if not isinstance(name.value, ipaddress.IPv4Address | ipaddress.IPv6Address):
                return is_exclusion
            networks = ipaddress.IPv4Network | ipaddress.IPv6Network
            return isinstance(tree.value, networks) and name.value in tree.value
        case x509.DirectoryName(), x509.DirectoryName():
            prefix = tree.value.rdns
            return name.value.rdns[: len(prefix)] == prefix
    return False


def _covers_host(tree: str, name: str, is_exclusion: bool) -> bool:
    """A host and all below it; with a leading dot, as OpenSSL and NSS read it, only those below.

    A wildcard is excluded as soon as one name that it stands for is.
    """
    if is_exclusion and name.startswith("*.") and tree.partition(".")[2] == name[2:]:
        return True
    if tree == "" or name == tree:
        return True
    return name.endswith(tree if tree.startswith(".") else "." + tree)
