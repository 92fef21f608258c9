"""What remedies leave alone because it would not be right, beside what they change."""

import pytest

from fix.fixing import planned
from plainwire import catalog
from plainwire.model import example_files

BEFORE = {r.id: example_files(r.page.before) for r in catalog.load_remedies()}


def patches(remedy, old="", new="", path="app.py"):
    """How many patches a remedy has for its page's files with one stretch changed."""
    files = BEFORE[remedy]
    assert old in files[path]
    changed = files | {path: files[path].replace(old, new)} if old else files
    made = planned(changed, only=frozenset({remedy}), with_unsafe=True)
    assert not any(patch.remedy == remedy for patch in made.advice)
    return len(made.steps)


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("", "", 1),
        ("\nTLS(app)", "\n", 0),
        ("\nTLS(app)", "\nif app.debug: TLS(app)", 0),
        ("X-Forwarded-Proto", "X-Forwarded-Ssl", 0),
        ('"http") ==', "find()) ==", 0),
        ("request.headers.get", "flask.request.headers.get", 0),
    ],
)
def test_the_scheme_is_asked_of_the_request_only_where_something_trusted_decides_it(
    old, new, count
):
    assert patches("scheme-asked-of-request", old, new) == count


@pytest.mark.parametrize(
    ("path", "old", "new", "count"),
    [
        ("app.py", "", "", 2),
        ("app.py", "server = smtplib.SMTP", "self.server = smtplib.SMTP", 1),
        ("config.py", "USE_TLS = False", "USE_TLS = bool(0)", 1),
        ("config.py", "MAIL_USE_TLS", "MAIL_PORT = 465\n    MAIL_USE_TLS", 1),
    ],
)
def test_mail_is_left_alone_where_what_to_do_is_not_clear(path, old, new, count):
    assert patches("mail-tls", old, new, path) == count


@pytest.mark.parametrize(
    ("header", "count"),
    [("Strict-Transport-Security", 2), ("strict-transport-security", 2), ("X-Other", 3)],
)
def test_hsts_is_sent_once_by_a_level_that_has_it(header, count):
    """A browser heeds the first of two (RFC 6797, section 8.1)."""
    files = dict(BEFORE["hsts-header"])
    given = "add_header X-Frame-Options DENY always;"
    more = f'{given}\n  add_header {header} "max-age=63072000" always;'
    files["deployment/nginx.conf"] = files["deployment/nginx.conf"].replace(given, more).replace(
        "location / {", "location / {\n    add_header X-A b;"
    )  # fmt: skip
    ((_, new),) = planned(files, only=frozenset({"hsts-header"}), with_unsafe=True).changes
    assert new.text.count('"max-age=31536000"') == count


def test_a_port_that_the_older_directive_opens_speaks_tls():
    """``ssl on`` (nginx before 1.25.1, ngx_http_ssl_module)."""
    old, new = "listen 443 ssl;", "listen 443;\n    ssl on;"
    files = dict(BEFORE["forwarded-proto"])
    files["deployment/nginx.conf"] = files["deployment/nginx.conf"].replace(old, new)
    made = planned(files, only=frozenset({"forwarded-proto"}))
    assert [step.patch.level for step in made.steps] == ["conditional"]


def test_suites_of_a_variable_are_left_alone():
    assert patches("proxy-suites", path="deployment/nginx.conf") == 1
    old, new = "'ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA'", '"$suites:DES-CBC3-SHA"'
    assert patches("proxy-suites", old, new, "deployment/nginx.conf") == 0


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("  default:\n", "  front:\n", 0),
        ("  default:\n", "  front:\n  default:\n", 0),
        ("build: .\n", "build: .\n    network_mode: host\n", 0),
        ("build: .\n", "build: .\n    networks: [default]\n", 1),
        ("build: .\n", "build: .\n    networks: {default: {}}\n", 1),
    ],
)
def test_a_subnet_counts_only_where_every_service_is_in_it(old, new, count):
    """A service that names no network is in ``default`` (Compose specification, networks)."""
    files = dict(BEFORE["forwarded-peers"])
    assert files["compose.yaml"].count(old) == 1
    files["compose.yaml"] = files["compose.yaml"].replace(old, new)
    assert len(planned(files, only=frozenset({"forwarded-peers"})).steps) == count


@pytest.mark.parametrize("name", ["requirements-docs.in", "requirements-dev.txt", "dev.in"])
def test_a_list_for_documents_or_development_gets_no_dependency(name):
    files = BEFORE["tls-extension"] | {name: "flask\n"}
    made = planned(files, only=frozenset({"tls-extension"}))
    changed = {new.path for _, new in made.changes}
    assert "requirements.txt" in changed and name not in changed


@pytest.mark.parametrize(
    ("path", "old", "new", "count"),
    [
        ("app.py", "", "", 1),
        ("compose.yaml", 'ports: ["443:443"]', 'ports: ["443:443", "8443:443"]', 1),
        ("compose.yaml", "  inner:\n", '  inner:\n    ports: ["8080:8080"]\n', 0),
        ("inner.conf", "$scheme;", "$http_x_scheme;", 0),
        ("edge.conf", "$scheme;", "$http_x_forwarded_proto;", 0),
    ],
)
def test_a_second_proxy_believes_the_first_only_where_nobody_else_reaches_it(path, old, new, count):
    assert patches("first-proxys-scheme", old, new, path) == count


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ('base_url = f"http://{host}/"', 'base_url = f"https://{host}/"'),
        ("base_url = 'http://' + host", "base_url = 'https://' + host"),
        ('if plain: base_url = f"http://{host}/"', None),
        ('base_url = f"http://{host}?back=" + "http://b"', None),
    ],
)
def test_an_address_that_is_put_together_needs_consent(line, after):
    text = f"from flask import Flask\napp = Flask(__name__)\n{line}\n"
    made = planned({"app.py": text}, only=frozenset({"https-urls"}), with_unsafe=True)
    assert [(s.patch.level, s.patch.is_provable) for s in made.steps] == (
        [("unsafe", False)] if after else []
    )
    if after:
        assert made.changes[0][1].text == text.replace(line, after)


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("", "", 1),
        ("/etc/letsencrypt/live/shop/", "/etc/ssl/", 0),
        ("ssl_stapling on;", "ssl_stapling on;\n  ssl_stapling_file /srv/ocsp.der;", 0),
        ("ssl_stapling on;", "ssl_stapling off;", 0),
        ("ssl_stapling on;", "# certbot --server https://a.example/\n  ssl_stapling on;", 0),
    ],
)  # fmt: skip
def test_stapling_stays_where_there_may_be_a_responder(old, new, count):
    assert patches("stapling-off", old, new, "deployment/nginx.conf") == count


@pytest.mark.parametrize(
    ("path", "old", "new", "count"),
    [
        ("app.py", "", "", 1),
        ("app.py", "from flask_restx import Api", "from a import Api", 0),
        ("app.py", "import Flask\n", "import Flask, session\n", 0),
        ("deployment/nginx.conf", "return 301 https:", "return 302 https:", 1),
        ("deployment/nginx.conf", "return 301 https:", "return 301 http:", 0),
        ("deployment/nginx.conf", "listen 443 ssl", "listen 8443", 0),
    ],
)
def test_an_api_for_programs_alone_refuses_what_comes_in_clear(path, old, new, count):
    assert patches("plain-refused", old, new, path) == count


def test_a_site_with_pages_redirects():
    files = BEFORE["plain-refused"] | {"templates/index.html": "<p>shop</p>\n"}
    made = planned(files, only=frozenset({"plain-refused"}), with_unsafe=True)
    assert not made.steps and not made.advice


def test_two_servers_of_a_file_share_the_guard_of_the_first_proxys_scheme():
    files = dict(BEFORE["first-proxys-scheme"])
    edge, inner = files["edge.conf"], files["inner.conf"]
    files["inner.conf"] += inner.replace("8080", "9090")
    files["edge.conf"] += edge.replace("443", "8443").replace("8080", "9090")
    old = 'ports: ["443:443"]'
    files["compose.yaml"] = files["compose.yaml"].replace(old, 'ports: ["443:443", "8443:8443"]')
    made = planned(files, only=frozenset({"first-proxys-scheme"}))
    ((_, new),) = made.changes
    assert len(made.steps) == 2 and new.text.count("geo ") == new.text.count("map ") == 1
    assert new.text.count("X-Forwarded-Proto $first_proxys_scheme;") == 2


COMPOSED = """
--- compose.yaml
services:
  web:
    build: .
    command: waitress-serve --listen=0.0.0.0:8000 app:app
  edge:
    image: nginx
    volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf"]
    ports: ["443:443"]
--- edge.conf
server {
  listen 443 ssl;
  ssl_protocols TLSv1.2 TLSv1.3;
  location / {
    proxy_pass http://web:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
"""


def test_the_extension_needs_consent_where_one_of_two_deployments_is_not_certain():
    """On the host the proxy's address is loopback; in the containers' network nobody knows it."""
    files = BEFORE["tls-extension"] | example_files(COMPOSED)
    made = planned(files, with_unsafe=True, only=frozenset({"tls-extension"}))
    (step,) = made.steps
    (text,) = [new.text for old, new in step.files if new.path == "app.py"]
    assert '"172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8", "127.0.0.1", "::1"]' in text
    assert step.patch.level == "unsafe" and "address that the proxy has" in step.patch.proof


@pytest.mark.parametrize(
    ("listen", "header", "level"),
    [
        ("443 ssl", "$http_x_forwarded_proto", "conditional"),
        ("80", "$http_x_forwarded_proto", "unsafe"),
        ("80", "", "unsafe"),
    ],
)
def test_the_scheme_of_a_proxy_in_clear_is_not_taken_for_the_clients(listen, header, level):
    """A proxy before it may have said https, which $scheme then overwrites."""
    path = "deployment/nginx.conf"
    said = f"$host; proxy_set_header X-Forwarded-Proto {header};" if header else "$host;"
    text = BEFORE["forwarded-proto"][path].replace("443 ssl", listen).replace("$host;", said)
    files = BEFORE["forwarded-proto"] | {path: text}
    made = planned(files, with_unsafe=True, only=frozenset({"forwarded-proto"}))
    assert {step.patch.level for step in made.steps} == {level}


@pytest.mark.parametrize(("is_encrypted", "level"), [(True, "conditional"), (False, "unsafe")])
def test_a_service_is_closed_without_consent_where_the_way_beside_it_has_tls(is_encrypted, level):
    path = "k8s/shop.yaml"
    tls = "  tls:\n    - hosts:\n        - shop.example\n      secretName: shop-tls\n"
    text = BEFORE["cluster-service"][path]
    assert tls in text
    files = BEFORE["cluster-service"] | {path: text if is_encrypted else text.replace(tls, "")}
    made = planned(files, with_unsafe=True, only=frozenset({"cluster-service"}))
    assert [step.patch.level for step in made.steps] == [level]


@pytest.mark.parametrize(
    ("listed", "changed"),
    [
        ("flask==3.1.0\n", {"Dockerfile", "requirements.txt"}),
        ("flask==3.1.0\ngunicorn==23.0.0\n", {"Dockerfile"}),
        (None, set()),
    ],
)
def test_a_server_is_started_only_where_it_is_or_can_be_listed(listed, changed):
    """An image that starts what it does not install ends at once."""
    files = {p: t for p, t in BEFORE["wsgi-server"].items() if p != "requirements.txt"}
    files |= {"requirements.txt": listed} if listed is not None else {}
    made = planned(files, with_unsafe=True, only=frozenset({"wsgi-server"}))
    assert {new.path for _, new in made.changes} == changed


def test_a_server_keeps_the_headers_that_it_inherits():
    """One add_header in a level takes away those around it (ngx_http_headers_module)."""
    path = "deployment/nginx.conf"
    own = "  add_header X-Frame-Options DENY always;\n"
    server = BEFORE["hsts-header"][path]
    assert own in server
    bare = server.replace(own, "")
    for around, count in (("", 1), (own, 0)):
        files = BEFORE["hsts-header"] | {path: f"http {{\n{around}{bare}}}\n"}
        made = planned(files, with_unsafe=True, only=frozenset({"hsts-header"}))
        assert len(made.steps) == count
