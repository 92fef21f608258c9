"""Who was asked for on loopback, and not there: what an application needs, or tries to reach."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

MAX_SEEN: Final = 500
# What usually listens on a port, for a reader (IANA service names, and what is common).
SERVICES: Final = {
    25: "SMTP", 587: "SMTP", 389: "LDAP", 1433: "SQL Server", 3306: "MySQL", 5432: "PostgreSQL",
    5672: "RabbitMQ", 6379: "Redis", 8125: "StatsD", 9200: "Elasticsearch", 11211: "memcached",
    27017: "MongoDB",
}  # fmt: skip
_SYN, _RST, _ACK = 0x02, 0x04, 0x10
_TCP, _UDP = 6, 17


@dataclass
class Seen:
    """What went over loopback: connections begun, those refused, names looked up."""

    begun: set[tuple[str, int]] = field(default_factory=set)
    refused: set[tuple[str, int]] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


class Watch:
    """Listens to loopback from its start on; needs the rights over the network namespace."""

    def __init__(self) -> None:
        self.seen = Seen()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            frame = self._socket.recv(2048)
            if len(self.seen.begun) < MAX_SEEN:
                note(frame[14:], self.seen)

    def words(self, own: Collection[tuple[str, int]], local: Collection[str]) -> Iterator[str]:
        """What was asked for and was not there; ``own`` are ports of the stack itself."""
        for name in sorted(self.seen.names)[:20]:
            yield f"looked up the name {name}, which is not part of what was started"
        for address, port in sorted(self.seen.begun)[:40]:
            if (address, port) in own or (address == "::1" and ("127.0.0.1", port) in own):
                continue
            what = f" ({SERVICES[port]})" if port in SERVICES else ""
            if not _is_local(address, local):
                yield f"tried to connect to {address} port {port}{what}, outside: stopped"
            elif (address, port) in self.seen.refused:
                yield f"tried to connect to {address} port {port}{what}, where nothing listens"


def _is_local(address: str, local: Collection[str]) -> bool:
    return address in local or ipaddress.ip_address(address).is_loopback


def note(packet: bytes, into: Seen) -> None:
    """Take down what an IP packet begins, refuses or looks up (RFC 791, 8200, 9293, 1035)."""
    try:
        if packet[0] >> 4 == 4:
            protocol, rest = packet[9], packet[(packet[0] & 15) * 4 :]
            source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        else:
            protocol, rest = packet[6], packet[40:]
            source, target = (
                socket.inet_ntop(socket.AF_INET6, packet[at : at + 16]) for at in (8, 24)
            )
        source_port, target_port = struct.unpack_from("!HH", rest)
        if protocol == _TCP:
            flags = rest[13]
            if flags & (_SYN | _ACK) == _SYN:
                into.begun.add((target, target_port))
            elif flags & _RST:
                into.refused.add((source, source_port))
        elif protocol == _UDP and target_port == 53:
            into.names.add(_asked(rest[8:]))
        elif protocol == _UDP:
            into.begun.add((target, target_port))
    except (IndexError, struct.error, ValueError, OSError):  # cut short: no address, no port
        return


def _asked(message: bytes) -> str:
    """The name in the first question of a DNS message (RFC 1035, 4.1.2)."""
    labels: list[str] = []
    at = 12
    while message[at] and len(labels) < 20:
        labels.append(message[at + 1 : at + 1 + message[at]].decode("ascii", "replace"))
        at += 1 + message[at]
    return ".".join(labels).lower()
