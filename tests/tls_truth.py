"""What a TLS server takes, found by whole handshakes of OpenSSL: the truth beside the probe's.

Nothing here reads a byte with our own code. It sees only what the system's OpenSSL can speak.
"""

import re
import socket
import ssl
import subprocess
import warnings
from functools import cache

NAME = "api.plainwire.test"
VERSIONS = {
    "TLSv1.0": (ssl.TLSVersion.TLSv1, "-tls1"),
    "TLSv1.1": (ssl.TLSVersion.TLSv1_1, "-tls1_1"),
    "TLSv1.2": (ssl.TLSVersion.TLSv1_2, "-tls1_2"),
    "TLSv1.3": (ssl.TLSVersion.TLSv1_3, "-tls1_3"),
}
SUITES_13 = {
    "TLS_AES_128_GCM_SHA256": "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384": "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256": "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256": "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256": "TLS_AES_128_CCM_8_SHA256",
}
# IANA's name of a group to OpenSSL's.
GROUPS = {
    "x25519": "X25519",
    "secp256r1": "P-256",
    "x448": "X448",
    "secp521r1": "P-521",
    "secp384r1": "P-384",
}
FIELDS = {f"ffdhe{bits}": f"ffdhe{bits}" for bits in (2048, 3072, 4096, 6144, 8192)}
BRAINPOOL = {f"brainpoolP{bits}r1": f"brainpoolP{bits}r1" for bits in (256, 384, 512)}
SCHEMES = {
    "rsa_pss_rsae_sha256": "RSA-PSS+SHA256",
    "rsa_pss_rsae_sha384": "RSA-PSS+SHA384",
    "rsa_pss_rsae_sha512": "RSA-PSS+SHA512",
    "rsa_pkcs1_sha256": "RSA+SHA256",
    "rsa_pkcs1_sha384": "RSA+SHA384",
    "rsa_pkcs1_sha512": "RSA+SHA512",
    "rsa_pkcs1_sha224": "RSA+SHA224",
    "ecdsa_sha224": "ECDSA+SHA224",
    "ecdsa_secp256r1_sha256": "ECDSA+SHA256",
    "ecdsa_secp384r1_sha384": "ECDSA+SHA384",
    "ecdsa_secp521r1_sha512": "ECDSA+SHA512",
}
OLD = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"


def _context(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers(OLD)
        context.minimum_version = context.maximum_version = VERSIONS[version][0]
    context.options |= 0x4  # a server without RFC 5746
    return context


def chosen(port, context):
    """The OpenSSL name of the suite that a whole handshake ended with; None if it failed."""
    with socket.create_connection(("127.0.0.1", port), 10) as raw:
        try:
            with context.wrap_socket(raw, server_hostname=NAME) as wrapped:
                return wrapped.cipher()[0]
        except OSError:
            return None


@cache
def openssl_suites():
    """Every suite that the client knows: OpenSSL's name to the code point."""
    return {one["name"]: one["id"] & 0xFFFF for one in _context("TLSv1.2").get_ciphers()}


def versions(port):
    """Which of TLS 1.0 to 1.3 end in a whole handshake."""
    every = ":".join((GROUPS | FIELDS | BRAINPOOL).values())
    more = ("-ciphersuites", ":".join(SUITES_13.values()), "-cipher", OLD, "-groups", every)
    return {
        name: chosen(port, _context(name)) is not None or s_client(port, word, *more)
        for name, (_, word) in VERSIONS.items()
    }


def suites(port, version):
    """The code points of the suites that a version before TLS 1.3 ends a handshake with."""
    found = set()
    for name, code in openssl_suites().items():
        if name.startswith("TLS_") or "PSK" in name or "SRP" in name:
            continue
        context = _context(version)
        context.set_ciphers(f"{name}:@SECLEVEL=0")
        if chosen(port, context) == name:
            found.add(code)
    return found


def preferred(port, version, codes):
    """The code point that wins, offered in the order given."""
    names = {code: name for name, code in openssl_suites().items()}
    context = _context(version)
    context.set_ciphers(":".join([names[code] for code in codes]) + ":@SECLEVEL=0")
    return openssl_suites().get(chosen(port, context))


def s_client(port, *options):
    """Whether a whole handshake with these options of ``openssl s_client`` succeeds."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", NAME]
    done = subprocess.run(
        [*command, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
    )
    # It says "CONNECTED" and a protocol in either case; a cipher only after a handshake.
    return re.search(r"^New, TLSv|^New, SSLv", done.stdout, re.MULTILINE) is not None


def suites_13(port):
    """The TLS 1.3 suites, by name."""
    asked = {name: ("-tls1_3", "-ciphersuites", word) for name, word in SUITES_13.items()}
    return {name for name, words in asked.items() if s_client(port, *words)}


def groups(port, version, names):
    """Those of the groups that a handshake succeeds with."""
    words = (VERSIONS[version][1], "-cipher", "ECDHE:AECDH:@SECLEVEL=0")
    words += ("-ciphersuites", ":".join(SUITES_13.values()))
    return {name for name, word in names.items() if s_client(port, *words, "-groups", word)}


def schemes(port):
    """The signature schemes that a handshake of TLS 1.2 with ECDHE succeeds with."""
    words = ("-tls1_2", "-cipher", "ECDHE:@SECLEVEL=0")
    return {name for name, word in SCHEMES.items() if s_client(port, *words, "-sigalgs", word)}
