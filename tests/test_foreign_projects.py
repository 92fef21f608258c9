"""What projects showed that are in no corpus here: several services in one repository and more."""

import pytest

from auditing import audited, project
from plainwire.model import Severity, example_files

MONOREPO = """
--- accounts/app.py
from flask import Flask
app = Flask(__name__)
--- accounts/Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- orders/app.py
from flask import Flask
app = Flask(__name__)
--- orders/Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:9000", "app:app"]
--- shopfront/Dockerfile
FROM node:22
CMD ["node", "server.js"]
"""
MANIFEST = """
--- k8s/{name}.yaml
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  type: {means}
  selector: {{app: {name}}}
  ports: [{{port: 80, targetPort: 8000}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: {name}
          image: registry.example.com/shop/{image}:1.2@sha256:00ff
"""


def by_kind(text, kind):
    return [f for f in audited(text).findings if f.kind == kind and f.severity >= Severity.LOW]


def places(finding):
    return [f"{p.path}:{p.line}" for p in finding.locations]


@pytest.mark.parametrize("image", ["accounts", "shop-accounts", "accounts-service"])
def test_a_cluster_runs_the_image_that_is_called_like_a_folder(image):
    service = MANIFEST.format(name="front", image=image, means="LoadBalancer")
    (finding,) = by_kind(MONOREPO + service, "port-plain")
    assert places(finding)[:3] == ["k8s/front.yaml:5", "accounts/Dockerfile:3", "accounts/app.py:2"]


@pytest.mark.parametrize("means", ["LoadBalancer", "NodePort"])
def test_an_image_of_another_folder_is_not_taken_for_the_application(means):
    one_app = MONOREPO.partition("--- orders/app.py")[0]
    node = "--- shopfront/Dockerfile\nFROM node:22\nCMD node server.js\n"
    service = MANIFEST.format(name="front", image="shopfront", means=means)
    assert not by_kind(one_app + node + service, "port-plain")


def test_a_service_inside_the_cluster_is_nobodys_finding():
    service = MANIFEST.format(name="accounts", image="accounts", means="ClusterIP")
    assert not by_kind(MONOREPO + service, "port-plain")


def test_a_proxy_image_of_the_cluster_is_a_proxy(tmp_path):
    proxy = """
--- edge/Dockerfile
FROM nginx:1.27
COPY shop.conf /etc/nginx/conf.d/default.conf
--- edge/shop.conf
server {
  listen 8000;
  location / { proxy_pass http://accounts:8000; }
}
"""
    inner = MANIFEST.format(name="accounts", image="accounts", means="ClusterIP")
    outer = MANIFEST.format(name="door", image="shop-edge", means="LoadBalancer")
    text = MONOREPO + proxy + inner + outer.removeprefix("\n")
    (finding,) = by_kind(text, "proxy-http-only")
    assert places(finding)[:2] == ["k8s/door.yaml:5", "edge/shop.conf:2"]
    services = [s for d in project(example_files(text), tmp_path).deployments for s in d.services]
    assert [(s.role, s.folder) for s in services if s.name == "door"] == [("proxy", "edge")]


def test_compose_runs_a_pushed_image_of_the_project():
    stack = """
--- stack.compose.yml
services:
  web:
    image: example/shop-orders:2
    ports: ["8080:9000"]
"""
    (finding,) = by_kind(MONOREPO + stack, "port-plain")
    assert places(finding)[:2] == ["stack.compose.yml:4", "orders/Dockerfile:3"]
    other = stack.replace("shop-orders", "weather")
    assert not by_kind(MONOREPO + other, "port-plain")


INGRESS = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- k8s/ingress.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    {annotations}
spec:
  defaultBackend:
    service: {{name: web, port: {{number: 80}}}}
--- k8s/web.yaml
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  ports: [{{port: 80}}]
"""
MANAGED = "networking.gke.io/managed-certificates: shop-cert"


@pytest.mark.parametrize(
    ("annotations", "is_found"),
    [
        ("example.com/owner: shop", True),
        (MANAGED, True),  # Google's load balancer answers http as well
        (MANAGED + '\n    kubernetes.io/ingress.allow-http: "false"', False),
        (MANAGED + "\n    networking.gke.io/v1beta1.FrontendConfig: redirects", False),
    ],
)
def test_a_certificate_that_google_manages_is_tls(annotations, is_found):
    found = by_kind(INGRESS.format(annotations=annotations), "ingress-no-tls")
    assert bool(found) is is_found


HEROKU = """
--- Procfile
web: gunicorn app:app
--- app.py
from flask import Flask, redirect, request
from flask_talisman import Talisman
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app)
"""


def test_a_router_of_both_schemes_is_no_proof_of_encryption():
    report = audited(HEROKU)
    assert report.tls_status == "UNKNOWN"
    assert "no-https-redirect" in {f.kind for f in report.findings}
    enforced = audited(HEROKU + "Talisman(app)\n")
    assert enforced.tls_status == "PASS"
    assert "no-https-redirect" not in {f.kind for f in enforced.findings}


FLY = """
--- fly.toml
app = "shop"
[[services]]
  internal_port = 8000
  [[services.ports]]
    force_https = FORCE
    handlers = ["http"]
    port = 80
  [[services.ports]]
    handlers = ["tls", "http"]
    port = 443
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- app.py
from flask import Flask
app = Flask(__name__)
"""


@pytest.mark.parametrize(("force", "status"), [("true", "PASS"), ("false", "UNKNOWN")])
def test_fly_services_with_ports_of_their_own(force, status, tmp_path):
    text = FLY.replace("FORCE", force)
    assert audited(text).tls_status == status
    (path,) = project(example_files(text), tmp_path).paths
    assert path.hops[0].what == "Fly proxy"
    assert path.is_encrypted


SIGNED = """
--- app.py
import os
import jwt
from cryptography.fernet import Fernet
from flask import Flask
app = Flask(__name__)
phrase = {value}
def issue(user):
    return {call}
"""


@pytest.mark.parametrize(
    "call", ["jwt.encode({'u': user}, phrase)", "Fernet(phrase).encrypt(user)"]
)
def test_a_key_given_to_what_signs_is_a_secret_whatever_it_is_called(call):
    (finding,) = by_kind(SIGNED.format(value='"J7x0Kk2vUu"', call=call), "secret-hardcoded")
    assert places(finding) == ["app.py:6"]
    assert finding.severity is Severity.HIGH
    assert not by_kind(SIGNED.format(value='os.environ["PHRASE"]', call=call), "secret-hardcoded")


def test_allowing_empty_passwords_is_no_password():
    text = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- compose.yml
services:
  web: {build: .}
  db:
    image: mysql:8
    environment:
      MYSQL_ALLOW_EMPTY_PASSWORD: "yes"
      MYSQL_ROOT_PASSWORD: PASSWORD
"""
    assert not by_kind(text.replace("PASSWORD: PASSWORD", "HOST: x"), "secret-hardcoded")
    assert by_kind(text.replace(": PASSWORD", ": tulips88"), "secret-hardcoded")


def test_one_password_in_many_manifests_is_one_finding():
    manifest = """
--- k8s/{n}/config.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: db}}
data: {{DB_PASSWORD: tulips88}}
"""
    text = "--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n"
    (finding,) = by_kind(text + "".join(manifest.format(n=n) for n in "abc"), "secret-hardcoded")
    assert [p.path for p in finding.locations] == [f"k8s/{n}/config.yaml" for n in "abc"]


def test_a_comment_speaks_for_one_place_of_a_password_alone():
    manifest = """
--- k8s/{n}/config.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: db}}
data:
  # {comment}
  DB_PASSWORD: tulips88
"""
    text = "--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n"
    text += manifest.format(n="a", comment="plainwire: ignore[secret-in-files] a sample")
    text += manifest.format(n="b", comment="the real one")
    found = {f.locations[0].path: f.suppressed for f in audited(text).findings}
    assert found["k8s/a/config.yaml"] is not None
    assert found["k8s/b/config.yaml"] is None


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("def keygen():\n    key = str(random.getrandbits(99))\n    return key", True),
        ("visitor = hex(random.getrandbits(64))\nanswer.set_cookie('v', visitor)", True),
        ("visitor = hex(random.getrandbits(64))\nprint(visitor)", False),
        ("def keygen():\n    key = secrets.token_hex()\n    return key", False),
    ],
)
def test_guessable_keys_and_visitors(code, is_found):
    text = f"--- app.py\nimport random, secrets\n{code}\n"
    assert bool(by_kind(text, "token-weak-prng")) is is_found


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("ldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_ALLOW)", True),
        ("ldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_NEVER)", True),
        ("ldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_HARD)", False),
        ("ipa.Client('ipa.example.com', verify_ssl=False)", True),
        ("ipa.Client('ipa.example.com', verify_ssl='ca.pem')", False),
        ("pymongo.MongoClient('m', tls=True, tlsAllowInvalidCertificates=True)", True),
        ("pymongo.MongoClient('m', tls=True)", False),
        ("ldap3.Tls(validate=ssl.CERT_NONE)", True),
        ("ldap3.Tls(validate=ssl.CERT_REQUIRED)", False),
    ],
)
def test_verification_that_clients_of_other_protocols_switch_off(code, is_found):
    text = f"--- app.py\nimport ldap, ldap3, ipa, pymongo, ssl\n{code}\n"
    assert bool(by_kind(text, "tls-verify-off")) is is_found


def test_the_value_of_a_cookie_tells_that_it_is_a_token():
    text = "--- app.py\nanswer.set_cookie(config['NAME'], {})\n"
    (token,) = by_kind(text.format("token"), "cookie-set-insecure")
    (theme,) = by_kind(text.format("theme"), "cookie-set-insecure")
    assert (token.severity, theme.severity) == (Severity.MEDIUM, Severity.LOW)


def test_single_file_components_are_pages_with_scripts():
    text = """
--- client/src/Ping.vue
<template>
  <a
    href="http://news.openweathermap.org/">news</a>
</template>
<script>
const path = 'http://api.openweathermap.org/ping';
axios.get(path);
const other = 'http://schema.openweathermap.org/x';
</script>
"""
    found = {(f.kind, f.locations[0].line) for f in audited(text).findings}
    assert {("link-http", 3), ("js-insecure-url", 6)} <= found
    assert ("js-insecure-url", 8) not in found


def test_an_ingress_with_a_certificate_that_keeps_plain_http():
    tls = 'nginx.ingress.kubernetes.io/ssl-redirect: "{}"\nspec:\n  tls: [{{secretName: shop}}]'
    plain = INGRESS.replace("{annotations}\nspec:", tls.replace("{}", "false"), 1)
    redirected = INGRESS.replace("{annotations}\nspec:", tls.replace("{}", "true"), 1)
    (finding,) = by_kind(plain.replace("{{", "{").replace("}}", "}"), "ingress-no-tls")
    assert finding.severity is Severity.MEDIUM
    assert not by_kind(redirected.replace("{{", "{").replace("}}", "}"), "ingress-no-tls")


def test_an_image_without_the_words_of_its_folder():
    renamed = MONOREPO.replace("accounts/", "accounts-service/")
    service = MANIFEST.format(name="front", image="accounts", means="LoadBalancer")
    (finding,) = by_kind(renamed + service, "port-plain")
    assert places(finding)[1] == "accounts-service/Dockerfile:3"


@pytest.mark.parametrize(("obj", "is_found"), [("__name__", True), ("'elsewhere'", False)])
def test_a_module_that_is_its_own_configuration(obj, is_found):
    text = f"""
--- shop.py
from flask import Flask
SECRET_KEY = "tulips8888"
app = Flask(__name__)
app.config.from_object({obj})
"""
    found = [f for f in by_kind(text, "secret-hardcoded") if f.id == "secret-in-files"]
    assert bool(found) is is_found


def test_debug_in_a_script_that_only_starts_the_application():
    app = "--- shop.py\nfrom flask import Flask\napp = Flask(__name__)\n"
    script = "--- runserver.py\nfrom shop import app\napp.debug = True\napp.run()\n"
    assert not by_kind(app + script, "debug-exposed")
    assert by_kind(app + "app.debug = True\n", "debug-exposed")


def test_flower_of_an_own_image_is_a_dashboard():
    text = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "app:app"]
--- compose.yml
services:
  jobs:
    build: .
    command: celery --app app.jobs COMMAND --port=5555
    ports: ["5555:5555"]
"""
    assert by_kind(text.replace("COMMAND", "flower"), "aux-plain")
    assert not by_kind(text.replace("COMMAND", "worker"), "aux-plain")


def test_the_same_link_on_many_pages_is_one_finding():
    page = "--- templates/{}.html\n<a href='http://help.openweathermap.org/'>help</a>\n"
    (finding,) = by_kind("".join(map(page.format, "abc")), "link-http")
    assert len(finding.locations) == 3


@pytest.mark.parametrize(
    "code",
    [
        'app.config.update({"SECRET_KEY": VALUE})',
        "app.config.update(dict(SECRET_KEY=VALUE))",
        'app.config.from_mapping({"SECRET_KEY": VALUE})',
        "app.secret_key = VALUE",
    ],
)
@pytest.mark.parametrize(
    ("value", "is_found"),
    [('"tulips8888"', True), (r'b"_5#y2L\xec]/"', True), ("os.environ['KEY']", False)],
)
def test_configuration_in_dictionaries_and_bytes(code, value, is_found):
    text = "--- app.py\nimport os\nfrom flask import Flask\napp = Flask(__name__)\n"
    assert bool(by_kind(text + code.replace("VALUE", value), "secret-hardcoded")) is is_found


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("Celery('x', broker='amqp://u:p@mq.openweathermap.org//')", True),
        ("Celery('x', broker='amqps://u:p@mq.openweathermap.org//')", False),
        ("Celery('x', broker='amqp://u:p@mq//')", False),
        ("pika.ConnectionParameters(host='mq.openweathermap.org')", True),
        ("pika.ConnectionParameters(host='mq.openweathermap.org', ssl_options=tls)", False),
        ("redis.Redis(host='cache.openweathermap.org', password='x')", True),
        ("redis.Redis(host='cache.openweathermap.org', ssl=True)", False),
        ("redis.Redis(host='cache.openweathermap.org', ssl=False)", True),
        ("redis.Redis(host='127.0.0.1')", False),
        ("create_engine('postgresql://db.openweathermap.org/x')", True),
        ("create_engine('postgresql://db.openweathermap.org/x?sslmode=require')", False),
        ("create_engine('postgresql://db.openweathermap.org/x', connect_args=options)", False),
        ("MongoClient('mongodb://db.openweathermap.org/x')", True),
        ("MongoClient('mongodb://db.openweathermap.org/x', tls=True)", False),
        ("MongoClient('mongodb://db.openweathermap.org/x', tls=False)", True),
        ("MongoClient('mongodb://db.openweathermap.org/x', maxPoolSize=5)", True),
    ],
)
def test_backends_on_the_internet_that_calls_name(code, is_found):
    text = f"--- app.py\nimport celery, pika, redis\nx = {code}\n"
    assert bool(by_kind(text, "backend-plain")) is is_found


@pytest.mark.parametrize(
    ("line", "is_found"),
    [("http = :9090", True), ("http = 127.0.0.1:9090", False), ("socket = /run/a.sock", False)],
)
def test_a_uwsgi_file_that_nothing_else_starts(line, is_found):
    text = "--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n"
    text += f"--- contrib/uwsgi.ini\n[uwsgi]\n{line}\nwsgi-file = app.wsgi\ncallable = app\n"
    found = by_kind(text, "wsgi-plain-public")
    assert [places(f) for f in found] == [["contrib/uwsgi.ini:2", "app.py:2"]] * is_found
