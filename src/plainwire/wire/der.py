"""The outer shape of a certificate, read without a parser library: X.690 DER, RFC 5280 section 4.1.

Two things need it: finding a root by its subject among hundreds without parsing them, and
taking a certificate's extensions apart so that one broken extension does not hide the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.model import WireError

SEQUENCE, INTEGER, BIT_STRING = 0x30, 0x02, 0x03
VERSION, EXTENSIONS = 0xA0, 0xA3


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value: ``raw`` is the whole of it, ``content`` what is inside."""

    tag: int
    content: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of a certificate as they stand on the wire, each with its tag and length.

    ``before`` is everything of the TBSCertificate ahead of its extensions; ``after`` is the
    signature algorithm and the signature. ``is_consistent`` says that the signature algorithm is
    the same in both its places (RFC 5280, 4.1.1.2).
    """

    issuer: bytes
    subject: bytes
    public_key: bytes
    extensions: tuple[bytes, ...]
    before: bytes
    after: bytes
    is_consistent: bool


def elements(data: bytes) -> list[Element]:
    """The elements that fill ``data``, in order.

    Only what certificates use is read: one-byte tags, definite lengths (X.690, section 10.1).

    Raises:
        WireError: if an element runs over the end or is not DER.
    """
    found, at = [], 0
    while at < len(data):
        start = at
        if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
            raise WireError(f"X.690 8.1.2: no tag that DER has in a certificate, offset {at}")
        length, at = data[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or at + size > len(data):
                raise WireError(f"X.690 8.1.3: a length of {size} bytes, offset {start}")
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise WireError(f"X.690 8.1.3: an element runs over the end, offset {start}")
        found.append(Element(data[start], data[at : at + length], data[start : at + length]))
        at += length
    return found


def encode(tag: int, content: bytes) -> bytes:
    """One element as DER has it, the length in as few bytes as will do."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(content).to_bytes(size, "big") + content


def outline(der: bytes) -> Outline:
    """The parts of one certificate.

    Raises:
        WireError: if the bytes do not have the shape of RFC 5280, section 4.1.
    """
    certificate = elements(der)
    if len(certificate) != 1 or certificate[0].tag != SEQUENCE:
        raise WireError("RFC 5280 4.1: a certificate is one SEQUENCE")
    tbs, *after = elements(certificate[0].content) or [Element(0, b"", b"")]
    fields = elements(tbs.content) if tbs.tag == SEQUENCE else []
    fixed = fields[1:] if fields and fields[0].tag == VERSION else fields
    if len(fixed) < 6 or len(after) != 2:
        raise WireError("RFC 5280 4.1: a TBSCertificate and its signature, fields missing")
    _serial, algorithm, issuer, _validity, subject, public_key = fixed[:6]
    last = fields[-1]
    has_extensions = last.tag == EXTENSIONS
    return Outline(
        issuer.raw,
        subject.raw,
        public_key.raw,
        _extensions(last) if has_extensions else (),
        b"".join(field.raw for field in (fields[:-1] if has_extensions else fields)),
        b"".join(part.raw for part in after),
        algorithm.raw == after[0].raw,
    )


def _extensions(explicit: Element) -> tuple[bytes, ...]:
    sequence = elements(explicit.content)
    return tuple(item.raw for item in elements(sequence[0].content)) if sequence else ()


def with_one_extension(parts: Outline, extension: bytes) -> bytes:
    """The certificate with that extension alone; its signature no longer holds."""
    wrapped = encode(EXTENSIONS, encode(SEQUENCE, extension))
    return encode(SEQUENCE, encode(SEQUENCE, parts.before + wrapped) + parts.after)


def integers(sequence: bytes) -> list[int]:
    """The INTEGERs of a SEQUENCE, such as an RSAPublicKey (RFC 8017, appendix A.1.1).

    Raises:
        WireError: if the bytes are not a SEQUENCE.
    """
    outer = elements(sequence)
    if not outer or outer[0].tag != SEQUENCE:
        raise WireError("X.690 8.9: a SEQUENCE was expected")
    return [
        int.from_bytes(item.content, "big", signed=True)
        for item in elements(outer[0].content)
        if item.tag == INTEGER
    ]
