"""What real projects do that no other test has: each is the small twin of one that was met."""

import socket
import ssl

import pytest

import servers
from auditing import audited, found, project
from plainwire.model import example_files
from plainwire.rules.app.credentials_in_clear import credentials_in_clear
from plainwire.rules.app.https_required_on_some_routes_only import (
    https_required_on_some_routes_only,
)
from plainwire.rules.app.url_built_plain import url_built_plain
from plainwire.rules.client.peer_not_verified import peer_not_verified
from plainwire.rules.container.ingress_without_tls import ingress_without_tls
from plainwire.rules.container.plain_download import plain_download
from plainwire.rules.container.port_beside_proxy import port_beside_proxy
from plainwire.rules.crypto.credential_in_code import credential_in_code
from plainwire.rules.crypto.private_key_in_files import private_key_in_files
from plainwire.rules.crypto.secret_in_files import secret_in_files
from plainwire.rules.crypto.token_guessable import token_guessable
from plainwire.rules.proxy.hsts_never_sent import hsts_never_sent
from plainwire.rules.proxy.proxy_without_tls import proxy_without_tls
from plainwire.rules.proxy.tls_versions_unset import tls_versions_unset
from plainwire.rules.server.development_server_deployed import development_server_deployed
from plainwire.rules.template.plain_address_in_script import plain_address_in_script

APP = """\
--- app.py
from flask import Flask
app = Flask(__name__)
"""
CHART = (
    APP
    + """\
--- Dockerfile
FROM python:3.12 AS base
COPY . .
FROM base AS {first}
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
FROM base AS {last}
CMD ["flask", "run", "--host", "0.0.0.0", "--port", "8000"]
--- chart/Chart.yaml
name: shop
--- chart/values.yaml
host: shop.internal
tls: {{}}
--- chart/{overlay}
host: shop.example.org
tls:
  secretName: shop-tls
--- chart/templates/shop.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  {{{{- if .Values.tls }}}}
  tls:
    - hosts: ["{{{{ .Values.host }}}}"]
      secretName: {{{{ .Values.tls.secretName }}}}
  {{{{- end }}}}
  rules:
    - host: "{{{{ .Values.host }}}}"
      http:
        paths:
          - path: /
            backend: {{service: {{name: shop, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector: {{app: shop}}
  ports: [{{port: 80, targetPort: 8000}}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  template:
    metadata: {{labels: {{app: shop}}}}
    spec:
      containers:
        - name: shop
          image: registry.example.org/shop:1
"""
)


@pytest.mark.parametrize(
    "overlay", ["values/values-production.yaml", "values/prod.yaml", "envs/production.yaml"]
)
def test_a_chart_keeps_the_values_of_each_environment_in_a_folder(overlay, tmp_path):
    text = CHART.format(first="a", last="b", overlay=overlay)
    shop = project(example_files(text), tmp_path)
    assert [path.is_encrypted for path in shop.paths] == [False, True]
    assert [path.environment for path in shop.paths] == ["development", "production"]
    assert not found(text, ingress_without_tls)


@pytest.mark.parametrize(
    ("first", "last", "is_development"),
    [("production", "development", False), ("prod", "test", False), ("one", "two", True)],
)
def test_the_stage_for_developers_is_not_what_a_cluster_runs(first, last, is_development):
    text = CHART.format(first=first, last=last, overlay="values/production.yaml")
    assert bool(found(text, development_server_deployed)) == is_development


NGINX = (
    APP
    + """\
--- deploy/gunicorn.service
[Service]
ExecStart=/srv/venv/bin/gunicorn -b 127.0.0.1:8000 app:app
--- deploy/nginx/nginx.conf
events {}
http {
  ssl_protocols TLSv1.2 TLSv1.3;
  include /etc/nginx/sites-enabled/*;
}
--- deploy/nginx/shop
server {
  listen 443 ssl;
  server_name shop.example.org;
  add_header Strict-Transport-Security "max-age=63072000";
  location / {
    proxy_pass http://127.0.0.1:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
server {
  listen 443;
  server_name index.example.org;
  auth_basic "Restricted";
  add_header Strict-Transport-Security "max-age=63072000";
  location / {
    proxy_pass http://127.0.0.1:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
server {
  listen 443 ssl default_server;
  return 444;
}
"""
)


def test_servers_share_the_tls_of_a_socket_and_what_the_main_file_says():
    assert not found(NGINX, proxy_without_tls, credentials_in_clear, tls_versions_unset)
    assert not found(NGINX, hsts_never_sent)
    other_port = NGINX.replace("listen 443;", "listen 8080;")
    assert [f[0] for f in found(other_port, proxy_without_tls)] == ["proxy-without-tls"]
    assert [f[2] for f in found(NGINX.replace("include", "#"), tls_versions_unset)] == [2, 11, 21]


@pytest.mark.server("nginx")
def test_nginx_itself_speaks_tls_on_a_socket_that_another_server_names_with_ssl(certificate):
    """The truth of the test above: a server block without ``ssl``, and without another block's."""
    plain = """
      server {
        listen 127.0.0.1:@{https_port}; server_name other.plainwire.test;
        ssl_certificate @{chain}; ssl_certificate_key @{key};
        return 200 other;
      }
    """
    with servers.nginx(https=certificate, extra_general=plain) as server:
        context = ssl._create_unverified_context()
        with (
            socket.create_connection(("127.0.0.1", server.https_port), 5) as raw,
            context.wrap_socket(raw, server_hostname="other.plainwire.test") as over_tls,
        ):
            over_tls.sendall(b"GET / HTTP/1.0\r\nHost: other.plainwire.test\r\n\r\n")
            assert over_tls.makefile("rb").read().endswith(b"other")


PUBLISHED = """\
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["80:8000"]
"""
LOGIN = (
    PUBLISHED
    + """\
--- forms.py
from wtforms import Form, PasswordField
class {form}(Form):
    password = PasswordField()
--- app.py
from flask import Flask, request, render_template
from flask_login import login_user
from forms import {form}
app = Flask(__name__)
@app.route("/about")
def about():
    return render_template("about.html", form={form}(request.form))
@app.route("/", methods=["GET", "POST"])
def home():
    form = {form}(request.form)
    if form.validate():
        login_user(form.user)
    return render_template("home.html", form=form)
"""
)


@pytest.mark.parametrize(
    ("form", "expected"),
    [("LoginForm", [("credentials-in-clear", "app.py", 9)]), ("SearchForm", [])],
)
def test_a_page_with_a_login_form_takes_passwords_whatever_it_is_called(form, expected):
    assert found(LOGIN.format(form=form), credentials_in_clear) == expected


def test_the_login_is_told_before_other_views_that_take_passwords():
    code = """\
--- app.py
from flask import Flask, request
from flask_login import login_user
app = Flask(__name__)
@app.post("/login")
def login():
    user = by_name(request.form["name"])
    if user.verify_password(request.form["password"]):
        login_user(user)
@app.post("/change")
def change_password():
    return user.verify_password(request.form["password"])
"""
    assert found(PUBLISHED + code, credentials_in_clear) == [("credentials-in-clear", "app.py", 5)]


@pytest.mark.parametrize(
    ("module", "is_found"), [("requests.auth", False), ("flask_httpauth", True)]
)
def test_a_client_that_sends_a_password_takes_none(module, is_found):
    code = f"""\
--- app.py
from flask import Flask
from {module} import HTTPBasicAuth
app = Flask(__name__)
auth = HTTPBasicAuth()
"""
    assert bool(found(PUBLISHED + code, credentials_in_clear)) == is_found


GUARDED = """\
--- app.py
from flask import Flask, request
from security import require_https
app = Flask(__name__)
@app.post("/pay")
@require_https
def pay():
    return {}
@app.post("/login")
def login():
    return check(request.json["password"])
"""


def test_a_decorator_is_not_missed_where_plain_http_does_not_arrive():
    assert not found(GUARDED + NGINX.replace(APP, ""), https_required_on_some_routes_only)
    assert found(GUARDED + PUBLISHED, https_required_on_some_routes_only)


COPIED = (
    APP
    + """\
--- compose.yaml
services:
  edge:
    build: edge
    ports: ["80:80"]
  web:
    build: .
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- edge/Dockerfile
FROM nginx
COPY nginx.conf /etc/nginx/nginx.conf
COPY conf.d/* /etc/nginx/conf.d/
--- edge/nginx.conf
http {
  include /etc/nginx/conf.d/*.conf;
}
--- edge/conf.d/default.conf
server {
  listen 80;
  location / { proxy_pass http://web:8000; }
}
"""
)


def test_an_image_takes_in_the_files_that_a_pattern_names(tmp_path):
    paths = project(example_files(COPIED), tmp_path).paths
    assert [path.kind for path in paths] == ["proxied"]
    assert [hop.what for hop in paths[0].hops] == [
        "published :80", "nginx :80", "forwards", "gunicorn :8000", "app.py"
    ]  # fmt: skip


TASKS = """\
--- shop/app.py
from flask import Flask
app = Flask(__name__)
--- shop/tasks.py
import random
from {library} import task
@task
def welcome(user):
    password = "".join(random.choice("abcdef") for _ in range(8))
    user.send(password)
"""


@pytest.mark.parametrize(("library", "is_found"), [("celery", True), ("invoke", False)])
def test_tasks_of_celery_are_the_application_s(library, is_found):
    assert bool(found(TASKS.format(library=library), token_guessable)) == is_found


@pytest.mark.parametrize(
    ("name", "is_found"),
    [
        ("generate_registration_code", True),
        ("gen_tmp_pwd", True),
        ("invitation_code", True),
        ("country_code", False),
        ("product_code", False),
    ],
)
def test_codes_that_let_somebody_in(name, is_found):
    code = f"""\
--- codes.py
import random
def {name}(size=8):
    return "".join(random.choice("abcdef") for _ in range(size))
"""
    assert bool(found(APP + code, token_guessable)) == is_found


@pytest.mark.parametrize(("name", "is_found"), [("CONSENT", False), ("SIGNED", True)])
def test_what_a_cookie_is_called_is_no_key(name, is_found):
    code = f"""\
--- app.py
from flask import Flask
app = Flask(__name__)
app.config["{name}_COOKIE_KEY"] = "shop-consent"
"""
    assert bool(found(code, secret_in_files)) == is_found


@pytest.mark.parametrize(("app", "is_found"), [("", True), (APP, False)])
def test_secrets_of_a_deployment_are_ours_unless_the_applications_are_elsewhere(app, is_found):
    compose = """\
--- other/compose.yaml
services:
  wiki:
    image: example/wiki
    environment: {SECRET_KEY: not-so-secret}
"""
    assert bool(found(app + compose, secret_in_files)) == is_found


def test_a_proxy_of_a_machine_asks_another_program_by_another_port(tmp_path):
    index = NGINX.replace("8000;\n    proxy_set_header", "9200;\n    proxy_set_header", 2)
    index = index.replace("9200;", "8000;", 1)
    paths = project(example_files(index), tmp_path).paths
    assert [(p.forward and p.forward.port, p.app is not None) for p in paths if p.forward] == [
        (8000, True),
        (9200, False),
    ]


def test_a_socket_for_both_families_and_a_port_said_twice_are_one_way_in(tmp_path):
    both = NGINX.replace(
        "listen 443 ssl default_server;", "listen [::]:443 ssl;\n  listen 443 ssl;"
    )
    assert len(project(example_files(both), tmp_path / "nginx").paths) == 3
    twice = """\
--- base.yaml
services:
  web:
    build: .
    ports: ["80:8000"]
--- compose.full.yaml
services:
  web:
    extends: {file: base.yaml, service: web}
    ports: ["80:8000", "81:8000"]
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""
    ways = project(example_files(APP + twice), tmp_path / "compose").paths
    assert [way.publication.port for way in ways] == [80, 81]


@pytest.mark.parametrize(
    ("script", "is_found"),
    [
        ("io.connect('http://' + document.domain + ':' + location.port)", True),
        ('new WebSocket("ws://" + window.location.host + "/feed")', True),
        ("const api = `http://${window.location.hostname}:5000/api`", True),
        ("const s = location.protocol == 'https:' ? 'wss://' : 'ws://'; open(s + 'x')", False),
        ("u = secure ? 'wss://' + location.host : 'ws://' + location.host", False),
        ("u = location.protocol + '//' + location.host", False),
        ('window.open("http://{{ box.host }}:5050/ssh")', True),
        ('fetch("http://{{ box.host }}/state")', True),
        ('label = "http://{{ box.host }}/state"', False),
        ('// io.connect("http://" + document.domain)', False),
    ],
)
def test_addresses_that_a_script_puts_together(script, is_found):
    page = f"--- templates/page.html\n<script>\n{script}\n</script>\n"
    file = f"--- static/page.js\n{script}\n"
    assert bool(found(APP + page, plain_address_in_script)) == is_found
    if "{{" not in script:
        assert bool(found(APP + file, plain_address_in_script)) == is_found


KEY = "bARFd5Rs6taTZpYN6yU5zCDOR6uV5nou"
PUBLIC = "q0mCoZDpRGdngmTAoFVQuEBc9MO3Iq1P"


@pytest.mark.parametrize(
    ("key", "is_found"),
    [
        (f'{{\n"kty": "oct",\n"k": "{KEY}"\n}}', True),
        (f'{{"keys": [\n{{"kty": "EC", "crv": "P-256",\n"x": "{PUBLIC}", "d": "{KEY}"}}]}}', True),
        (f'{{\n"kty": "RSA",\n"n": "{PUBLIC}", "e": "AQAB"\n}}', False),
    ],
)
def test_a_json_web_key_is_a_private_key(key, is_found):
    report = audited(f"{APP}--- keys/reset.json\n{key}\n", private_key_in_files)
    places = [(f.locations[0].path, f.locations[0].line) for f in report.findings]
    assert places == ([("keys/reset.json", 3)] if is_found else [])
    assert KEY not in repr(report)


@pytest.mark.parametrize(
    ("command", "is_found"),
    [
        ("wget -O docker.sh get.docker.com", True),
        ("curl -sSL get.rvm.io | bash", True),
        ("curl -fsSLo setup.sh packages.shop.io/setup.sh", True),
        ("sudo wget --output-document=a.tgz mirror.shop.io/a.tgz", True),
        ("wget -qO- https://get.docker.com | sh", False),
        ("wget -O docker.sh https://get.docker.com", False),
        ("curl -H 'Host: shop.io' https://10.0.0.1/x", False),
        ("curl --user admin.name https://shop.io/x", False),
        ("apt-get install -y curl wget && tar xf shop.tar.gz", False),
        ("curl $HOST/setup.sh | sh", False),
        ("curl localhost:8000/health", False),
        ("echo $(curl -s ifconfig.me)", False),
        ("wget backend.internal/x.sh", False),
    ],
)
def test_a_download_without_a_scheme_is_plain(command, is_found):
    assert bool(found(f"{APP}--- install.sh\n{command}\n", plain_download)) == is_found


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ('FRONTEND_URL = "http://www.shop-front.io/"', True),
        ('BASE_URL = "http://shop-api.herokuapp.com/"', True),
        ('BASE_URL = "http://localhost:5000/"', False),
        ('BASE_URL = "https://shop-api.herokuapp.com/"', False),
        ('SCHEMA = "http://shop-api.herokuapp.com/schema"', False),
        ('import requests\nBASE_URL = "http://shop-api.herokuapp.com/"', False),
    ],
)
def test_a_public_address_that_is_written_down(code, is_found):
    assert bool(found(f"{APP}--- addresses.py\n{code}\n", url_built_plain)) == is_found


SPLIT = (
    APP
    + """\
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- kube/shared/edge.yaml
kind: "Service"
apiVersion: "v1"
metadata: {name: shop}
spec:
  type: {means}
  ports: [{port: 8000}]
  selector: {app: shop}
---
kind: "Ingress"
apiVersion: "networking.k8s.io/v1"
metadata: {name: shop}
spec:
  tls: [{hosts: [shop.example.org], secretName: shop-tls}]
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 8000}}}
--- kube/{folder}/shop.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: {label}}}
    spec:
      containers: [{name: shop, image: registry.example.org/shop:1}]
"""
)


@pytest.mark.parametrize(
    ("means", "folder", "label", "is_found"),
    [
        ("NodePort", "production", "shop", True),
        ("NodePort", "main", "shop", True),
        ("ClusterIP", "production", "shop", False),
        ("NodePort", "production", "other", False),
    ],
)
def test_a_service_selects_what_stands_in_the_folder_beside_it(means, folder, label, is_found):
    text = SPLIT.replace("{means}", means).replace("{folder}", folder).replace("{label}", label)
    assert bool(found(text, port_beside_proxy)) == is_found


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (
            """\
class TokenResource(MethodView):
    @api.arguments(LoginSchema)
    def post(self, args):
        return tokens(args["username"], args["password"])""",
            True,
        ),
        (
            """\
class TokenResource(MethodView):
    @api.response(200)
    def post(self):
        return refreshed("password")""",
            False,
        ),
    ],
)
def test_a_decorator_gives_a_view_the_password(view, expected):
    code = f"""\
--- app.py
from flask import Flask
from flask.views import MethodView
from flask_smorest import Blueprint
app = Flask(__name__)
api = Blueprint("api", __name__)
{view}
"""
    assert bool(found(PUBLISHED + code, credentials_in_clear)) == expected


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("import pika\npika.PlainCredentials('admin', 'Tr1ckyRabbit')", True),
        (
            "import psycopg2\npsycopg2.connect(host='db', user='shop', password='Tr1ckyRabbit')",
            True,
        ),
        ("import redis\nredis.Redis('cache', password='Tr1ckyRabbit')", True),
        ("import pika\npika.PlainCredentials('guest', 'guest')", False),
        ("import psycopg2\npsycopg2.connect(host='localhost', password='Tr1ckyRabbit')", False),
        ("import psycopg2\npsycopg2.connect(host='db', user='shop', password='shop')", False),
        ("import redis, os\nredis.Redis('cache', password=os.environ['REDIS_PASSWORD'])", False),
        ("import psycopg2\npsycopg2.connect(host='db', password='changeme')", False),
    ],
)
def test_a_password_that_code_connects_with(code, is_found):
    report = audited(f"{APP}--- store.py\n{code}\n", credential_in_code)
    assert [f.locations[0].line for f in report.findings] == [2] * is_found
    assert "Tr1ckyRabbit" not in repr(report)


def test_a_number_in_a_token_that_is_signed_need_not_be_secret():
    code = """\
--- tokens.py
import random
import jwt
def create_token(key):
    return jwt.encode({"id": random.randint(1, 999999)}, key)
"""
    assert not found(APP + code, token_guessable)
    assert found(APP + code.replace("jwt.encode", "dict"), token_guessable)


LOADED = """\
--- app.py
import os
from flask import Flask
app = Flask(__name__)
app.config.from_pyfile(os.environ["SHOP_ENV"] + ".cfg")
"""


@pytest.mark.parametrize(
    ("name", "text", "is_found"),
    [
        ("production.cfg", 'DEBUG = False\nSECRET_KEY = "not-so-secret"\n', True),
        ("test.cfg", 'DEBUG = False\nSECRET_KEY = "not-so-secret"\n', False),
        ("dev.template.cfg", 'DEBUG = False\nSECRET_KEY = "not-so-secret"\n', False),
        ("production.cfg", 'DEBUG = False\nSECRET_KEY = os.environ["SECRET_KEY"]\n', False),
        ("setup.cfg", '[shop]\nSECRET_KEY = "not-so-secret"\n', False),
    ],
)
def test_a_configuration_file_in_python_is_read_as_such(name, text, is_found):
    assert bool(found(f"{LOADED}--- {name}\n{text}", secret_in_files)) == is_found


@pytest.mark.parametrize("key", ["not-so-secret", "my-secret-key", "s3cr3t!"])
def test_a_key_that_a_report_would_mask_is_found(key):
    code = f"--- tokens.py\nimport jwt\ndef token(user):\n    return jwt.encode(user, '{key}')\n"
    assert found(APP + code, secret_in_files) == [("secret-in-files", "tokens.py", 3)]


@pytest.mark.parametrize(
    ("folder", "is_quiet"),
    [
        ("shoptest/unit/pages", True),
        ("functional-tests", True),
        ("shop/migrate", True),
        ("latest/pages", False),
        ("contest", False),
    ],
)
def test_folders_of_tests_by_other_names(folder, is_quiet):
    code = f"--- {folder}/keys.py\nimport jwt\njwt.encode({{}}, 'not-so-secret')\n"
    assert bool(found(APP + code, secret_in_files)) != is_quiet


VARIANTS = (
    APP
    + """\
--- Dockerfile
FROM python:3.12
CMD ["flask", "run", "--host=0.0.0.0"]
--- Dockerfile.prod
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- docker-compose.yml
services:
  web:
    build: .
    ports: ["3333:5000"]
--- docker-compose.prod.yml
services:
  web:
    image: {image}
  edge:
    image: nginx:1.27
    ports: ["443:443"]
    volumes: ["./nginx/default.conf:/etc/nginx/conf.d/default.conf:ro"]
--- nginx/default.conf
server {{
  listen 443 ssl;
  location / {{ proxy_pass http://web:8000; proxy_set_header X-Forwarded-Proto https; }}
}}
--- nginx/default.http.conf
server {{
  listen 80;
  location / {{ proxy_pass http://{host}:8000; }}
}}
"""
)


@pytest.mark.parametrize("image", ["ghcr.io/example/shop:latest", "${IMAGE:-ghcr.io/example/shop}"])
def test_a_composition_for_production_runs_the_image_for_production(image):
    text = VARIANTS.format(image=image, host="web")
    assert not found(text, development_server_deployed)
    plain = text.replace("--- Dockerfile.prod", "--- other/Dockerfile.prod")
    assert found(plain, development_server_deployed)


def test_a_configuration_that_may_take_the_place_of_a_mounted_one_is_no_machine_s():
    text = VARIANTS.format(image="ghcr.io/example/shop", host="web")
    assert not found(text, proxy_without_tls)
    machine = VARIANTS.format(image="ghcr.io/example/shop", host="127.0.0.1")
    assert found(machine, proxy_without_tls) == [
        ("proxy-without-tls", "nginx/default.http.conf", 2)
    ]


@pytest.mark.parametrize(("base", "ports"), [("node:22", [5000]), ("python:3.12", [8888, 5000])])
def test_an_image_of_another_language_is_not_the_application(base, ports, tmp_path):
    text = f"""\
--- docker/frontend/Dockerfile
FROM {base}
ENTRYPOINT ["/frontend.sh"]
--- docker/backend/Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- docker-compose.yml
services:
  frontend:
    build: {{context: ., dockerfile: docker/frontend/Dockerfile}}
    ports: ["8888:8888"]
  backend:
    build: {{context: ., dockerfile: docker/backend/Dockerfile}}
    ports: ["5000:5000"]
"""
    paths = project(example_files(APP + text), tmp_path).paths
    assert [path.publication.port for path in paths if path.app is not None] == ports


@pytest.mark.parametrize(
    ("check", "is_found"),
    [
        (
            "def _is_secret_weak(secret):\n    return secret in {'', 'dev', 'super-secret-key'}",
            False,
        ),
        ("def validate_secrets(key):\n    assert key != 'super-secret-key'", False),
        ("def label(secret):\n    return 'super-secret-key'", True),
        ("", True),
    ],
)
def test_a_fallback_that_is_refused_at_the_start_is_never_live(check, is_found):
    code = f"""\
--- config.py
import os
{check}
class Config:
    SECRET_KEY = os.getenv("SECRET_KEY", "super-secret-key")
"""
    assert bool(found(APP + code, secret_in_files)) == is_found


@pytest.mark.parametrize(
    ("line", "is_off"),
    [
        ("client = redis.from_url(url, ssl_cert_reqs=ssl.CERT_NONE)", True),
        ('client = redis.Redis(host="cache", ssl=True, ssl_cert_reqs="none")', True),
        ('client = redis.from_url(url, ssl_cert_reqs="required")', False),
        ("client = redis.from_url(url, ssl_cert_reqs=ssl.CERT_REQUIRED)", False),
        ('url += "?ssl_cert_reqs=none"', True),
        ('url += "&ssl_cert_reqs=CERT_NONE"', True),
        ('url += "?ssl_cert_reqs=required"', False),
        ('broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_NONE}', True),
        ('broker_use_ssl = {"ssl_cert_reqs": "none"}', True),
        ('broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}', False),
    ],
)
def test_redis_whose_certificate_nobody_asks_for(line, is_off):
    # redis-py 5 takes "none", "optional", "required" or the constants of ssl; Celery hands on both.
    code = f"import os\nimport ssl\nimport redis\nurl = os.environ['REDIS_URL']\n{line}\n"
    assert bool(found(f"--- app.py\n{code}", peer_not_verified)) is is_off


OPENSHIFT = """\
--- app.py
import os
from flask import Flask
app = Flask(__name__)
app.secret_key = os.environ["SHOP_SECRET_KEY"]
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8080", "app:app"]
--- template.yaml
apiVersion: template.openshift.io/v1
kind: Template
objects:
- apiVersion: v1
  kind: DeploymentConfig
  metadata: {name: shop}
  spec:
    template:
      metadata: {labels: {app: shop}}
      spec:
        containers:
        - name: shop
          image: shop
          env: [{name: SHOP_SECRET_KEY, value: "${SHOP_SECRET_KEY}"}]
- apiVersion: v1
  kind: Service
  metadata: {name: shop}
  spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
- apiVersion: route.openshift.io/v1
  kind: Route
  metadata: {name: shop}
  spec:
    to: {kind: Service, name: shop}
parameters:
- name: SHOP_SECRET_KEY
  value: s3cr3t-of-the-sh0p
- name: SHOP_TITLE
  value: Fine wares
"""


def test_what_a_template_of_openshift_holds():
    assert [f[0] for f in found(OPENSHIFT, ingress_without_tls)] == ["ingress-without-tls"]
    encrypted = OPENSHIFT.replace(
        "name: shop}\nparameters", "name: shop}\n    tls: {termination: edge}\nparameters"
    )
    assert encrypted != OPENSHIFT and not found(encrypted, ingress_without_tls)
    line = (
        OPENSHIFT.partition("--- template.yaml\n")[2]
        .split("\n")
        .index("  value: s3cr3t-of-the-sh0p")
        + 1
    )
    assert found(OPENSHIFT, secret_in_files) == [("secret-in-files", "template.yaml", line)]
    generated = OPENSHIFT.replace("value: s3cr3t-of-the-sh0p", "generate: expression")
    assert not found(generated, secret_in_files)


def test_a_script_of_a_pipfile_is_what_pipenv_runs():
    text = (
        APP
        + "--- Pipfile\n[scripts]\nlaunch = 'gunicorn -b 0.0.0.0:5000 app:app'\n"
        + "--- Dockerfile\nFROM python:3.12\nWORKDIR /app\nCOPY . /app\n"
        + 'CMD ["pipenv", "run", "launch"]\n'
    )
    (path,) = audited(text).paths
    assert any("gunicorn :5000" in hop.what for hop in path.hops)
    itself = text.replace("gunicorn -b 0.0.0.0:5000 app:app", "pipenv run launch")
    assert not any("gunicorn" in hop.what for p in audited(itself).paths for hop in p.hops)
