"""One listener of tlslite-ng, a TLS stack in pure Python that has what OpenSSL 3 refuses.

python tlslite_serve.py SETTINGS    # JSON: see `tlslite.py`
"""

import json
import sys
import threading
import warnings

warnings.simplefilter("ignore")  # it imports what Python deprecates

from pathlib import Path  # noqa: E402
from socket import create_server  # noqa: E402

from tlslite.api import (  # noqa: E402
    HandshakeSettings,
    SessionCache,
    TLSConnection,
    X509CertChain,
    parsePEMKey,
)


def serve(given):
    chain = X509CertChain()
    chain.parsePemList(Path(given["chain"]).read_text())
    key = parsePEMKey(Path(given["key"]).read_text(), private=True)
    settings = HandshakeSettings()
    for name, value in given["settings"].items():
        setattr(settings, name, tuple(value) if name.endswith("Version") else value)
    cache = SessionCache() if given["has_cache"] else None

    def talk(socket):
        connection = TLSConnection(socket)
        try:
            connection.handshakeServer(
                certChain=None if given["is_anonymous"] else chain,
                privateKey=None if given["is_anonymous"] else key,
                anon=given["is_anonymous"],
                sessionCache=cache,
                reqCert=given["asks_certificate"],
                settings=settings,
            )
            print(connection.getVersionName(), connection.getCipherName(), flush=True)
            while connection.read(max=4096):
                pass
            connection.close()
        except Exception as error:
            print(type(error).__name__, error, flush=True)
        finally:
            socket.close()

    with create_server(("127.0.0.1", given["port"])) as listener:
        while True:
            threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()


serve(json.loads(sys.argv[1]))
