"""What DNS says about a name's TLS: CAA, TLSA and HTTPS records. Needs the extra ``dns``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plainwire.model import UsageError

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver
    from dns.resolver import Answer

MAX_LABELS = 20
MAX_RECORDS = 50
ECH, ALPN, PORT = 5, 1, 3  # RFC 9460, 14.3.2


@dataclass
class DnsAnswer:
    """Records by kind as a report has them, and the questions without an answer.

    A kind is absent where no resolver answered; () means that there is none.
    """

    records: dict[str, Any] = field(default_factory=dict)
    gaps: list[tuple[str, str]] = field(default_factory=list)


def ensure_installed() -> None:
    """See that dnspython is there.

    Raises:
        UsageError: if it is not.
    """
    try:
        import dns.asyncresolver  # noqa: F401 (is it there?)
    except ImportError:
        raise UsageError("DNS needs the extra: pip install 'plainwire[dns]'") from None


async def ask(
    host: str, port: int, *, server: tuple[str, int] | None, timeout_s: float
) -> DnsAnswer:
    """The records about a host; ``server`` is asked instead of the system's resolvers.

    ``authenticated`` is the resolver's word (RFC 4035, 3.2.3), as good as the way to it. Never
    raises for what a server does.

    Raises:
        UsageError: if dnspython is not installed, or the system names no resolver.
    """
    ensure_installed()
    resolver, found = _resolver(server, timeout_s), DnsAnswer()
    service = "" if port == 443 else f"_{port}._https."
    await asyncio.gather(
        _caa(resolver, host, found),
        _tlsa(resolver, f"_{port}._tcp.{host}", found),
        _https(resolver, f"{service}{host}", found),
    )
    return found


def _resolver(server: tuple[str, int] | None, timeout_s: float) -> Resolver:
    import dns.asyncresolver
    import dns.exception
    import dns.flags

    try:
        resolver = dns.asyncresolver.Resolver(configure=server is None)
    except (dns.exception.DNSException, OSError) as error:
        raise UsageError(f"no resolver is configured here: {error}; --resolver ADDR") from None
    if server is not None:
        resolver.nameservers, resolver.port = [server[0]], server[1]
    resolver.lifetime = timeout_s
    resolver.use_edns(0, dns.flags.DO, 1232)
    return resolver


async def _resolve(
    resolver: Resolver, name: str, kind: str, found: DnsAnswer, what: str
) -> Answer | bool:
    """The answer; False if there is no such record, True (and a gap) if nobody answered."""
    import dns.exception
    import dns.resolver

    try:
        answer = await resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN:
        return False
    except (dns.exception.DNSException, OSError, ValueError) as error:
        words = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        found.gaps.append((f"{what} of {name}", words))
        return True
    return answer if answer.rrset is not None else False


async def _caa(resolver: Resolver, host: str, found: DnsAnswer) -> None:
    """The CAA set that holds for a name: its own, or the nearest parent's (RFC 8659, section 3)."""
    labels = host.rstrip(".").split(".")[-MAX_LABELS:]
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        answer = await _resolve(resolver, name, "CAA", found, "CAA records")
        if answer is True:
            return
        if answer is not False:
            records = [
                {
                    "at": name,
                    "critical": bool(record.flags & 128),
                    "tag": record.tag.decode("ascii", "replace"),
                    "value": record.value.decode("utf-8", "replace"),
                }
                for record in list(answer)[:MAX_RECORDS]
            ]
            found.records["caa"] = sorted(records, key=lambda one: (one["tag"], one["value"]))
            return
    found.records["caa"] = []


async def _tlsa(resolver: Resolver, name: str, found: DnsAnswer) -> None:
    """The TLSA records of a port (RFC 6698)."""
    import dns.flags

    answer = await _resolve(resolver, name, "TLSA", found, "TLSA records")
    if answer is True:
        return
    if answer is False:
        found.records["tlsa"] = []
        return
    found.records["tlsa"] = [
        {
            "usage": record.usage,
            "selector": record.selector,
            "matching_type": record.mtype,
            "data": record.cert.hex(),
            "authenticated": bool(answer.response.flags & dns.flags.AD),
        }
        for record in list(answer)[:MAX_RECORDS]
    ]


async def _https(resolver: Resolver, name: str, found: DnsAnswer) -> None:
    """The HTTPS records of a service, the preferred first (RFC 9460)."""
    answer = await _resolve(resolver, name, "HTTPS", found, "HTTPS records")
    if answer is True:
        return
    records = [] if answer is False else sorted(answer, key=lambda one: one.priority)
    found.records["https"] = [_service(record) for record in records[:MAX_RECORDS]]


def _service(record: Any) -> Mapping[str, Any]:
    parameters: Mapping[int, Any] = record.params
    told: dict[str, Any] = {
        "priority": record.priority,
        "target": record.target.to_text(),
        "alpn": [],
        "ech": ECH in parameters,
    }
    if parameters.get(ALPN) is not None:
        told["alpn"] = [name.decode("ascii", "replace") for name in parameters[ALPN].ids]
    if parameters.get(PORT) is not None:
        told["port"] = parameters[PORT].port
    return told
