"""What other projects than the first ones showed: other spellings, and what is right in them."""

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


def test_names_that_refer_to_each_other_are_evaluated_once_each():
    """Doubling names: 2**60 evaluations, were each looked up anew."""
    lines = ["a0 = open('x')"]
    lines += [f"a{n} = a{n - 1} if (a{n - 1} == a{n - 1}) else a{n - 1}" for n in range(1, 60)]
    lines += [f"b{n} = b{(n + 1) % 60} or b{(n + 7) % 60} or b{(n + 9) % 60}" for n in range(60)]
    text = "--- app.py\n" + "\n".join([*lines, "requests.get('https://a', verify=(a59, b3))"])
    assert not audited(text).unanswered


@pytest.mark.parametrize(
    ("production", "is_on"),
    [("DEBUG = False", False), ("TESTING = False", True), ("DEBUG = True", True)],
)
def test_what_a_base_class_says_counts_where_production_does_not_say_otherwise(production, is_on):
    text = f"""
--- app.py
from flask import Flask
import config
app = Flask(__name__)
app.config.from_object(config.BY_NAME["production"])
--- config.py
class Config:
    DEBUG = True
class Development(Config):
    ENV = "development"
class Production(Config):
    {production}
BY_NAME = {{"production": Production}}
"""
    assert ("debug-exposed" in kinds(text)) is is_on


@pytest.mark.parametrize(("otherwise", "is_on"), [("False", False), ("True", True)])
def test_the_else_of_the_main_test_is_what_a_server_imports(otherwise, is_on):
    text = f"""
--- run.py
from flask import Flask
if __name__ == "__main__":
    app = Flask(__name__)
    app.config["DEBUG"] = True
    app.run(host="0.0.0.0")
else:
    app = Flask(__name__)
    app.config["DEBUG"] = {otherwise}
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:5000", "run:app"]
"""
    assert ("debug-exposed" in kinds(text)) is is_on


def test_long_branches_and_chains_cost_no_square_of_their_length():
    body = "if x:\n" + "    a = 1\n" * 60_000
    chain = "if x == 0:\n    pass\n" + "".join(f"elif x == {n}:\n    b = {n}\n" for n in range(900))
    assert not audited(f"--- app.py\n{body}\n--- other.py\n{chain}").unanswered


def test_a_comment_on_one_key_says_nothing_of_the_whole_file():
    compose = """
--- compose.yaml
services:
  web:
    build: .
    # a password for local development, change it
    environment:
      NAME: x
    ports: ["8000:8000"]
"""
    assert "port-plain" in kinds(APP + GUNICORN + compose)
    header = compose.replace("services:", "# for local development only\nservices:", 1)
    assert "port-plain" not in kinds(APP + GUNICORN + header)


ENTRY = """
--- Dockerfile
FROM python:3.12
COPY entrypoint.sh /usr/bin/
ENTRYPOINT ["entrypoint.sh"]
CMD ["gunicorn", "app:app"]
--- entrypoint.sh
#!/bin/sh
BIND_ADDRESS="${BIND_ADDRESS:-0.0.0.0:80}"
OPTIONS="--workers 2 --bind ${BIND_ADDRESS}"
%s
--- compose.yaml
services:
  web:
    build: .
    ports: ["9191:80"]
"""


@pytest.mark.parametrize(
    "line", ['exec "$@" $OPTIONS', 'exec gosu app "$@" $OPTIONS', "gunicorn $OPTIONS app:app"]
)
def test_options_that_a_script_puts_together_are_read(line, tmp_path):
    (path,) = paths_of(APP + ENTRY % line, tmp_path)
    assert (path.kind, path.is_encrypted, path.start.port) == ("direct", False, 80)


def test_without_the_options_the_server_listens_on_loopback_alone(tmp_path):
    assert paths_of(APP + ENTRY % 'exec "$@"', tmp_path) == ()


ONE_CONTAINER = """
--- Dockerfile
FROM python:3.12
RUN apt-get -y install nginx
COPY conf/site.conf /etc/nginx/conf.d/
COPY . /srv
CMD service nginx start; gunicorn -b unix:/run/app.sock app:app
--- conf/site.conf
server {
  listen 80;
  listen [::]:80;
  location / { proxy_pass http://unix:/run/app.sock; }
}
--- compose.yaml
services:
  web:
    build: .
    ports:
      - "5000:80"
"""


def test_a_proxy_and_a_server_in_one_container_are_one_path():
    (finding,) = [f for f in audited(APP + ONE_CONTAINER).findings if f.kind == "proxy-http-only"]
    assert places(finding)[:2] == ["compose.yaml:5", "conf/site.conf:2"]
    assert "Dockerfile:5" in places(finding) and "app.py:2" in places(finding)
    local = ONE_CONTAINER.replace('"5000:80"', '"127.0.0.1:5000:80"')
    assert "proxy-http-only" not in kinds(APP + local)


def test_a_mounted_folder_is_read_as_its_proxy_reads_it():
    text = (
        APP
        + GUNICORN
        + """
--- conf/Caddyfile
shop.example.org {
  reverse_proxy web:8000
}
--- conf/local/Caddyfile
localhost:80 {
  reverse_proxy web:8000
}
--- compose.yaml
services:
  web:
    build: .
  caddy:
    image: caddy:2
    ports: ["80:80", "443:443"]
    volumes: ["./conf:/etc/caddy"]
"""
    )
    assert "proxy-http-only" not in kinds(text)
    assert "proxy-http-only" in kinds(
        text.replace("shop.example.org {", "http://shop.example.org {")
    )


def test_a_password_that_its_callers_hash_is_not_kept_as_it_comes():
    text = """
--- models.py
from base import BaseModel
class User(BaseModel):
    def __init__(self, email, password):
        self.password = password
--- signup.py
from bcrypt import gensalt, hashpw
from models import User
def signup(form):
    return User(form.email, hashpw(form.password, gensalt()).decode())
"""
    assert "pw-weak-storage" not in kinds(text)
    plain = text.replace("hashpw(form.password, gensalt()).decode()", "form.password")
    assert "pw-weak-storage" in kinds(plain)


def test_a_hash_that_asks_for_leaked_passwords_is_not_one_that_stores_them():
    text = """
--- leaks.py
import hashlib
import requests
def is_leaked(password):
    digest = hashlib.sha1(password.encode()).hexdigest().upper()
    return digest[5:] in requests.get("https://api.pwnedpasswords.com/range/" + digest[:5]).text
"""
    text += """
--- signup.py
import leaks
def signup(form, password):
    return leaks.is_leaked(password)
"""
    assert "pw-weak-storage" not in kinds(text)
    assert "pw-weak-storage" in kinds(text.replace("pwnedpasswords", "example"))


def test_a_store_or_dashboard_is_known_by_its_name_and_command_when_it_is_built_here():
    text = (
        APP
        + GUNICORN
        + """
--- mongo/Dockerfile
FROM alpine:3
RUN apk add mongodb
CMD ["mongod"]
--- jobs/Dockerfile
FROM python:3.12
RUN pip install rq-dashboard
--- compose.yaml
services:
  web:
    build: .
  mongodb:
    build: mongo
    ports:
      - "27017:27017"
  jobs:
    build: jobs
    command: rq-dashboard -H redis
    ports:
      - "9181:9181"
"""
    )
    firsts = {places(f)[0] for f in audited(text).findings if f.kind == "aux-plain"}
    assert firsts == {"compose.yaml:7", "compose.yaml:12"}
    local = text.replace('- "', '- "127.0.0.1:')
    assert "aux-plain" not in kinds(local)


def test_a_server_block_of_a_machine_is_one_path_and_not_one_for_every_listen_line(tmp_path):
    block = (
        "server {{ listen 443 ssl; server_name {0}; "
        "location / {{ proxy_pass http://127.0.0.1:{1}; }} }}\n"
    )
    text = APP + "--- deployment/nginx.conf\n" + block.format("a", 1) + block.format("b", 2)
    paths = paths_of(text, tmp_path)
    assert [[hop.place.line for hop in p.hops[:1]] for p in paths] == [[1], [2]]


def test_examples_beside_an_application_are_quiet():
    run = (
        'from app import app\nif __name__ == "__main__":\n    app.run(host="0.0.0.0", debug=True)\n'
    )
    assert "debug-exposed" in kinds(f"{APP}\n--- run.py\n{run}")
    assert "debug-exposed" not in kinds(f"{APP}\n--- examples/one/run.py\n{run}")


def test_a_service_that_extends_one_of_another_file_is_built_like_it():
    text = (
        APP
        + GUNICORN
        + """
--- base.yml
services:
  base:
    build: .
--- compose.yaml
services:
  web:
    extends: {file: base.yml, service: base}
    ports:
      - "80:8000"
"""
    )
    assert places(the("port-plain", text))[0] == "compose.yaml:5"
    assert "port-plain" not in kinds(text.replace('"80:8000"', '"127.0.0.1:80:8000"'))


def test_a_container_on_its_hosts_network_publishes_what_it_opens():
    compose = "--- compose.yaml\nservices:\n  web:\n    build: .\n    network_mode: host\n"
    assert "port-plain" in kinds(APP + GUNICORN + compose)
    assert "port-plain" not in kinds(APP + GUNICORN.replace("0.0.0.0", "127.0.0.1") + compose)


def test_a_unit_of_a_machine_without_a_proxy_is_a_path_that_is_not_provable():
    unit = "--- web.service\n[Service]\nExecStart=/srv/bin/gunicorn -b {} app:app\n"
    assert "wsgi-plain-public" in kinds(APP + unit.format("0.0.0.0:8000"))
    assert "wsgi-plain-public" not in kinds(APP + unit.format("127.0.0.1:8000"))
    assert "wsgi-plain-public" not in kinds(APP + unit.format("unix:/run/app.sock"))


HTTPS_SITE = """
--- deployment/nginx.conf
server {{
  listen 443 ssl;
  ssl_certificate c;
  add_header Strict-Transport-Security "max-age=31536000" always;
  location / {{ {} proxy_pass http://127.0.0.1:8000; }}
}}
"""


@pytest.mark.parametrize(
    ("inside", "is_sent"),
    [
        ("", True),
        ("add_header X-Frame-Options DENY;", False),
        ('add_header X-A b; add_header Strict-Transport-Security "max-age=9999999";', True),
    ],
)
def test_a_location_with_headers_of_its_own_does_not_inherit_hsts(inside, is_sent):
    assert ("hsts-missing" not in kinds(APP + HTTPS_SITE.format(inside))) is is_sent


@pytest.mark.parametrize(("variable", "is_secure"), [("SESSION_COOKIE_SECURE", True), ("X", False)])
def test_a_prefixed_variable_of_the_deployment_makes_the_cookie_secure(variable, is_secure):
    text = f"""
--- app.py
from flask import Flask, session
app = Flask(__name__)
app.config.from_prefixed_env()
--- compose.yaml
services:
  web:
    build: .
    environment: {{FLASK_{variable}: "true"}}
"""
    assert ("session-cookie-insecure" not in kinds(text + GUNICORN)) is is_secure


CLUSTER = """
--- k8s/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - image: team/web
          command: [gunicorn, "-b", "0.0.0.0:8000", "app:app"]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8000}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  listeners:
    - name: web
      port: 80
      protocol: HTTP
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: edge}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
"""


def test_a_gateway_that_listens_in_clear_is_an_edge_without_tls(tmp_path):
    finding = the("ingress-no-tls", APP + GUNICORN + CLUSTER)
    assert "k8s/web.yaml:26" in places(finding)
    https = CLUSTER.replace("protocol: HTTP\n", "protocol: HTTPS\n")
    (path,) = paths_of(APP + GUNICORN + https, tmp_path)
    assert (path.kind, path.is_encrypted) == ("routed", True)


def test_a_deployment_that_cannot_be_put_together_is_an_unanswered_question(monkeypatch):
    def fails(known):
        raise RuntimeError("odd")

    monkeypatch.setattr("plainwire.source.assembly.composed.deployments", fails)
    report = audited(APP)
    assert any("odd" in item.reason for item in report.unanswered)


def test_tls_versions_that_an_included_file_may_name_are_not_called_unset():
    text = HTTPS_SITE.format("")
    assert "proxy-tls-defaults" in kinds(APP + text)
    included = text.replace("ssl_certificate c;", "include /etc/nginx/tls.conf;")
    assert "proxy-tls-defaults" not in kinds(APP + included)


def test_one_key_picked_of_several_is_not_a_key_that_is_made():
    text = """
--- keys.py
import random
def get_api_key(page):
    api_keys = page.keys()
    api_key = random.choice(api_keys)
    return api_key
"""
    assert "token-weak-prng" not in kinds(text)
    made = text.replace("random.choice(api_keys)", "str(random.getrandbits(64))")
    assert "token-weak-prng" in kinds(made)


@pytest.mark.parametrize(("option", "is_download"), [("--head", False), ("-O", True)])
def test_asking_whether_somebody_answers_downloads_nothing(option, is_download):
    text = f"--- run.sh\n#!/bin/sh\ncurl {option} --insecure https://example.org/x\n"
    assert ("download-insecure" in kinds(text)) is is_download
