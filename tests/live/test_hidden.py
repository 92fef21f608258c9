"""What only a handshake shows: the truth is the server's configuration, or another program."""

import asyncio
import contextlib
import itertools
import socket
import struct
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa
from cryptography.x509 import ocsp

import servers
from bounded import tcp_server
from certificates import issue
from plainwire.live.settings import Settings
from plainwire.live.tls.asker import Refusal, Unknown
from plainwire.live.tls.hidden import _Opening
from plainwire.live.tls.signers import scheme_of
from plainwire.live.tls.tickets import tickets
from plainwire.tls import probe, probe_async
from plainwire.wire.answer import NoAnswer
from plainwire.wire.handshake.offer_13 import Ticket13
from plainwire.wire.handshake.result_13 import Result13
from scanning import NAME

ROOT = issue("Root", ca=True)
ISSUING = issue("Issuing", ca=True, by=ROOT)
HANDSHAKES = ("certificates", "signature_algorithms", "features")
PSS = ("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512")


def look(server, parts=HANDSHAKES, name=NAME):
    """What the probe finds, the same twice in a row."""
    found = [
        replace(
            probe(
                f"{name}:{server.https_port}",
                address="127.0.0.1",
                parts=parts,
                settings=Settings(answer_timeout_s=20.0),
                stores={"ca-file": (ROOT.der,)},
            ),
            duration_s=0.0,
            connections=0,
        )
        for _ in range(2)
    ]
    assert found[0] == found[1]
    return found[0]


def complete(server, parts=HANDSHAKES):
    endpoint = look(server, parts)
    assert endpoint.inconclusive == ()
    return endpoint


def shown(endpoint):
    """(SNI, kind of key, fingerprint) of each chain."""
    return [
        (
            chain.asked_with["sni"],
            chain.asked_with["key"],
            chain.chain[0].fingerprint_sha256,
        )
        for chain in endpoint.certificates
    ]


def fingerprint(issued):
    return issued.x509.fingerprint(hashes.SHA256()).hex()


def seen_by_openssl(server, name, *, schemes=None):
    """The fingerprint of the leaf that `openssl s_client` is shown in TLS 1.3; None if refused."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.https_port}"]
    command += ["-servername", name] if name else ["-noservername"]
    command += ["-sigalgs", schemes] if schemes else []
    command += ["-tls1_3"]
    told = subprocess.run(command, input=b"", capture_output=True, timeout=60)
    if b"BEGIN CERTIFICATE" not in told.stdout:
        return None
    leaf = x509.load_pem_x509_certificate(told.stdout)
    return leaf.fingerprint(hashes.SHA256()).hex()


@pytest.fixture(scope="module")
def leaves():
    """Leaves of one authority for `NAME` by kind of key."""
    keys = {
        "RSA": 2048,
        "ECDSA": None,
        "P-384": ec.generate_private_key(ec.SECP384R1()),
        "P-521": ec.generate_private_key(ec.SECP521R1()),
        "Ed25519": ed25519.Ed25519PrivateKey.generate(),
        "Ed448": ed448.Ed448PrivateKey.generate(),
    }
    return {kind: issue(NAME, by=ISSUING, key=key) for kind, key in keys.items()}


def also(files):
    return f"ssl_certificate {files.chain}; ssl_certificate_key {files.key};"


@pytest.mark.server("nginx")
@pytest.mark.parametrize(
    ("protocols", "ciphers"),
    [
        ("TLSv1.3", "DEFAULT"),
        ("TLSv1.2 TLSv1.3", "DEFAULT"),
        ("TLSv1.2", "DEFAULT"),
        ("TLSv1.2 TLSv1.3", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("TLSv1.2 TLSv1.3", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ],
)
@pytest.mark.parametrize("parts", [("certificates",), HANDSHAKES])
def test_both_chains_of_a_server_with_two_keys(pem_files, leaves, protocols, ciphers, parts):
    rsa, ecdsa = leaves["RSA"], leaves["ECDSA"]
    with servers.nginx(
        https=pem_files(rsa), extra=also(pem_files(ecdsa)), protocols=protocols, ciphers=ciphers
    ) as server:
        endpoint = complete(server, parts)
        if "TLSv1.3" in protocols:
            assert seen_by_openssl(server, NAME, schemes="ECDSA+SHA256") == fingerprint(ecdsa)
            assert seen_by_openssl(server, NAME, schemes="RSA-PSS+SHA256") == fingerprint(rsa)
    assert shown(endpoint) == [
        (True, "ECDSA", fingerprint(ecdsa)),
        (True, "RSA", fingerprint(rsa)),
    ]
    assert all(chain.trusted_by == ("ca-file",) for chain in endpoint.certificates)
    if "TLSv1.3" in protocols and parts == HANDSHAKES:
        schemes = endpoint.signature_algorithms["TLSv1.3"]
        assert set(schemes) == {"ecdsa_secp256r1_sha256", *PSS}


@pytest.mark.server("openssl")
@pytest.mark.parametrize(
    ("kind", "schemes"),
    [
        ("RSA", set(PSS)),
        ("ECDSA", {"ecdsa_secp256r1_sha256"}),
        ("P-384", {"ecdsa_secp384r1_sha384"}),
        ("P-521", {"ecdsa_secp521r1_sha512"}),
        ("Ed25519", {"ed25519"}),
        ("Ed448", {"ed448"}),
    ],
)
def test_the_schemes_are_those_of_the_key(pem_files, leaves, kind, schemes):
    """RFC 8446, 4.2.3 binds a scheme to a curve; OpenSSL's default has every one of them."""
    with servers.s_server(pem_files(leaves[kind]), ["-tls1_3"]) as server:
        endpoint = complete(server)
    assert set(endpoint.signature_algorithms["TLSv1.3"]) == schemes
    [(sni, key, leaf)] = shown(endpoint)
    assert (sni, leaf) == (True, fingerprint(leaves[kind]))
    assert key == {"P-384": "ECDSA", "P-521": "ECDSA"}.get(kind, kind)


@pytest.mark.server("openssl")
def test_what_the_configuration_leaves_out_is_not_taken(pem_files, leaves):
    options = ["-tls1_3", "-sigalgs", "RSA-PSS+SHA384"]
    with servers.s_server(pem_files(leaves["RSA"]), options) as server:
        endpoint = complete(server)
    assert endpoint.signature_algorithms == {"TLSv1.3": ("rsa_pss_rsae_sha384",)}


def test_only_a_good_signature_by_what_was_offered_counts():
    good = Result13(is_finished=True, scheme=0x0804, is_signature_good=True)
    assert scheme_of(good, (0x0804,)) == 0x0804
    assert scheme_of(Refusal("fatal alert handshake_failure"), (0x0804,)) is None
    for found, words in [
        (replace(good, is_signature_good=False), "is wrong"),
        (replace(good, is_signature_good=None), "is not known"),
        (replace(good, scheme=0x0403), "was not offered"),
        (replace(good, scheme=None), "shows no signature"),
        (Unknown("reset"), "reset"),
    ]:
        assert words in scheme_of(found, (0x0804,)).reason


def two_names(pem_files, other, extra=""):
    """Directives of another server that answers whoever names none."""
    files = pem_files(other)
    return f"""
    server {{
        listen 127.0.0.1:@{{https_port}} ssl default_server;
        server_name other.plainwire.test;
        ssl_certificate {files.chain};
        ssl_certificate_key {files.key};
        ssl_protocols @{{protocols}};
        {extra}
        location / {{ return 200; }}
    }}
"""


@pytest.mark.server("nginx")
@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3", "TLSv1.2 TLSv1.3"])
def test_another_chain_for_whoever_names_no_server(pem_files, leaves, protocols):
    other = issue("other.plainwire.test", by=ISSUING)
    other_rsa = issue("other.plainwire.test", by=ISSUING, key=2048)
    general = two_names(pem_files, other, also(pem_files(other_rsa)))
    with servers.nginx(
        https=pem_files(leaves["RSA"]),
        extra=f"server_name {NAME};",
        extra_general=general,
        protocols=protocols,
    ) as server:
        endpoint = complete(server)
        if "TLSv1.3" in protocols:
            ecdsa = "ECDSA+SHA256"
            assert seen_by_openssl(server, None, schemes=ecdsa) == fingerprint(other)
            assert seen_by_openssl(server, NAME) == fingerprint(leaves["RSA"])
    assert shown(endpoint) == [
        (True, "RSA", fingerprint(leaves["RSA"])),
        (False, "ECDSA", fingerprint(other)),
        (False, "RSA", fingerprint(other_rsa)),
    ]
    assert endpoint.features["sni_required"] is False


@pytest.mark.server("nginx")
@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3", "TLSv1.2 TLSv1.3"])
def test_a_name_is_required_where_a_handshake_without_one_is_refused(pem_files, leaves, protocols):
    with servers.nginx(
        https=pem_files(leaves["RSA"]),
        extra=f"server_name {NAME};",
        extra_general=two_names(pem_files, leaves["RSA"], "ssl_reject_handshake on;"),
        protocols=protocols,
    ) as server:
        endpoint = complete(server)
        assert seen_by_openssl(server, None) is None
    assert endpoint.features["sni_required"] is True
    assert shown(endpoint) == [(True, "RSA", fingerprint(leaves["RSA"]))]


@pytest.mark.server("nginx")
def test_an_address_is_no_name(pem_files, leaves):
    leaf = issue("127.0.0.1", by=ISSUING)
    with servers.nginx(https=pem_files(leaf)) as server:
        endpoint = look(server, name="127.0.0.1")
    assert shown(endpoint) == [(False, "ECDSA", fingerprint(leaf))]
    assert "sni_required" not in endpoint.features


def write_response(folder, leaf):
    """A signed OCSP response that says that a leaf of `ISSUING` is good."""
    now = datetime.now(UTC)
    certificate, issuer = leaf.x509, leaf.issuer.x509
    built = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=now,
            next_update=now + timedelta(days=1),
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
        .sign(leaf.issuer.key, hashes.SHA256())
    )
    path = folder / "ocsp.der"
    path.write_bytes(built.public_bytes(serialization.Encoding.DER))
    path.chmod(0o644)
    folder.chmod(0o755)
    return path


@pytest.mark.server("nginx")
@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("is_stapled", [True, False])
def test_a_staple_is_seen(pem_files, protocols, is_stapled, tmp_path):
    leaf = issue(NAME, by=ISSUING, must_staple=True)
    response = write_response(tmp_path, leaf)
    extra = f"ssl_stapling on; ssl_stapling_file {response};" if is_stapled else ""
    with servers.nginx(https=pem_files(leaf), extra=extra, protocols=protocols) as server:
        endpoint = complete(server)
        told = subprocess.run(
            ["openssl", "s_client", "-status", "-connect", f"127.0.0.1:{server.https_port}"],
            input=b"",
            capture_output=True,
            timeout=60,
        )
    assert (b"OCSP Response Status: successful" in told.stdout) == is_stapled
    assert endpoint.features["ocsp_stapling"] is is_stapled
    assert ("must_staple_missing" in endpoint.certificates[0].problems) != is_stapled


def resumes(server, folder, version="-tls1_3"):
    """Whether `openssl s_client` resumes the session that it was given before."""
    session = folder / "session.pem"
    base = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.https_port}", version]
    base += ["-servername", NAME, "-ign_eof"]
    request = f"GET / HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode()
    for option in ("-sess_out", "-sess_in"):
        told = subprocess.run(
            [*base, option, str(session)], input=request, capture_output=True, timeout=60
        )
    return b"\nReused, TLSv1.3" in told.stdout


NO_STORE = "ssl_session_cache none;"


@pytest.mark.server("nginx", "openssl")
@pytest.mark.parametrize(
    ("extra", "is_resumed"),
    [
        (f"ssl_session_tickets on; {NO_STORE}", True),
        (f"ssl_session_tickets off; {NO_STORE}", False),
        ("ssl_session_tickets off; ssl_session_cache shared:SSL:1m;", True),
    ],
)
def test_resumption_by_nginx(pem_files, leaves, tmp_path, extra, is_resumed):
    extra += "ssl_session_timeout 17m;"
    with servers.nginx(https=pem_files(leaves["ECDSA"]), extra=extra) as server:
        endpoint = complete(server)
        assert resumes(server, tmp_path) == is_resumed
    features = endpoint.features
    assert features["tls13_resumption"] is is_resumed
    assert features["tls13_ticket_lifetime_s"] == 17 * 60
    assert features["early_data"] is False


@pytest.mark.server("openssl")
@pytest.mark.parametrize(("count", "is_resumed"), [(0, False), (1, True), (3, True)])
def test_as_many_tickets_as_openssl_is_told_to_send(pem_files, leaves, count, is_resumed):
    options = ["-tls1_3", "-num_tickets", str(count)]
    with servers.s_server(pem_files(leaves["ECDSA"]), options) as server:
        endpoint = complete(server)
    assert endpoint.features["tls13_tickets"] == count
    assert endpoint.features["tls13_resumption"] is is_resumed
    assert endpoint.features["early_data"] is False


def test_tickets_are_not_counted_where_the_end_was_not_orderly():
    ticket = Ticket13(0x1301, 300, 0, b"n", b"t", bytes(32))
    whole = Result13(tickets=(ticket,), suite=0x1301)

    async def ask(*_, **__):
        return Refusal("fatal alert handshake_failure")

    async def told(result):
        ended = asyncio.get_running_loop().create_future()
        ended.set_result(result)
        return await tickets(SimpleNamespace(carry=ask), result, ended)

    def counted(result):
        found, _ = asyncio.run(told(result))
        return found.get("tls13_tickets")

    assert counted(whole) == 1
    assert counted(replace(whole, broken_off=NoAnswer("reset", "reset"))) is None


@pytest.mark.server("nginx")
def test_early_data_is_what_a_server_takes(pem_files, leaves):
    """nginx: SSL_CTX_set_max_early_data(ctx, NGX_SSL_BUFSIZE), its buffer of 16 kB."""
    with servers.nginx(https=pem_files(leaves["ECDSA"]), extra="ssl_early_data on;") as server:
        endpoint = complete(server)
    assert endpoint.features["early_data"] is True
    assert endpoint.features["early_data_max_bytes"] == 16384
    assert endpoint.features["early_data_accepted"] is True
    assert endpoint.features["tls13_resumption"] is True


@pytest.mark.server("openssl")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(
    "offered",
    [
        ("h2", "http/1.1"),
        ("http/1.1", "h2"),
        ("h2",),
        ("http/1.1",),
        ("http/1.0", "http/1.1"),
        (),
    ],
)
def test_alpn_is_complete(pem_files, leaves, version, offered):
    options = [version, *(["-alpn", ",".join(offered)] if offered else [])]
    with servers.s_server(pem_files(leaves["ECDSA"]), options) as server:
        endpoint = complete(server)
    assert set(endpoint.features["alpn"]) == set(offered)


@pytest.mark.server("openssl")
def test_a_server_that_refuses_every_protocol_is_asked_without(pem_files, leaves):
    with servers.s_server(pem_files(leaves["ECDSA"]), ["-tls1_3", "-alpn", "imap"]) as server:
        endpoint = complete(server)
    assert endpoint.features["alpn"] == ()
    assert endpoint.features["tls13_resumption"] is True
    assert shown(endpoint) == [(True, "ECDSA", fingerprint(leaves["ECDSA"]))]


@pytest.mark.server("nginx")
@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("has_http2", [True, False])
def test_alpn_of_nginx(pem_files, leaves, protocols, has_http2):
    """ngx_http_ssl_module.c, NGX_HTTP_ALPN_PROTOS: http/1.1, http/1.0 and http/0.9, always."""
    files = pem_files(leaves["ECDSA"])
    more = two_names(pem_files, leaves["ECDSA"]).replace("ssl default_server", "ssl http2")
    with servers.nginx(
        https=files, protocols=protocols, extra_general=more if has_http2 else ""
    ) as server:
        endpoint = complete(server)
    assert set(endpoint.features["alpn"]) == {"http/1.1", "http/1.0"} | (
        {"h2"} if has_http2 else set()
    )


@pytest.mark.parametrize(
    ("front", "words", "taken"),
    [
        ("haproxy", {"bind": "alpn h2,http/1.1"}, {"h2", "http/1.1"}),
        ("haproxy", {}, set()),
        # mod_ssl: the protocol of the virtual host where none of those offered is enabled.
        ("apache", {}, {"http/1.1"}),
        ("caddy", {}, {"h2", "http/1.1"}),
    ],
)
@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
def test_alpn_of_other_servers(pem_files, leaves, front, words, taken, protocols):
    if absent := servers.missing([front]):
        pytest.skip(f"{absent[0]} not installed (as root: make servers)")
    files = pem_files(leaves["ECDSA"])
    with getattr(servers, front)(https=files, protocols=protocols, **words) as server:
        endpoint = look(server, ("features",))
    assert set(endpoint.features["alpn"]) == taken
    assert endpoint.inconclusive == ()


@pytest.mark.server("openssl")
@pytest.mark.parametrize(
    ("options", "word"),
    [((), "none"), (("-verify", "2"), "optional"), (("-Verify", "2"), "required")],
)
def test_whether_a_client_needs_a_certificate(pem_files, leaves, options, word):
    files = pem_files(leaves["ECDSA"])
    options = ["-tls1_3", *options, "-CAfile", str(files.ca)]
    with servers.s_server(files, options) as server:
        endpoint = look(server)
    assert endpoint.features["client_certificate"] == word
    names = () if word == "none" else ("CN=Root",)
    assert endpoint.features.get("client_certificate_authorities", ()) == names
    if word == "required":
        # No ticket comes to a client that was sent away.
        assert "tls13_resumption" not in endpoint.features
        assert [gap.part for gap in endpoint.inconclusive] == ["features"]
    else:
        assert endpoint.features["tls13_resumption"] is True


def asking(front, word, ca):
    """What a server is told, so that it asks for a client's certificate."""
    if front == "haproxy":
        return {"bind": f"verify {word} ca-file {ca}"}
    if front == "apache":
        mode = {"optional": "optional", "required": "require"}[word]
        return {"extra": f"SSLVerifyClient {mode}\n    SSLCACertificateFile {ca}"}
    mode = {"optional": "request", "required": "require_and_verify"}[word]
    return {"tls": f"client_auth {{\n mode {mode}\n trusted_ca_cert_file {ca}\n }}"}


@pytest.mark.parametrize("word", ["optional", "required"])
@pytest.mark.parametrize("protocols", ["TLSv1.3", "TLSv1.2", "TLSv1.2 TLSv1.3"])
@pytest.mark.parametrize(
    "front",
    [pytest.param(name, marks=pytest.mark.server(name)) for name in ("haproxy", "apache", "caddy")],
)
def test_whether_real_servers_need_a_certificate(pem_files, leaves, front, protocols, word):
    files = pem_files(leaves["ECDSA"])
    words = asking(front, word, files.ca)
    with getattr(servers, front)(https=files, protocols=protocols, **words) as server:
        endpoint = look(server, ("certificates", "features"))
    assert endpoint.features["client_certificate"] == word
    assert endpoint.features["client_certificate_authorities"] == ("CN=Root",)
    assert shown(endpoint) == [(True, "ECDSA", fingerprint(leaves["ECDSA"]))]


@pytest.mark.server("nginx")
@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3", "TLSv1.2 TLSv1.3"])
@pytest.mark.parametrize(("verify", "word"), [("optional", "optional"), ("on", "required")])
def test_whether_nginx_serves_without_a_certificate(pem_files, leaves, protocols, verify, word):
    """It finishes either handshake, and refuses the request behind it."""
    files = pem_files(leaves["ECDSA"])
    extra = f"ssl_client_certificate {files.ca}; ssl_verify_client {verify};"
    with servers.nginx(https=files, extra=extra, protocols=protocols) as server:
        endpoint = complete(server, ("certificates", "features"))
    assert endpoint.features["client_certificate"] == word
    assert endpoint.features["client_certificate_authorities"] == ("CN=Root",)
    names = ["tls13_resumption"] if "TLSv1.3" in protocols else []
    names += ["ticket_resumption"] if "TLSv1.2" in protocols else []
    assert all(endpoint.features[name] is True for name in names)


@pytest.mark.server("nginx")
def test_a_server_that_asks_for_no_certificate_is_sent_no_request(pem_files, leaves):
    with servers.nginx(https=pem_files(leaves["ECDSA"])) as server:
        endpoint = complete(server)
        assert "GET" not in server.log()
    assert endpoint.features["client_certificate"] == "none"
    assert "client_certificate_authorities" not in endpoint.features


def test_odd_names_of_authorities_are_text():
    from plainwire.live.tls.client_certificates import authorities

    assert authorities([ROOT.x509.subject.public_bytes()]) == ("CN=Root",)
    odd = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a\x1b[31m,b\u202e")])
    assert authorities([odd.public_bytes()]) == ("CN=a\\1b[31m\\,b\\e2\\80\\ae",)
    for garbage in (b"", b"\x30", b"\x30\x80", b"\x31\x00", bytes(range(40)), b"\x30\x82\xff\xff"):
        assert authorities([garbage]) == ("#" + garbage.hex(),)


@pytest.mark.server("openssl")
@pytest.mark.parametrize("group", ["P-256", "P-384", "P-521", "X448", "ffdhe2048", "ffdhe8192"])
def test_a_server_of_one_group_is_read(pem_files, leaves, group):
    options = ["-tls1_3", "-groups", group]
    with servers.s_server(pem_files(leaves["ECDSA"]), options) as server:
        endpoint = complete(server)
    assert shown(endpoint) == [(True, "ECDSA", fingerprint(leaves["ECDSA"]))]
    assert endpoint.features["tls13_resumption"] is True


@pytest.mark.server("openssl")
@pytest.mark.parametrize(
    "suite",
    [
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    ],
)
def test_a_server_of_one_suite_is_read(pem_files, leaves, suite):
    options = ["-tls1_3", "-ciphersuites", suite]
    with servers.s_server(pem_files(leaves["ECDSA"]), options) as server:
        endpoint = complete(server)
    assert shown(endpoint) == [(True, "ECDSA", fingerprint(leaves["ECDSA"]))]
    assert endpoint.features["tls13_resumption"] is True


def completed_by_node(server):
    """The fingerprint of the leaf that Node 24, whose OpenSSL has ML-KEM and ML-DSA, is shown."""
    script = """
      const [port, servername] = process.argv.slice(1);
      const socket = require('tls').connect(
        {port, host: '127.0.0.1', servername, rejectUnauthorized: false}, () => {
          console.log(socket.getPeerX509Certificate().fingerprint256);
          socket.end();
        });
    """
    told = subprocess.run(
        [servers.program("node24"), "-e", script, str(server.https_port), NAME],
        capture_output=True,
        timeout=60,
        check=True,
    )
    return told.stdout.decode().strip().replace(":", "").lower()


@pytest.mark.server("node24")
@pytest.mark.parametrize(
    "group",
    ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "MLKEM768", "MLKEM1024"],
)
def test_a_server_of_one_post_quantum_group_is_read(pem_files, leaves, group):
    options = f"ecdhCurve: '{group}', ALPNProtocols: ['h2', 'http/1.1'],"
    with servers.node(
        https=pem_files(leaves["ECDSA"]), options=options, protocols="TLSv1.3", program="node24"
    ) as server:
        endpoint = complete(server, (*HANDSHAKES, "groups"))
        if group.startswith("X25519"):  # what Node's own client offers by default
            assert completed_by_node(server) == fingerprint(leaves["ECDSA"])
    assert endpoint.groups == {"TLSv1.3": (group,)}
    assert shown(endpoint) == [(True, "ECDSA", fingerprint(leaves["ECDSA"]))]
    assert endpoint.features["tls13_resumption"] is True
    assert set(endpoint.features["alpn"]) == {"h2", "http/1.1"}


@pytest.mark.server("node24")
def test_what_cannot_be_completed_is_open(pem_files, leaves):
    with servers.node(
        https=pem_files(leaves["ECDSA"]),
        options="ecdhCurve: 'MLKEM512',",
        protocols="TLSv1.3",
        program="node24",
    ) as server:
        endpoint = look(server, (*HANDSHAKES, "groups"))
    assert endpoint.groups == {"TLSv1.3": ("MLKEM512",)}
    assert endpoint.certificates is endpoint.signature_algorithms is None
    assert not {"alpn", "early_data", "tls13_resumption", "sni_required"} & set(endpoint.features)
    assert {gap.part for gap in endpoint.inconclusive} == set(HANDSHAKES)
    assert all("MLKEM512" in gap.reason for gap in endpoint.inconclusive)


@pytest.mark.server("node24")
@pytest.mark.parametrize("kind", ["44", "65", "87"])
def test_a_key_of_ml_dsa_is_read(pem_files, kind):
    leaf = issue(NAME, by=ISSUING, key=getattr(mldsa, f"MLDSA{kind}PrivateKey").generate())
    with servers.node(https=pem_files(leaf), protocols="TLSv1.3", program="node24") as server:
        endpoint = complete(server)
        assert completed_by_node(server) == fingerprint(leaf)
    assert shown(endpoint) == [(True, f"ML-DSA-{kind}", fingerprint(leaf))]
    assert endpoint.signature_algorithms == {"TLSv1.3": (f"mldsa{kind}",)}


@contextlib.asynccontextmanager
async def faulty(port, fails):
    """A proxy to a port that resets each connection whose number `fails`; gives its port."""
    numbers = itertools.count()

    async def pump(reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader, writer):
        if fails(next(numbers)):
            await reader.read(10)
            raw = writer.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
        upstream, onwards = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(pump(reader, onwards), pump(upstream, writer))
        finally:
            for end in (writer, onwards):
                end.transport.abort()

    async with tcp_server(serve) as proxy:
        yield proxy


@pytest.mark.server("nginx")
@pytest.mark.parametrize("every", [3, 2])
def test_faults_make_no_facts(pem_files, leaves, every):
    """Where connections are reset, what is told is what is told without faults."""

    async def through(port):
        async with faulty(port, lambda number: number % every == every - 1) as faulty_port:
            return await probe_async(
                f"{NAME}:{faulty_port}",
                address="127.0.0.1",
                parts=HANDSHAKES,
                settings=Settings(answer_timeout_s=20.0),
                stores={"ca-file": (ROOT.der,)},
            )

    rsa, ecdsa = pem_files(leaves["RSA"]), pem_files(leaves["ECDSA"])
    extra = also(ecdsa) + "ssl_early_data on;"
    with servers.nginx(https=rsa, extra=extra) as server:
        truth = complete(server)
        endpoint = asyncio.run(through(server.https_port))
    features = endpoint.features or {}
    assert {name: truth.features[name] for name in features} == features
    assert {chain.chain[0] for chain in endpoint.certificates or ()} <= {
        chain.chain[0] for chain in truth.certificates
    }
    for version, schemes in (endpoint.signature_algorithms or {}).items():
        assert set(schemes) <= set(truth.signature_algorithms[version])
    missing = (set(truth.features) - set(features)) | (
        set(truth.signature_algorithms["TLSv1.3"])
        - set((endpoint.signature_algorithms or {}).get("TLSv1.3", ()))
    )
    assert bool(missing) <= bool(endpoint.inconclusive)
    if every == 3:  # asked again alone, most questions are answered
        assert len(missing) <= 0.2 * len(truth.features)


@pytest.mark.server("nginx")
@pytest.mark.parametrize(("kind", "most"), [("RSA", 7), ("ECDSA", 5)])
def test_handshakes_are_few(pem_files, leaves, kind, most):
    """One with everything, two further schemes of an RSA key, one for another key, one without a
    name, one with a ticket, and one for ALPN; the other rides in one of these."""
    with servers.nginx(https=pem_files(leaves[kind]), protocols="TLSv1.3") as server:
        versions = look(server, ())
        endpoint = look(server)
    assert endpoint.connections - versions.connections <= most


@pytest.mark.parametrize(("cuts", "is_believed"), [(1, False), (2, True)])
def test_protocols_are_not_doubted_for_connections_that_are_cut_by_chance(cuts, is_believed):
    """``cuts`` handshakes with protocols come to nothing after the first; all without them go."""
    finished, left = Result13(), [cuts]

    async def ask(_, *, protocols=None, **words):
        offered = client.protocols if protocols is None else protocols
        left[0] -= bool(offered)
        return finished if not offered or left[0] < 0 else Unknown("closed in mid-flight")

    client = SimpleNamespace(ask=ask, protocols=("h2", "http/1.1"))

    async def opened():
        opening = _Opening()
        return await opening._without_protocols(client, Unknown("closed in mid-flight"), {})

    assert asyncio.run(opened()) is finished
    assert (client.protocols == ()) is is_believed
