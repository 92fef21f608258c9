"""What a first request shows of the way it came: tables of environs as servers make them."""

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_plainwire.evidence import likely, seen


class Tls:
    def getpeercert(self):
        return {}


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"uwsgi.version": b"2.0"}, "server software: 'uWSGI'"),
        ({"SERVER_SOFTWARE": "gunicorn/27"}, "server software: 'gunicorn/27'"),
        ({}, "server software: 'not told'"),
        ({"REMOTE_ADDR": "127.0.0.1"}, "peer: '127.0.0.1' (this machine)"),
        ({"REMOTE_ADDR": "192.0.2.1"}, "peer: '192.0.2.1'"),
        ({"REMOTE_ADDR": ""}, "peer: unix"),
        ({"gunicorn.socket": Tls()}, "the server's socket: TLS"),
        ({"werkzeug.socket": object()}, "the server's socket: no TLS"),
        ({"HTTP_VIA": "1.1 s3cret"}, "headers of a proxy: Via"),
        ({"HTTP_CF_RAY": "s3cret"}, "headers of a proxy: Cf-Ray"),
        ({"HTTP_CDN_LOOP": "s3cret"}, "headers of a proxy: Cdn-Loop"),
        (
            {"HTTP_FLY_FORWARDED_PROTO": "https"},
            "headers of a proxy: Fly-Forwarded-Proto: 'https'",
        ),
        ({"HTTP_X_REAL_IP": "s3cret"}, "headers of a proxy: X-Real-Ip"),
        ({"HTTP_X_FORWARDED_SSL": "on"}, "headers of a proxy: X-Forwarded-Ssl: 'on'"),
        ({"HTTP_X_SCHEME": "https"}, "headers of a proxy: X-Scheme: 'https'"),
        ({"HTTP_AUTHORIZATION": "s3cret"}, "headers of a proxy: none"),
    ],
)
def test_what_is_seen(environ, line):
    lines = seen({"wsgi.url_scheme": "http", **environ}, None)
    assert line in lines
    assert "s3cret" not in str(lines)


def test_headers_are_sorted_and_every_proxy_fix_is_named():
    headers = {"HTTP_VIA": "x", "HTTP_CF_RAY": "x", "HTTP_X_REAL_IP": "x", "HTTP_FORWARDED": "x"}
    inner = ProxyFix(lambda environ, start_response: [], x_proto=2)
    around = [None, DispatcherMiddleware(inner), ProxyFix(inner, x_host=1)]
    lines = [seen(headers, outermost)[-2:] for outermost in around]
    assert {said for said, _ in lines} == {
        "headers of a proxy: Cf-Ray, Forwarded, Via, X-Real-Ip",
    }
    assert [said for _, said in lines] == [
        "ProxyFix: none",
        "ProxyFix: ProxyFix(x_for=1, x_proto=2, x_host=0)",
        "ProxyFix: ProxyFix(x_for=1, x_proto=1, x_host=1), ProxyFix(x_for=1, x_proto=2, x_host=0)",
    ]


PROXY = 'TLS_TERMINATION = "proxy" and TLS_TRUSTED_PROXIES = '


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"gunicorn.socket": Tls(), "HTTP_X_REAL_IP": "::1"}, 'TLS_TERMINATION = "server"'),
        ({"HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": "::1"}, f'{PROXY}"::1"'),
        ({"HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": ""}, f'{PROXY}"unix"'),
        (
            {"HTTP_FORWARDED": "proto=https", "REMOTE_ADDR": "10.0.0.2"},
            f'{PROXY}"the proxy\'s address or network"',
        ),
    ],
)
def test_what_it_speaks_for(environ, said):
    assert likely(environ) == said


def test_what_speaks_for_nothing_leaves_both():
    said = likely({"REMOTE_ADDR": "10.0.0.2"})
    assert 'TLS_TERMINATION = "proxy"' in said and '"server"' in said
