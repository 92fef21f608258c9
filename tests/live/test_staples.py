"""Whether a staple came along: the truth is the command line of `openssl s_server`."""

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from certificates import issue
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.wire.target import parse_target
from servers import s_server

pytestmark = pytest.mark.server("openssl")
ROOT = issue("Root", ca=True)
LEAF = issue("api.plainwire.test", "127.0.0.1", by=ROOT, must_staple=True)


def response(folder):
    """A signed OCSP response that says that the leaf is good."""
    now = datetime.now(UTC)
    leaf, root = (x509.load_der_x509_certificate(c.der) for c in (LEAF, ROOT))
    built = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=leaf,
            issuer=root,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=now,
            next_update=now + timedelta(days=1),
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, root)
        .sign(ROOT.key, hashes.SHA256())
    )
    path = folder / "ocsp.der"
    path.write_bytes(built.public_bytes(serialization.Encoding.DER))
    return path


def look(port):
    async def scenario():
        target, _ = parse_target(f"https://127.0.0.1:{port}/")
        async with LiveSite(target, Settings(answer_timeout_s=5)) as site:
            return await site.is_stapled(target.https[0])

    return asyncio.run(scenario())


def test_a_staple_that_is_sent_is_seen(pem_files, tmp_path):
    with s_server(pem_files(LEAF), ["-tls1_2", "-status_file", str(response(tmp_path))]) as server:
        assert look(server.https_port) is True


def test_a_staple_that_is_not_sent_is_missed(pem_files):
    with s_server(pem_files(LEAF), ["-tls1_2"]) as server:
        assert look(server.https_port) is False


def test_a_server_of_tls_1_3_alone_does_not_say(pem_files, tmp_path):
    options = ["-tls1_3", "-status_file", str(response(tmp_path))]
    with s_server(pem_files(LEAF), options) as server:
        assert look(server.https_port) is None


def test_the_flight_of_openssl_agrees(pem_files, tmp_path):
    """`openssl s_client -status` says the same of the same server."""
    with s_server(pem_files(LEAF), ["-tls1_2", "-status_file", str(response(tmp_path))]) as server:
        told = subprocess.run(
            ["openssl", "s_client", "-status", "-connect", f"127.0.0.1:{server.https_port}"],
            input=b"",
            capture_output=True,
            timeout=10,
        )
    assert b"OCSP Response Status: successful" in told.stdout
