"""Readers of deployment files: a table each, and any text gives facts or the error they name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plainwire.model import SourceFile
from plainwire.source import kinds, templates, walk
from plainwire.source.deploy import (
    apache,
    caddy,
    compose,
    dockerfile,
    envfile,
    haproxy,
    inifile,
    kubernetes,
    nginx,
    platforms,
    programs,
    words,
)
from plainwire.source.deploy.yaml_nodes import documents


def file(text, path="deploy/file", format="other"):
    return SourceFile(path, format, "production", text)


# Kinds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("Dockerfile", "FROM a", "dockerfile"),
        ("web/Dockerfile.prod", "FROM a", "dockerfile"),
        ("prod.Dockerfile", "FROM a", "dockerfile"),
        ("docker-compose.prod.yml", "services:", "compose"),
        ("stack.yml", "services:\n  web:\n    image: a\n", "compose"),
        ("k8s/web.yaml", "apiVersion: v1\nkind: Service\n", "kubernetes"),
        ("proxy/conf", "server {\n  listen 80;\n}\n", "nginx"),
        ("site.conf.j2", "server {\n  listen 80;\n}\n", "nginx"),
        ("vhost.conf", "<VirtualHost *:80>\n</VirtualHost>\n", "apache"),
        ("app.conf", "[program:app]\ncommand=gunicorn\n", "ini"),
        ("gunicorn.conf.py", "bind = ':80'", "gunicorn"),
        (".env.prod-sample", "A=1", "env"),
        (".flaskenv", "A=1", "env"),
        ("run", "#!/bin/sh\ntrue\n", "shell"),
        ("manage", "#!/usr/bin/env python\n", "python"),
        ("LICENSE", "Permission is hereby granted", None),
        ("logo.png", "", None),
    ],
)
def test_what_a_file_is(path, text, expected):
    assert (
        kinds.format_of(path, text) if walk.is_promising(path.rpartition("/")[2]) else None
    ) == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("app/config.py", "", "production"),
        ("tests/settings.py", "", "test"),
        ("app/test_views.py", "", "test"),
        ("compose.ci.yaml", "", "test"),
        ("docs/conf.py", "", "documentation"),
        (".github/workflows/a.yml", "", "documentation"),
        ("migrations/env.py", "", "documentation"),
        ("docker-compose.dev.yml", "", "development"),
        (".env.development", "A=1", "development"),
        ("docker-compose.yml", "# for local development\nservices:\n", "development"),
        ("docker-compose.staging.yml", "", "staging"),
        ("static/vendor/jquery.js", "", "vendored"),
        ("static/app.min.js", "", "vendored"),
        ("examples/app.py", "", "example"),
        ("device/app.py", "", "production"),
        ("contest/app.py", "", "production"),
    ],
)
def test_which_environment_a_file_is_for(path, text, expected):
    assert kinds.environment_of(path, text) == expected


# Words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("$A", {"A": "1"}, "1"),
        ("${A}", {}, "${A}"),
        ("${A:-0.0.0.0}", {}, "0.0.0.0"),
        ("${A:-0.0.0.0}", {"A": ""}, "0.0.0.0"),
        ("${A:-${B}}", {"B": "2"}, "2"),
        ('${P:-"${E:-5000}"}', {}, "5000"),
        ("$A$A", {"A": "$A"}, "$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A"[:4]),
    ],
)
def test_variables_are_filled_in_as_far_as_they_are_known(text, settings, expected):
    assert words.expanded(text, settings).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exec gunicorn app:app", [("gunicorn", "app:app")]),
        ("A=1 flask db upgrade && gunicorn a:b", [("flask", "db", "upgrade"), ("gunicorn", "a:b")]),
        ("a; b | c &", [("a",), ("b",), ("c",)]),
        ("envsubst < in > out && nginx", [("envsubst",), ("nginx",)]),
        ("echo 'not; split'", [("echo", "not; split")]),
        ('unclosed "quote', [("unclosed", '"quote')]),
    ],
)
def test_a_line_is_split_into_commands(text, expected):
    assert list(words.commands(text)) == expected


def test_lines_are_joined_and_heredocs_left_out():
    text = "# no\na \\\n  b\ncat <<EOF > f\nnot a command\nEOF\nc='x'\nd \"e\nf\"\n"
    assert list(words.joined_lines(text)) == [
        ("a  b", 2),
        ("cat <<EOF > f", 4),
        ("c='x'", 7),
        ('d "e f"', 8),
    ]


def test_of_a_case_the_branch_is_taken():
    lines = [
        ('case "$1" in', 1),
        ("server)", 2),
        ("start", 3),
        (";;", 4),
        ("*)", 5),
        ("other", 6),
        ("esac", 7),
        ("after", 8),
    ]
    assert [t for t, _ in words.chosen(lines, "server")] == ["start", "after"]
    assert [t for t, _ in words.chosen(lines, "shell")] == ["other", "after"]
    assert [t for t, _ in words.chosen(lines, None)] == ["start", "other", "after"]


# Dockerfile --------------------------------------------------------------------------------


def test_a_dockerfile_with_heredocs_continuations_and_stages():
    text = """\
ARG VERSION=3.12
FROM python:${VERSION} AS base
ENV PORT=8000 \\
    # a comment inside
    SECRET="a b"
ENV OLD form with spaces
RUN <<SCRIPT
CMD not-this
SCRIPT
EXPOSE $PORT/tcp
FROM base
COPY --chown=a:b --from=base /x /y
COPY ["one", "two", "/there/"]
CMD ["gunicorn", "-b", ":8000"]
"""
    image = dockerfile.read(file(text, "Dockerfile"))
    last = image.stage(None)
    assert [s.base for s in image.stages] == ["python:3.12", "python:3.12"]
    assert {n: (s.value, s.place.line) for n, s in last.settings.items()} == {
        "PORT": ("8000", 3),
        "SECRET": ("a b", 5),
        "OLD": ("form with spaces", 6),
    }
    assert last.exposed == (8000,)
    assert (last.command, last.command_line) == (("gunicorn", "-b", ":8000"), 14)
    assert last.copies == (("base:/x", "/y", 12), ("one", "/there/", 13), ("two", "/there/", 13))
    assert image.stage("BASE").command == ()
    assert image.stage("none") is None


def test_shell_form_is_a_command_of_sh():
    image = dockerfile.read(file("FROM a\nCMD gunicorn app:app\n"))
    assert image.stage(None).command == ("sh", "-c", "gunicorn app:app")


# Compose -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"80:8000"', (80, 8000, "")),
        ("8000:8000", (8000, 8000, "")),
        ('"127.0.0.1:80:8000"', (80, 8000, "127.0.0.1")),
        ('"0.0.0.0:80:8000"', (80, 8000, "")),
        ('"[::1]:80:8000"', (80, 8000, "::1")),
        ('"8000"', (None, 8000, "")),
        ('"80:8000/tcp"', (80, 8000, "")),
        ('"3000-3005:3000-3005"', (3000, 3000, "")),
        ('"${PORT:-81}:8000"', (81, 8000, "")),
        ("{target: 8000, published: 80}", (80, 8000, "")),
        ("{target: 8000, published: 80, host_ip: 127.0.0.1}", (80, 8000, "127.0.0.1")),
    ],
)
def test_ports_of_a_service(written, expected):
    text = f"services:\n  web:\n    image: a\n    ports:\n      - {written}\n"
    service = compose.read(file(text)).services[0]
    port = service.publications[0]
    assert (port.port, port.target, port.host) == expected
    assert port.place.line == 5


def test_a_service_with_what_it_may_have():
    text = """\
x-common: &common
  environment:
    SHARED: yes
services:
  web:
    <<: *common
    build: {context: ./web, dockerfile: Dockerfile.prod, target: final}
    command: gunicorn app:app
    env_file: [./.env, {path: other.env}]
    volumes: ["./conf:/etc/nginx/conf.d:ro", "data:/data"]
    ports: !reset []
  udp:
    image: a
    environment: [A=1, B]
    ports: ["53:53/udp"]
secrets:
  key: {file: ./key.txt}
"""
    read = compose.read(file(text, "deploy/compose.yaml"))
    web, udp = read.services
    assert (web.context, web.dockerfile, web.target) == ("deploy/web", "Dockerfile.prod", "final")
    assert web.command == ("gunicorn", "app:app") and web.command_place.line == 8
    assert web.env_files == ("deploy/.env", "deploy/other.env")
    assert web.mounts == (("deploy/conf", "/etc/nginx/conf.d"),)
    assert web.settings["SHARED"].value == "yes"
    assert {n: s.value for n, s in udp.settings.items()} == {"A": "1", "B": None}
    assert udp.publications == ()
    assert [path for path, _ in read.secrets] == ["deploy/key.txt"]


def test_what_is_no_yaml_is_said():
    with pytest.raises(ValueError, match="not YAML at line 2"):
        compose.read(file("a: [1"))


# nginx and Apache --------------------------------------------------------------------------


def test_a_server_block_with_inherited_headers_and_an_upstream():
    text = """\
http {
  ssl_protocols TLSv1.2;   # inherited
  upstream app { server web:5000; server unix:/run/a.sock; }
  server {
    listen [::]:443 ssl http2;
    listen 8443;
    proxy_set_header X-Forwarded-Proto $scheme;
    location / { proxy_pass http://app; }
    location /api { proxy_set_header Host $host; proxy_pass https://api.internal/v1; }
  }
}
mail { server { listen 25; } }
"""
    (site,) = nginx.sites(file(text))
    assert [(one.port, one.has_tls) for one in site.listens] == [(443, True), (8443, False)]
    assert site.protocols.value == "TLSv1.2"
    targets = [(f.host, f.port, f.socket, sorted(f.headers)) for f in site.forwards]
    assert targets == [
        ("web", 5000, "", ["x-forwarded-proto"]),
        ("", None, "/run/a.sock", ["x-forwarded-proto"]),
        ("api.internal", None, "", ["host"]),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "return 301 https://$host$request_uri;",
        "location / { return 308 https://$host$request_uri; }",
        "rewrite ^ https://$host$request_uri? permanent;",
        "if ($scheme != https) { return 301 https://$host$request_uri; }",
    ],
)
def test_redirects_to_https(body):
    assert nginx.sites(file(f"server {{ listen 80; {body} }}"))[0].redirects is not None


def test_a_redirect_of_one_path_is_none_of_all():
    text = "server { listen 80; location /old { return 301 https://b; } }"
    assert nginx.sites(file(text))[0].redirects is None


def test_what_the_client_claims_goes_through_a_map():
    text = """
map $http_x_forwarded_proto $proto { default $http_x_forwarded_proto; "" $scheme; }
server { listen 80; location / { proxy_pass http://a; proxy_set_header X-Forwarded-Proto $proto; } }
"""
    forward = nginx.sites(file(text))[0].forwards[0]
    assert forward.headers["x-forwarded-proto"] == "$http_x_forwarded_proto"


def test_an_apache_host():
    text = """
<VirtualHost *:443 127.0.0.1:8443>
  SSLEngine on
  SSLProtocol all -SSLv3
  Header always set Strict-Transport-Security "max-age=1"
  RequestHeader set X-Forwarded-Proto "https"
  ProxyPass / http://127.0.0.1:8000/
</VirtualHost>
<VirtualHost *:80>
  Redirect permanent / https://a/
</VirtualHost>
"""
    tls, plain = apache.sites(file(text))
    assert [(one.port, one.has_tls) for one in tls.listens] == [(443, True), (8443, True)]
    assert tls.hsts.line == 5 and tls.protocols.value == "all -SSLv3"
    assert tls.forwards[0].port == 8000 and "x-forwarded-proto" in tls.forwards[0].headers
    assert plain.redirects.line == 10


def test_a_caddyfile():
    text = """
{
  email a@b
}
(snippet) {
  header X-A b
}
shop.example.net, www.shop.example.net {
  header Strict-Transport-Security "max-age=31536000"
  reverse_proxy web:8000
}
http://old.example.net {
  redir https://shop.example.net{uri}
}
:8080 {
  reverse_proxy /api/* http://api:9000 unix//run/a.sock
}
"""
    shop, old, plain = caddy.sites(file(text))
    assert [(one.port, one.has_tls) for one in shop.listens] == [(443, True), (443, True)]
    assert shop.hsts.line == 9 and shop.forwards[0].headers["x-forwarded-proto"]
    assert [(f.host, f.port) for f in shop.forwards] == [("web", 8000)]
    assert old.redirects.line == 13 and not old.has_tls
    assert [(one.port, one.has_tls) for one in plain.listens] == [(8080, False)]
    assert [(f.host, f.port, f.socket) for f in plain.forwards] == [
        ("api", 9000, ""),
        ("", None, "/run/a.sock"),
    ]


HSTS = {
    apache: "<VirtualHost *:443>\nSSLEngine on\n{}\n</VirtualHost>\n",
    caddy: "shop.example.net {{\n  header {{\n    {}\n  }}\n}}\n",
    haproxy: "frontend web\n  bind :443 ssl crt a.pem\n  {}\n",
    nginx: "server {{\n listen 443 ssl;\n {};\n}}\n",
}


@pytest.mark.parametrize(
    ("reader", "line", "is_sent"),
    [
        (apache, 'Header always set Strict-Transport-Security "max-age=9"', True),
        (apache, "Header always unset Strict-Transport-Security", False),
        (caddy, 'Strict-Transport-Security "max-age=9"', True),
        (caddy, "?Strict-Transport-Security max-age=9", True),
        (caddy, "-Strict-Transport-Security", False),
        (haproxy, "http-response set-header Strict-Transport-Security max-age=9", True),
        (haproxy, "rspadd Strict-Transport-Security:\\ max-age=9", True),
        (haproxy, "http-response del-header Strict-Transport-Security if { ssl_fc }", False),
        (nginx, 'add_header Strict-Transport-Security "max-age=9"', True),
        (nginx, "proxy_hide_header Strict-Transport-Security", False),
    ],
)
def test_a_header_that_is_taken_away_is_not_sent(reader, line, is_sent):
    (site,) = reader.sites(file(HSTS[reader].format(line)))
    assert (site.hsts is not None) is is_sent


def test_a_caddyfile_without_braces():
    (site,) = caddy.sites(file("shop.example.net\nreverse_proxy web:8000\n"))
    assert site.has_tls and site.forwards[0].host == "web"


def test_haproxy():
    text = """
defaults
  mode http
frontend web
  bind *:80
  bind :443 ssl crt /etc/ssl/a.pem
  http-request redirect scheme https unless { ssl_fc }
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  http-response set-header Strict-Transport-Security max-age=1
  default_backend app
backend app
  server one web:8000 check
  server two far.example.net:443 ssl verify none
frontend mail
  bind :25
  mode tcp
  default_backend app
"""
    (site, mail) = haproxy.sites(file(text))
    assert (site.is_passed_through, mail.is_passed_through) == (False, True)
    assert [(one.port, one.has_tls) for one in site.listens] == [(80, False), (443, True)]
    assert site.redirects.line == 7 and site.hsts.line == 9
    assert [(f.host, f.port, f.scheme, f.verifies) for f in site.forwards] == [
        ("web", 8000, "http", None),
        ("far.example.net", 443, "https", False),
    ]
    assert site.forwards[0].headers == {"x-forwarded-proto": "https"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "fly.toml",
            "[http_service]\ninternal_port = 8080\nforce_https = true\n",
            ("Fly proxy", 1, "", 8080, True),
        ),
        (
            "render.yaml",
            "services:\n  - type: web\n    startCommand: gunicorn app:app\n  - type: worker\n",
            ("Render proxy", 3, "gunicorn app:app", None, True),
        ),
        (
            "heroku.yml",
            "build:\n  docker:\n    web: Dockerfile\n",
            ("Heroku router", 3, "", None, None),
        ),
    ],
)
def test_platforms_that_terminate_tls(name, text, expected):
    (one,) = platforms.services(file(text, name))
    assert (one.name, one.place.line, one.command, one.port, one.redirects) == expected


# The rest ----------------------------------------------------------------------------------


def test_an_environment_file():
    text = "# no\nexport A=1\nB = 'two words' # c\nC=x # c\nD=\nnot a line\n"
    assert [(s.name, s.value, s.place.line) for s in envfile.read(file(text))] == [
        ("A", "1", 2),
        ("B", "two words", 3),
        ("C", "x", 4),
        ("D", "", 5),
    ]


def test_commands_of_supervisor_and_systemd():
    text = "[program:a]\ncommand=gunicorn\n    app:app\n    -b :5000\n[Service]\nExecStart=-/bin/x \\\n y\n"
    assert [(t, p.line) for t, p in programs.commands(file(text, "a.conf", "ini"))] == [
        ("gunicorn app:app -b :5000", 2),
        ("/bin/x  y", 6),
    ]


def test_a_secret_of_kubernetes_is_decoded():
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  KEY: aGVsbG8=\n"
    found = kubernetes.Manifests()
    kubernetes.read(file(text), found)
    assert [(s.name, s.value, s.place.line) for s in found.settings] == [("KEY", "hello", 5)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.html", '<script src="http://a.b/c"></script>', [("http://a.b/c", "active")]),
        ("a.html", "<img src='http://a.b/c'>", [("http://a.b/c", "passive")]),
        ("a.html", '<a href="http://a.b/">', [("http://a.b/", "link")]),
        ("a.html", "<form action=http://a.b/>", [("http://a.b/>", "form")]),
        ("a.html", '<link rel="stylesheet" href="http://a.b/c">', [("http://a.b/c", "active")]),
        ("a.html", '<link rel="canonical" href="http://a.b/">', []),
        ("a.html", '<!--\n<img src="http://a.b/c">\n-->', []),
        ("a.html", '{# <img src="http://a.b/c"> #}', []),
        ("a.html", '<svg xmlns="http://www.w3.org/2000/svg">', []),
        ("a.html", "<style>@import url(http://a.b/c);</style>", [("http://a.b/c", "style")]),
        ("a.html", "<script>x='ws://a.b/'</script>", [("ws://a.b/", "script")]),
        ("a.html", '<a\n  class="b"\n  href="http://a.b/">', [("http://a.b/", "link")]),
        ("a.js", "f('http://a.b/')", [("http://a.b/", "script")]),
        ("a.js", "/* 'http://a.b/' */ // 'http://a.b/'", []),
        ("a.css", "a{background:url(http://a.b/c)}", [("http://a.b/c", "image")]),
    ],
)
def test_addresses_in_pages_and_scripts(name, text, expected):
    format = "template" if name.endswith("html") else "script"
    found = templates.texts(file(text, name, format))
    assert [(t.value.rstrip(">"), t.use) for t in found] == [
        (value.rstrip(">"), use) for value, use in expected
    ]


PIECES = st.sampled_from(
    [
        *"{};#\"'\\\n \t$()<>=[]:-|&*@%!,",
        "server", "listen 80;", "location / ", "proxy_pass http://a;", "frontend a", "  bind :80", "  server a b:1", "reverse_proxy a:1", "include x;", "upstream a ",
        "FROM a", "RUN <<E", "E", "CMD [", "ENV A=", "COPY a b", "<VirtualHost *:80>", "SSLEngine on",
        "</VirtualHost>", "services:", "  web:", "    ports:", "- 80:80", "&a", "*a", "kind: Service",
        "apiVersion: v1", "spec:", "case $1 in", "esac", "a)", "f() {", "${A:-", "<script src=",
        "http://a.b/", "<!--", "-->", "{{", "}}", "{%", "%}", "[program:a]", "command=", "\x00", "é",
    ]
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join))


@given(TEXT)
@example("shop.example.com\n{")  # a line of Caddy without a word
def test_any_text_gives_facts(text):
    one = file(text)
    dockerfile.read(one)
    nginx.sites(one, (one,))
    apache.sites(one)
    caddy.sites(one)
    haproxy.sites(one)
    envfile.read(one)
    inifile.read(one)
    programs.commands(one)
    programs.uwsgi_settings(one)
    for format in ("template", "script"):
        templates.texts(file(text, "a", format))
    lines = list(words.joined_lines(text))
    _, outside = words.functions_of(lines)
    for inner, _ in words.chosen(outside, "a"):
        list(words.commands(inner))
    words.expanded(text, {"A": text})


@given(TEXT)
def test_any_text_is_yaml_or_a_value_error(text):
    for read in (
        documents,
        lambda t: compose.read(file(t)),
        lambda t: kubernetes.read(file(t), kubernetes.Manifests()),
        lambda t: list(platforms.services(file(t, "fly.toml"))),
        lambda t: list(platforms.services(file(t, "render.yaml"))),
        lambda t: list(platforms.services(file(t, "heroku.yml"))),
    ):
        try:
            read(text)
        except ValueError as error:
            assert str(error)
