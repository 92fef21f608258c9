"""The registry tables: facts of their RFCs, and what hellos offer from them."""

import pytest

from plainwire.policy.families import offers
from plainwire.policy.suites import (
    groups,
    offered_groups,
    offered_schemes,
    signature_schemes,
    suite_name,
    suites,
)
from plainwire.policy.versions import Version, version_name


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),  # RFC 5246, A.5
        (0x00FF, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),  # RFC 5746, 3.3
        (0x1301, "TLS_AES_128_GCM_SHA256"),  # RFC 8446, B.4
        (0x1305, "TLS_AES_128_CCM_8_SHA256"),  # RFC 8446, B.4
        (0x5600, "TLS_FALLBACK_SCSV"),  # RFC 7507, section 2
        (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),  # RFC 5289, section 5
        (0xC09E, "TLS_DHE_RSA_WITH_AES_128_CCM"),  # RFC 6655, section 6
        (0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),  # RFC 7251, section 3
        (0xC0B4, "TLS_SHA256_SHA256"),  # RFC 9150, section 11
        (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),  # RFC 7905, section 3
        (0xD001, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256"),  # RFC 8442, section 4
        (0xFAFA, "0xfafa"),
    ],
)
def test_a_suite_has_the_name_of_its_rfc(code, name):
    assert suite_name(code) == name


def test_groups_and_schemes_have_the_names_of_their_rfcs():
    assert [groups()[code] for code in (23, 29, 256)] == ["secp256r1", "x25519", "ffdhe2048"]
    assert groups()[0x11EC] == "X25519MLKEM768"
    assert signature_schemes()[0x0403] == "ecdsa_secp256r1_sha256"
    assert signature_schemes()[0x0804] == "rsa_pss_rsae_sha256"


def offered(version):
    return {code for offer in offers(version) for code in offer}


@pytest.mark.parametrize("version", Version)
def test_every_suite_that_fits_is_offered_once_in_hellos_below_128_suites(version):
    together = [code for offer in offers(version) for code in offer]
    assert len(together) == len(set(together))
    assert max(map(len, offers(version))) < 128


def test_tls_1_3_has_suites_of_its_own():
    assert {0x1301, 0x1302, 0x1303, 0x1304, 0x1305} <= offered(Version.TLS_1_3)
    assert not offered(Version.TLS_1_3) & offered(Version.TLS_1_2)


def test_every_other_suite_but_signalling_values_and_the_null_one_is_offered_in_tls_1_2():
    missing = set(suites()) - offered(Version.TLS_1_2) - offered(Version.TLS_1_3)
    assert missing == {0x0000, 0x00FF, 0x5600}


@pytest.mark.parametrize("code", [0x003C, 0x009C, 0xC02F, 0xC09C, 0xCCA8])
def test_aead_and_sha256_suites_are_not_offered_before_tls_1_2(code):
    assert code in offers(Version.TLS_1_2)[0]
    assert code not in offered(Version.TLS_1_1)


@pytest.mark.parametrize("code", [0x0004, 0x0005, 0x000A, 0x002F, 0x0035, 0xC013])
def test_the_suites_that_old_servers_have_are_in_the_first_hello(code):
    assert code in offers(Version.SSL_3_0)[0]
    assert code in offers(Version.TLS_1_0)[0]


def test_offered_groups_and_schemes_are_of_their_version():
    assert {0x11EC, 0x001D, 0x0017, 0x0100} <= set(offered_groups(Version.TLS_1_3))
    assert not {1, 0x0016} & set(offered_groups(Version.TLS_1_3))  # obsolete: RFC 8446, 4.2.7
    assert 0x11EC not in offered_groups(Version.TLS_1_2)
    assert offered_schemes(Version.TLS_1_1) == ()
    assert {0x0201, 0x0202, 0x0403, 0x0804} <= set(offered_schemes(Version.TLS_1_2))


def test_versions_have_the_words_of_the_report():
    words = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3", "0x7f1c"]
    assert [version_name(code) for code in (0x300, 0x301, 0x302, 0x303, 0x304, 0x7F1C)] == words
