"""What ProxyFix believes behind proxies: Werkzeug itself says what is right, nginx's manual what
arrives.
"""

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from auditing import audited
from fix.fixing import fixed, planned
from plainwire.model import example_files
from plainwire.rules.app.forwarded_host_believed import forwarded_host_believed
from plainwire.rules.app.proxies_miscounted import proxies_miscounted

CLIENT, FORGED, PROXY = "198.51.100.7", "203.0.113.66", "172.28.0.2"
APPEND, OVERWRITE = "$proxy_add_x_forwarded_for", "$remote_addr"
PROJECT = """
--- app.py
from flask import Flask, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, ARGUMENTS)
def link():
    return url_for("index", _external=True)
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- edge.conf
server {
  listen 443 ssl;
  ssl_protocols TLSv1.2 TLSv1.3;
  location / {
    proxy_pass http://inner:8080;
    proxy_set_header X-Forwarded-Proto $scheme;
    EDGE
  }
}
--- inner.conf
server {
  listen 8080;
  location / {
    proxy_pass http://web:8000;
    proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;
    INNER
  }
}
--- compose.yaml
services:
  web: {build: .}
  inner:
    image: nginx
    volumes: ["./inner.conf:/etc/nginx/conf.d/default.conf"]
  edge:
    image: nginx
    volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf"]
    ports: ["443:443"]
"""


def written(arguments, edge="", inner=""):
    text = PROJECT.replace("ARGUMENTS", arguments)
    return text.replace("EDGE", edge).replace("INNER", inner)


def passed_on(value, header, peer):
    """X-Forwarded-For after a proxy (nginx, ngx_http_proxy_module, the variable's own words)."""
    if value == APPEND:
        return f"{header}, {peer}" if header else peer
    return header if value is None else peer


def address(count, edge, inner, sent):
    """The client's address as the application sees it behind both proxies."""
    header = passed_on(inner, passed_on(edge, sent, CLIENT), PROXY)
    seen = {}
    app = ProxyFix(lambda environ, start: seen.update(environ) or [], x_for=count)
    app({"REMOTE_ADDR": "172.28.0.3", "HTTP_X_FORWARDED_FOR": header}, None)
    return seen["REMOTE_ADDR"]


@pytest.mark.parametrize("edge", [APPEND, OVERWRITE])
@pytest.mark.parametrize("inner", [APPEND, OVERWRITE])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_count_is_wrong_where_werkzeug_sees_another_address(edge, inner, count):
    sent = ("", FORGED, f"{FORGED}, {FORGED}")
    is_right = all(address(count, edge, inner, one) == CLIENT for one in sent)
    set_header = "proxy_set_header X-Forwarded-For {};"
    text = written(f"x_for={count}", set_header.format(edge), set_header.format(inner))
    report = audited(text, proxies_miscounted)
    # An inner proxy that overwrites the header leaves nothing of the client's to be counted.
    is_lost = inner == OVERWRITE and count == 1
    assert bool(report.findings) == (not is_right and not is_lost)
    made = fixed(example_files(text), with_unsafe=True, only=frozenset({"proxies-miscounted"}))
    right = 1 if inner == OVERWRITE else 2
    assert f"x_for={count if is_right or is_lost else right}" in made["app.py"]
    if inner == APPEND:
        assert all(address(right, edge, inner, one) == CLIENT for one in sent)


@pytest.mark.parametrize(
    ("edge", "count", "level"), [(APPEND, 3, "unsafe"), (OVERWRITE, 3, "conditional")]
)
def test_a_proxy_that_may_stand_before_the_first_needs_consent(edge, count, level):
    set_header = "proxy_set_header X-Forwarded-For {};"
    text = written(f"x_for={count}", set_header.format(edge), set_header.format(APPEND))
    made = planned(example_files(text), with_unsafe=True, only=frozenset({"proxies-miscounted"}))
    assert [step.patch.level for step in made.steps] == [level]
    assert not made.steps[0].patch.is_provable


@pytest.mark.parametrize("arguments", ["", "x_proto=1", "x_for=1"])
def test_what_no_proxy_sets_is_not_believed(arguments):
    """The client's own header arrives, and one value is believed where nothing is said."""
    assert address(1, None, None, FORGED) == FORGED
    assert address(0, None, None, FORGED) == address(0, None, None, "")
    report = audited(written(arguments), proxies_miscounted)
    assert [(f.severity.name, f.confidence.value) for f in report.findings] == [
        ("LOW", "tentative")
    ]
    files = example_files(written(arguments))
    choice = {"with_unsafe": True, "only": frozenset({"proxies-miscounted"})}
    assert [step.patch.level for step in planned(files, **choice).steps] == ["unsafe"]
    made = fixed(files, **choice)
    assert "x_for=0" in made["app.py"]
    assert not planned(made, **choice).steps


@pytest.mark.parametrize(
    ("arguments", "edge"),
    [
        ("x_for=0", ""),
        ("x_for=1", 'proxy_set_header X-Forwarded-For "";'),
        ("x_for=1", "include more.conf;"),
        ("x_for=HOPS", ""),
    ],
)
def test_nothing_is_said_of_an_address_that_is_not_the_clients_to_write(arguments, edge):
    assert not audited(written(arguments, edge), proxies_miscounted).findings


HOST = "proxy_set_header Host $host;"


@pytest.mark.parametrize(
    ("arguments", "edge", "inner", "count"),
    [
        ("x_host=1", HOST, HOST, 1),
        ("1, 1, 1", HOST, HOST, 1),
        ("x_host=1, x_prefix=1", HOST, HOST, 1),
        ("x_host=0", HOST, HOST, 0),
        ("x_host=1", HOST, "proxy_set_header X-Forwarded-Host $host;", 0),
        ("x_host=1", "proxy_set_header X-Forwarded-Host $host;", HOST, 0),
        ("x_host=1", 'proxy_set_header X-Forwarded-Host "";', HOST, 0),
        ("x_host=1", "include more.conf;", HOST, 0),
        ("**OPTIONS", HOST, HOST, 0),
        ("x_host=HOPS", HOST, HOST, 0),
    ],
)
def test_a_host_is_believed_only_from_a_proxy_that_sets_it(arguments, edge, inner, count):
    text = written(arguments, edge, inner)
    assert len(audited(text, forwarded_host_believed).findings) == count


@pytest.mark.parametrize("setting", ["TRUSTED_HOSTS", "SERVER_NAME"])
def test_other_hosts_may_be_refused(setting):
    text = written("x_host=1", HOST, HOST).replace(
        "Flask(__name__)", f'Flask(__name__)\napp.config["{setting}"] = "shop.example"', 1
    )
    assert not audited(text, forwarded_host_believed).findings


@pytest.mark.parametrize(("inner", "level"), [(HOST, "conditional"), ("", "unsafe")])
def test_a_host_is_left_out_where_the_proxies_pass_it_on(inner, level):
    files = example_files(written("x_host=1", HOST, inner))
    made = planned(files, with_unsafe=True, only=frozenset({"forwarded-host-believed"}))
    assert [(s.patch.level, s.patch.summary) for s in made.steps] == [
        (level, "let ProxyFix believe x_host=0")
    ]


def test_where_nginx_takes_the_clients_address_the_count_is_not_judged():
    """$remote_addr is then the client's (nginx, ngx_http_realip_module), so that one value does."""
    appending = f"proxy_set_header X-Forwarded-For {APPEND};"
    real = "set_real_ip_from 172.28.0.0/16;\n    real_ip_header X-Forwarded-For;\n    "
    found = [audited(written("x_for=1", appending, inner), proxies_miscounted).findings
             for inner in (appending, real + appending)]  # fmt: skip
    assert [bool(one) for one in found] == [True, False]
