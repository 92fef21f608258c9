"""The text of a TLS endpoint: what is shown, what an absent part shows, and hostile words in it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from plainwire.model import (
    Chain,
    Gap,
    ProfileVerdict,
    Staple,
    TlsEndpoint,
)
from plainwire.report import render
from plainwire.report.clean import is_hidden
from plainwire.report.layout import cells
from report.example_reports import AT, LEAF, WHOLE, report


def text(endpoint, **options):
    whole = report(target_kind="endpoint", target="api.example.com:25", tls=(endpoint,))
    return render("text", [whole], **options)


def test_the_whole_of_an_endpoint():
    assert text(WHOLE).partition("\n\n")[2] == snapshot("""\
[2001:db8::1]:25, asked for api.example.com, STARTTLS of smtp
Versions      TLSv1.3, TLSv1.2, TLSv1.0; not SSLv3
TLSv1.3       1 suite
                TLS_AES_128_GCM_SHA256
              groups: X25519MLKEM768, x25519
TLSv1.2       4 suites, the server's order
                ECDHE_ECDSA: AES_128_GCM_SHA256, CHACHA20_POLY1305_SHA256
                RSA, no forward secrecy: AES_128_CBC_SHA
                ECDHE_ECDSA: AES_128_CBC_SHA
              groups: none
              signatures: ecdsa_secp256r1_sha256
TLSv1.0       4 suites, the client's order
                RSA, RC4: RC4_128_MD5
                RSA_EXPORT, export strength: RC4_40_MD5
                DH_anon, no authentication: AES_128_CBC_SHA
                RSA, no encryption: NULL_SHA
DH            1024 bits, oakley2-1024, its public value reused
Certificate   CN=api.example.com, ECDSA 256 bits, signed with sha256
              for a.example.com, b.example.com, c.example.com, d.example.com,
                e.example.com, f.example.com, g.example.com, h.example.com and 2
                more
              valid 2026-11-01 to 2027-01-30 (67 days left), issued by CN=Test
                CA
              2 certificates served, trusted by mozilla
                CN=api.example.com < CN=Test CA
              problems: expired, hostname mismatch
              staple: good, of 2026-11-20; 2 SCTs
Certificate   CN=api.example.com, ECDSA 256 bits, signed with sha256, shown
                without a name
              for api.example.com
              valid 2026-11-01 to 2027-01-30 (67 days left), issued by CN=Test
                CA
              1 certificate served
Features      yes: early data
              no: heartbeat
              alpn: h2
              client certificate: none
Attacks       open to heartbleed
              not open to robot
Post-quantum  ready: X25519MLKEM768 comes first
Profiles      mozilla-modern: not met
                switch TLSv1.0 off
                remove RC4
              rfc9325: met
              pci-dss-4: not known
                whether SSLv2 is accepted is not known
Unknown       does it accept SSLv2?: no answer within 10 s

44 connections, 1.4 s
Security Score: A (100/100)
Grade: A (encryption; 11 not tested)
""")


def test_a_narrow_terminal_has_headings_of_their_own_and_no_line_is_too_wide():
    shown = text(WHOLE, width=40)
    assert "\nVersions:\n  TLSv1.3, TLSv1.2, TLSv1.0; not SSLv3\n" in shown
    assert max(cells(line) for line in shown.splitlines()) <= 40


def test_what_was_not_looked_at_has_no_line():
    shown = text(TlsEndpoint("h", 443, "127.0.0.1", speaks_tls=True))
    assert "127.0.0.1:443, without a name\n" in shown
    for heading in ("Versions", "Certificate", "Features", "Attacks", "Profiles", "Unknown", "DH"):
        assert heading not in shown


def test_what_is_open_is_said_and_not_called_off():
    gap = Gap("versions", "does it accept TLSv1.0?", "no answer within 10 s")
    shown = text(
        TlsEndpoint("h", 443, speaks_tls=True, protocols={"TLSv1.2": True}, inconclusive=(gap,))
    )
    assert "Versions      TLSv1.2\n" in shown
    assert "Unknown       does it accept TLSv1.0?: no answer within 10 s\n" in shown


def test_colour_marks_flaws_and_only_when_asked():
    assert "\x1b" not in text(WHOLE)
    coloured = [line for line in text(WHOLE, color=True).splitlines() if "\x1b[31m" in line]
    assert any("expired, hostname mismatch" in line for line in coloured)
    assert any("RC4_128_MD5" in line for line in coloured)
    assert any("open to heartbleed" in line for line in coloured)
    assert not any("ECDHE_ECDSA" in line for line in coloured)


HOSTILE = ["\x1b[2J", "\n::error::x", "\r", "\u202e", "##[group]", "\x00", "\x9b31m", "a\u200bb"]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_of_a_certificate_reach_no_output_as_they_are(words):
    leaf = replace(LEAF, subject=f"CN={words}", issuer=words, sans=(words,), key_type=words)
    chain = Chain((leaf,), (words,), (), (), ((words, words),))
    endpoint = replace(
        WHOLE,
        certificates=(chain,),
        features={words: True, "alpn": (words,)},
        inconclusive=(Gap("versions", words, words),),
        server_name=words,
    )
    for name in ("text", "json", "jsonl", "markdown", "github", "junit", "sarif"):
        whole = report(target_kind="endpoint", target="api.example.com:25", tls=(endpoint,))
        shown = render(name, [whole]) if name != "text" else text(endpoint)
        assert not any(is_hidden(c) for c in shown if c != "\n"), name
        assert not any(line.startswith("::error::x") for line in shown.splitlines()), name
        assert "##[group]" not in shown, name


@given(st.text(max_size=80), st.integers(20, 120))
def test_any_subject_fits_any_width(words, width):
    leaf = replace(LEAF, subject=words)
    shown = text(replace(WHOLE, certificates=(Chain((leaf,), (), (), ()),)), width=width)
    assert max(cells(line) for line in shown.splitlines()) <= max(width, 20)


@pytest.mark.parametrize(
    ("staple", "words"),
    [
        (Staple("good", AT), "staple: good, of 2026-11-23"),
        (Staple("good", AT, AT, "stale"), "staple: good, of 2026-11-23 until 2026-11-23; stale"),
        (Staple("unknown", None, None, "not a response"), "staple: unknown; not a response"),
    ],
)
def test_a_staple_says_why_nobody_would_accept_it(staple, words):
    first = replace(WHOLE.certificates[0], staple=staple)
    assert f"{words}; 2 SCTs" in text(replace(WHOLE, certificates=(first,)))


def test_a_key_that_is_flawed_says_so():
    leaf = replace(LEAF, key_type="RSA", key_bits=2048, key_flaws=("roca",))
    one = replace(WHOLE.certificates[0], chain=(leaf,))
    assert "RSA 2048 bits, flawed: roca" in text(replace(WHOLE, certificates=(one,)))


def test_a_draft_is_called_one_whether_it_is_met_or_not():
    draft = "a draft: its source could not be read again, so it gates nothing"
    reasons = tuple(f"remove {n}" for n in range(9))
    found = {
        "nist-800-52r2": ProfileVerdict(True, (draft,)),
        "pci-dss-4": ProfileVerdict(False, (*reasons, draft)),
    }
    words = " ".join(text(replace(WHOLE, profiles=found)).split())
    assert f"nist-800-52r2: met ({draft})" in words
    assert f"pci-dss-4: not met ({draft}) remove 0" in words
    assert "--profile" not in words
