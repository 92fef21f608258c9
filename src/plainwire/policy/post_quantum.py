"""Whether what is recorded today can be read by a quantum computer of tomorrow."""

from __future__ import annotations

from typing import Literal

from plainwire.model import PostQuantum, TlsEndpoint

# ML-KEM (FIPS 203), alone or with a curve (draft-ietf-tls-ecdhe-mlkem): IANA names.
GROUPS = (
    "X25519MLKEM768",
    "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024",
    "MLKEM512",
    "MLKEM768",
    "MLKEM1024",
)
MAX_NAMED = 4
DRAFTS = ("X25519Kyber768Draft00", "SecP256r1Kyber768Draft00")


def judged(
    endpoint: TlsEndpoint, order: Literal["server", "client"] | None = None
) -> PostQuantum | None:
    """The verdict in one line. Returns None if it is not known.

    Ready means that TLS 1.3 takes a key exchange with ML-KEM: a client that offers one then gets
    it, unless the server's own ``order`` of groups puts another first, which is said. Signatures
    are another matter: a certificate cannot be forged after the fact.
    """
    is_on = (endpoint.protocols or {}).get("TLSv1.3")
    if is_on is False:
        return PostQuantum(False, "TLS 1.3 is off, and only TLS 1.3 has key exchanges with ML-KEM")
    groups = (endpoint.groups or {}).get("TLSv1.3")
    if not is_on or groups is None:
        return None
    found = [name for name in groups if name in GROUPS]
    if found:
        rank = ""
        if order == "server":
            rank = ", preferred" if groups[0] in GROUPS else f", though {groups[0]} is preferred"
        return PostQuantum(True, f"TLS 1.3 takes {' and '.join(found)}{rank}")
    if any(gap.part == "groups" for gap in endpoint.inconclusive):
        return None
    drafts = [name for name in groups if name in DRAFTS]
    if drafts:
        return PostQuantum(
            False, f"only {' and '.join(drafts)}, a draft's, which clients no longer offer"
        )
    if not groups:
        return PostQuantum(False, "TLS 1.3 takes no known group")
    more = f" and {len(groups) - MAX_NAMED} more" if len(groups) > MAX_NAMED else ""
    taken = f"TLS 1.3 takes {', '.join(groups[:MAX_NAMED])}{more} only"
    return PostQuantum(False, f"{taken}: X25519MLKEM768 is missing")
