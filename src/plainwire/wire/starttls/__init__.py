"""What is said in clear before TLS begins: bytes in, bytes out, bounded, nothing of it trusted."""

from __future__ import annotations

from collections.abc import Mapping

from plainwire.wire.starttls import binary, lines, xmpp
from plainwire.wire.starttls.dialogue import Dialogue, Protocol, RefusedError

PROTOCOLS: Mapping[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("smtp", 25, lines.smtp),
        Protocol("imap", 143, lines.imap),
        Protocol("pop3", 110, lines.pop3),
        Protocol("ftp", 21, lines.ftp),
        Protocol("ldap", 389, binary.ldap),
        Protocol("postgres", 5432, binary.postgres),
        Protocol("mysql", 3306, binary.mysql),
        Protocol("xmpp", 5222, xmpp.xmpp),
        Protocol("redis", 6379, None),  # TLS from the first byte, on a port of its own (tls-port)
    )
}

__all__ = ["PROTOCOLS", "Dialogue", "Protocol", "RefusedError"]
