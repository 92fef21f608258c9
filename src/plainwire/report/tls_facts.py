"""What a TLS endpoint revealed, as lines for a person: a heading and its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from plainwire.model import Chain, TlsEndpoint

Line = tuple[str, str]


def lines(endpoint: TlsEndpoint) -> Iterator[Line]:
    """Heading and words, part by part; what was not looked at or not answered has no line."""
    if endpoint.protocols is not None:
        yield "Versions", _switched(endpoint.protocols)
    yield from _per_version("Suites", endpoint.ciphers, endpoint.cipher_order or {})
    yield from _per_version("Groups", endpoint.groups, {})
    yield from _per_version("Signatures", endpoint.signature_algorithms, {})
    if endpoint.dh is not None:
        name = f", {endpoint.dh.common}" if endpoint.dh.common else ""
        reused = ", its public value reused" if endpoint.dh.reused else ""
        yield "Diffie-Hellman", f"{endpoint.dh.bits} bits{name}{reused}"
    for chain in endpoint.certificates or ():
        yield "Certificate", _certificate(chain)
    if endpoint.features is not None:
        yield "Features", "; ".join(_feature(*item) for item in endpoint.features.items())
    if endpoint.vulnerabilities is not None:
        found = [name for name, is_there in endpoint.vulnerabilities.items() if is_there]
        none = f"none of {len(endpoint.vulnerabilities)} looked for"
        yield "Known attacks", ", ".join(found) or none
    if endpoint.post_quantum is not None:
        yield "Post-quantum", endpoint.post_quantum.because
    for name, verdict in (endpoint.profiles or {}).items():
        words = {True: "met", False: "not met: ", None: "not known: "}[verdict.meets]
        yield f"Profile {name}", words + "; ".join(verdict.because if not verdict.meets else ())


def _switched(known: Mapping[str, bool]) -> str:
    return ", ".join(f"{name} {'on' if is_on else 'off'}" for name, is_on in known.items())


def _per_version(
    heading: str, found: Mapping[str, tuple[str, ...]] | None, order: Mapping[str, str]
) -> Iterator[Line]:
    for version, names in (found or {}).items():
        whose = f" ({order[version]} order)" if version in order else ""
        yield f"{heading}, {version}{whose}", ", ".join(names) or "none"


def _certificate(chain: Chain) -> str:
    leaf = chain.chain[0]
    trusted = f"trusted by {', '.join(chain.trusted_by)}" if chain.trusted_by else "not trusted"
    words = [
        f"{leaf.subject}, {leaf.key_type} {leaf.key_bits} bits, {len(chain.chain)} served",
        f"valid {leaf.not_before:%Y-%m-%d} to {leaf.not_after:%Y-%m-%d}",
        trusted,
    ]
    words += [problem.replace("_", " ") for problem in chain.problems]
    return "; ".join(words if chain.asked_with.get("sni", True) else ["without SNI", *words])


def _feature(name: str, value: object) -> str:
    words = name.replace("_", " ")
    match value:
        case bool():
            return f"{words} {'yes' if value else 'no'}"
        case list() | tuple():
            return f"{words} {' '.join(str(one) for one in value) or 'none'}"
    return f"{words} {value}"
