"""TLS handshakes of a client's own, as far as a probe needs them: bytes in, bytes out, no I/O.

Importing a module of this package imports `cryptography`, which costs some 40 ms: import it where
a handshake is really made. Nothing of the user is ever sent through these connections.
"""
