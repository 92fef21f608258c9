"""Redirects that come back for ever: what real proxies answer to what an edge asks them in clear."""

import shutil

import pytest

import servers
from auditing import audited, found
from fix.fixing import fixed, planned
from plainwire.model import example_files
from plainwire.rules.proxy.redirect_loops import redirect_loops as rule
from test_servers import curl

PAGE = example_files(rule.page.bad)
HOST = "api.plainwire.test"
TO_HTTPS = "return 301 https://$host$request_uri;"
IF = f'if ($scheme != "https") {{ {TO_HTTPS} }}'
NGINX = {
    "its own scheme": (f"if ($scheme = http) {{ {TO_HTTPS} }}", True),
    "in a location": (f"location /a {{ {IF} }}", False),
    "a page's alone": (
        f'location /page {{ return 200 ""; }} location = / {{ {IF} }}',
        False,
    ),
    "who came over TLS": (f"if ($scheme = https) {{ {TO_HTTPS} }}", False),
    "no TLS": (f'if ($https = "") {{ {TO_HTTPS} }}', True),
    "the first proxy's word": (f"if ($http_x_forwarded_proto = http) {{ {TO_HTTPS} }}", False),
    "everything": (TO_HTTPS, True),
    "the host as it was sent": ("return 308 https://$http_host$request_uri;", True),
    "a name of its own": (f"server_name {HOST}; return 301 https://{HOST}$request_uri;", True),
    "another name": (f"server_name {HOST}; return 301 https://www.{HOST}$request_uri;", False),
    "another port": ("return 301 https://$host:8443$request_uri;", False),
    "certbot's": (f"if ($host = {HOST}) {{ {TO_HTTPS} }} return 404;", True),
    "a rewrite": ("rewrite ^ https://$host$request_uri? permanent;", True),
    "refused": ("return 403;", False),
}
REWRITE = "RewriteEngine On\n{}RewriteRule ^ https://%{{HTTP_HOST}}%{{REQUEST_URI}} [R=301,L]"
NAMED = "RewriteEngine On\nRewriteRule ^/(.*)$ https://{}/$1 [R=301,L]"
APACHE = {
    "its own scheme": (REWRITE.format("RewriteCond %{HTTPS} off\n"), True),
    "the first proxy's word": (
        REWRITE.format("RewriteCond %{HTTP:X-Forwarded-Proto} !https\n"),
        False,
    ),
    "a name of its own": (f"ServerName {HOST}\n{NAMED.format(HOST)}", True),
    "another name": (f"ServerName {HOST}\n{NAMED.format('www.' + HOST)}", False),
}
HAPROXY = {
    "its own scheme": ("http-request redirect scheme https code 301 unless { ssl_fc }", True),
    "its own, not": ("http-request redirect scheme https if !{ ssl_fc }", True),
    "the first proxy's word": (
        "http-request redirect scheme https if !{ hdr(X-Forwarded-Proto) https }",
        False,
    ),
    "everything": ("http-request redirect scheme https code 308", True),
}
CASES = [
    pytest.param(name, *case, marks=pytest.mark.server(name), id=f"{name}: {words}")
    for name, cases in (("nginx", NGINX), ("apache", APACHE), ("haproxy", HAPROXY))
    for words, case in cases.items()
]
INNER = {
    "nginx": "server {{\n listen 8080;\n {}\n location / {{ proxy_pass http://web:8000; }}\n}}\n",
    "apache": "<VirtualHost *:8080>\n{}\nProxyPass / http://web:8000/\n</VirtualHost>\n",
    "haproxy": "frontend all\n bind :8080\n {}\n default_backend app\n"
    "backend app\n server app web:8000\n",
}
MOUNTED = {
    "nginx": ("nginx", "inner.conf:/etc/nginx/conf.d/default.conf"),
    "apache": ("httpd", "inner.conf:/usr/local/apache2/conf/extra/inner.conf"),
    "haproxy": ("haproxy", "haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg"),
}


def written(name, lines):
    """The page's project with another proxy behind the one that terminates TLS."""
    image, mount = MOUNTED[name]
    path = mount.partition(":")[0]
    files = {p: text for p, text in PAGE.items() if p != "inner.conf"}
    compose = files["compose.yaml"].replace("image: nginx", f"image: {image}", 1)
    files["compose.yaml"] = compose.replace(
        "./inner.conf:/etc/nginx/conf.d/default.conf", f"./{mount}"
    )
    files[path] = INNER[name].format(lines)
    return "".join(f"--- {p}\n{text}" for p, text in files.items())


@pytest.mark.parametrize(("name", "lines", "is_loop"), CASES)
def test_a_loop_is_found_where_a_proxy_sends_https_back_to_the_same_address(name, lines, is_loop):
    more = {"overwrites_scheme": False} if name == "haproxy" else {}
    with getattr(servers, name)(http="serve", extra_http=lines, **more) as server:
        sent = ("-H", f"Host: {HOST}", "-H", "X-Forwarded-Proto: https")
        answer = curl(f"http://{HOST}:{server.http_port}/page", *sent)
    goes_to = dict(answer.headers).get("location")
    assert (goes_to == f"https://{HOST}/page") is is_loop
    assert bool(found(written(name, lines), rule)) is is_loop


@pytest.mark.parametrize(("other", "is_redirected"), [("", True), ("location /api", False)])
def test_a_redirect_in_one_location_is_none_for_another_that_passes_requests_on(
    other, is_redirected
):
    """What /api is asked over http is served (nginx, ngx_http_core_module, location)."""
    passing = "{ proxy_pass http://127.0.0.1:8000; }"
    text = f"""
--- app.py
from flask import Flask
app = Flask(__name__)
--- deployment/nginx.conf
server {{
  listen 80;
  location / {{ {IF} proxy_pass http://127.0.0.1:8000; }}
  {other and f"{other} {passing}"}
}}
"""
    ids = {f.id for f in audited(text).findings}
    assert ("proxy-without-tls" not in ids) is is_redirected


LOOP = written("nginx", NGINX["its own scheme"][0])


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("", "", 1),
        ("listen 443 ssl;", "listen 80;", 0),  # nobody comes over TLS
        ("proxy_pass http://inner:8080", "proxy_pass https://inner:8080", 0),
        ("proxy_pass http://inner:8080", "proxy_pass http://inner:8081", 0),
        ("listen 8080;", "listen 8080 ssl;", 0),
        # The client's host decides which of two blocks answers.
        ("server {\n listen 8080;", "server { listen 8080; server_name b; }\nserver {\n listen 8080;", 0),
    ],
)  # fmt: skip
def test_only_what_is_asked_in_clear_by_what_terminates_tls_loops(old, new, count):
    assert LOOP.count(old) == 1 or not old
    assert len(found(LOOP.replace(old, new) if old else LOOP, rule)) == count


INGRESS = """
--- k8s.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  default.conf: |
    server {
      listen 8080;
      REDIRECT
      location / { proxy_pass http://127.0.0.1:8000; }
    }
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      volumes: [{name: conf, configMap: {name: conf}}]
      containers:
        - name: nginx
          image: nginx
          volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]
        - name: web
          image: shop/web
          command: ["gunicorn", "-b", "127.0.0.1:8000", "app:app"]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  tls: [{hosts: [shop.example], secretName: shop}]
  rules:
    - host: shop.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
--- app.py
from flask import Flask
app = Flask(__name__)
"""


@pytest.mark.parametrize(
    ("words", "count"), [("its own scheme", 1), ("everything", 1), ("the first proxy's word", 0)]
)
def test_an_ingress_that_terminates_tls_is_an_edge_too(words, count):
    assert len(found(INGRESS.replace("REDIRECT", NGINX[words][0]), rule)) == count


def test_the_application_behind_a_redirect_by_the_scheme_is_judged_as_behind_none():
    ids = {f.id for f in audited(LOOP).findings} - {"redirect-loops"}
    without = LOOP.replace(NGINX["its own scheme"][0], "")
    assert ids == {f.id for f in audited(without).findings}


@pytest.mark.server("nginx")
def test_the_remedy_lets_in_who_came_over_tls_and_still_redirects_the_others():
    assert shutil.which("curl")
    files = example_files(LOOP)
    made = fixed(files, only=frozenset({rule.id}))
    assert not found("".join(f"--- {p}\n{text}" for p, text in made.items()), rule)
    assert not planned(made, only=frozenset({rule.id})).steps
    text = made["inner.conf"]
    guard = text[: text.index("server {")].replace("10.0.0.0/8", "127.0.0.0/8")
    line = next(line for line in text.splitlines() if "$first_proxys_scheme = http" in line)
    with servers.nginx(http="serve", extra_general=guard, extra_http=line) as server:
        url = f"http://{HOST}:{server.http_port}/"
        assert curl(url, "-H", "X-Forwarded-Proto: https").status == 200
        assert curl(url, "-H", "X-Forwarded-Proto: http").status == 301
        assert curl(url).status == 301


@pytest.mark.parametrize(
    "compose",
    [
        ('image: nginx\n    volumes: ["./inner.conf', 'image: nginx\n    ports: ["8080:8080"]\n    volumes: ["./inner.conf'),
        ("", ""),
    ],
)  # fmt: skip
def test_the_first_proxys_word_is_taken_only_where_nobody_else_can_say_it(compose):
    files = example_files(LOOP)
    files["compose.yaml"] = files["compose.yaml"].replace(*compose)
    steps = planned(files, with_unsafe=True, only=frozenset({rule.id})).steps
    assert bool(steps) is (compose == ("", ""))
