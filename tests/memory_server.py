"""OpenSSL as a TLS server without a socket: bytes in, bytes out, through Python's `ssl`."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from certificates import Issued


def server_context(issued: Issued, *, ciphers: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    """A context with the chain of `issue`, for every version that OpenSSL has left."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain.write_text(issued.chain_pem)
        key.write_text(issued.key_pem)
        context.load_cert_chain(chain, key)
    return context


class MemoryServer:
    """One connection. ``error`` is what OpenSSL objects to, once it does; ``read`` what it got."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_side=True)
        self.error: ssl.SSLError | None = None
        self.is_done = False
        self.read = b""

    def answer(self, data: bytes) -> bytes:
        """What the server says to these bytes."""
        self._in.write(data)
        try:
            if not self.is_done:
                self.tls.do_handshake()
                self.is_done = True
            while part := self.tls.read(4096):
                self.read += part
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.error = self.error or error
        return self._out.read()
