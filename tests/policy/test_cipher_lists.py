"""OpenSSL's lists of suites: what ciphers(1) says of names, and of the words that take them out."""

import subprocess

import pytest

from plainwire.policy.cipher_lists import broken
from plainwire.policy.suite_flaws import flaw_of

# Names of suites that today's OpenSSL is built without, ciphers(1) of 1.0.2 and 1.1.1.
OLD = {
    "TLS_RSA_WITH_RC4_128_MD5": "RC4-MD5",
    "TLS_RSA_WITH_RC4_128_SHA": "RC4-SHA",
    "TLS_RSA_WITH_IDEA_CBC_SHA": "IDEA-CBC-SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA": "DES-CBC3-SHA",
    "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA": "EDH-RSA-DES-CBC3-SHA",
    "TLS_RSA_WITH_DES_CBC_SHA": "DES-CBC-SHA",
    "TLS_DHE_RSA_WITH_DES_CBC_SHA": "EDH-RSA-DES-CBC-SHA",
    "TLS_RSA_EXPORT_WITH_RC4_40_MD5": "EXP-RC4-MD5",
    "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5": "EXP-RC2-CBC-MD5",
    "TLS_DH_anon_WITH_RC4_128_MD5": "ADH-RC4-MD5",
    "TLS_RSA_WITH_SEED_CBC_SHA": "SEED-SHA",
    "TLS_DHE_RSA_WITH_SEED_CBC_SHA": "DHE-RSA-SEED-SHA",
}


def built_in(removed=""):
    """The suites of OpenSSL without what a list removes: IANA's name and its own."""
    command = ("openssl", "ciphers", "-stdname", f"ALL:COMPLEMENTOFALL:@SECLEVEL=0{removed}")
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {line.split()[0]: line.split()[2] for line in said.splitlines()}


def test_a_suite_is_broken_by_one_name_as_by_the_other():
    names = OLD | built_in()
    assert len(names) > 100
    for registered, name in names.items():
        assert bool(broken(name)) is (flaw_of(registered) is not None), name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ECDHE+AESGCM:RC4-SHA", ["RC4-SHA"]),
        ("ECDHE+AESGCM:RC4-SHA:!RC4", []),
        ("ECDHE+AESGCM:RC4-SHA:-RC4:RC4-MD5", ["RC4-SHA", "RC4-MD5"]),
        ("AES:DES-CBC3-SHA:!aNULL:!DES", ["DES-CBC3-SHA"]),  # DES is single DES
        ("AES:DES-CBC3-SHA:!3DES", []),
        ("ECDHE-RSA-AES128-SHA:DES-CBC3-SHA:!DSS", ["DES-CBC3-SHA"]),
        ("EECDH+AESGCM RC4 HIGH !aNULL", ["RC4"]),
        ("ALL:EXP:!ADH", ["EXP"]),
        ("ALL:+RC4:+MD5", []),  # moved to the end, not added
        ("HIGH:!aNULL:!eNULL:!EXPORT:!MD5:!RC4", []),
        ("EECDH+AESGCM:EDH+AESGCM:AES256+EECDH:AES256+EDH", []),
        ("", []),
    ],
)
def test_what_a_list_adds_and_does_not_take_out(text, words):
    assert broken(text) == words


@pytest.mark.parametrize(
    "killed",
    ["aNULL", "eNULL", "NULL", "ADH", "AECDH", "AES", "CAMELLIA", "MD5", "SHA", "PSK", "NULL-SHA"],
)
def test_what_takes_a_suite_out_is_what_openssl_takes_out(killed):
    weak = {name for name in built_in().values() if broken(name)}
    left = weak & set(built_in(f":!{killed}").values())
    assert left < weak
    assert {name for name in weak if broken(f"{name}:!{killed}")} == left


@pytest.mark.parametrize("killed", ["RSA", "SHA256", "DH", "ECDH"])
def test_what_openssl_leaves_is_said(killed):
    weak = {name for name in built_in().values() if broken(name)}
    left = weak & set(built_in(f":!{killed}").values())
    assert left <= {name for name in weak if broken(f"{name}:!{killed}")}
