"""The path from the client to the application, in small projects: the wrong one and its twin.

What no single file shows: each case needs two to five files together.
"""

import pytest

from auditing import audited, project
from plainwire.model import Severity, example_files

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- requirements.txt
flask==3.1.0
"""
GUNICORN = """
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""


def kinds(text, severity=Severity.LOW):
    return {f.kind for f in audited(text).findings if f.severity >= severity}


def the(kind, text):
    return next(f for f in audited(text).findings if f.kind == kind)


def places(finding):
    return [f"{p.path}:{p.line}" for p in finding.locations]


def paths_of(text, tmp_path):
    return project(example_files(text), tmp_path).paths


def test_a_file_called_just_conf_is_found_by_the_dockerfile_that_copies_it(tmp_path):
    text = (
        APP
        + GUNICORN
        + """
--- proxy/Dockerfile
FROM nginx:1.27-alpine
COPY conf /etc/nginx/conf.d/default.conf
--- proxy/conf
server {
  listen 80;
  location / { proxy_pass http://web:8000; }
}
--- compose.yaml
services:
  web:
    build: .
  proxy:
    build: proxy
    ports: ["80:80"]
"""
    )
    finding = the("proxy-http-only", text)
    assert places(finding)[:3] == ["compose.yaml:6", "proxy/conf:2", "proxy/conf:3"]
    assert "Dockerfile:3" in places(finding) and "app.py:2" in places(finding)
    only = [p for p in paths_of(text, tmp_path) if p.kind == "proxied"]
    assert [hop.what for hop in only[0].hops] == [
        "published :80",
        "nginx :80",
        "forwards",
        "gunicorn :8000",
        "app.py",
    ]


def test_one_finding_tells_listen_port_and_missing_tls_together():
    text = (
        APP
        + GUNICORN
        + """
--- nginx.conf
server {
  listen 80;
  location / {
    proxy_pass http://web:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
--- compose.yaml
services:
  web:
    build: .
  proxy:
    image: nginx
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
    ports: ["80:80"]
"""
    )
    loud = [f for f in audited(text).findings if f.severity >= Severity.MEDIUM]
    assert [f.kind for f in loud] == ["proxy-http-only"]
    assert places(loud[0])[:2] == ["compose.yaml:7", "nginx.conf:2"]


@pytest.mark.mission("8")
@pytest.mark.parametrize(
    ("command", "is_plain"),
    [
        ('CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]', True),
        ('CMD gunicorn --bind=0.0.0.0:8000 app:app', True),
        ('CMD ["gunicorn", "-b", ":8000", "--certfile", "c.pem", "--keyfile", "k.pem", "app:app"]', False),
        ('CMD ["gunicorn", "-b", "unix:/run/app.sock", "app:app"]', False),
        ('CMD ["gunicorn", "-b", "127.0.0.1:8000", "app:app"]', False),
        ('CMD ["gunicorn", "app:app"]', False),
        ('CMD ["uwsgi", "--http", ":8000", "--module", "app:app"]', True),
        ('CMD ["uwsgi", "--https", ":8000,c.pem,k.pem", "--module", "app:app"]', False),
        ('CMD ["uwsgi", "--socket", "/run/app.sock", "--module", "app:app"]', False),
        ('CMD ["waitress-serve", "--port=8000", "app:app"]', True),
        ('CMD ["uvicorn", "--host", "0.0.0.0", "--port", "8000", "--ssl-keyfile", "k", "--ssl-certfile", "c", "app:app"]', False),
    ],
)  # fmt: skip
def test_the_server_that_an_image_starts(command, is_plain):
    text = APP + "--- Dockerfile\nFROM python:3.12\n" + command + "\n"
    assert ("wsgi-plain-public" in kinds(text)) is is_plain


@pytest.mark.mission("8")
@pytest.mark.parametrize(
    ("setting", "is_plain"),
    [
        ('bind = "0.0.0.0:8000"', True),
        ('bind = "0.0.0.0:8000"\ncertfile = "c.pem"\nkeyfile = "k.pem"', False),
        ('bind = "unix:/run/app.sock"', False),
        ('import os\nbind = os.environ.get("BIND", "0.0.0.0:8000")', True),
        ('port = 8000\nbind = f"0.0.0.0:{port}"', True),
    ],
)
def test_gunicorn_configuration_is_evaluated_as_constants(setting, is_plain):
    text = (
        APP
        + f"""
--- gunicorn.conf.py
{setting}
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "app:app"]
"""
    )
    assert ("wsgi-plain-public" in kinds(text)) is is_plain


@pytest.mark.mission("5", "7")
def test_debug_under_main_counts_only_where_something_runs_it():
    module = """
--- app.py
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000, debug=True)
--- compose.yaml
services:
  web:
    build: .
    ports: ["8000:8000"]
--- Dockerfile
FROM python:3.12
"""
    assert {"debug-exposed", "dev-server-in-prod"} <= kinds(module + 'CMD ["python", "app.py"]')
    dead = kinds(module + 'CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]')
    assert not {"debug-exposed", "dev-server-in-prod"} & dead
    overridden = module.replace("    ports", "    command: gunicorn -b :8000 app:app\n    ports")
    assert "debug-exposed" not in kinds(overridden + 'CMD ["python", "app.py"]')


@pytest.mark.mission("7")
@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("", "app-run-plain"),
        (', ssl_context=("c.pem", "k.pem")', None),
        (', ssl_context="adhoc"', None),
    ],
)
def test_app_run_with_and_without_a_context(context, expected):
    text = f"""
--- app.py
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    app.run(host="0.0.0.0"{context})
"""
    found = {"app-run-plain"} & kinds(text)
    assert found == ({expected} if expected else set())


def test_the_object_of_another_module_is_followed_to_its_server():
    """The development server of an object that another module makes, run by the image."""
    text = """
--- config.py
import connexion
vuln_app = connexion.App(__name__)
--- app.py
from config import vuln_app
if __name__ == "__main__":
    vuln_app.run(host="0.0.0.0", port=5000, debug=True)
--- Dockerfile
FROM python:3.12
ENTRYPOINT ["python"]
CMD ["app.py"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["5000:5000"]
"""
    assert "debug-exposed" in kinds(text)
    assert {"app.py:3", "Dockerfile:3", "config.py:2"} <= set(
        places(the("dev-server-in-prod", text))
    )


@pytest.mark.parametrize(("version", "is_on"), [("2.0.1", True), ("2.2.5", True), ("3.1.0", False)])
def test_flask_env_counts_with_the_flask_that_reads_it(version, is_on):
    text = f"""
--- requirements.txt
flask=={version}
--- app.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
ENV FLASK_ENV development
ENV FLASK_RUN_HOST 0.0.0.0
CMD ["flask", "run"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["5000:5000"]
"""
    assert ("debug-exposed" in kinds(text)) is is_on


def test_a_port_beside_the_proxy_is_found_and_an_exposed_one_is_not():
    text = (
        APP
        + GUNICORN
        + """
--- nginx.conf
server {
  listen 443 ssl;
  ssl_protocols TLSv1.2 TLSv1.3;
  add_header Strict-Transport-Security "max-age=31536000" always;
  location / {
    proxy_pass http://web:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
--- compose.yaml
services:
  proxy:
    image: nginx
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf"]
    ports: ["443:443"]
  web:
    build: .
    %s
"""
    )
    assert "port-bypass" in kinds(text % 'ports: ["8000:8000"]')
    for closed in ('expose: ["8000"]', 'ports: ["127.0.0.1:8000:8000"]'):
        assert "port-bypass" not in kinds(text % closed)
    assert audited(text % 'expose: ["8000"]').findings[0].kind == "proxyfix-missing"


TRAEFIK = (
    APP
    + GUNICORN
    + """
--- compose.yaml
services:
  edge:
    image: traefik:v3
    command:
      - "--entrypoints.websecure.address=:443"
      %s
    ports: ["443:443", "8080:8080"]
  web:
    build: .
    labels:
      - "traefik.http.routers.web.rule=Host(`shop.example`)"
      - "traefik.http.routers.web.tls.certresolver=main"
      - "traefik.http.services.web.loadbalancer.server.port=8000"
    %s
"""
)


def test_traefik_terminates_tls_and_a_published_port_passes_it_by():
    wrong = kinds(TRAEFIK % ('- "--api.insecure=true"', 'ports: ["8000:8000"]'))
    assert {"port-bypass", "aux-plain"} <= wrong
    right = kinds(TRAEFIK % ('- "--api=true"', "restart: always"))
    assert not {"port-bypass", "aux-plain", "ingress-no-tls"} & right


KUBERNETES = (
    APP
    + """
--- k8s/all.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: registry.example/shop
          command: ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  type: %s
  selector: {app: shop}
  ports: [{port: 80, targetPort: 8000}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
%s
  rules:
    - http:
        paths:
          - path: /
            backend: {service: {name: shop, port: {number: 80}}}
"""
)


def test_an_ingress_without_tls_and_a_load_balancer_beside_it():
    wrong = kinds(KUBERNETES % ("LoadBalancer", "  ingressClassName: nginx"))
    assert {"ingress-no-tls", "port-bypass"} <= wrong
    right = kinds(KUBERNETES % ("ClusterIP", "  tls: [{secretName: shop-tls}]"))
    assert not {"ingress-no-tls", "port-bypass", "port-plain"} & right


def test_a_configmap_that_lacks_a_key_leaves_the_fallback_live():
    text = (
        KUBERNETES % ("ClusterIP", "  tls: [{secretName: shop-tls}]")
        + """
--- settings.py
import os
JWT_SECRET_KEY = os.environ.get("JWT_SECRET_KEY", "jwt-secret")
"""
    )
    finding = the("secret-hardcoded", text)
    assert places(finding) == ["settings.py:2"] and finding.severity == Severity.HIGH


@pytest.mark.mission("9")
def test_each_way_to_get_the_proxy_wrong():
    def site(listen="443 ssl", headers="proxy_set_header X-Forwarded-Proto $scheme;", more=""):
        return (
            APP
            + f"""
--- deployment/nginx.conf
server {{
  listen 80;
  return 301 https://$host$request_uri;
}}
server {{
  listen {listen};
  ssl_certificate /etc/ssl/shop.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  add_header Strict-Transport-Security "max-age=31536000" always;
  {more}
  location / {{
    proxy_pass http://127.0.0.1:8000;
    proxy_set_header Host $host;
    {headers}
  }}
}}
--- supervisor/shop.conf
[program:shop]
command=/srv/venv/bin/gunicorn -b 127.0.0.1:8000 app:app
"""
        )

    assert kinds(site()) == set()
    assert "proxy-xfp-missing" in kinds(site(headers=""))
    assert "proxy-http-only" in kinds(site(listen="8080"))
    passed = "proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;"
    assert "proxy-xfp-passthrough" in kinds(site(headers=passed))
    assert "server-weak-tls" in kinds(site().replace("TLSv1.2 TLSv1.3", "TLSv1 TLSv1.2"))
    assert "hsts-missing" in kinds(site().replace("add_header Strict", "# add_header Strict"))


def test_a_picture_shows_every_hop(tmp_path):
    from plainwire.report import render

    text = (
        APP
        + GUNICORN
        + """
--- compose.yaml
services:
  web:
    build: .
    ports: ["80:8000"]
"""
    )
    report = audited(text)
    shown = render("text", [report], width=200)
    assert "internet ──http───▶ gunicorn :8000 ──────────▶ app.py" in shown
    assert "✗ in clear (compose.yaml:4) production, compose.yaml" in shown
    assert "client -.->|http :80| n0" in render("mermaid", [report])
    assert "client -> n0" in render("dot", [report])
    assert render("svg", [report]).count("<rect") == 4


def test_a_compose_file_for_development_is_quiet():
    text = (
        APP
        + GUNICORN
        + """
--- docker-compose.yml
# DEVELOPMENT USE ONLY, do not use this in production
services:
  web:
    build: .
    ports: ["80:8000"]
    environment:
      - SECRET_KEY=only-here
  cache:
    image: redis
    ports: ["6379:6379"]
"""
    )
    assert not {"port-plain", "secret-hardcoded", "aux-plain"} & kinds(text)
    assert {"port-plain", "aux-plain"} <= kinds(
        text.replace("# DEVELOPMENT USE ONLY, do not use", "#")
    )


def test_the_plain_file_beside_one_for_production_is_for_development():
    text = (
        APP
        + GUNICORN
        + """
--- docker-compose.yml
services:
  web:
    build: .
    ports: ["5000:8000"]
--- docker-compose.prod.yml
services:
  web:
    build: .
    ports: ["127.0.0.1:8000:8000"]
"""
    )
    assert "port-plain" not in kinds(text)


def test_an_image_that_nothing_publishes_is_not_provable_and_not_high():
    report = audited(APP + GUNICORN)
    assert report.tls_status == "UNKNOWN"
    assert [(f.kind, f.severity, f.confidence) for f in report.findings] == [
        ("wsgi-plain-public", Severity.MEDIUM, "tentative")
    ]


def test_a_platform_terminates_tls():
    text = APP + "--- Procfile\nweb: gunicorn app:app -b 0.0.0.0:$PORT\n"
    assert audited(text).tls_status == "UNKNOWN"  # its router answers http, too
    secure = "from flask_talisman import Talisman\nTalisman(app)\n--- requirements.txt"
    assert audited(text.replace("--- requirements.txt", secure)).tls_status == "PASS"
    assert not {"wsgi-plain-public", "port-plain"} & kinds(text)


def test_an_image_behind_the_proxy_of_its_machine_is_no_finding_of_its_own():
    text = (
        APP
        + GUNICORN
        + """
--- deployment/nginx
server {
  listen 443 ssl;
  location / {
    proxy_pass http://127.0.0.1:%d;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
"""
    )
    assert "wsgi-plain-public" not in kinds(text % 8000)
    assert "wsgi-plain-public" in kinds(text % 9000)


def test_proxyfix_counts_by_werkzeugs_defaults_and_is_trusted_on_a_published_port():
    text = (
        """
--- app.py
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app)
"""
        + GUNICORN
        + """
--- compose.yaml
services:
  web:
    build: .
    ports: ["%s"]
"""
    )
    assert "fwd-overtrust" in kinds(text % "8000:8000")
    assert "fwd-overtrust" not in kinds(text % "127.0.0.1:8000:8000")


@pytest.mark.mission("11")
def test_a_hook_that_trusts_the_header_is_told():
    hook = """
--- app.py
from flask import Flask, redirect, request
app = Flask(__name__)
@app.before_request
def enforce():
    if %s:
        return redirect(request.url.replace("http://", "https://"), 301)
"""
    assert "fwd-handrolled" in kinds(hook % 'request.headers.get("X-Forwarded-Proto") == "http"')
    assert "fwd-handrolled" not in kinds(hook % "not request.is_secure")


@pytest.mark.mission("6")
@pytest.mark.parametrize(
    ("value", "is_found"), [('"http"', True), ('"https"', False), ('os.environ["SCHEME"]', False)]
)
def test_preferred_url_scheme(value, is_found):
    text = APP + f"--- config.py\nimport os\nclass Config:\n    PREFERRED_URL_SCHEME = {value}\n"
    assert ("url-scheme-http" in kinds(text)) is is_found


@pytest.mark.mission("10")
def test_templates_and_scripts_that_ask_in_clear():
    text = (
        APP
        + """
--- templates/page.html
<script src="{}"></script>
--- static/app.js
fetch("{}");
"""
    )
    wrong = text.format("http://cdn.jsdelivr.net/x.js", "http://api.openweathermap.org/data")
    assert {"mixed-active", "js-insecure-url"} <= kinds(wrong)
    assert kinds(wrong.replace("http://", "https://")) == set()


@pytest.mark.mission("4")
def test_downloads_and_backends_in_clear():
    text = (
        APP
        + """
--- Dockerfile
FROM python:3.12
RUN curl http://downloads.python.org/setup.sh | sh
CMD ["gunicorn", "-b", "127.0.0.1:8000", "app:app"]
--- cache.py
import os
import redis
cache = redis.Redis(host=os.environ.get("REDIS_HOST", "localhost"))
"""
    )
    assert {"download-insecure", "backend-plain"} <= kinds(text)


@pytest.mark.mission("8")
@pytest.mark.parametrize(
    ("more", "is_plain"), [("", True), (', "--certfile", "c", "--keyfile", "k"', False)]
)
def test_gunicorn_as_an_argument_list_in_python(more, is_plain):
    text = (
        APP
        + f"""
--- run.py
import subprocess
if __name__ == "__main__":
    subprocess.run(["gunicorn", "-b", "0.0.0.0:8000"{more}, "app:app"])
--- Dockerfile
FROM python:3.12
CMD ["python", "run.py"]
"""
    )
    assert ("wsgi-plain-public" in kinds(text)) is is_plain


@pytest.mark.parametrize(("value", "is_found"), [("*", True), ("10.0.0.1", False)])
def test_gunicorn_that_believes_everybody_on_a_published_port(value, is_found):
    text = (
        APP
        + f"""
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", ":8000", "--forwarded-allow-ips", "{value}", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["8000:8000"]
"""
    )
    assert ("fwd-overtrust" in kinds(text)) is is_found


@pytest.mark.mission("4")
@pytest.mark.parametrize(
    ("url", "is_found"),
    [
        ("postgresql://a:b@db.shop.net/x", True),
        ("postgresql://a:b@db.shop.net/x?sslmode=verify-full", False),
        ("postgresql://a:b@db/x", False),
        ("rediss://cache.shop.net/0", False),
        ("redis://cache.shop.net/0", True),
    ],
)
def test_addresses_of_remote_backends(url, is_found):
    text = APP + f"--- .env\nDATABASE_URL={url}\n"
    assert ("backend-plain" in kinds(text)) is is_found


@pytest.mark.mission("6")
def test_debug_in_the_production_configuration():
    text = APP + "--- config.py\nclass {}:\n    DEBUG = True\n"
    assert "debug-exposed" in kinds(text.format("ProductionConfig"))
    assert "debug-exposed" not in kinds(text.format("DevelopmentConfig"))


@pytest.mark.parametrize(("force", "is_found"), [("true", False), ("false", True)])
def test_an_image_behind_a_platform_that_may_redirect(force, is_found):
    text = (
        APP
        + GUNICORN
        + f"--- fly.toml\n[http_service]\ninternal_port = 8000\nforce_https = {force}\n"
    )
    report = audited(text)
    assert "wsgi-plain-public" not in {f.kind for f in report.findings}
    assert report.tls_status == ("UNKNOWN" if is_found else "PASS")


@pytest.mark.mission("12")
@pytest.mark.parametrize(
    ("decorators", "expected"),
    [
        (("", ""), []),  # nobody claims that HTTPS is enforced by a decorator
        (("@require_https", ""), ["app.py:11"]),
        (("", "@require_https"), []),
        (("@require_https", "@require_https"), []),
    ],
)
def test_a_decorator_on_some_routes_and_not_on_the_login(decorators, expected):
    pay, login = decorators
    text = f"""
--- app.py
from flask import Flask, request
from security import require_https
app = Flask(__name__)
@app.post("/pay")
{pay or "# none"}
def pay():
    return {{}}

@app.post("/login")
{login or "# none"}
def login():
    return check(request.json["password"])
"""
    found = [f for f in audited(text).findings if f.id == "https-required-on-some-routes-only"]
    assert [place for f in found for place in places(f)[:1]] == expected


@pytest.mark.mission("1")
@pytest.mark.mission("3")
@pytest.mark.parametrize(
    ("ports", "options", "is_found"),
    [
        ('["80:8000"]', "", True),
        ('["127.0.0.1:8000:8000"]', "", False),
        ('["443:8000"]', '"--certfile", "c.pem", "--keyfile", "k.pem", ', False),
    ],
)
def test_a_json_login_on_a_path_in_clear(ports, options, is_found):
    text = f"""
--- app.py
from flask import Flask, request
app = Flask(__name__)
@app.post("/login")
def login():
    return {{"token": issue(request.json["username"], request.json["password"])}}
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", {options}"-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    ports: {ports}
"""
    found = [f for f in audited(text).findings if f.kind == "credentials-cleartext"]
    assert [bool(f) for f in found] == [True] * is_found
    for each in found:
        assert "app.py:5" in places(each) or "app.py:4" in places(each)
        assert "compose.yaml:4" in places(each)


@pytest.mark.mission("2")
@pytest.mark.parametrize(("scheme", "is_found"), [("http", True), ("https", False)])
def test_a_bearer_token_that_the_application_sends_on_in_clear(scheme, is_found):
    text = f"""
--- app.py
import requests
from flask import Flask
app = Flask(__name__)
def balance(token):
    head = {{"Authorization": "Bearer " + token}}
    return requests.get("{scheme}://ledger.shop.io/balance", headers=head)
"""
    assert ("http-upstream" in kinds(text)) is is_found
