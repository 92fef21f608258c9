"""``openssl s_server``, a TLS server with every knob and a status page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .process import Certificate, Server, place, required, running


@contextmanager
def s_server(https: Certificate, options: Sequence[str] = ()) -> Iterator[Server]:
    """``openssl s_server -www`` on `https_port`; ``options`` are further ones of its own.

    For example ``("-tls1", "-cipher", "ALL:@SECLEVEL=0")``. It serves one connection at a time.
    """
    executable = required("openssl")
    with place() as where:
        accept = ("-accept", f"127.0.0.1:{where.https_port}")
        # s_server sends the certificate of -cert alone; the chain is what -cert_chain names.
        files = ("-cert", https.chain, "-cert_chain", https.chain, "-key", https.key)
        command = [executable, "s_server", *accept, *files, "-www", *options]
        with running("openssl", where, command, [where.https_port]) as server:
            yield server
