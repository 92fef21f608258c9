"""A server of GnuTLS, by its library: its own ``gnutls-serv`` listens everywhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .process import Certificate, Server, place, required, running

# The calls as gnutls.h of 3.7 declares them; a failed one ends the connection, as it should.
SCRIPT = """\
import ctypes, ctypes.util, socket, sys, threading
lib = ctypes.CDLL(ctypes.util.find_library("gnutls"))
port, chain, key, priority = int(sys.argv[1]), *(word.encode() for word in sys.argv[2:5])
SERVER, PEM, CREDENTIALS, ALPN = 1, 1, 1, b"http/1.1"
credentials, prepared = ctypes.c_void_p(), ctypes.c_void_p()
lib.gnutls_certificate_allocate_credentials(ctypes.byref(credentials))
assert lib.gnutls_certificate_set_x509_key_file(credentials, chain, key, PEM) >= 0
lib.gnutls_certificate_set_known_dh_params(credentials, 3)
assert lib.gnutls_priority_init(ctypes.byref(prepared), priority, None) == 0, priority

def serve(connection):
    session = ctypes.c_void_p()
    lib.gnutls_init(ctypes.byref(session), SERVER)
    lib.gnutls_priority_set(session, prepared)
    lib.gnutls_credentials_set(session, CREDENTIALS, credentials)
    lib.gnutls_transport_set_int2(session, connection.fileno(), connection.fileno())
    lib.gnutls_handshake_set_timeout(session, 5000)
    while (code := lib.gnutls_handshake(session)) < 0 and not lib.gnutls_error_is_fatal(code):
        pass
    if code < 0:
        lib.gnutls_alert_send_appropriate(session, code)
    lib.gnutls_deinit(session)
    connection.close()

listening = socket.create_server(("127.0.0.1", port), backlog=128)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""


@contextmanager
def gnutls(https: Certificate, priority: str = "NORMAL") -> Iterator[Server]:
    """GnuTLS with a priority string on `https_port`; it closes after each handshake."""
    required("gnutls")
    with place() as where:
        script = where.write("gnutls_server.py", SCRIPT)
        files = (https.chain, https.key)
        command = [sys.executable, script, str(where.https_port), *files, priority]
        with running("gnutls", where, command, [where.https_port]) as server:
            yield server
