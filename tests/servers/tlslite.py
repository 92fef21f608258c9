"""tlslite-ng, which speaks what OpenSSL 3 refuses: SSLv3, RC4, NULL and anonymous suites."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .process import Certificate, Server, place, running

SCRIPT = """\
import json, socket, sys, threading, warnings
warnings.simplefilter("ignore")
from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
port, chain_file, key_file, given = int(sys.argv[1]), *sys.argv[2:4], json.loads(sys.argv[4])
chain = X509CertChain()
chain.parsePemList(open(chain_file).read())
key = parsePEMKey(open(key_file).read(), private=True)
settings, anonymous = HandshakeSettings(), given.pop("anonymous", False)
for name, value in given.items():
    setattr(settings, name, tuple(value) if name.endswith("Version") else value)
certificate = {} if anonymous else {"certChain": chain, "privateKey": key}

def serve(connection):
    try:
        TLSConnection(connection).handshakeServer(
            **certificate, settings=settings, anon=anonymous, alpn=[b"http/1.1"]
        )
    except Exception:
        pass
    connection.close()

listening = socket.create_server(("127.0.0.1", port), backlog=128)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""


@contextmanager
def tlslite(https: Certificate, **settings: Any) -> Iterator[Server]:
    """tlslite-ng on `https_port`, with attributes of its `HandshakeSettings`, and ``anonymous``."""
    with place() as where:
        script = where.write("tlslite_server.py", SCRIPT)
        files = (https.chain, https.key)
        command = [sys.executable, script, str(where.https_port), *files, json.dumps(settings)]
        with running("tlslite", where, command, [where.https_port]) as server:
            yield server
