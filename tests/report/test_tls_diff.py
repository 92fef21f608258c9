"""What changed between two results; whether a change is one follows from what each side knew."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from plainwire.model import DhParameters, PostQuantum, ProfileVerdict, Staple, UsageError
from plainwire.report.tls_diff import (
    Change,
    as_dict,
    diff,
    earlier,
    endpoint_dict,
    old_endpoints,
    render_json,
    render_text,
)
from tls_endpoints import AT, CBC, GCM, chain, endpoint, gap, leaf, without

SOUND = endpoint()


def changes(old, new):
    return [(str(change), change.direction) for change in diff(old, new).changes]


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (endpoint("TLSv1.0", "TLSv1.2", "TLSv1.3"), [("TLSv1.0: off -> on", "worse")]),
        (endpoint("TLSv1.2"), [("TLSv1.3: on -> off", "worse")]),
        (endpoint("TLSv1.3"), [("TLSv1.2: on -> off", "neutral")]),
        (
            endpoint(suites={"TLSv1.2": (GCM, CBC)}),
            [(f"TLSv1.2, {CBC}: refused -> accepted", "worse")],
        ),
        (
            endpoint(groups={"TLSv1.3": ("X25519MLKEM768", "x25519"), "TLSv1.2": ("x25519",)}),
            [
                ("TLSv1.3, secp256r1: accepted -> refused", "neutral"),
                ("TLSv1.3, X25519MLKEM768: refused -> accepted", "better"),
                ("TLSv1.2, secp256r1: accepted -> refused", "neutral"),
            ],
        ),
        (
            endpoint(features={**SOUND.features, "compression": True}),
            [("compression: off -> on", "worse")],
        ),
        (
            endpoint(features={**SOUND.features, "secure_renegotiation": False}),
            [("secure renegotiation: on -> off", "worse")],
        ),
        (
            endpoint(certificates=(chain(leaf(30, fingerprint_sha256="11" * 32)),)),
            [("certificate (any key): until 2026-08-30 -> until 2026-07-01", "neutral")],
        ),
        (
            endpoint(certificates=(chain(None, "expired", trusted_by=()),)),
            [
                ("certificate (any key), expired: no -> yes", "worse"),
                ("certificate (any key), trusted by: mozilla -> nobody", "worse"),
            ],
        ),
        (endpoint(speaks_tls=False), [("TLS: spoken -> not spoken", "worse")]),
    ],
)
def test_a_change_is_said_in_words_with_its_direction(new, expected):
    assert changes(SOUND, new) == expected
    opposite = {"worse": "better", "better": "worse", "neutral": "neutral"}
    back = sorted(direction for _, direction in changes(new, SOUND))
    assert back == sorted(opposite[direction] for _, direction in expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            {"dh": DhParameters(2048, None, False)},
            {"dh": DhParameters(1024, "oakley2-1024", True)},
            [
                ("Diffie-Hellman group: 2048 bits -> 1024 bits", "worse"),
                ("Diffie-Hellman value: fresh -> reused", "worse"),
            ],
        ),
        (
            {"vulnerabilities": {"robot": False}},
            {"vulnerabilities": {"robot": True}},
            [("robot: closed -> open", "worse")],
        ),
        (
            {"features": {"tls13_tickets": 1, "tls13_resumption": True}},
            {"features": {"tls13_tickets": 0, "tls13_resumption": False}},
            [
                ("tls13 tickets: 1 -> 0", "neutral"),
                ("tls13 resumption: on -> off", "neutral"),
            ],
        ),
        (
            {"profiles": {"rfc9325": ProfileVerdict(False, ("remove TLSv1.0",))}},
            {"profiles": {"rfc9325": ProfileVerdict(True)}},
            [("profile rfc9325: not met -> met", "better")],
        ),
        (
            {"post_quantum": PostQuantum(False, "x")},
            {"post_quantum": PostQuantum(True, "y")},
            [("post-quantum: not ready -> ready", "better")],
        ),
        (
            {"cipher_order": {"TLSv1.2": "server"}},
            {"cipher_order": {"TLSv1.2": "client"}},
            [("TLSv1.2, order of suites: server's -> client's", "neutral")],
        ),
        (
            {"signature_algorithms": {"TLSv1.2": ("rsa_pkcs1_sha256",)}},
            {"signature_algorithms": {"TLSv1.2": ("rsa_pkcs1_sha256", "rsa_pkcs1_sha1")}},
            [("TLSv1.2, rsa_pkcs1_sha1: refused -> accepted", "worse")],
        ),
        (
            {"certificates": (chain(staple=Staple("good", AT)),)},
            {"certificates": (chain(staple=Staple("revoked", AT)),)},
            [("certificate (any key), staple: good -> revoked", "worse")],
        ),
        (
            {"certificates": (chain(leaf(key_type="RSA", key_bits=2048)),)},
            {"certificates": (chain(leaf(key_type="RSA", key_bits=1024)),)},
            [("certificate (any key), key: RSA 2048 bits -> RSA 1024 bits", "worse")],
        ),
        (
            {"certificates": (chain(),)},
            {"certificates": (chain(leaf(key_flaws=("roca",))),)},
            [("certificate (any key), key flaws: none -> roca", "worse")],
        ),
    ],
)
def test_each_part_is_compared(old, new, expected):
    assert changes(endpoint(**old), endpoint(**new)) == expected
    assert changes(endpoint(**old), endpoint(**old)) == []


@pytest.mark.parametrize(
    ("lack", "what"),
    [
        ({"protocols": without(SOUND.protocols, "SSLv2")}, "versions, SSLv2"),
        ({"protocols": None}, "versions"),
        ({"ciphers": None}, "suites"),
        ({"ciphers": {"TLSv1.3": SOUND.ciphers["TLSv1.3"]}}, "suites, TLSv1.2"),
        ({"groups": None}, "groups"),
        ({"certificates": None}, "certificates"),
        ({"features": without(SOUND.features, "compression")}, "features, compression"),
        ({"features": None}, "features"),
        ({"speaks_tls": None}, "whether it speaks TLS"),
        (
            {"certificates": (chain(problems_checked=("expired",)),)},
            "certificate (any key), revoked",
        ),
    ],
)
def test_what_a_side_did_not_look_at_is_not_compared_and_no_change(lack, what):
    for old, new, why in (
        (endpoint(**lack), SOUND, "not looked at before"),
        (SOUND, endpoint(**lack), "not looked at now"),
    ):
        found = diff(old, new)
        assert found.changes == ()
        assert (what, why) in found.not_compared


def test_a_suite_that_a_question_without_an_answer_could_have_shown_is_no_change():
    less = endpoint(inconclusive=(gap("ciphers", "which of 2 cipher suites of TLSv1.2?"),))
    more = endpoint(suites={"TLSv1.2": (GCM, CBC)})
    gone, come = diff(more, less), diff(less, more)
    assert gone.changes == come.changes == ()
    assert gone.not_compared == ((f"TLSv1.2, {CBC}", "a question got no answer now"),)
    elsewhere = replace(less, inconclusive=(gap("ciphers", "which of 2 suites of TLSv1.3?"),))
    assert len(diff(more, elsewhere).changes) == 1
    assert len(diff(more, replace(less, inconclusive=(gap("groups"),))).changes) == 1


def test_an_old_report_compares_as_the_result_itself():
    new = endpoint("TLSv1.1", "TLSv1.2", certificates=(chain(None, "expired"),))
    document = {"tls": [json.loads(json.dumps(endpoint_dict(SOUND)))]}
    for text in (json.dumps(document), json.dumps([document]), json.dumps(document) + "\n"):
        (old,) = old_endpoints(text)
        assert diff(old, new) == diff(SOUND, new)
    lines = "\n".join(json.dumps(document) for _ in range(3))
    assert len(old_endpoints(lines)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[1]",
        "{}",
        '{"tls": 1}',
        '{"tls": [1]}',
        '{"tls": [{"protocols": []}]}',
        '{"tls": [{"ciphers": {"TLSv1.2": 1}}]}',
        '{"tls": [{"certificates": [{"chain": [1]}]}]}',
        '{"tls": [{"certificates": [{"problems": [{}]}]}]}',
        '{"tls": [{"profiles": {"x": 1}}]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_report_is_the_callers_mistake(text):
    with pytest.raises(UsageError):
        old_endpoints(text)


def test_the_earlier_result_is_the_one_about_the_same_place():
    olds = [endpoint_dict(replace(SOUND, address=a)) for a in ("192.0.2.1", "192.0.2.2")]
    assert earlier(olds, replace(SOUND, address="192.0.2.1"))["address"] == "192.0.2.1"
    assert earlier(olds, replace(SOUND, address="192.0.2.9"))["address"] == "192.0.2.2"
    assert earlier(olds, replace(SOUND, port=8443)) is None
    assert earlier(olds, replace(SOUND, starttls="smtp")) is None


def test_both_renderings():
    old = endpoint("TLSv1.0", "TLSv1.2", groups=None)
    found = diff(old, endpoint("SSLv3", "TLSv1.2"))
    assert render_text([found]) == snapshot("""\
api.example.com:443
  worse    SSLv3: off -> on
  better   TLSv1.0: on -> off
  not compared: groups: not looked at before
""")
    assert as_dict(found) == json.loads(render_json([found]))
    assert as_dict(found) == snapshot(
        {
            "schema": "plainwire-tls-diff/1",
            "host": "api.example.com",
            "port": 443,
            "changes": [
                {"what": "SSLv3", "was": "off", "now": "on", "direction": "worse"},
                {"what": "TLSv1.0", "was": "on", "now": "off", "direction": "better"},
            ],
            "not_compared": [{"what": "groups", "why": "not looked at before"}],
        }
    )
    assert [type(one) for one in json.loads(render_json([found, found]))] == [dict, dict]
    assert found.is_worse and render_text([diff(SOUND, SOUND)]).endswith("no change\n")


def test_hostile_words_of_a_saved_report_are_not_printed_raw():
    old = endpoint_dict(SOUND) | {"ciphers": {"TLSv1.2": [GCM, "\x1b[31mred"]}}
    assert "\x1b" not in render_text([diff(old, SOUND)])
    assert Change("x", "a", "b", "worse") == Change("x", "a", "b", "worse")
