"""What changed at a TLS endpoint between two results: schema ``plainwire-tls-diff/1``.

Either side may be a fresh result or one out of an old report. Only what both sides looked at is
compared: what one of them did not ask, or got no answer to, is listed as not compared and is never
a change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from plainwire.model import TlsEndpoint, UsageError
from plainwire.policy import post_quantum
from plainwire.report.clean import json_text, visible
from plainwire.report.envelope import endpoint_dict

SCHEMA = "plainwire-tls-diff/1"
Direction = Literal["worse", "better", "neutral"]
Found = Mapping[str, Any]

OBSOLETE_VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1")
WEAK_SUITES = ("NULL", "EXPORT", "anon", "RC4", "DES", "RC2", "MD5", "_CBC_", "TLS_RSA_", "TLS_DH_")
WEAK_SCHEMES = ("sha1", "md5")
# Features by what having them means; those in neither are neutral.
GOOD = ("secure_renegotiation", "extended_master_secret", "encrypt_then_mac", "fallback_scsv")
BAD = ("compression", "client_renegotiation")
NOT_BEFORE, NOT_NOW = "not looked at before", "not looked at now"


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that is another now; ``was`` and ``now`` are words for a reader."""

    what: str
    was: str
    now: str
    direction: Direction

    def __str__(self) -> str:
        return f"{self.what}: {self.was} -> {self.now}"


@dataclass(frozen=True, slots=True)
class TlsDiff:
    """What changed at one endpoint; ``not_compared`` has what and why."""

    host: str
    port: int
    changes: tuple[Change, ...] = ()
    not_compared: tuple[tuple[str, str], ...] = ()

    @property
    def is_worse(self) -> bool:
        """True if anything changed for the worse."""
        return any(change.direction == "worse" for change in self.changes)


def diff(old: TlsEndpoint | Found, new: TlsEndpoint | Found) -> TlsDiff:
    """What changed from one result to the other, each a `TlsEndpoint` or one as in a report."""
    pair = _Pair(_as_found(old), _as_found(new))
    for compare in (_speaks, _protocols, _lists, _orders, _dh, _certificates, _flags, _verdicts):
        compare(pair)
    host, port = pair.new.get("host", ""), pair.new.get("port", 0)
    return TlsDiff(host, port, tuple(pair.changes), tuple(dict.fromkeys(pair.not_compared)))


def old_endpoints(text: str) -> list[Found]:
    """The TLS endpoints in a report as it was saved: a report, an array of them, or JSON Lines.

    Raises:
        UsageError: if it is none of these.
    """
    try:
        try:
            documents = json.loads(text)
        except ValueError:
            documents = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not a report in JSON: {error}") from None
    if not documents:
        raise UsageError("not a report of plainwire: it is empty")
    reports = documents if isinstance(documents, list) else [documents]
    found = []
    for report in reports:
        if not isinstance(report, Mapping) or not isinstance(report.get("tls"), list):
            raise UsageError("not a report of plainwire: it has no list called tls")
        found += [_told(one) for one in report["tls"]]
    if not all(_is_shaped(one, SHAPE) for one in found):
        raise UsageError("not a report of plainwire: a part of tls has another shape")
    return found


def _told(value: Any) -> Any:
    """A value without the keys that are null: null and absent are one (the report contract)."""
    if isinstance(value, Mapping):
        return {key: _told(part) for key, part in value.items() if part is not None}
    return [_told(part) for part in value] if isinstance(value, list) else value


def _is_shaped(value: object, shape: object) -> bool:
    """True if a value of JSON has the types that this module relies on."""
    if isinstance(shape, type):
        return isinstance(value, shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_is_shaped(one, shape[0]) for one in value)
    if not isinstance(value, Mapping) or not isinstance(shape, Mapping):
        return False
    shapes = ((part, shape.get(name, shape.get("*"))) for name, part in value.items())
    return all(inner is None or _is_shaped(part, inner) for part, inner in shapes)


def earlier(olds: Iterable[Found], new: TlsEndpoint) -> Found | None:
    """The result about the same host, port and, if told, address; None if there is none."""
    place = (new.host, new.port, new.starttls)
    same = [o for o in olds if (o.get("host"), o.get("port"), o.get("starttls")) == place]
    at_address = [o for o in same if o.get("address") == new.address]
    found = at_address or same
    return found[-1] if found else None


def as_dict(found: TlsDiff) -> dict[str, Any]:
    """The difference as schema ``plainwire-tls-diff/1`` has it."""
    return {
        "schema": SCHEMA,
        "host": found.host,
        "port": found.port,
        "changes": [asdict(change) for change in found.changes],
        "not_compared": [{"what": what, "why": why} for what, why in found.not_compared],
    }


def render_json(found: Sequence[TlsDiff]) -> str:
    """One object for one endpoint, an array for several."""
    values = [as_dict(one) for one in found]
    return json_text(values[0] if len(values) == 1 else values) + "\n"


def render_line(found: TlsDiff) -> str:
    """One object on one line."""
    return json_text(as_dict(found), indent=None) + "\n"


def render_text(found: Sequence[TlsDiff]) -> str:
    """Lines for a person: worse first, then better, then what merely changed."""
    return "".join(f"{line}\n" for one in found for line in _lines(one))


def _lines(found: TlsDiff) -> Iterator[str]:
    yield visible(f"{found.host}:{found.port}")
    for direction in ("worse", "better", "neutral"):
        for change in found.changes:
            if change.direction == direction:
                yield visible(f"  {direction:<7}  {change}")
    if not found.changes:
        yield "  no change"
    for what, why in found.not_compared:
        yield visible(f"  not compared: {what}: {why}")


def _as_found(side: TlsEndpoint | Found) -> Found:
    return endpoint_dict(side) if isinstance(side, TlsEndpoint) else side


@dataclass(slots=True)
class _Pair:
    old: Found
    new: Found
    changes: list[Change] = field(default_factory=list)
    not_compared: list[tuple[str, str]] = field(default_factory=list)

    def change(self, what: str, was: object, now: object, direction: Direction) -> None:
        self.changes.append(Change(what, str(was), str(now), direction))

    def skip(self, what: str, *, is_old: bool, why: str | None = None) -> None:
        self.not_compared.append((what, why or (NOT_BEFORE if is_old else NOT_NOW)))

    def both(self, name: str, what: str) -> tuple[Any, Any] | None:
        """A part of both sides; where one lacks it that is noted, and the answer is None."""
        was, now = self.old.get(name), self.new.get(name)
        if was is not None and now is not None:
            return was, now
        if (was is None) != (now is None):
            self.skip(what, is_old=was is None)
        return None

    def shared(self, name: str, what: str) -> Iterator[tuple[str, Any, Any]]:
        """The entries of a mapping that both sides have, in the newer one's order."""
        found = self.both(name, what)
        if found is None or not all(isinstance(side, Mapping) for side in found):
            return
        was, now = found
        for key in dict.fromkeys((*now, *was)):
            if key in was and key in now:
                yield key, was[key], now[key]
            elif not self._is_off(name, key):
                self.skip(f"{what}, {key}", is_old=key not in was)

    def _is_off(self, name: str, version: str) -> bool:
        """True if a version's suites or groups are missing because the version is off there."""
        return name in LISTS and any(
            (side.get("protocols") or {}).get(version) is False for side in (self.old, self.new)
        )


def _is_open(side: Found, part: str, version: str) -> bool:
    """True if a question about a part of a version got no answer on a side."""
    for gap in side.get("inconclusive") or ():
        question = str(gap.get("question", ""))
        names_another = any(v in question for v in VERSIONS if v != version)
        if gap.get("part", part) == part and (version in question or not names_another):
            return True
    return False


def _onoff(value: object) -> str:
    if isinstance(value, bool):  # a number of tickets, say, is none
        return "on" if value else "off"
    return str(value)


def _speaks(pair: _Pair) -> None:
    found = pair.both("speaks_tls", "whether it speaks TLS")
    if found and found[0] != found[1]:
        words = {True: "spoken", False: "not spoken"}
        pair.change("TLS", words[found[0]], words[found[1]], "better" if found[1] else "worse")


def _protocols(pair: _Pair) -> None:
    for version, was, now in pair.shared("protocols", "versions"):
        if was != now:
            direction: Direction = "neutral"
            if version in OBSOLETE_VERSIONS:
                direction = "worse" if now else "better"
            elif version == "TLSv1.3":
                direction = "better" if now else "worse"
            pair.change(version, _onoff(was), _onoff(now), direction)


def _lists(pair: _Pair) -> None:
    for name, (what, weak, strong) in LISTS.items():
        for version, was, now in pair.shared(name, what):
            for item in (item for item in was if item not in now):
                if _is_open(pair.new, name, version):
                    pair.skip(
                        f"{version}, {item}", is_old=False, why="a question got no answer now"
                    )
                else:
                    better = _has(item, weak), _has(item, strong)
                    pair.change(f"{version}, {item}", "accepted", "refused", _direction(*better))
            for item in (item for item in now if item not in was):
                if _is_open(pair.old, name, version):
                    pair.skip(
                        f"{version}, {item}", is_old=True, why="a question got no answer before"
                    )
                else:
                    better = _has(item, strong), _has(item, weak)
                    pair.change(f"{version}, {item}", "refused", "accepted", _direction(*better))


def _direction(is_better: bool, is_worse: bool) -> Direction:
    return "better" if is_better else "worse" if is_worse else "neutral"


def _has(name: str, words: Iterable[str]) -> bool:
    return any(word in name for word in words)


def _orders(pair: _Pair) -> None:
    for version, was, now in pair.shared("cipher_order", "the order of suites"):
        if was != now:
            pair.change(f"{version}, order of suites", f"{was}'s", f"{now}'s", "neutral")


def _dh(pair: _Pair) -> None:
    found = pair.both("dh", "Diffie-Hellman")
    if not found:
        return
    was, now = found
    if was.get("bits") != now.get("bits"):
        is_less = (now.get("bits") or 0) < (was.get("bits") or 0)
        words = (f"{was.get('bits')} bits", f"{now.get('bits')} bits")
        pair.change("Diffie-Hellman group", *words, "worse" if is_less else "better")
    elif was.get("common") != now.get("common"):
        names = (was.get("common") or "its own", now.get("common") or "its own")
        pair.change("Diffie-Hellman group", *names, "neutral")
    reused = was.get("reused"), now.get("reused")
    if None not in reused and reused[0] != reused[1]:
        words = ("reused" if reused[0] else "fresh", "reused" if reused[1] else "fresh")
        pair.change("Diffie-Hellman value", *words, "worse" if reused[1] else "better")


def _certificates(pair: _Pair) -> None:
    found = pair.both("certificates", "certificates")
    if not found:
        return
    was, now = ({_asked(chain): chain for chain in side if chain.get("chain")} for side in found)
    for key in dict.fromkeys((*now, *was)):
        if key in was and key in now:
            _chain(pair, f"certificate ({key})", was[key], now[key])
        else:
            there, absent = ("served", "not seen")
            words = (absent, there) if key in now else (there, absent)
            pair.change(f"certificate ({key})", *words, "neutral")


def _asked(chain: Found) -> str:
    asked = chain.get("asked_with") or {}
    return str(asked.get("key", "any key")) + ("" if asked.get("sni", True) else ", without SNI")


def _chain(pair: _Pair, what: str, was: Found, now: Found) -> None:
    old, new = was["chain"][0], now["chain"][0]
    if old.get("fingerprint_sha256") != new.get("fingerprint_sha256"):
        ends = [f"until {str(leaf.get('not_after'))[:10]}" for leaf in (old, new)]
        pair.change(what, ends[0], ends[1], "neutral")
    keys = [f"{leaf.get('key_type')} {leaf.get('key_bits')} bits" for leaf in (old, new)]
    if keys[0] != keys[1]:
        is_kind = old.get("key_type") == new.get("key_type")
        more = is_kind and new.get("key_bits", 0) > old.get("key_bits", 0)
        less = is_kind and new.get("key_bits", 0) < old.get("key_bits", 0)
        pair.change(f"{what}, key", keys[0], keys[1], _direction(more, less))
    flaws = [leaf.get("key_flaws") for leaf in (old, new)]
    if None not in flaws and flaws[0] != flaws[1]:
        flawed = [", ".join(map(str, flaw)) or "none" for flaw in flaws]
        pair.change(f"{what}, key flaws", flawed[0], flawed[1], _direction(not flaws[1], True))
    for word in dict.fromkeys((*was.get("problems_checked", ()), *now.get("problems_checked", ()))):
        if word in was.get("problems_checked", ()) and word in now.get("problems_checked", ()):
            had, has = word in was.get("problems", ()), word in now.get("problems", ())
            if had != has:
                words = ("yes" if had else "no", "yes" if has else "no")
                pair.change(
                    f"{what}, {word.replace('_', ' ')}", *words, "worse" if has else "better"
                )
        else:
            is_old = word not in was.get("problems_checked", ())
            pair.skip(f"{what}, {word.replace('_', ' ')}", is_old=is_old)
    lost = set(was.get("trusted_by", ())) - set(now.get("trusted_by", ()))
    if set(was.get("trusted_by", ())) != set(now.get("trusted_by", ())):
        words = (
            ", ".join(was.get("trusted_by", ())) or "nobody",
            ", ".join(now.get("trusted_by", ())) or "nobody",
        )
        pair.change(f"{what}, trusted by", *words, "worse" if lost else "better")
    staples = [(side.get("staple") or {}).get("status") for side in (was, now)]
    if None not in staples and staples[0] != staples[1]:
        direction = _direction(staples[1] == "good", staples[1] == "revoked")
        pair.change(f"{what}, staple", staples[0], staples[1], direction)


def _flags(pair: _Pair) -> None:
    for name, was, now in pair.shared("features", "features"):
        if was != now:
            is_better = (name in GOOD and now is True) or (name in BAD and now is False)
            is_worse = (name in GOOD and now is False) or (name in BAD and now is True)
            words = (_words(was), _words(now))
            pair.change(name.replace("_", " "), *words, _direction(is_better, is_worse))
    for name, was, now in pair.shared("vulnerabilities", "known attacks"):
        if was != now:
            words = ("open" if was else "closed", "open" if now else "closed")
            pair.change(name.replace("_", " "), *words, "worse" if now else "better")


def _words(value: object) -> str:
    return (
        " ".join(str(one) for one in value) or "none" if isinstance(value, list) else _onoff(value)
    )


def _verdicts(pair: _Pair) -> None:
    for name, was, now in pair.shared("profiles", "profiles"):
        met = was.get("meets"), now.get("meets")
        if None in met:
            if met[0] is not met[1]:
                pair.skip(f"profile {name}", is_old=met[0] is None, why="not known on one side")
        elif met[0] != met[1]:
            words = ("met" if met[0] else "not met", "met" if met[1] else "not met")
            pair.change(f"profile {name}", *words, "better" if met[1] else "worse")
    found = pair.both("post_quantum", "post-quantum")
    if found and found[0].get("ready") != found[1].get("ready"):
        ready = ["ready" if side.get("ready") else "not ready" for side in found]
        direction: Direction = "better" if found[1].get("ready") else "worse"
        pair.change("post-quantum", ready[0], ready[1], direction)


_NAMES: Found = {"*": [str]}
_CHAIN: Found = {
    "asked_with": {},
    "chain": [{"key_bits": int, "key_flaws": [str]}],
    "problems": [str],
    "problems_checked": [str],
    "trusted_by": [str],
    "staple": {},
}
SHAPE: Found = {
    "protocols": {"*": bool},
    "ciphers": _NAMES,
    "cipher_order": {"*": str},
    "groups": _NAMES,
    "signature_algorithms": _NAMES,
    "dh": {"bits": int},
    "certificates": [_CHAIN],
    "features": {},
    "vulnerabilities": {},
    "profiles": {"*": {}},
    "post_quantum": {},
    "inconclusive": [{}],
}
VERSIONS = (*OBSOLETE_VERSIONS, "TLSv1.2", "TLSv1.3")
# Part, its words, what in a name is weak, what is strong.
LISTS: Mapping[str, tuple[str, Sequence[str], Sequence[str]]] = {
    "ciphers": ("suites", WEAK_SUITES, ()),
    "groups": ("groups", (), post_quantum.GROUPS),
    "signature_algorithms": ("signature algorithms", WEAK_SCHEMES, ()),
}
