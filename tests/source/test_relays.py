"""Proxies behind proxies: what the path says, and who is believed about the scheme."""

import pytest

from auditing import found, project
from plainwire.model import example_files
from plainwire.rules.proxy.forwarded_proto_overwritten import forwarded_proto_overwritten as rule
from plainwire.rules.proxy.forwarded_proto_passed_through import forwarded_proto_passed_through

GOOD, BAD = rule.page.good, rule.page.bad
INNER = 'volumes: ["./inner.conf:/etc/nginx/conf.d/default.conf"]'


def paths_of(text, folder):
    return project(example_files(text), folder).paths


@pytest.mark.parametrize(("text", "tells"), [(BAD, False), (GOOD, True)])
def test_a_path_leads_through_both_proxies(text, tells, tmp_path):
    (path,) = paths_of(text, tmp_path)
    assert [one.site.place.path for one in path.relays] == ["edge.conf", "inner.conf"]
    assert path.forward is path.relays[-1].forward and path.app is not None
    assert [hop.what for hop in path.hops][:4] == [
        *("published :443", "nginx :443", "forwards", "nginx :8080"),
    ]
    assert (path.is_encrypted, path.tells_https) == (True, tells)


@pytest.mark.parametrize(
    ("address", "ends"), [("inner", "inner.conf"), ("inner:$port", "edge.conf")]
)
def test_a_port_that_nobody_knows_leads_to_no_server_block(address, ends, tmp_path):
    text = BAD.replace("listen 8080;", "listen 80;").replace(
        "http://inner:8080", f"http://{address}"
    )
    (path,) = paths_of(text, tmp_path)
    assert path.relays[-1].site.place.path == ends


def test_proxies_that_lead_to_each_other_end(tmp_path):
    text = BAD.replace("http://web:8000", "http://edge:443")
    assert len(paths_of(text, tmp_path)) <= 2


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("", "", 0),
        (INNER, f'{INNER}\n        ports: ["8080:8080"]', 1),
        (INNER, f'{INNER}\n        ports: ["127.0.0.1:8080:8080"]', 0),
        ("X-Forwarded-Proto $scheme", "X-Forwarded-Proto $http_x_forwarded_proto", 2),
        ("proxy_pass http://inner:8080", "proxy_pass http://web:8000", 1),
    ],
)
def test_the_header_may_be_passed_on_behind_a_proxy_that_sets_it(old, new, count):
    """RFC 7239, section 8.1: only what a proxy that is known has set can be believed."""
    text = GOOD.replace(old, new) if old else GOOD
    assert len(found(text, forwarded_proto_passed_through)) == count


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("", "", 1),
        ("listen 8080;", "listen 8080 ssl;", 0),  # it is asked over TLS, and says https
        ("listen 443 ssl;", "listen 443;", 0),  # nobody uses https
        ("proxy_pass http://inner:8080", "proxy_pass http://inner:9090", 0),
    ],
)
def test_a_scheme_is_wrong_only_behind_a_proxy_that_terminates_tls(old, new, count):
    text = BAD.replace(old, new) if old else BAD
    assert len(found(text, rule)) == count
