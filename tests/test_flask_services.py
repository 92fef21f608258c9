"""What services of Flask that were never seen before showed, each with its right twin."""

import pytest

from auditing import audited

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
"""


def places(kind, text):
    return [
        (f.locations[0].path, f.locations[0].line)
        for f in audited(text).findings
        if f.kind == kind and f.severity.name != "INFO"
    ]


@pytest.mark.parametrize(
    ("imported", "call", "severity"),
    [
        ("flask_oauthlib.client", 'remote_app("x", access_token_url=URL)', "high"),
        ("authlib.integrations.flask_client", 'register("x", server_metadata_url=URL)', "high"),
        ("authlib.integrations.flask_client", 'register("x", api_base_url=URL)', "medium"),
    ],
)
@pytest.mark.parametrize(
    ("address", "is_plain"),
    [
        ("http://sso.corp.io/token", True),
        ("https://sso.corp.io/token", False),
        ("http://keycloak:8080/token", False),
    ],
)
def test_what_oauth_asks_in_clear_is_found(imported, call, severity, address, is_plain):
    text = f"""
--- app.py
from flask import Flask
from {imported} import OAuth
oauth = OAuth(Flask(__name__))
client = oauth.{call.replace("URL", repr(address))}
"""
    findings = [f for f in audited(text).findings if f.kind == "http-upstream"]
    assert [f.severity.name.lower() for f in findings] == ([severity] if is_plain else [])


@pytest.mark.parametrize(("scheme", "lines"), [("http", [4]), ("https", [])])
def test_an_address_that_a_client_class_has_as_its_default_is_asked(scheme, lines):
    text = f"""{APP}
--- client.py
import requests

class Upstream:
    def __init__(self, base="{scheme}://api.corp.io"):
        self.base = base

    def login(self, password):
        return requests.post(self.base + "/login", json=dict(password=password))
"""
    assert [line for _, line in places("http-upstream", text)] == lines


@pytest.mark.parametrize(
    ("after", "is_found"),
    [
        ('if "KEY" in environ:\n    KEY = str(environ["KEY"])', True),
        ('KEY = KEY + "more"', False),
        ('if "KEY" in environ:\n    KEY = read()', False),
    ],
)
def test_a_constant_that_the_environment_may_replace_is_a_fallback(after, is_found):
    text = f"""
--- app.py
from os import environ
from flask import Flask, session
KEY = "made-up-key"
{after}
app = Flask(__name__)
app.secret_key = KEY
"""
    assert places("secret-hardcoded", text) == ([("app.py", 3)] if is_found else [])


def test_a_constant_of_one_branch_is_no_fallback_of_the_other():
    text = """
--- app.py
import os
from flask import Flask, session
if os.environ.get("ENV") == "production":
    KEY = os.environ["KEY"]
else:
    KEY = "made-up-key"
app = Flask(__name__)
app.secret_key = KEY
"""
    assert places("secret-hardcoded", text) == []


@pytest.mark.parametrize(
    ("refusal", "is_found"),
    [
        ('if KEY == "dev-key" and ENV == "production":\n    raise RuntimeError("set it")', False),
        ('if KEY in ("dev-key", "changeme"):\n    raise RuntimeError', False),
        ('if app.config["SECRET_KEY"] == DEFAULT:\n    sys.exit("set it")', False),
        (
            'if ENV == "production" and not os.environ.get("KEY"):\n    raise ValueError("KEY")',
            False,
        ),
        ('if KEY == "dev-key":\n    print("insecure")', True),
        ('if KEY == "":\n    raise RuntimeError("set it")', True),
        ('if os.environ.get("DATABASE") is None:\n    raise RuntimeError("set it")', True),
    ],
)
def test_a_fallback_that_is_refused_is_none(refusal, is_found):
    text = f"""
--- app.py
import os, sys
from flask import Flask
DEFAULT = "dev-key"
ENV = os.environ.get("ENV")
KEY = os.environ.get("KEY", DEFAULT)
app = Flask(__name__)
app.config["SECRET_KEY"] = KEY
{refusal}
"""
    assert bool(places("secret-hardcoded", text)) is is_found


CREDENTIALS = [
    ('requests.post(URL, json=dict(username="svc", password="Winter2019"))', True),
    ('requests.post(URL, json={"username": "svc", "password": "Winter2019"})', True),
    ('requests.post(URL, json={"username": "svc", "password": getenv("PW")})', False),
    ('requests.post(URL, json={"username": "svc", "password": "svc"})', False),
    ('requests.get(URL, auth=("svc", "Winter2019"))', True),
    ('requests.get(URL, auth=("svc", "password"))', False),
    ('requests.get(URL, auth=HTTPBasicAuth("svc", "Winter2019"))', True),
    ('connect(host="db", user="svc", password=DB["password"])', True),
    ('connect(host="localhost", user="svc", password="Winter2019")', False),
    ('smtplib.SMTP("mail").login("svc", "Winter2019")', True),
    ('schema = {"username": "Your name", "password": "Winter2019"}', False),
    ('database = {"host": "db", "user": "svc", "password": "Winter2019"}', True),
    ('oauth.register("x", client_id="a", client_secret="a1B2c3D4e5")', True),
    ('headers = {"Authorization": "Bearer 0123456789abcdefghijkl"}', True),
    ('headers = {"Authorization": "Bearer of good news, and more of it"}', False),
    ('API_KEY = "0123456789abcdef"', True),
    ('API_KEY = "X-API-KEY"', False),
    ('PASSWORD = "password_reset"', False),
    ('JWT_SECRET = "made up"[0:4]', False),
    ('JWT_SECRET = "made-up-by-us"', True),
    ('MAIL_HMAC_ALGO = "sha3-224"', False),
    ('MAIL_HMAC = "sha3-224"', True),
    ('_SESSION_KEY = "__basket"', False),  # where a session keeps it
    ('_SESSION_KEY = "a1B2c3D4e5"', True),
]


@pytest.mark.parametrize(("line", "is_found"), CREDENTIALS)
def test_credentials_that_code_gives_are_found(line, is_found):
    text = f"""
--- client.py
import requests, smtplib
from driver import connect
DB = dict(password="Winter2019")

{line}
"""
    expected = 3 if "DB[" in line else 5  # where it is written
    assert [n for _, n in places("secret-hardcoded", text)] == ([expected] if is_found else [])


@pytest.mark.parametrize(
    ("option", "is_found"),
    [
        ('@click.option("--secret-key", envvar="SECRET_KEY", default="development")', True),
        ('@click.option("--secret-key", envvar="SECRET_KEY")', False),
        ('@click.option("--secret-name", default="development")', False),
        ('parser.add_argument("-k", "--api-key", default="0123456789abcdef")', True),
        ('parser.add_argument("--password", default="password")', False),
    ],
)
def test_an_option_whose_default_is_a_secret_is_found(option, is_found):
    call = option if option[0] != "@" else f"{option}\ndef main(secret_key): ..."
    text = f"--- main.py\nimport click\n\n{call}\n"
    assert [n for _, n in places("secret-hardcoded", text)] == ([3] if is_found else [])


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ('CONFIG["key"]', [3, 5]),
        ('CONFIG["deep"]["key"]', [3, 5]),
        ('CONFIG["other"]', []),
        ('"%s-%s" % ("made-up", CONFIG["key"])', [5]),
        ('"{}-{x}".format("made-up", x=CONFIG["key"])', [5]),
        ('"{}-{}".format("made-up", read())', []),
        ('"{:>9}".format(CONFIG["key"])', []),
        ('"%5s" % CONFIG["key"]', []),
    ],
)
def test_a_key_that_code_puts_together_is_found(value, lines):
    text = f"""
--- app.py
from flask import Flask
app = Flask(__name__)
CONFIG = {{"key": "Winter-2019", "deep": {{"key": "Winter-2019"}}, "other": read()}}

app.secret_key = {value}
"""
    findings = [f for f in audited(text).findings if f.kind == "secret-hardcoded"]
    assert [place.line for f in findings for place in f.locations] == lines


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ('LDAP_HOST = "ad.corp.io"', [2]),
        ('LDAP_HOST = "ad.corp.io"\nLDAP_USE_SSL = False', [2]),
        ('LDAP_HOST = "ad.corp.io"\nLDAP_USE_SSL = True', []),
        ('LDAP_HOST = "ad.corp.io"\nLDAP_USE_SSL = read()', []),
        ('LDAP_HOST = "ad.corp.io"\nLDAP_SCHEMA = "ldaps"', []),
        ('LDAP_HOST = "ldaps://ad.corp.io"', []),
        ('LDAP_HOST = "localhost"', []),
    ],
)
@pytest.mark.parametrize("extension", ["flask_simpleldap", "flask_ldap3_login"])
def test_a_directory_that_an_extension_asks_without_tls(extension, settings, lines):
    text = f"""
--- config.py
class Config:
    {settings.replace(chr(10), chr(10) + "    ")}
--- app.py
import {extension}
from flask import Flask
app = Flask(__name__)
app.config.from_object("config.Config")
"""
    assert [line for _, line in places("mail-ldap-plain", text)] == lines


@pytest.mark.parametrize(
    ("address", "call", "expected"),
    [
        ("ldap://ad.corp.io:389", 'ldap.initialize(app.config["DIRECTORY"])', [("config.py", 1)]),
        ("ldap://openldap:389", 'ldap.initialize(app.config["DIRECTORY"])', [("config.py", 1)]),
        ("ldap://localhost:389", 'ldap.initialize(app.config["DIRECTORY"])', []),
        ("ldaps://ad.corp.io", 'ldap.initialize(app.config["DIRECTORY"])', []),
        ("ldap://ad.corp.io", 'ldap.initialize(app.config["DIRECTORY"]).start_tls_s()', []),
        ("ad.corp.io", 'ldap3.Server(DIRECTORY, use_ssl=False)', [("app.py", 6)]),
        ("ad.corp.io", 'ldap3.Server(DIRECTORY, port=389)', [("app.py", 6)]),
        ("ad.corp.io", 'ldap3.Server(read(), port=389)', [("app.py", 6)]),
        ("ad.corp.io", 'ldap3.Server(DIRECTORY, use_ssl=True)', []),
        ("ad.corp.io", 'ldap3.Server(read())', []),
        ("ldaps://ad.corp.io", 'ldap3.Server(DIRECTORY, use_ssl=False)', []),
    ],
)  # fmt: skip
def test_a_directory_whose_address_is_configured(address, call, expected):
    text = f"""
--- config.py
DIRECTORY = "{address}"
--- app.py
import ldap, ldap3
from flask import Flask
from config import DIRECTORY
app = Flask(__name__)
app.config.from_object("config")
{call}
"""
    kinds = ("mail-ldap-plain", "backend-plain")
    assert [place for kind in kinds for place in places(kind, text)] == expected


@pytest.mark.parametrize(("imported", "is_found"), [("UserMixin", False), ("LoginManager", True)])
def test_a_mixin_of_flask_login_keeps_no_session(imported, is_found):
    text = f"""
--- app.py
from flask import Flask
from flask_login import {imported}
app = Flask(__name__)
"""
    assert bool(places("session-cookie-insecure", text)) is is_found


@pytest.mark.parametrize(
    ("host", "is_found"),
    [('os.environ["CACHE"]', True), ('os.getenv("CACHE", "localhost")', True), ('"cache"', False)],
)
def test_a_cache_at_a_configured_host_without_tls(host, is_found):
    text = f"""
--- app.py
import os, redis
from flask import Flask
app = Flask(__name__)
app.config["CACHE_HOST"] = {host}
cache = redis.StrictRedis(host=app.config["CACHE_HOST"])
"""
    assert bool(places("backend-plain", text)) is is_found


@pytest.mark.parametrize(
    ("call", "lines"),
    [
        ("digest(password)", [3]),
        ('digest(request.form["password"])', [3]),
        ("digest(password_hash)", []),
        ("digest(text)", []),
        ('digest(app.config["PASSWORD"])', []),
        ("other.digest(password)", []),
        ("tools.digest(password)", [3]),
    ],
)
def test_a_password_that_is_handed_to_a_fast_hash(call, lines):
    text = f"""
--- tools.py
import hashlib
def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()
--- app.py
import tools
from flask import Flask, request
from tools import digest
app = Flask(__name__)
def check(password, password_hash, text):
    return {call}
"""
    assert [line for _, line in places("pw-weak-storage", text)] == lines


def test_a_key_that_is_made_of_a_password_is_not_kept():
    text = """
--- box.py
import hashlib
def opened(text):
    key = hashlib.sha256(text).digest()
    return key
opened(password)
"""
    assert places("pw-weak-storage", text) == []


def test_a_method_that_hashes_is_called_by_its_own_class():
    text = """
--- cache.py
import hashlib
class Cache:
    def digest(self, text):
        return hashlib.sha256(text.encode()).hexdigest()
    def add(self, name, password):
        self.known[name] = self.digest(password)
"""
    assert places("pw-weak-storage", text) == [("cache.py", 4)]


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("urlopen(URL, context=ssl.SSLContext())", True),
        ("ssl.SSLContext(ssl.PROTOCOL_TLS).wrap_socket(sock)", True),
        ("ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(sock)", False),
        ("ssl.SSLContext().wrap_socket(sock, server_side=True)", False),
        ("c = ssl.SSLContext()\nc.verify_mode = ssl.CERT_REQUIRED\nc.wrap_socket(sock)", False),
        ("c = ssl.SSLContext()\nc.load_cert_chain('a.pem')\nc.wrap_socket(sock)", False),
        ("app.run(ssl_context=ssl.SSLContext())", False),
    ],
)
def test_a_bare_context_of_a_client_verifies_nothing(code, is_found):
    text = f"--- fetch.py\nimport ssl\nfrom urllib.request import urlopen\n{code}\n"
    assert bool(places("tls-verify-off", text)) is is_found


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("settings.py.j2", "made-up-by-us", True),
        ("settings.py.tmpl", "made-up-by-us", True),
        ("settings.py.j2", "{{ secret_key }}", False),
        ("settings.html.j2", "made-up-by-us", False),
    ],
)
def test_templates_of_python_are_python(name, value, is_found):
    text = f"""{APP}
--- {name}
SECRET_KEY = "{value}"
{{% if ssl %}}
SESSION_COOKIE_SECURE = True
{{% endif %}}
"""
    assert places("secret-hardcoded", text) == ([(name, 1)] if is_found else [])


@pytest.mark.parametrize(("maker", "is_found"), [("random", True), ("secrets", False)])
def test_a_password_that_is_made_letter_by_letter(maker, is_found):
    text = f"""
--- users.py
import {maker}
def add_user(letters):
    pw = ""
    for _ in range(8):
        pw += {maker}.choice(letters)
    return User(password=pw)
"""
    assert places("token-weak-prng", text) == ([("users.py", 5)] if is_found else [])


@pytest.mark.parametrize(("source", "is_found"), [("SystemRandom()", False), ("Random()", True)])
def test_what_is_called_random_may_be_the_systems(source, is_found):
    text = f"""
--- users.py
import random, string
from random import Random, SystemRandom
def add_user(name):
    random = {source}
    password = "".join([random.choice(string.ascii_letters) for _ in range(32)])
    return User(name, password)
"""
    assert bool(places("token-weak-prng", text)) is is_found


STORES = """
--- docker-compose.yml
services:
  queue:
    image: confluentinc/cp-kafka
    ports: ["9092:9092"]
  console:
    image: obsidiandynamics/kafdrop
    ports: ["19000:9000"]
  pool:
    image: edoburu/pgbouncer
    ports: ["6432:6432"]
  other:
    image: ubuntu
    ports: ["8080:8080"]
"""
BY_HAND = """
--- app.py
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    app.run()
"""
IMAGE = """
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["python", "run.py"]
"""
SOCKET_IO = """
--- run.py
from flask import Flask
from flask_socketio import SocketIO
app = Flask(__name__)
SocketIO(app).run(app, host="0.0.0.0", port=8000)
"""


def test_stores_beside_an_application_that_is_started_by_hand_are_its_own():
    found = places("aux-plain", BY_HAND + STORES)
    assert found == [("docker-compose.yml", line) for line in (4, 7, 10)]
    severities = {f.severity.name for f in audited(BY_HAND + STORES).findings}
    assert severities == {"MEDIUM"}


def test_stores_of_another_folder_or_beside_a_deployment_are_not():
    elsewhere = STORES.replace("--- docker", "--- tools/docker")
    assert places("aux-plain", BY_HAND + elsewhere) == []
    web = "--- deploy/compose.yaml\nservices:\n  web:\n    build: ..\n    ports: ['80:8000']\n"
    assert places("aux-plain", SOCKET_IO + IMAGE + web + STORES) == []


@pytest.mark.parametrize(
    ("more", "is_found"),
    [
        ("", True),
        ("    command: flask run\n", False),
        ("--- compose.prod.yaml\nservices: {}\n", False),
    ],
)
def test_one_compose_file_that_runs_the_image_is_what_is_deployed(more, is_found):
    compose = f"""
--- docker-compose.yml
services:
  web:
    build: .
    ports: ["80:8000"]
    environment:
      - FLASK_ENV=development
{more}"""
    assert bool(places("port-plain", SOCKET_IO + IMAGE + compose)) is is_found


def test_ports_say_nothing_on_the_network_of_the_host():
    compose = """
--- docker-compose.yml
services:
  web:
    build: .
    network_mode: host
    ports: ["80:80"]
  cache:
    image: redis
    network_mode: host
    ports: ["127.0.0.1:6379:6379"]
"""
    text = SOCKET_IO + IMAGE + compose
    assert places("aux-plain", text) == [("docker-compose.yml", 9)]
    messages = [f.message for f in audited(text).findings if f.kind == "port-plain"]
    assert [message.partition("port ")[2].partition(" ")[0] for message in messages] == ["8000"]


@pytest.mark.parametrize(
    ("does", "is_found"), [("create_access_token(body)", True), ("find(body)", False)]
)
def test_a_login_that_connexion_calls_takes_a_password(does, is_found):
    text = f"""
--- run.py
import connexion
from flask_jwt_extended import create_access_token
app = connexion.App(__name__)
def users_auth(body):
    check(body["username"], body["password"])
    return {does}
app.run(host="0.0.0.0", port=8000)
--- compose.yaml
services:
  web:
    build: .
    ports: ["80:8000"]
"""
    assert bool(places("credentials-cleartext", text + IMAGE)) is is_found


@pytest.mark.parametrize(
    ("where", "lines"),
    [
        ("class User:\n    def hash(self, word): return generate_password_hash(word)", [8]),
        ("def hashed(word): return generate_password_hash(word)", []),
    ],
)
def test_another_class_that_hashes_says_nothing_of_this_one(where, lines):
    text = f"""
--- models.py
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import generate_password_hash
db = SQLAlchemy()
{where}

class Device(db.Model):
    def __init__(self, password):
        self.password = password
"""
    found = [line for _, line in places("pw-weak-storage", text)]
    assert bool(found) is bool(lines)


@pytest.mark.parametrize(
    ("version", "given", "is_found"),
    [
        ("==1.7.1", "", True),
        ("<2", "", True),
        (">=2.0", "", False),
        ("", "", False),
        ("==1.7.1", ', algorithms=["HS256"]', False),
    ],
)
def test_an_old_library_that_takes_any_algorithm(version, given, is_found):
    text = f"""
--- requirements.txt
PyJWT{version}
--- auth.py
import jwt
def claims(token, key):
    return jwt.decode(token, key{given})
"""
    assert bool(places("jwt-weak", text)) is is_found


@pytest.mark.parametrize(
    ("declared", "given", "is_found"),
    [
        ('p.add_argument("-H", "--host", default="0.0.0.0")', "args.host", True),
        ('p.add_argument("--bind-to", dest="host", default="0.0.0.0")', "args.host", True),
        ('p.add_argument("--host", default="127.0.0.1")', '"127.0.0.1"', False),
        ('p.add_argument("--host", default="0.0.0.0")', "args.other", False),
    ],
)
def test_the_default_of_an_option_is_where_a_server_listens(declared, given, is_found):
    text = f"""
--- run.py
import argparse
from flask import Flask
app = Flask(__name__)
p = argparse.ArgumentParser()
{declared}
args = p.parse_args()
app.run(host={given}, port=8000)
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["python", "run.py"]
"""
    assert places("app-run-plain", text) == ([("run.py", 7)] if is_found else [])


@pytest.mark.parametrize(
    ("declared", "lines"),
    [
        ('@click.option("--secret-key", default="made-up-by-us")', [5, 7]),
        ('@click.option("--secret-key", "secret_key", default="made-up-by-us")', [5, 7]),
        ('@click.option("--secret-key", envvar="KEY")', []),
        ('@click.option("--secret-key", envvar="KEY", required=True)', []),
    ],
)
def test_the_default_of_an_option_is_the_key(declared, lines):
    text = f"""
--- run.py
import click
from flask import Flask, session
app = Flask(__name__)
@click.command()
{declared}
def main(secret_key):
    app.secret_key = secret_key
"""
    findings = [f for f in audited(text).findings if f.kind == "secret-hardcoded"]
    assert [place.line for f in findings for place in f.locations] == lines


@pytest.mark.parametrize(
    ("call", "is_found"),
    [
        ('User(name="admin", password=generate_password_hash("admin"))', True),
        ('user.set_password("Winter2019")', True),
        ("user.set_password(password)", False),
        ('user.set_password("dummy-for-timing")', False),
        ('user.set_password(os.environ["ADMIN_PASSWORD"])', False),
    ],
)
@pytest.mark.parametrize(("function", "is_live"), [("init", True), ("seed_demo", False)])
def test_an_account_that_code_makes_with_its_password(function, is_live, call, is_found):
    text = f"""
--- setup_users.py
import os
from werkzeug.security import generate_password_hash
def {function}(user, password):
    {call}
"""
    found = places("secret-hardcoded", text)
    assert found == ([("setup_users.py", 4)] if is_found and is_live else [])


def test_chance_is_placed_where_it_is_drawn():
    text = """
--- settings.py
import os, random
SECRET_KEY = os.getenv(
    "SECRET_KEY",
    "".join(
        random.choices("abc", k=20)
    ),
)
"""
    assert places("token-weak-prng", text) == [("settings.py", 5)]


@pytest.mark.parametrize(("folder", "is_found"), [("example", False), ("accounts", True)])
def test_what_an_example_imports_says_nothing_of_the_application(folder, is_found):
    text = f"{APP}--- {folder}/users.py\nfrom flask_login import LoginManager\n"
    assert bool(places("session-cookie-insecure", text)) is is_found


@pytest.mark.parametrize(("default", "lines"), [("0", [2]), ("1", [])])
def test_a_directory_whose_tls_is_off_unless_told_otherwise(default, lines):
    text = f"""
--- settings.py
import os
LDAP_USE_SSL = bool(int(os.environ.get("LDAP_USE_SSL", {default})))
--- app.py
from flask import Flask
from flask_ldap3_login import LDAP3LoginManager
app = Flask(__name__)
app.config.from_object("settings")
"""
    assert [line for _, line in places("mail-ldap-plain", text)] == lines
