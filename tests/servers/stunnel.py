"""stunnel before a port on which nobody listens: the handshake is all that is wanted of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from .process import Certificate, Server, place, required, running

CONFIGURATION = """\
foreground = yes
pid =
syslog = no
debug = 3
[tls]
accept = 127.0.0.1:@{https_port}
connect = 127.0.0.1:@{http_port}
cert = @{chain}
key = @{key}
@{extra}
"""


@contextmanager
def stunnel(https: Certificate, extra: str = "") -> Iterator[Server]:
    """stunnel on `https_port`; ``extra`` are raw lines of its service, such as ``ciphers = …``."""
    executable = required("stunnel")
    with place() as where:
        configuration = where.write(
            "stunnel.conf", CONFIGURATION, chain=https.chain, key=https.key, extra=extra
        )
        command = [executable, configuration]
        with running("stunnel", where, command, [where.https_port]) as server:
            yield server
