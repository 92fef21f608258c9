"""The dialogues of protocols that speak in lines: SMTP, FTP, IMAP, POP3."""

from __future__ import annotations

from plainwire.model import WireError
from plainwire.wire.starttls.dialogue import RefusedError, Script

OWN_NAME = b"plainwire.invalid"  # RFC 6761, section 6.4: nobody's


def line(buffer: bytes) -> int | None:
    """One line, its end included."""
    end = buffer.find(b"\n")
    return None if end < 0 else end + 1


def reply(buffer: bytes) -> int | None:
    """One reply of SMTP (RFC 5321, 4.2.1) or FTP (RFC 959, 4.2): ``ddd-`` goes on to ``ddd ``.

    Raises:
        WireError: if it does not begin with three digits.
    """
    start, code = 0, b""
    while (length := line(buffer[start:])) is not None:
        here = buffer[start : start + length]
        start += length
        code = code or here[:3]
        if not code.isdigit() or len(code) < 3:
            raise WireError("RFC 5321, 4.2: a reply without a code")
        if here[:3] == code and here[3:4] != b"-":
            return start
    return None


def smtp(host: str) -> Script:
    """SMTP (RFC 3207): EHLO, then STARTTLS if it is offered."""
    _expect((yield b"", reply), b"220")
    offered = yield b"EHLO " + OWN_NAME + b"\r\n", reply
    _expect(offered, b"250")
    keywords = {part[4:].strip().upper() for part in offered.splitlines()}
    if b"STARTTLS" not in keywords:
        raise RefusedError("the server does not offer STARTTLS")
    _expect((yield b"STARTTLS\r\n", reply), b"220")
    return b""


def ftp(host: str) -> Script:
    """FTP (RFC 4217): AUTH TLS."""
    _expect((yield b"", reply), b"220")
    _expect((yield b"AUTH TLS\r\n", reply), b"234")
    return b""


def pop3(host: str) -> Script:
    """POP3 (RFC 2595, section 4): STLS."""
    _agreed((yield b"", line), b"+OK")
    _agreed((yield b"STLS\r\n", line), b"+OK")
    return b""


def imap(host: str) -> Script:
    """IMAP (RFC 9051, 6.2.1): STARTTLS, its answer behind whatever is untagged."""
    _agreed((yield b"", line), b"* OK")
    said = yield b"a1 STARTTLS\r\n", line
    while said.startswith(b"* "):
        said = yield b"", line
    _agreed(said, b"a1 OK")
    return b""


def _expect(said: bytes, code: bytes) -> None:
    if not said.startswith(code):
        raise RefusedError(f"answered {_words(said)}")


def _agreed(said: bytes, words: bytes) -> None:
    if said[: len(words)].upper() != words.upper():
        raise RefusedError(f"answered {_words(said)}")


def _words(said: bytes) -> str:
    text = said.splitlines()[-1][:80] if said.strip() else said[:80]
    return repr(text.decode("ascii", "replace").strip())
