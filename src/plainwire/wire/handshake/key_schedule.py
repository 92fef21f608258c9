"""TLS 1.3's secrets (RFC 8446, section 7.1).

HKDF-Expand-Label(Secret, Label, Context, Length) = HKDF-Expand(Secret, HkdfLabel, Length)
struct { uint16 length; opaque label<7..255> = "tls13 " + Label; opaque context<0..255>; } HkdfLabel
"""

from __future__ import annotations

import hashlib
import hmac

from plainwire.wire.presentation import vector


class Hash:
    """The hash of a cipher suite, with what the key schedule does with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.size = hashlib.new(name).digest_size

    def digest(self, data: bytes) -> bytes:
        """The hash of some bytes: of the transcript, mostly."""
        return hashlib.new(self.name, data).digest()

    def hmac(self, key: bytes, data: bytes) -> bytes:
        """RFC 2104; also HKDF-Extract(salt, IKM) of RFC 5869."""
        return hmac.digest(key, data, self.name)

    def expand_label(self, secret: bytes, label: str, context: bytes, length: int) -> bytes:
        """HKDF-Expand-Label."""
        info = length.to_bytes(2, "big")
        info += vector(1, b"tls13 " + label.encode("ascii")) + vector(1, context)
        blocks, block = b"", b""
        while len(blocks) < length:
            block = self.hmac(secret, block + info + bytes([len(blocks) // self.size + 1]))
            blocks += block
        return blocks[:length]

    def derive(self, secret: bytes, label: str, messages: bytes) -> bytes:
        """Derive-Secret(Secret, Label, Messages)."""
        return self.expand_label(secret, label, self.digest(messages), self.size)

    def finished(self, secret: bytes, messages: bytes) -> bytes:
        """A Finished's or a binder's verify_data (RFC 8446, 4.4.4)."""
        key = self.expand_label(secret, "finished", b"", self.size)
        return self.hmac(key, self.digest(messages))

    def early_secret(self, psk: bytes = b"") -> bytes:
        """HKDF-Extract(0, PSK); zeros where there is no PSK."""
        return self.hmac(bytes(self.size), psk or bytes(self.size))

    def handshake_secret(self, early_secret: bytes, shared: bytes) -> bytes:
        """HKDF-Extract(Derive-Secret(Early Secret, "derived", ""), (EC)DHE)."""
        return self.hmac(self.derive(early_secret, "derived", b""), shared)

    def master_secret(self, handshake_secret: bytes) -> bytes:
        """HKDF-Extract(Derive-Secret(Handshake Secret, "derived", ""), 0)."""
        return self.hmac(self.derive(handshake_secret, "derived", b""), bytes(self.size))
