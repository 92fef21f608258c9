"""The certificate chains that a listener showed, each judged once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from plainwire.model import Chain, Gap, WireError

UNREAD = "is the certificate that it shows good?"
UNFOLLOWED = "does its chain lead to a root?"


@dataclass
class Shown:
    """Chains as served, leaf first, DER; with what they were asked with and what came along."""

    chains: dict[tuple[bytes, ...], dict[str, Any]] = field(default_factory=dict)
    staples: dict[tuple[bytes, ...], bytes | None] = field(default_factory=dict)
    scts: dict[tuple[bytes, ...], int] = field(default_factory=dict)

    def add(
        self,
        chain: tuple[bytes, ...] | None,
        *,
        sni: bool,
        staple: bytes | None = None,
        scts: Iterable[bytes] | None = None,
    ) -> None:
        """Note a chain, with the staple and the SCTs that came with it."""
        if not chain:
            return
        known = self.chains.setdefault(chain, {"sni": sni})
        known["sni"] = known["sni"] or sni
        self.staples[chain] = self.staples.get(chain) or staple
        if scts is not None:
            self.scts[chain] = max(self.scts.get(chain, 0), len(tuple(scts)))


def judged(
    shown: Shown, *, name: str, now: datetime, stores: Mapping[str, tuple[bytes, ...]]
) -> tuple[tuple[Chain, ...], tuple[Gap, ...]]:
    """Every chain that can be read with its judgement: those for a name first, by kind of key.

    What cannot be read, or not followed to its end, is a gap.
    """
    from plainwire.wire import paths

    found, gaps = [], set()
    for chain, asked_with in shown.chains.items():
        try:
            staple = shown.staples[chain]
            one = paths.judge(
                chain,
                name=name,
                now=now,
                stores=stores,
                stapled=staple is not None,
                staple=staple,
            )
        except WireError as error:
            gaps.add(Gap("certificates", UNREAD, str(error)))
            continue
        if not one.trusted_by and "untrusted_root" not in one.problems_checked:
            gaps.add(Gap("certificates", UNFOLLOWED, paths.BEYOND))
        key = {"key": one.chain[0].key_type}
        scts = (one.scts or 0) + shown.scts.get(chain, 0)
        found.append(replace(one, asked_with=asked_with | key, scts=scts))
    return tuple(sorted(found, key=_place)), tuple(gaps)


def _place(chain: Chain) -> tuple[object, ...]:
    leaf = chain.chain[0]
    return not chain.asked_with["sni"], leaf.key_type, leaf.fingerprint_sha256, len(chain.chain)
