"""Attacks derived from what a server accepts: each where its paper says so, none where unknown."""

import pytest

from plainwire.model import DhParameters
from plainwire.policy.weaknesses import ATTACKS, derived
from tls_endpoints import CBC, GCM, endpoint, gap, without

DHE = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
EXPORT_DHE = "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"


def suites(*names, version="TLSv1.2"):
    return endpoint("TLSv1.2", version, suites={version: (GCM, *names)})


def with_dh(*names, bits=2048, common=None, reused=False):
    return endpoint(suites={"TLSv1.2": (GCM, DHE, *names)}, dh=DhParameters(bits, common, reused))


SEEN = {
    "drown": [endpoint("SSLv2", "TLSv1.2")],
    "logjam": [
        with_dh(EXPORT_DHE),
        with_dh(bits=512),
        with_dh(bits=1023),
        with_dh(bits=1024, common="oakley2-1024"),
        suites(EXPORT_DHE),
    ],
    "freak": [suites("TLS_RSA_EXPORT_WITH_RC4_40_MD5", version="TLSv1.0")],
    "poodle": [endpoint("SSLv3", "TLSv1.2")],
    "sweet32": [
        suites("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
        suites("TLS_RSA_WITH_IDEA_CBC_SHA"),
        suites("TLS_RSA_WITH_DES_CBC_SHA"),
    ],
    "rc4": [suites("TLS_RSA_WITH_RC4_128_SHA")],
    "beast": [endpoint("TLSv1.0", "TLSv1.2"), endpoint("SSLv3", "TLSv1.2")],
    "lucky13": [suites(CBC), endpoint("TLSv1.1", "TLSv1.2")],
    "crime": [endpoint(features={"compression": True})],
    "raccoon": [suites("TLS_DH_RSA_WITH_AES_128_CBC_SHA"), with_dh(reused=True)],
}
NOT_THERE = {
    "logjam": [with_dh(), with_dh(bits=1024), with_dh(bits=2048, common="modp2048")],
    "poodle": [
        endpoint("SSLv3", "TLSv1.2", suites={"SSLv3": ("TLS_RSA_WITH_RC4_128_SHA",)}),
        endpoint("TLSv1.0"),
    ],
    "beast": [
        endpoint("TLSv1.1"),
        endpoint("TLSv1.0", suites={"TLSv1.0": ("TLS_RSA_WITH_RC4_128_SHA",)}),
    ],
    "lucky13": [
        endpoint(suites={"TLSv1.2": (CBC,)}, features={"encrypt_then_mac": True}),
    ],
    # TLS 1.3 alone, which has no compression to ask for.
    "crime": [endpoint("TLSv1.3", features=None)],
    "raccoon": [with_dh(reused=False), suites("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256")],
}
NOT_KNOWN = {
    "drown": [endpoint(protocols=without(endpoint().protocols, "SSLv2"))],
    "logjam": [suites(DHE), endpoint(inconclusive=(gap("ciphers", "suites of TLSv1.2?"),))],
    "freak": [endpoint(ciphers=None)],
    "poodle": [
        endpoint(protocols=without(endpoint().protocols, "SSLv3")),
        endpoint("SSLv3", ciphers={}),
    ],
    "sweet32": [endpoint(inconclusive=(gap("ciphers", "suites of TLSv1.2?"),))],
    "rc4": [endpoint("TLSv1.1", "TLSv1.2", ciphers={"TLSv1.2": (GCM,)})],
    "beast": [endpoint(protocols=without(endpoint().protocols, "TLSv1.0"))],
    "lucky13": [endpoint(suites={"TLSv1.2": (CBC,)}, features={})],
    "crime": [endpoint(features=None)],
    "raccoon": [
        with_dh(reused=None),
        suites(DHE),
        # What it sent was fresh, and whether a suite nobody asked about is static is not known.
        endpoint("TLSv1.1", "TLSv1.2", ciphers={"TLSv1.2": (GCM,)}, dh=DhParameters(2048)),
        endpoint(
            "TLSv1.1", "TLSv1.2", ciphers={"TLSv1.2": (GCM,)}, dh=DhParameters(2048, None, False)
        ),
    ],
}


def cases(table):
    return [(name, one) for name, found in table.items() for one in found]


@pytest.mark.parametrize(("name", "one"), cases(SEEN))
def test_a_precondition_that_was_seen_is_said(name, one):
    assert derived(one)[name] is True


@pytest.mark.parametrize(("name", "one"), cases(NOT_THERE))
def test_what_was_asked_and_is_not_there_is_said_to_be_absent(name, one):
    assert derived(one)[name] is False


@pytest.mark.parametrize(("name", "one"), cases(NOT_KNOWN))
def test_what_is_not_known_is_left_out(name, one):
    assert name not in derived(one)


def test_a_sound_server_has_none():
    assert derived(endpoint()) == dict.fromkeys(ATTACKS, False)
    assert derived(endpoint("TLSv1.3")) == dict.fromkeys(ATTACKS, False)


def test_a_gap_in_another_version_leaves_what_is_known_alone():
    found = derived(endpoint(inconclusive=(gap("ciphers", "which suites of TLSv1.3?"),)))
    assert found == dict.fromkeys(ATTACKS, False)


def test_nothing_is_said_of_what_speaks_no_tls():
    assert derived(endpoint(speaks_tls=None)) == {}
