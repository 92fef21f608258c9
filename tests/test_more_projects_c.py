"""What a further set of unseen projects showed, each in a small project with its right twin."""

import pytest

from auditing import audited, project
from plainwire.model import example_files
from plainwire.source.kinds import environment_of

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
"""
PUBLISHED = """
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["80:8000"]
"""
NGINX = """
--- nginx.conf
server {
  listen 443 ssl;
  location / { proxy_pass http://127.0.0.1:8000; }
}
"""


def kinds(text):
    return {f.kind for f in audited(text).findings}


def paths_of(text, tmp_path):
    return {path.kind for path in project(example_files(text), tmp_path).paths}


def test_platforms_route_to_the_process_called_web_alone(tmp_path):
    line = "gunicorn -b 0.0.0.0:8000 app:app\n"
    assert paths_of(f"{APP}--- Procfile\nweb: {line}", tmp_path / "web") == {"routed"}
    assert paths_of(f"{APP}--- Procfile\napi: {line}", tmp_path / "api") == {"unpublished"}


@pytest.mark.parametrize(("host", "is_beside"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_what_honcho_starts_beside_a_proxy_is_reached_around_it(host, is_beside):
    procfile = f"--- Procfile\nwsgi: gunicorn -b {host}:8000 app:app\n"
    assert ("port-bypass" in kinds(APP + NGINX + procfile)) is is_beside


@pytest.mark.parametrize(("name", "is_taken"), [("password", True), ("colour", False)])
def test_a_password_is_taken_by_what_reqparse_parses(name, is_taken):
    text = f"""
--- app.py
from flask import Flask
from flask_restful import Api, Resource, reqparse
app = Flask(__name__)
api = Api(app)
parser = reqparse.RequestParser()
parser.add_argument("{name}")
class Check(Resource):
    def post(self):
        args = parser.parse_args()
        return verify(args["{name}"])
api.add_resource(Check, "/check")
"""
    assert ("credentials-cleartext" in kinds(text + PUBLISHED)) is is_taken


def test_a_service_of_knative_gives_its_container_its_environment():
    text = """
--- service.yaml
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - image: registry.example.com/web
          env:
            - name: SECRET_KEY
              value: kJ8sd7fh3nfk2l4j5h6g
"""
    found = [f for f in audited(APP + text).findings if f.kind == "secret-hardcoded"]
    assert [(p.path, p.line) for f in found for p in f.locations] == [("service.yaml", 12)]


@pytest.mark.parametrize(
    ("path", "environment"),
    [
        ("deploy/nginx/test/site.conf", "staging"),
        ("k8s/overlays/test/web.conf", "staging"),
        ("deploy/tests/site.conf", "test"),
        ("test/nginx/site.conf", "test"),
        ("k8s/templates/test/site.conf", "test"),
    ],
)
def test_a_place_that_is_deployed_to_is_no_test(path, environment):
    assert environment_of(path, "", "nginx") == environment


SETTINGS = [
    ("settings.json", 'app.config.from_file("settings.json", load=json.load)', '{"%s": "%s"}'),
    (
        "config.toml",
        'app.config.from_file("config.toml", load=tomllib.load, text=False)',
        '%s = "%s"',
    ),
    ("conf.yml", 'app.secret_key = yaml.safe_load(open("conf.yml"))["%s"]', "auth:\n  %s: %s"),
]


@pytest.mark.parametrize(("name", "loads", "line"), SETTINGS)
@pytest.mark.parametrize(
    ("key", "value", "is_found"),
    [("SECRET_KEY", "kJ8sd7fh3nfk", True), ("TITLE", "kJ8sd7fh3nfk", False)],
)
def test_keys_in_settings_files_that_code_opens_are_found(name, loads, line, key, value, is_found):
    loads = loads.replace("%s", key)
    text = f"{APP}{loads}\n--- {name}\n{line % (key, value)}\n"
    found = [
        p.path for f in audited(text).findings if f.kind == "secret-hardcoded" for p in f.locations
    ]
    assert found == ([name] if is_found else [])
    unopened = f"{APP}--- {name}\n{line % (key, value)}\n"
    assert "secret-hardcoded" not in kinds(unopened)


@pytest.mark.parametrize("given", ["CONF", "**CONF"])
@pytest.mark.parametrize(("name", "is_found"), [("CONF", True), ("OTHER", False)])
def test_keys_in_a_dictionary_that_configures_the_application_are_found(given, name, is_found):
    text = f"""
--- app.py
from flask import Flask
{name} = {{
    "TITLE": "one",
    "SECRET_KEY": "kJ8sd7fh3nfk",
}}
app = Flask(__name__)
app.config.update({given})
"""
    found = [f for f in audited(text).findings if f.kind == "secret-hardcoded"]
    assert [(p.path, p.line) for f in found for p in f.locations] == [("app.py", 4)] * is_found


def test_a_cookie_that_a_dictionary_makes_secure_is_so():
    text = """
--- app.py
from flask import Flask, session
CONF = {"SESSION_COOKIE_SECURE": %s}
app = Flask(__name__)
app.config.from_mapping(CONF)
@app.get("/")
def index():
    session["a"] = 1
    return ""
"""
    assert "session-cookie-insecure" not in kinds(text % "True" + PUBLISHED)
    assert "session-cookie-insecure" in kinds(text % "False" + PUBLISHED)


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ('{"SESSION_COOKIE_SECURE": true}', False),
        ('{"SESSION_COOKIE_SECURE": false}', True),
        ('{"cookies": {"SESSION_COOKIE_SECURE": true}}', True),
    ],
)
def test_a_settings_file_that_is_loaded_is_configuration(line, is_found):
    text = f"""\
--- app.py
import json
from flask import Flask, session
app = Flask(__name__)
app.config.from_file("settings.json", load=json.load)
@app.route("/")
def index():
    session["user"] = 1
    return ""
--- settings.json
{line}
"""
    assert ("session-cookie-insecure" in kinds(text)) == is_found
