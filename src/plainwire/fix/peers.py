"""Whether the servers that a project talks to can be verified: asked live, with `--probe` only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from plainwire.fix.conditions import Condition
from plainwire.live import trust
from plainwire.live.settings import Settings
from plainwire.model import Peer, TlsEndpoint, UsageError
from plainwire.tls import probe

_GOOD = ("TLSv1.2", "TLSv1.3")
# What is wrong with a chain, and no reason for OpenSSL to refuse it.
_BORNE = frozenset(
    {
        "expires_soon",
        "extra_certs",
        "must_staple_missing",
        "root_in_chain",
        "validity_too_long",
        "wrong_chain_order",
    }
)


def asker(ca_file: Path | None = None) -> Callable[[Peer], Condition]:
    """The function that probes a server once and says whether a client can verify it.

    Raises:
        UsageError: if the CA file cannot be read.
    """
    stores = trust.stores(ca_file)
    known: dict[Peer, Condition] = {}

    def ask(peer: Peer) -> Condition:
        if peer not in known:
            known[peer] = _asked(peer, Settings(ca_file=ca_file), stores)
        return known[peer]

    return ask


def _asked(peer: Peer, settings: Settings, stores: object) -> Condition:
    name = f"[{peer.host}]" if ":" in peer.host else peer.host
    where = f"{name}:{peer.port}"
    try:
        found = probe(
            where,
            parts=("versions", "certificates"),
            settings=settings,
            starttls=peer.starttls,
            stores=stores,
        )
    except UsageError as error:
        return Condition(False, str(error))
    return judged(where, found)


def judged(where: str, found: TlsEndpoint) -> Condition:
    """Whether a client that verifies would go on with what a server revealed."""
    if not found.speaks_tls:
        said = found.inconclusive[0].reason if found.inconclusive else "it speaks no TLS"
        return Condition(False, f"{where}: {said}")
    versions = [v for v, is_there in (found.protocols or {}).items() if is_there and v in _GOOD]
    if not versions:
        return Condition(False, f"{where} was not seen to speak TLS 1.2 or 1.3")
    for chain in found.served:
        wrong = [problem for problem in chain.problems if problem not in _BORNE]
        if wrong or not chain.trusted_by:
            return Condition(False, f"{where}: {', '.join(wrong) or 'no known root'}")
    if not found.certificates:
        return Condition(False, f"{where} showed no certificate that could be judged")
    return Condition(
        True, f"{where} was asked: {' and '.join(versions)}, and its certificate verifies"
    )
