"""How real projects are deployed, small: each is the twin of one that was met, right and wrong."""

import base64
import dataclasses

import pytest

from auditing import audited, found, project
from certificates import issue
from plainwire.model import Severity, example_files
from plainwire.rules.app.debug_mode_reachable import debug_mode_reachable
from plainwire.rules.app.https_enforced_in_one_configuration_only import (
    https_enforced_in_one_configuration_only,
)
from plainwire.rules.container.plain_download import plain_download
from plainwire.rules.container.plain_port_published import plain_port_published
from plainwire.rules.container.store_published import store_published
from plainwire.rules.crypto.private_key_in_files import private_key_in_files
from plainwire.rules.crypto.secret_in_files import secret_in_files
from plainwire.rules.proxy.proxy_without_tls import proxy_without_tls
from plainwire.rules.proxy.self_signed_certificate import self_signed_certificate
from plainwire.rules.server.app_run_without_tls import app_run_without_tls
from plainwire.rules.server.development_server_deployed import development_server_deployed
from plainwire.rules.server.server_bound_plain import server_bound_plain

APP = """\
--- app.py
from flask import Flask
app = Flask(__name__)
"""
APACHE = (
    APP
    + """\
--- app.wsgi
from app import app as application
--- site.conf
<VirtualHost *:80>
  WSGIScriptAlias / /app/app.wsgi
</VirtualHost>
--- Dockerfile
FROM httpd:2.4
COPY site.conf /etc/apache2/sites-enabled/000-default.conf
COPY . /app
EXPOSE 80
CMD ["apachectl", "-D", "FOREGROUND"]
"""
)


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ("", "medium"),
        ('--- compose.yaml\nservices:\n  web:\n    build: .\n    ports: ["80:80"]\n', "high"),
    ],
)
def test_a_proxy_in_an_image_that_nobody_publishes_is_not_provable(more, severity):
    (finding,) = audited(APACHE + more, proxy_without_tls).findings
    assert str(finding.severity) == severity


UWSGI = (
    APP
    + """\
--- uwsgi.ini
[uwsgi]
module = app:app
LISTENS
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["uwsgi", "--ini", "uwsgi.ini"]
"""
)


# uWSGI, options: socket speaks what protocol says, which is uwsgi where nothing is said.
@pytest.mark.parametrize(
    ("listens", "is_found"),
    [
        ("socket = 0.0.0.0:5000", False),
        ("protocol = uwsgi\nsocket = :5000", False),
        ("uwsgi-socket = :5000", False),
        ("fastcgi-socket = :5000", False),
        ("http = :5000", True),
        ("http-socket = :5000", True),
        ("protocol = http\nsocket = :5000", True),
    ],
)
def test_a_socket_of_uwsgi_serves_no_http(listens, is_found):
    text = UWSGI.replace("LISTENS", listens)
    assert bool(found(text, server_bound_plain)) == is_found


def test_nothing_is_enforced_on_a_socket_of_uwsgi():
    text = UWSGI.replace("LISTENS", "socket = :5000").replace(
        "app = Flask(__name__)\n",
        "app = Flask(__name__)\nimport os\nfrom flask_talisman import Talisman\n"
        "if os.environ.get('SAFE'):\n    Talisman(app)\n",
    )
    assert not found(text, https_enforced_in_one_configuration_only)
    assert found(text.replace("socket", "http-socket"), https_enforced_in_one_configuration_only)


MAIL = (
    APP
    + """\
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- mail.conf
server {
  listen 80;
  location / { proxy_pass http://TARGET; }
}
--- compose.yaml
services:
  web:
    build: .
  mail:
    image: mailhog/mailhog
  nginx:
    image: nginx
    ports: ["8025:80"]
    volumes: ["./mail.conf:/etc/nginx/conf.d/default.conf"]
"""
)


def test_a_proxy_before_a_dashboard_publishes_the_dashboard():
    text = MAIL.replace("TARGET", "mail:8025")
    assert found(text, proxy_without_tls, store_published) == [
        ("store-published", "compose.yaml", 8)
    ]
    assert found(MAIL.replace("TARGET", "web:8000"), proxy_without_tls, store_published) == [
        ("proxy-without-tls", "compose.yaml", 8)
    ]


def test_a_dashboard_behind_a_proxy_with_tls_is_not_published(tmp_path):
    text = MAIL.replace("TARGET", "mail:8025").replace(
        "listen 80;", "listen 80 ssl;\n  ssl_certificate /c.pem;"
    )
    assert not found(text, proxy_without_tls, store_published)
    (path,) = project(example_files(text), tmp_path).paths
    assert path.is_encrypted


def test_a_published_socket_of_uwsgi_is_still_a_published_port():
    text = UWSGI.replace("LISTENS", "socket = :5000")
    text += '--- compose.yaml\nservices:\n  web:\n    build: .\n    ports: ["5000:5000"]\n'
    assert found(text, plain_port_published)


def places_of(text, rule):
    return [[place.line for place in f.locations] for f in audited(text, rule).findings]


def test_downloads_without_verification_are_one_fault_of_a_file():
    lines = [f"curl -k https://files.example.net/{n} -o {n}" for n in range(9)]
    lines[4] += "  # plainwire: ignore[plain-download] the appliance has no certificate"
    text = f"{APP}--- install.sh\n" + "\n".join(lines) + "\n--- other.sh\n" + lines[0] + "\n"
    assert sorted(places_of(text, plain_download)) == [[1], [1, 2, 3, 4, 7, 8, 9], [5], [6]]


def test_a_comment_speaks_for_its_own_download_alone():
    lines = [f"curl -k https://files.example.net/{n} -o {n}" for n in range(3)]
    lines[0] += "  # plainwire: ignore[plain-download] the appliance has no certificate"
    report = audited(f"{APP}--- install.sh\n" + "\n".join(lines) + "\n", plain_download)
    assert [f.locations[0].line for f in report.findings if not f.suppressed] == [2, 3]


DEBUG = (
    APP
    + """\
--- Dockerfile
FROM python:3.12
ENV FLASK_DEBUG=VALUE
COPY . .
CMD ["SERVER", "-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["8000:8000"]
"""
)


# Flask, Configuration: DEBUG sets PROPAGATE_EXCEPTIONS and TEMPLATES_AUTO_RELOAD; the debugger is
# that of the development server alone.
@pytest.mark.parametrize(
    ("text", "severities"),
    [
        (DEBUG.replace("SERVER", "gunicorn").replace("VALUE", "1"), ["low"]),
        (DEBUG.replace("SERVER", "gunicorn").replace("VALUE", "0"), []),
        (
            DEBUG.replace('"SERVER", "-b", "0.0.0.0:8000", "app:app"', '"flask", "run", "-h::"')
            .replace("VALUE", "1")
            .replace("8000", "5000"),
            ["high"],
        ),
    ],
)
def test_debug_mode_under_a_server_is_no_debugger(text, severities):
    assert [str(f.severity) for f in audited(text, debug_mode_reachable).findings] == severities


KEY = (
    "-----BEGIN {}PRIVATE KEY-----\nMIIEowIBAAKCAQEAsVT7w0gB5f9sXyLw3c4y8p0yq6d9k1m2n3o4p5q6r7s8\n"
)
KUBECONFIG = """\
--- NAME
apiVersion: v1
kind: Config
users:
- name: admin
  user:
    client-certificate-data: CERTIFICATE
    client-key-data: KEY
"""


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("name", ["kubeconfig", "deployment/admin.conf", "cluster.yaml"])
@pytest.mark.parametrize(
    ("kind", "lines"), [("RSA ", [[7]]), ("EC ", [[7]]), ("", [[7]]), ("ENCRYPTED ", [])]
)
def test_a_kubeconfig_holds_the_key_of_its_user(name, kind, lines):
    certificate = encoded("-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUdGVzdA==\n")
    key = encoded(KEY.format(kind))
    text = KUBECONFIG.replace("NAME", name).replace("CERTIFICATE", certificate).replace("KEY", key)
    report = audited(APP + text, private_key_in_files)
    assert [[place.line for place in f.locations] for f in report.findings] == lines
    assert key[:30] not in str([dataclasses.asdict(f) for f in report.findings])


def test_a_secret_of_a_cluster_holds_a_key():
    text = f"""{APP}--- tls.yaml
apiVersion: v1
kind: Secret
metadata:
  name: tls
data:
  tls.crt: {encoded("-----BEGIN CERTIFICATE-----")}
  tls.key: "{encoded(KEY.format(""))}"
"""
    assert places_of(text, private_key_in_files) == [[7]]


def test_a_build_s_webhook_is_opened_by_what_is_written_there():
    text = f"""{APP}--- build.yaml
apiVersion: build.openshift.io/v1
kind: BuildConfig
metadata:
  name: shop
spec:
  triggers:
    - type: ConfigChange
    - type: GitHub
      github:
        secret: Oht9aix3ooW7
    - type: Generic
      generic:
        secretReference:
          name: hook
"""
    (finding,) = audited(text, secret_in_files).findings
    assert (finding.locations[0].line, str(finding.severity)) == (10, "medium")
    assert "Oht9aix3ooW7" not in str(dataclasses.asdict(finding))


SITE = (
    APP
    + """\
--- nginx.conf
server {
  listen 443 ssl;
  ssl_certificate /etc/nginx/ssl/site.crt;
  location / { proxy_pass http://127.0.0.1:8000; }
}
"""
)
BAKED = (
    SITE
    + """\
--- Dockerfile
FROM nginx
COPY nginx.conf /etc/nginx/conf.d/default.conf
RUN mkdir -p /etc/nginx/ssl && \\
    openssl req COMMAND -newkey rsa:2048 -nodes \\
      -keyout /etc/nginx/ssl/site.key -out OUT -subj /CN=localhost
"""
)


@pytest.mark.parametrize(
    ("command", "out", "lines"),
    [
        ("-x509", "/etc/nginx/ssl/site.crt", [[4, 3, 2]]),
        ("-new -x509 -days 365", "/srv/server.pem", [[4]]),
        ("-new", "/etc/nginx/ssl/site.csr", []),
    ],
)
def test_a_certificate_that_is_made_with_the_image(command, out, lines):
    text = BAKED.replace("COMMAND", command).replace("OUT", out)
    assert places_of(text, self_signed_certificate) == lines


def test_a_certificate_that_lies_in_the_project_is_read():
    signed = issue("shop.example.org", by=issue("Root", ca=True)).pem
    alone = issue("shop.example.org").pem
    broken = alone.replace("M", "N", 3)
    for text, lines in ((signed, []), (alone, [[3, 1, 2]]), (broken, []), ("x" * 9000, [])):
        files = f"{SITE}--- certs/site.crt\n{text}\n"
        assert places_of(files, self_signed_certificate) == lines
    files = f"{SITE}--- tests/site.crt\n{alone}\n"
    assert places_of(files, self_signed_certificate) == []


BESIDE = SITE.replace("nginx.conf", "held.conf") + (
    """\
--- other.conf
server {
  listen 80;
  location / { proxy_pass http://127.0.0.1:PORT; }
}
--- supervisord.conf
[program:app]
command=gunicorn app:app
[program:nginx]
command=nginx -g "daemon off;"
--- Dockerfile
FROM ubuntu
COPY . /srv
COPY held.conf /etc/nginx/sites-enabled/site.conf
CMD ["supervisord"]
"""
)


# Only held.conf is placed where nginx looks; the other one asks the same server, or another.
@pytest.mark.parametrize(("port", "is_found"), [("8000", False), ("9000", True)])
def test_a_configuration_that_the_image_leaves_out_is_no_machine_s(port, is_found):
    assert bool(found(BESIDE.replace("PORT", port), proxy_without_tls)) == is_found


CLUSTER = """\
--- flaskr/app.py
from flask import Flask
app = Flask(__name__)
--- flaskr/Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- nginx/default.conf
server { listen 8080; location / { proxy_pass http://flaskr:5000; } }
--- nginx/Dockerfile
FROM nginxinc/nginx-unprivileged
COPY default.conf /etc/nginx/conf.d/default.conf
--- k8s/all.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  tls: [{secretName: shop}]
  rules:
  - http:
      paths:
      - backend: {service: {name: front, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec:
  selector: {app: front}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: flaskr}
spec:
  selector: {app: flaskr}
  ports: [{port: 5000}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec:
  template:
    metadata: {labels: {app: front}}
    spec: {containers: [{name: front, image: IMAGE}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: flaskr}
spec:
  template:
    metadata: {labels: {app: flaskr}}
    spec: {containers: [{name: flaskr, image: acme/flaskr}]}
"""


@pytest.mark.parametrize("image", ["acme/nginxflaskr", "acme/flaskr-nginx", "acme/flaskrnginx"])
def test_an_image_whose_name_holds_a_proxy_s_folder_is_built_there(image):
    assert not found(CLUSTER.replace("IMAGE", image), proxy_without_tls)


BALANCED = (
    APP
    + """\
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- infra/balancer.tf
resource "aws_lb" "main" {}
resource "aws_lb_listener" "main" {
  load_balancer_arn = aws_lb.main.arn
  port     = 80
  protocol = "HTTP"
  default_action { type = "forward" }
}
"""
)


def test_what_stands_before_an_image_is_the_load_balancer():
    assert found(BALANCED, proxy_without_tls, server_bound_plain) == [
        ("proxy-without-tls", "infra/balancer.tf", 5)
    ]
    alone = BALANCED.partition("--- infra")[0]
    assert found(alone, proxy_without_tls, server_bound_plain) == [
        ("server-bound-plain", "Dockerfile", 3)
    ]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("gunicorn -b 0.0.0.0:8000 app:app", [("server-bound-plain", "start.sh", 3)]),
        ("gunicorn app:app", []),
        (
            "nohup flask --app app run --host=0.0.0.0 &",
            [("development-server-deployed", "start.sh", 3)],
        ),
        ("pytest", []),
    ],
)
def test_a_shell_script_may_be_all_that_starts_the_application(script, expected):
    text = f"{APP}--- start.sh\n#!/bin/bash\n. venv/bin/activate\n{script}\n"
    assert found(text, server_bound_plain, development_server_deployed) == expected
    unit = "--- app.service\n[Service]\nExecStart=/usr/bin/gunicorn -b 127.0.0.1:8000 app:app\n"
    assert not found(text + unit, server_bound_plain, development_server_deployed)
    local = text.replace("start.sh", "dev/start.sh")
    assert not found(local, server_bound_plain, development_server_deployed)


def test_an_ingress_leads_to_the_container_s_port(tmp_path):
    text = CLUSTER.replace("IMAGE", "acme/nginxflaskr")
    (path,) = project(example_files(text), tmp_path).paths
    assert [hop.what for hop in path.hops] == [
        "ingress", "nginx :8080", "forwards", "gunicorn :5000", "flaskr/app.py"
    ]  # fmt: skip


RUN = (
    APP
    + """\
--- Dockerfile
FROM python:3.12
COPY . .
CMD exec gunicorn -b :$PORT app:app
--- NAME
"""
)
KNATIVE = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: shop}
spec:
  template:
    spec:
      containers: [{image: gcr.io/acme/shop}]
"""
WORKFLOW = "on: push\njobs:\n  a:\n    steps:\n    - STEP\n"
BUILD = """\
steps:
- name: gcr.io/google.com/cloudsdktool/cloud-sdk
  entrypoint: gcloud
  args:
  - 'run'
  - 'deploy'
  - shop
"""


# Google, Cloud Run, Custom domains: TLS ends there, and http is redirected to https.
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("service.yaml", KNATIVE),
        ("cloudbuild.yaml", BUILD),
        ("cloudbuild.yaml", "steps:\n- name: gcr.io/x/gcloud\n  args: ['run', 'deploy', 'shop']\n"),
        (
            ".github/workflows/d.yml",
            WORKFLOW.replace("STEP", "run: gcloud run deploy a --source ."),
        ),
        (
            ".github/workflows/d.yml",
            WORKFLOW.replace("STEP", "uses: google-github-actions/deploy-cloudrun@v2"),
        ),
        ("deploy.sh", "gcloud beta run deploy shop \\\n  --image gcr.io/acme/shop\n"),
        ("main.tf", 'resource "google_cloud_run_v2_service" "shop" {\n  name = "shop"\n}\n'),
    ],
)
def test_cloud_run_terminates_tls(name, text, tmp_path):
    files = RUN.replace("NAME", name) + text
    (path,) = project(example_files(files), tmp_path).paths
    assert (path.hops[0].what, path.is_encrypted, path.redirects) == ("Cloud Run", True, True)
    assert not [f for f in audited(files).findings if f.severity > Severity.INFO]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("service.yaml", KNATIVE.replace("gcr.io/acme/shop", "shop")),
        ("deploy.sh", "# gcloud run deploy shop\nkubectl apply -f k8s\n"),
        ("deploy.sh", "gcloud functions deploy shop\n"),
        ("main.tf", 'resource "google_storage_bucket" "shop" {\n}\n'),
    ],
)
def test_what_else_deploys_is_no_cloud_run(name, text, tmp_path):
    paths = project(example_files(RUN.replace("NAME", name) + text), tmp_path).paths
    assert not any(path.is_encrypted for path in paths)


@pytest.mark.parametrize(("secure", "redirects"), [("always", True), ("optional", None)])
def test_app_engine_serves_http_too_unless_told(secure, redirects, tmp_path):
    text = f"""{APP}--- app.yaml
runtime: python312
entrypoint: gunicorn -b :$PORT app:app
handlers:
- url: /.*
  secure: {secure}
  script: auto
"""
    (path,) = project(example_files(text), tmp_path).paths
    assert (path.hops[0].what, path.redirects) == ("App Engine", redirects)
    ids = [f.id for f in audited(text).findings]
    assert ("plain-http-left-to-application" in ids) == (redirects is None)


DOCKER = (
    APP
    + """\
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- NAME
"""
)
OVER_SSH = """\
jobs:
  deploy:
    steps:
    - uses: appleboy/ssh-action@v1
      with:
        script: |
          docker pull acme/shop:latest
          docker run -d --name shop -p 80:5000 acme/shop:latest
"""
USER_DATA = """\
resource "aws_instance" "shop" {
  user_data = <<-EOF
    #!/bin/bash
    docker run -dp 80:5000 --restart always \\
      -e SECRET=x acme/shop
  EOF
}
"""


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (".github/workflows/deploy.yml", OVER_SSH, 8),
        (
            ".github/workflows/deploy.yml",
            OVER_SSH.replace("uses: appleboy/ssh-action@v1", "run: ssh me@shop.example.net"),
            8,
        ),
        (
            ".github/workflows/deploy.yml",
            OVER_SSH.replace("appleboy/ssh-action@v1", "a/b\n    runs-on: self-hosted"),
            9,
        ),
        ("main.tf", USER_DATA, 4),
        ("deploy.sh", "docker build -t shop .\nsudo docker run -d -p80:5000 shop\n", 2),
        ("go.sh", 'docker run --restart=always --detach --publish "80:5000" "$IMAGE:latest"\n', 1),
        (
            "play.yml",
            "- hosts: web\n  tasks:\n  - name: run\n"
            "    shell: docker run -d -p 80:5000 acme/shop\n",
            4,
        ),
        ("init.yml", "#cloud-config\nruncmd:\n  - docker run -d -p 80:5000 acme/shop\n", 3),
    ],
)
def test_a_container_that_a_script_starts_is_published(name, text, line):
    files = DOCKER.replace("NAME", name) + text
    assert found(files, plain_port_published, server_bound_plain) == [
        ("plain-port-published", name, line)
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".github/workflows/test.yml", OVER_SSH.replace("appleboy/ssh-action", "actions/checkout")),
        (
            ".github/workflows/deploy.yml",
            "jobs:\n  a:\n    steps:\n    - name: test\n      run: docker run -d -p 80:5000 shop\n"
            "    - name: deploy\n      run: ssh me@shop.example.net docker pull shop\n",
        ),
        ("deploy.sh", "docker run --rm -it -p 80:5000 shop\n"),
        ("deploy.sh", "docker run -d shop\n# docker run -d -p 80:5000 shop\n"),
        ("deploy.sh", "docker run -d -p 127.0.0.1:80:5000 shop\n"),
        ("try.sh", "docker run -d -p 80:5000 shop\n"),
        ("redis.sh", "docker run -d --restart always -p 6379:6379 redis\n"),
    ],
)
def test_what_else_runs_containers_publishes_nothing(name, text):
    assert not found(DOCKER.replace("NAME", name) + text, plain_port_published, store_published)


CLASSIC = (
    APP
    + """\
--- balancer.tf
resource "aws_elb" "web" {
  listener {
    instance_port = 80
    instance_protocol = "http"
    lb_port = 80
    lb_protocol = "http"
  }
}
"""
)


@pytest.mark.parametrize(
    ("old", "new", "is_found"),
    [
        ("", "", True),
        ('lb_protocol = "http"', 'lb_protocol = "https"', False),
        ('"web" {', '"web" {\n  internal = true', False),
        ('lb_protocol = "http"', 'lb_protocol = "tcp"', False),
    ],
)
def test_a_classic_load_balancer(old, new, is_found):
    lines = [line for _, _, line in found(CLASSIC.replace(old, new), proxy_without_tls)]
    assert lines == ([6] if is_found else [])


VARIABLES = """\
shop_db_password: mutable-otter
shop_db_user: shop
shop_api_key: "{{ vault_api_key }}"
shop_auth_token: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  6231
database:
  password: other-otter
"""


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("group_vars/all.yml", [1, 8]),
        ("ansible/host_vars/shop/main.yml", [1, 8]),
        ("roles/shop/defaults/main.yml", [1, 8]),
        ("roles/shop/tests/vars/main.yml", []),
        ("notes/main.yml", []),
    ],
)
def test_ansible_s_variables_hold_passwords(path, lines):
    text = f"{APP}--- {path}\n{VARIABLES}"
    assert [line for _, _, line in found(text, secret_in_files)] == lines


NAMED = """\
--- backend/app.py
from flask import Flask
app = Flask(__name__)
--- backend/Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- nginx/nginx.conf
server {
  listen 80;
  location / { proxy_pass http://backend:5000; }
}
--- docker-stack.yml
services:
  backend:
    image: IMAGE
  nginx:
    image: nginx:1.25
    ports: ["80:80"]
    volumes: ["./nginx/nginx.conf:/etc/nginx/conf.d/default.conf"]
"""


@pytest.mark.parametrize(
    "image", ["nginx-swarm-backend:latest", "redis-demo_backend", "acme/shop-backend"]
)
def test_an_application_s_image_may_be_called_as_its_project(image, tmp_path):
    (path,) = project(example_files(NAMED.replace("IMAGE", image)), tmp_path).paths
    assert [hop.what for hop in path.hops] == [
        "published :80", "nginx :80", "forwards", "gunicorn :5000", "backend/app.py"
    ]  # fmt: skip


def test_a_product_s_image_stays_the_product(tmp_path):
    text = NAMED.replace("IMAGE", "redis-backend").replace("backend/", "worker/")
    (stack,) = (d for d in project(example_files(text), tmp_path).deployments if "stack" in d.name)
    assert [service.role for service in stack.services] == ["store", "proxy"]


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("MAIL_PASSWORD", "YOUR_EMAIL_PASSWORD", False),
        ("MAIL_PASSWORD", "mutable-otter", True),
        ("OPENAI_API_KEY", "your-key-here", False),
        ("POSTGRES_PASSWORD", "change_me", True),
        ("SECRET_KEY", "your-secret-key", True),
    ],
)
def test_a_stand_in_for_what_others_give_is_no_secret(name, value, is_found):
    text = f"{APP}--- compose.yaml\nservices:\n  web:\n    build: .\n    environment:\n"
    text += f"      {name}: {value}\n--- Dockerfile\nFROM python\nCOPY . .\nCMD python app.py\n"
    assert bool(found(text, secret_in_files)) == is_found


def test_a_dockerfile_beside_the_one_that_is_used_is_an_alternative():
    command = 'CMD ["gunicorn", "-b", ":5001", "app:app"]'
    other = f"--- backend/Dockerfile.slim\nFROM python:3.12\nCOPY . .\n{command}\n"
    assert not found(NAMED.replace("IMAGE", "acme/backend") + other, server_bound_plain)
    alone = NAMED.partition("--- nginx")[0]
    assert found(alone + other, server_bound_plain)


LOADED = """\
--- config.py
class Base:
    DEBUG = False
class DevelopmentConfig(Base):
    DEBUG = True
--- shop/__init__.py
import os
from flask import Flask
app = Flask(__name__)
LOADS
--- manage.py
import os
from shop import app
app.config.from_object(os.environ["APP_SETTINGS"])
"""


@pytest.mark.parametrize(
    ("loads", "is_found"),
    [
        ('app.config.from_object("config.DevelopmentConfig")', True),
        ("from config import DevelopmentConfig\napp.config.from_object(DevelopmentConfig)", True),
        ('app.config.from_object(os.environ.get("C", "config.DevelopmentConfig"))', False),
        (
            'if os.environ.get("DEV"):\n    app.config.from_object("config.DevelopmentConfig")',
            False,
        ),
        (
            'app.config.from_object("config.Base")\n'
            'app.config.from_object("config.DevelopmentConfig")',
            False,
        ),
        ('app.config.from_object("config.Base")', False),
    ],
)
def test_a_configuration_that_every_start_loads_is_that_of_production(loads, is_found):
    assert bool(found(LOADED.replace("LOADS", loads), debug_mode_reachable)) == is_found


STORES = """\
--- NAME
services:
  db:
    image: postgres
    ports: ["5432:5432"]
  cache:
    image: IMAGE
"""


@pytest.mark.parametrize(
    ("name", "image", "lines"),
    [
        ("docker-compose.yml", "redis", [[4, 2]]),
        ("docker-compose.yml", "adminer", [[4, 2]]),
        ("docker-compose.yml", "acme/other-program", []),  # theirs, whatever it is
        ("docker-compose.dev.yml", "redis", []),
    ],
)
def test_stores_alone_are_for_the_application_beside_them(name, image, lines):
    text = DOCKER.replace("NAME", name) + STORES.partition("NAME\n")[2]
    text = text.replace("IMAGE", image) + "  more:\n    image: acme/more\n" * ("acme" in image)
    assert places_of(text, store_published) == lines


@pytest.mark.parametrize("image", ["grafana/grafana:10", "prom/prometheus", "jenkins/jenkins:lts"])
def test_dashboards_of_others_are_published(image):
    text = MAIL.replace("mailhog/mailhog", image).replace("TARGET", "web:8000")
    text += "  more:\n    image: IMAGE\n    ports: ['3000:3000']\n".replace("IMAGE", image)
    assert found(text, store_published) == [("store-published", "compose.yaml", 12)]


@pytest.mark.parametrize(
    ("outer", "inner", "target", "is_known"),
    [
        ("set $up http://backend:5000;", "", "$up", True),
        ("set $up backend;", "", "http://$up:5000", True),
        ("set $up other;", "set $up backend;", "http://${up}:5000", True),
        ("", "set $up backend:5000;", "http://$up$request_uri", True),
        ("set $down backend;", "", "http://$up:5000", False),
        ("set $up $up$up;", "", "http://$up:5000", False),
    ],
)
def test_nginx_asks_what_a_variable_names(outer, inner, target, is_known, tmp_path):
    # nginx, ngx_http_proxy: with a variable, and a resolver, names are looked up at each request.
    text = NAMED.replace("IMAGE", "acme/backend").replace("listen 80;", f"listen 80; {outer}")
    text = text.replace("proxy_pass http://backend:5000;", f"{inner} proxy_pass {target};")
    (path,) = project(example_files(text), tmp_path).paths
    assert (path.app is not None) == is_known
    assert path.forward is not None and path.forward.port == 5000


UNIT = """\
--- site/shop.py
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    app.run(host="0.0.0.0")
--- services/shop.service.j2
[Unit]
Description={{ site_name }}
[Service]
WorkingDirectory=/srv/{{ site_name }}
ExecStart=/srv/{{ site_name }}/{{ env | default("env") }}/bin/gunicorn --bind BIND shop:app
"""


@pytest.mark.parametrize(
    ("bind", "ids"),
    [
        ("unix:{{ site_name }}.sock", []),
        ("127.0.0.1:{{ port }}", []),
        ("0.0.0.0:{{ port }}", ["server-bound-plain"]),
    ],
)
def test_a_unit_that_is_a_template_starts_the_application(bind, ids):
    text = UNIT.replace("BIND", bind)
    found_ids = [id for id, *_ in found(text, server_bound_plain, app_run_without_tls)]
    assert found_ids == ids


@pytest.mark.parametrize(("host", "is_found"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_a_socket_of_uwsgi_on_a_machine_is_open_to_all(host, is_found):
    text = APP + f"--- shop.service\n[Service]\nExecStart=/bin/uwsgi --socket {host}:5000 app.py\n"
    report = audited(text, server_bound_plain)
    assert ["its own protocol" in f.message for f in report.findings] == [True] * is_found
