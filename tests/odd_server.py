"""A TLS 1.3 server without a socket that can be as odd as a test wants, certificate included.

It shares the key schedule and the record protection with the client under test, which the traces
of RFC 8448 and real servers hold to account; it has its own messages and its own ML-KEM.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem

from certificates import Issued
from plainwire.wire.handshake.groups import generate
from plainwire.wire.handshake.protection_13 import SUITES, Protection13

# draft-ietf-tls-ecdhe-mlkem, section 3: (the curve's group, length of the curve's share, ML-KEM's
# encapsulation key, whether ML-KEM comes first).
HYBRIDS = {
    0x11EC: (0x001D, 32, mlkem.MLKEM768PublicKey, True),
    0x11EB: (0x0017, 65, mlkem.MLKEM768PublicKey, False),
    0x11ED: (0x0018, 97, mlkem.MLKEM1024PublicKey, False),
}
ALONE = {0x0201: mlkem.MLKEM768PublicKey, 0x0202: mlkem.MLKEM1024PublicKey}
CCS = b"\x14\x03\x03\x00\x01\x01"
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def message(kind, body):
    return bytes([kind]) + vector(3, body)


def extension(code, data):
    return code.to_bytes(2, "big") + vector(2, data)


def in_records(data, size=2**14):
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"\x16\x03\x03" + vector(2, part) for part in parts)


def shared(group, theirs):
    """The server's share and the shared secret (RFC 8446, 7.4; the drafts for ML-KEM)."""
    if group in ALONE:
        secret, ciphertext = ALONE[group].from_public_bytes(theirs).encapsulate()
        return ciphertext, secret
    if group not in HYBRIDS:
        ours = generate(group)
        return ours.public, ours.secret(theirs)
    curve, size, kind, is_first = HYBRIDS[group]
    at = len(theirs) - size if is_first else size
    first, second = theirs[:at], theirs[at:]
    key, point = (first, second) if is_first else (second, first)
    kem_secret, ciphertext = kind.from_public_bytes(key).encapsulate()
    ours = generate(curve)
    ec_secret = ours.secret(point)
    if is_first:
        return ciphertext + ours.public, kem_secret + ec_secret
    return ours.public + ciphertext, ec_secret + kem_secret


class OddServer:
    """One connection. Each method gives bytes to send; the caller puts them together."""

    def __init__(self, issued: Issued, group=0x001D, suite=0x1301):
        self.issued, self.group, self.suite = issued, group, suite
        self.algorithm = SUITES[suite][0]
        self.transcript = b""
        self.seen = {}

    def read_hello(self, sent):
        """Take a ClientHello out of its record; its extensions are in `seen`."""
        data = sent[5 : 5 + int.from_bytes(sent[3:5], "big")]
        self.transcript += data
        at = 4 + 2 + 32
        at += 1 + data[at]
        self.session_id = data[4 + 2 + 33 : at]
        at += 2 + int.from_bytes(data[at : at + 2], "big")
        at += 1 + data[at] + 2
        self.seen = {}
        while at < len(data):
            code, size = (int.from_bytes(data[at + i : at + i + 2], "big") for i in (0, 2))
            self.seen[code] = data[at + 4 : at + 4 + size]
            at += 4 + size
        return data

    def share_of(self, group):
        data = self.seen[51][2:]
        while data:
            size = int.from_bytes(data[2:4], "big")
            if int.from_bytes(data[:2], "big") == group:
                return data[4 : 4 + size]
            data = data[4 + size :]
        return None

    def _hello(self, random, extensions):
        body = b"\x03\x03" + random + vector(1, self.session_id) + self.suite.to_bytes(2, "big")
        return message(2, body + b"\0" + vector(2, extensions))

    def retry(self, sent, group, cookie=b""):
        """A HelloRetryRequest in a record."""
        first = self.read_hello(sent)
        digest = self.algorithm.digest(first)
        extensions = extension(43, b"\x03\x04")
        extensions += extension(51, group.to_bytes(2, "big")) if group else b""
        extensions += extension(44, vector(2, cookie)) if cookie else b""
        hello = self._hello(RETRY, extensions)
        self.transcript = message(254, digest) + hello
        return in_records(hello)

    def hello(self, sent, more=b""):
        """A ServerHello as a message, from which on everything is encrypted."""
        self.read_hello(sent)
        share, secret = shared(self.group, self.share_of(self.group))
        extensions = extension(51, self.group.to_bytes(2, "big") + vector(2, share))
        hello = self._hello(b"\x5a" * 32, extension(43, b"\x03\x04") + extensions + more)
        self.transcript += hello
        algorithm = self.algorithm
        self.handshake_secret = algorithm.handshake_secret(algorithm.early_secret(), secret)
        self.client_secret = self._derive(self.handshake_secret, "c hs traffic")
        self.server_secret = self._derive(self.handshake_secret, "s hs traffic")
        self.write = Protection13(self.suite, self.server_secret)
        return hello

    def _derive(self, secret, label):
        return self.algorithm.derive(secret, label, self.transcript)

    def add(self, kind, body):
        """A message that is part of the transcript."""
        made = message(kind, body)
        self.transcript += made
        return made

    def certificate(self, extensions=b""):
        leaf, *others = self.issued.chain
        entries = vector(3, leaf) + vector(2, extensions)
        entries += b"".join(vector(3, other) + b"\0\0" for other in others)
        return self.add(11, b"\0" + vector(3, entries))

    def certificate_verify(self, spoilt=b""):
        content = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"
        content += self.algorithm.digest(self.transcript)
        signature = self.issued.key.sign(content + spoilt, ec.ECDSA(hashes.SHA256()))
        return self.add(15, b"\x04\x03" + vector(2, signature))

    def finished(self):
        made = self.add(20, self.algorithm.finished(self.server_secret, self.transcript))
        master = self.algorithm.master_secret(self.handshake_secret)
        self.master = master
        self.next_write = Protection13(self.suite, self._derive(master, "s ap traffic"))
        self.next_read = Protection13(self.suite, self._derive(master, "c ap traffic"))
        return made

    def flight(self, extensions=b""):
        """EncryptedExtensions to Finished, as one plaintext."""
        made = self.add(8, vector(2, extensions))
        return made + self.certificate() + self.certificate_verify() + self.finished()

    def seal(self, content, kind=22, padding=0):
        return self.write.seal(kind, content, padding)

    def connected(self):
        """From here on `seal` uses the application's keys."""
        self.write = self.next_write

    def check_finished(self, content):
        """The client's Finished, which must be the RFC's; the resumption secret follows."""
        expected = self.algorithm.finished(self.client_secret, self.transcript)
        assert content == message(20, expected)
        self.transcript += content
        self.resumption = self._derive(self.master, "res master")
