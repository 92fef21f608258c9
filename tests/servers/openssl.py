"""``openssl s_server``, a TLS server with every knob and a status page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .process import Certificate, Server, place, required, running

END = "-----END CERTIFICATE-----"


@contextmanager
def s_server(https: Certificate, options: Sequence[str] = ()) -> Iterator[Server]:
    """``openssl s_server -www`` on `https_port`; ``options`` are further ones of its own.

    For example ``("-tls1", "-cipher", "ALL:@SECLEVEL=0")``. It serves one connection at a time.
    """
    executable = required("openssl")
    with place() as where:
        accept = ("-accept", f"127.0.0.1:{where.https_port}")
        # -cert sends the file's first certificate alone, and -cert_chain every one of its file.
        _, mark, issuing = https.chain.read_text("ascii").partition(END)
        files: tuple[str | Path, ...] = ("-cert", https.chain, "-key", https.key)
        if mark and "BEGIN CERTIFICATE" in issuing:
            files += ("-cert_chain", where.write("issuing.pem", issuing))
        command = [executable, "s_server", *accept, *files, "-www", *options]
        with running("openssl", where, command, [where.https_port]) as server:
            yield server
