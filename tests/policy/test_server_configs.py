"""What is emitted for a version, beside what `test_real_profiles` tries with real servers."""

import pytest

from plainwire.model import UsageError
from plainwire.policy.profiles import load
from plainwire.policy.server_configs import SERVERS, emit, parse_version

INTERMEDIATE, NIST = load("mozilla-intermediate"), load("nist-800-52r2")


@pytest.mark.parametrize(
    ("server", "old", "new", "openssl"),
    [
        ("nginx", "1.28.0", "1.28.0", ("3.4.1", "3.5.0")),
        ("apache", "2.4.66", "2.4.66", ("3.4.1", "3.5.0")),
        ("haproxy", "3.2.0", "3.2.0", ("3.4.1", "3.5.0")),
        ("caddy", "2.9.1", "2.10.0", (None, None)),
    ],
)
def test_the_hybrid_is_named_for_versions_that_know_it(server, old, new, openssl):
    without = emit(INTERMEDIATE, server, old, openssl[0]).lower()
    with_it = emit(INTERMEDIATE, server, new, openssl[1]).lower()
    assert "x25519mlkem768" not in without and "x25519" in without
    assert "x25519mlkem768" in with_it
    if server != "caddy":
        assert "mlkem" not in emit(INTERMEDIATE, server, new).lower()


@pytest.mark.parametrize("server", SERVERS)
def test_what_is_emitted_says_where_it_comes_from_and_what_it_is_not(server):
    text = emit(INTERMEDIATE, server, "27.0.1")
    assert text.startswith("# Mozilla Server Side TLS, intermediate (6.0, 2026-04-06) for ")
    assert "# No statement of compliance" in text and "guidelines/6.0.json" in text
    assert "TLSv1.1" not in text and "TLSv1_1" not in text


@pytest.mark.parametrize(
    ("server", "version", "words"),
    [
        ("iis", "10.0", "nginx, apache"),
        ("nginx", "newest", "no version"),
        ("nginx", "1", "no version"),
        ("nginx", "1.12.2", "TLSv1.3 since version 1.13.0"),
        ("apache", "2.4.29", "since version 2.4.36"),
        ("haproxy", "1.8.30", "since version 1.9"),
        ("gunicorn", "20.1.0", "ssl_context since version 21.0"),
        ("caddy", "1.0.5", "since version 2.0"),
    ],
)
def test_what_cannot_be_emitted_is_the_callers_mistake(server, version, words):
    with pytest.raises(UsageError, match=words):
        emit(INTERMEDIATE, server, version)


@pytest.mark.parametrize("server", ["caddy", "gunicorn"])
def test_a_server_that_cannot_meet_a_profile_gets_no_configuration(server):
    with pytest.raises(UsageError, match="cannot meet it"):
        emit(NIST, server, "27.0.1")


def test_caddy_before_2_11_cannot_meet_rfc_9325():
    with pytest.raises(UsageError, match="no SHA-1 in TLS 1\\.2"):
        emit(load("rfc9325"), "caddy", "2.10.2")
    assert "curves x25519" in emit(load("rfc9325"), "caddy", "2.11.0")


def test_a_choice_of_tls_1_3_suites_needs_an_nginx_that_has_it():
    assert "ssl_conf_command Ciphersuites TLS_AES_128_GCM" in emit(NIST, "nginx", "1.22.1")
    with pytest.raises(UsageError, match="a choice of TLS"):
        emit(NIST, "nginx", "1.18.0")


def test_haproxy_names_its_groups_where_its_version_takes_them():
    assert "On each bind line, too: curves X25519" in emit(INTERMEDIATE, "haproxy", "2.4.0")
    assert "ssl-default-bind-curves X25519" in emit(INTERMEDIATE, "haproxy", "2.6.12")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1.22.1", (1, 22, 1)),
        ("v2.6.2", (2, 6, 2)),
        ("2.6.12-1+deb12u4", (2, 6, 12)),
        ("3.0.19-dev", (3, 0, 19)),
        ("1.0.1l", (1, 0, 1)),
    ],
)
def test_versions_are_read_as_programs_say_them(text, numbers):
    assert parse_version(text) == numbers
