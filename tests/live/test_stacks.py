"""The probe on real stacks: the truth is a whole handshake of OpenSSL, or the configuration."""

import contextlib
import re
import ssl
import subprocess
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import servers
import tls_truth as truth
from certificates import issue
from plainwire.live.settings import Settings
from plainwire.policy.suites import suites
from plainwire.policy.versions import WORDS
from plainwire.tls import probe
from servers.recording import listening

ISSUING = issue("Stacks Issuing CA", ca=True, by=issue("Stacks Root", ca=True))
CODES = {suite.name: suite.code for suite in suites().values()}
VERSION = {word: version for version, word in WORDS.items()}
AEAD = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)


@pytest.fixture(scope="module")
def rsa(pem_files):
    return pem_files(issue(truth.NAME, by=ISSUING, key=2048))


@pytest.fixture(scope="module")
def ecdsa(pem_files):
    return pem_files(issue(truth.NAME, by=ISSUING))


def look(port, **options):
    """What is found with nothing left open, and found again right after."""
    first, second = (
        probe(
            f"{truth.NAME}:{port}",
            address="127.0.0.1",
            settings=Settings(answer_timeout_s=20.0),
            probes_attacks=True,
            **options,
        )
        for _ in range(2)
    )
    assert first.inconclusive == ()
    assert timeless(first) == timeless(second)
    return first


def timeless(found):
    """A result without what is the probe's own, and the server's clock."""
    features = {k: v for k, v in (found.features or {}).items() if k != "clock_skew_s"}
    return replace(found, features=features, connections=0, duration_s=0.0)


def codes(found, version):
    return {CODES[name] for name in found.ciphers.get(version, ())}


def agree_with_openssl(port, found, *, old_curves=True):
    """Hold everything that whole handshakes of OpenSSL can show against the probe's result."""
    by_handshake = truth.versions(port)
    assert {name: found.protocols[name] for name in by_handshake} == by_handshake
    for version in [name for name, is_taken in by_handshake.items() if is_taken]:
        if version == "TLSv1.3":
            assert set(found.ciphers[version]) == truth.suites_13(port)
            known = truth.GROUPS | truth.FIELDS
        else:
            assert codes(found, version) & set(
                truth.openssl_suites().values()
            ) - psk() == truth.suites(port, version)
            known = truth.GROUPS | truth.BRAINPOOL
            if version != "TLSv1.2" or version not in (found.groups or {}):
                continue
            schemes = set((found.signature_algorithms or {}).get(version, ()))  # none: anonymous
            assert schemes & truth.SCHEMES.keys() == truth.schemes(port)
        ours = set(found.groups[version]) & known.keys()
        assert ours == truth.groups(port, version, known)
    order_holds(port, found)


def psk():
    return {code for code, suite in suites().items() if "PSK" in suite.name or "SRP" in suite.name}


def order_holds(port, found):
    """What wins of the first and the last accepted suite, offered either way round."""
    for version, order in (found.cipher_order or {}).items():
        known = {CODES[name] for name in found.ciphers[version]} & set(
            truth.openssl_suites().values()
        )
        ranked = [CODES[name] for name in found.ciphers[version] if CODES[name] in known]
        ranked = [code for code in ranked if "CHACHA" not in suites()[code].name]
        if version == "TLSv1.3" or len(ranked) < 2:
            continue
        first, last = ranked[0], ranked[-1]
        forward = truth.preferred(port, version, (first, last))
        backward = truth.preferred(port, version, (last, first))
        assert (forward, backward) == ((first, first) if order == "server" else (first, last))


def both(second):
    return f"ssl_certificate {second.chain};\nssl_certificate_key {second.key};"


@pytest.mark.server("openssl")
@pytest.mark.slow
@pytest.mark.parametrize("curve", [ec.BrainpoolP256R1, ec.SECP256K1])
def test_a_certificate_on_a_curve_that_is_seldom_hides_no_group(curve, pem_files):
    """TLS 1.2 takes no group of a client that does not know the curve of the certificate."""
    leaf = pem_files(issue(truth.NAME, by=ISSUING, key=ec.generate_private_key(curve())))
    with servers.s_server(leaf, ("-tls1_2",)) as server:
        found = look(server.https_port)
        known = {"x25519", "secp256r1", "secp384r1", "secp521r1", "x448"}
        words = truth.VERSIONS["TLSv1.2"][1], "-groups"
        taken = {
            name
            for name in known
            if truth.s_client(server.https_port, *words, f"{curve.name}:{truth.GROUPS[name]}")
        }
    assert set(found.groups["TLSv1.2"]) == taken == known


@pytest.mark.server("openssl")
@pytest.mark.slow
def test_a_server_of_keys_that_were_shared_before_signs_nothing(rsa):
    options = ("-tls1_2", "-nocert", "-psk", "1a2b", "-cipher", "PSK:@SECLEVEL=0")
    with servers.s_server(rsa, options) as server:
        found = probe(f"{truth.NAME}:{server.https_port}", address="127.0.0.1", parts=CHOICES)
    assert found.inconclusive == ()
    assert found.signature_algorithms is None
    assert codes(found, "TLSv1.2") & psk()


CHOICES = ("versions", "ciphers", "groups", "signature_algorithms")
ALL = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
NGINX = {
    "default": {"ciphers": "HIGH:!aNULL:!MD5"},
    "hardened": {"ciphers": AEAD, "extra": "@both"},
    "server-order": {"ciphers": "DEFAULT", "extra": "ssl_prefer_server_ciphers on;"},
    "odd-order": {
        "ciphers": "AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA",
        "extra": "ssl_prefer_server_ciphers on;",
    },
    "everything": {
        "ciphers": ALL,
        "protocols": "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
        "extra": "@both\nssl_prefer_server_ciphers on;",
    },
    "one-curve": {"ciphers": AEAD, "extra": "ssl_ecdh_curve secp384r1;"},
    "tls12-one-suite": {"ciphers": "AES256-GCM-SHA384", "protocols": "TLSv1.2"},
    "tls13-alone": {"protocols": "TLSv1.3"},
    "old-alone": {"ciphers": "DEFAULT:@SECLEVEL=0", "protocols": "TLSv1 TLSv1.1"},
}


@pytest.mark.server("nginx")
@pytest.mark.slow
@pytest.mark.parametrize("name", NGINX)
def test_nginx(name, rsa, ecdsa):
    words = dict(NGINX[name])
    words["extra"] = words.get("extra", "").replace("@both", both(ecdsa))
    with servers.nginx(rsa, **words) as server:
        found = look(server.https_port)
        agree_with_openssl(server.https_port, found)
        assert (found.features["grease_tolerant"], found.features["large_hello_tolerant"]) == (
            True,
            True,
        )
    if "prefer_server" in words["extra"]:
        assert found.cipher_order["TLSv1.2"] == "server"


@pytest.mark.server("nginx")
@pytest.mark.slow
def test_a_certificate_with_ecdsa_alone(ecdsa):
    with servers.nginx(ecdsa, ciphers=AEAD) as server:
        found = look(server.https_port)
        # Its curve has to be among a client's groups in TLS 1.2 (RFC 8422, 5.1), so a handshake
        # with x25519 alone fails, and one with both does not.
        assert set(found.groups["TLSv1.2"]) >= {"x25519", "secp256r1", "secp384r1"}
        words = ("-tls1_2", "-groups", "X25519:P-256")
        assert truth.s_client(server.https_port, *words)
        assert codes(found, "TLSv1.2") == truth.suites(server.https_port, "TLSv1.2")


@pytest.mark.server("apache")
@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        {},
        {"ciphers": "HIGH:!aNULL", "extra": "SSLHonorCipherOrder on"},
        {"ciphers": "ALL:@SECLEVEL=0", "protocols": "TLSv1 TLSv1.1 TLSv1.2"},
        {"ciphers": AEAD, "extra": "SSLOpenSSLConfCmd Curves P-384:P-256"},
    ],
    ids=["default", "server-order", "old", "curves"],
)
def test_apache(words, rsa):
    with servers.apache(rsa, **words) as server:
        agree_with_openssl(server.https_port, look(server.https_port))


@pytest.mark.server("haproxy")
@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        {},
        {"ciphers": AEAD, "protocols": "TLSv1.2"},
        {"ciphers": "DEFAULT:@SECLEVEL=0", "protocols": "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"},
    ],
    ids=["default", "hardened", "old"],
)
def test_haproxy(words, rsa):
    with servers.haproxy(rsa, **words) as server:
        agree_with_openssl(server.https_port, look(server.https_port))


@pytest.mark.server("haproxy")
@pytest.mark.slow
@pytest.mark.parametrize("order", ["", "prefer-client-ciphers"])
def test_haproxy_chooses_its_certificate_by_the_offer_and_then_refuses_it(
    order, rsa, ecdsa, tmp_path
):
    """A suite with ECDSA that it has not got, among those with RSA that it has, hides them all."""
    other = tmp_path / "ecdsa.pem"
    other.write_text(ecdsa.chain.read_text() + ecdsa.key.read_text())
    with servers.haproxy(
        rsa,
        bind=f"crt {other} {order}",
        ciphers="ALL:!aNULL:!AESCCM:@SECLEVEL=0",
        protocols="TLSv1.2",
    ) as server:
        found = look(server.https_port, parts=("ciphers",))
        assert codes(found, "TLSv1.2") == truth.suites(server.https_port, "TLSv1.2")


@pytest.mark.server("openssl")
@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-tls1_2", "-cipher", "ALL:eNULL:@SECLEVEL=0", "-serverpref"),
        ("-cipher", "aNULL:@SECLEVEL=0", "-tls1_2"),
        ("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256"),
        ("-groups", "P-521:X448:ffdhe4096"),
        ("-serverpref", "-prioritize_chacha", "-cipher", AEAD),
    ],
    ids=["default", "null", "anonymous", "ccm", "groups", "chacha"],
)
def test_s_server_which_serves_one_at_a_time(options, rsa):
    with servers.s_server(rsa, options) as server:
        found = look(server.https_port)
        agree_with_openssl(server.https_port, found)
    if "-prioritize_chacha" in options:
        assert found.features["chacha_priority"] is True


@pytest.mark.server("stunnel")
@pytest.mark.slow
@pytest.mark.parametrize(
    "extra",
    ["", f"ciphers = {AEAD}\ncurves = P-256:P-384", "sslVersion = TLSv1.2\nciphers = AES128-SHA"],
    ids=["default", "hardened", "one"],
)
def test_stunnel(extra, rsa):
    with servers.stunnel(rsa, extra) as server:
        agree_with_openssl(server.https_port, look(server.https_port))


@pytest.mark.server("node")
@pytest.mark.slow
def test_node(rsa):
    with servers.node(rsa, ciphers=f"{AEAD}:AES128-SHA256") as server:
        agree_with_openssl(server.https_port, look(server.https_port))


@pytest.mark.server("node24")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ("X25519MLKEM768:X25519:P-256", ["X25519MLKEM768", "x25519", "secp256r1"]),
        ("X25519MLKEM768", ["X25519MLKEM768"]),
        (
            "SecP384r1MLKEM1024:SecP256r1MLKEM768:MLKEM768",
            ["SecP384r1MLKEM1024", "SecP256r1MLKEM768", "MLKEM768"],
        ),
    ],
)
def test_node_24_and_its_post_quantum_groups(curves, expected, rsa):
    with servers.node(
        rsa, protocols="TLSv1.3 TLSv1.3", options=f"ecdhCurve: '{curves}',", program="node24"
    ) as server:
        found = look(server.https_port)
        assert sorted(found.groups["TLSv1.3"]) == sorted(expected)
        assert set(found.ciphers["TLSv1.3"]) == {
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_AES_128_GCM_SHA256",
        }
        assert found.features["large_hello_tolerant"] is True


@pytest.mark.slow
@pytest.mark.parametrize("oldest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_python(oldest, rsa):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(rsa.chain, rsa.key)
    context.minimum_version = oldest
    with python_server(context) as port:
        agree_with_openssl(port, look(port))


@contextlib.contextmanager
def python_server(context):
    def behave(connection):
        connection.peer.settimeout(20)
        with context.wrap_socket(connection.peer, server_side=True) as tls:
            tls.recv(1)

    with listening(behave) as server:
        yield server.port


GNUTLS = [
    "NORMAL",
    "SECURE256",
    "NORMAL:%SAFE_RENEGOTIATION",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA",
    "LEGACY:+VERS-TLS1.0:+VERS-TLS1.1:+VERS-TLS1.2:%SERVER_PRECEDENCE",
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP521R1:+GROUP-FFDHE3072",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:+ANON-ECDH:+ANON-DH:+NULL:+3DES-CBC:+ARCFOUR-128:+CAMELLIA-128-CBC",
]


def gnutls_list(priority):
    """(code point, oldest version) of each suite of a priority string, as GnuTLS lists them."""
    done = subprocess.run(
        ["gnutls-cli", "-l", "--priority", priority], capture_output=True, text=True, check=True
    )
    rows = re.findall(r"^TLS_(\S+)\s+0x(..), 0x(..)\s+(\S+)", done.stdout, re.MULTILINE)
    offered = re.search(r"^Protocols: (.*)", done.stdout, re.MULTILINE).group(1)
    return [(name, int(a + b, 16), since) for name, a, b, since in rows], offered


@pytest.mark.server("gnutls")
@pytest.mark.slow
@pytest.mark.parametrize("priority", GNUTLS)
def test_gnutls(priority, rsa):
    rows, protocols = gnutls_list(priority)
    with servers.gnutls(rsa, priority) as server:
        found = look(server.https_port)
        if found.protocols["TLSv1.3"]:
            # No key for tickets was set (gnutls_session_ticket_enable_server), so it sends none;
            # and it closes over our close_notify, unread, which resets the connection.
            assert found.features["tls13_tickets"] == 0
            assert found.features["tls13_resumption"] is False
        by_openssl = truth.versions(server.https_port)
    wanted = {
        f"TLSv{word.removeprefix('VERS-TLS')}"
        for word in protocols.split(", ")
        if "DTLS" not in word
    }
    expected = {
        version: {
            code
            for name, code, since in rows
            if (since == "TLS1.3") == (version == "TLSv1.3")
            and f"TLSv{since.removeprefix('TLS')}" <= version
            # There are no credentials but a certificate with RSA; anonymous suites are chosen,
            # and then fail.
            and not any(word in name for word in ("ECDSA", "PSK", "SRP", "ANON", "DHE_DSS"))
        }
        for version in wanted
    }
    by_suites = {version for version, taken in expected.items() if taken}
    assert {name for name, is_taken in found.protocols.items() if is_taken} == by_suites
    assert {name for name, is_taken in by_openssl.items() if is_taken} <= by_suites
    for version in by_suites:
        assert codes(found, version) == expected[version], version


JAVA_SUITES = [
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
]
JAVA = {
    "default": {},
    "server": {"protocols": ["TLSv1.2"], "suites": JAVA_SUITES},
    "client": {"protocols": ["TLSv1.2"], "suites": JAVA_SUITES, "order": "client"},
    "old": {
        "protocols": ["TLSv1", "TLSv1.1", "TLSv1.2"],
        "suites": ["SSL_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"],
    },
    "sslv3": {
        "protocols": ["SSLv3", "TLSv1"],
        "suites": ["SSL_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"],
    },
    "anonymous": {
        "protocols": ["TLSv1.2"],
        "suites": ["TLS_DH_anon_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_NULL_SHA256"],
    },
    "groups": {"groups": "secp521r1,x25519,ffdhe2048"},
}
JAVA_WORD = {"TLSv1": "TLSv1.0"}
# Key exchanges of SSLv3 with curves, which no hello of SSLv3 can name.
JAVA["sslv3-curves"] = {
    "protocols": ["SSLv3", "TLSv1"],
    "suites": ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"],
}
JAVA["sslv3-alone"] = JAVA["sslv3-curves"] | {"protocols": ["SSLv3"]}


@pytest.mark.server("java")
@pytest.mark.slow
@pytest.mark.parametrize("name", JAVA)
def test_java(name, rsa):
    words = JAVA[name]
    with servers.java(rsa, **words) as server:
        found = look(server.https_port)
        enabled = re.search(r"^enabled (\S+)", server.log(), re.MULTILINE).group(1).split(",")
    protocols = {JAVA_WORD.get(one, one) for one in words.get("protocols", ("TLSv1.2", "TLSv1.3"))}
    assert {word for word, is_taken in found.protocols.items() if is_taken} == protocols
    names = [one.replace("SSL_", "TLS_") for one in enabled if "SCSV" not in one]
    names = [one for one in names if not any(w in one for w in ("ECDSA", "DSS", "ECDH_RSA"))]
    for version in protocols:
        fitting = [one for one in names if suites()[CODES[one]].fits(VERSION[version])]
        assert set(found.ciphers[version]) == set(fitting), version
        if found.cipher_order.get(version) == "server" and version != "TLSv1.3":
            assert list(found.ciphers[version]) == fitting
    if name in ("server", "client"):
        assert found.cipher_order["TLSv1.2"] == name
    if name.startswith("sslv3-"):
        assert set(found.groups or ()) == protocols - {"SSLv3"}
    if name == "groups":
        assert set(found.groups["TLSv1.3"]) == {"secp521r1", "x25519", "ffdhe2048"}
    if name == "default":  # nothing is forbidden here (jdk.tls.disabledAlgorithms)
        assert {"rsa_pkcs1_md5", "rsa_pkcs1_sha1"} <= set(found.signature_algorithms["TLSv1.2"])


@pytest.mark.server("java")
@pytest.mark.slow
def test_java_that_may_not_sign_with_what_is_offered_leaves_nothing_open(rsa):
    """It chooses a suite, sends its certificate, and then internal_error, which refuses if twice.

    That is what a JDK as it is installed does, which forbids MD5 and more.
    """
    with servers.java(rsa, forbids="MD5, SHA1withRSA") as server:
        found = look(server.https_port)
        expected = truth.schemes(server.https_port)
    schemes = set(found.signature_algorithms["TLSv1.2"])
    assert schemes & truth.SCHEMES.keys() == expected
    assert not schemes & {"rsa_pkcs1_sha1", "rsa_pkcs1_md5"}
    curves = {"x25519", "secp256r1", "secp384r1", "secp521r1", "x448"}
    assert set(found.groups["TLSv1.2"]) == curves


TLSLITE = {
    "default": {},
    "sslv3": {
        "minVersion": [3, 0],
        "maxVersion": [3, 0],
        "cipherNames": ["rc4", "3des", "null"],
        "macNames": ["md5", "sha"],
        "keyExchangeNames": ["rsa"],
    },
    "old": {
        "minVersion": [3, 0],
        "maxVersion": [3, 2],
        "cipherNames": ["aes128", "3des", "rc4"],
        "macNames": ["sha"],
        "keyExchangeNames": ["rsa", "dhe_rsa"],
    },
    "anonymous": {
        "maxVersion": [3, 3],
        "minVersion": [3, 3],
        "cipherNames": ["aes128", "aes128gcm"],
        "keyExchangeNames": ["dh_anon", "ecdh_anon"],
    },
}
TLSLITE_SUITES = {
    "sslv3": {
        "SSLv3": {
            "TLS_RSA_WITH_RC4_128_MD5",
            "TLS_RSA_WITH_RC4_128_SHA",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_RSA_WITH_NULL_MD5",
            "TLS_RSA_WITH_NULL_SHA",
        }
    },
    "old": {
        version: {
            f"TLS_{exchange}_WITH_{cipher}"
            for exchange in ("RSA", "DHE_RSA")
            for cipher in ("AES_128_CBC_SHA", "3DES_EDE_CBC_SHA")
        }
        | {"TLS_RSA_WITH_RC4_128_SHA"}
        for version in ("SSLv3", "TLSv1.0", "TLSv1.1")
    },
    "anonymous": {
        "TLSv1.2": {
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
            "TLS_DH_anon_WITH_AES_128_CBC_SHA256",
            "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
            "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
        }
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TLSLITE)
def test_tlslite(name, rsa):
    with servers.tlslite(rsa, TLSLITE[name], is_anonymous=name == "anonymous") as server:
        found = look(server.https_port)
        if name == "default":
            agree_with_openssl(server.https_port, found)
            # It is given no protocols, and then drops who offers any in TLS 1.3.
            assert found.features["alpn"] == ()
            assert found.certificates and found.signature_algorithms["TLSv1.3"]
    for version, expected in TLSLITE_SUITES.get(name, {}).items():
        assert set(found.ciphers[version]) == expected, version


@pytest.mark.server("caddy")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (
            "ciphers TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_128_CBC_SHA\n"
            "curves secp384r1 x25519",
            {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"},
        ),
        ("", None),
    ],
    ids=["configured", "default"],
)
def test_caddy_which_is_go(extra, expected, rsa):
    with servers.caddy(rsa, tls=extra) as server:
        found = look(server.https_port)
        agree_with_openssl(server.https_port, found)
    # Go always goes by an order of its own: one for clients with AES hardware, one for the others.
    assert found.cipher_order["TLSv1.2"] == "server"
    if not expected:
        assert found.features["chacha_priority"] is True
    if expected:
        assert set(found.ciphers["TLSv1.2"]) == expected
        assert set(found.groups["TLSv1.3"]) == {"secp384r1", "x25519"}
