"""What projects showed that the audit had not seen before it was measured on them."""

import pytest

from auditing import audited, project
from plainwire.model import Severity, example_files
from plainwire.report import picture
from plainwire.source.deploy.words import deployed

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- requirements.txt
flask==3.1.0
"""


def kinds(text, severity=Severity.LOW):
    return {f.kind for f in audited(text).findings if f.severity >= severity}


def the(kind, text):
    return next(f for f in audited(text).findings if f.kind == kind)


def places(finding):
    return [f"{p.path}:{p.line}" for p in finding.locations]


def drawn(text, folder):
    """Each path as its hops and its status."""
    return {
        (" > ".join(hop.what for hop in path.hops), path.is_encrypted)
        for path in project(example_files(text), folder).paths
    }


@pytest.mark.parametrize(
    ("arguments", "is_weak"),
    [
        ('method="sha256"', True),  # werkzeug < 2.3: hmac of one round
        ('"plain"', True),
        ('method="pbkdf2:sha256:600000"', False),
        ('method="scrypt"', False),
        ("12", False),  # Flask-Bcrypt's rounds
        ("method=CHOSEN", False),
    ],
)
def test_werkzeug_hashes_by_the_method_that_it_is_told(arguments, is_weak):
    text = f"""
--- models.py
from werkzeug.security import generate_password_hash
def set_password(user, password):
    user.digest = generate_password_hash(password, {arguments})
"""
    assert ("pw-weak-storage" in kinds(text)) is is_weak


SESSIONS = """
--- config.py
import os
class Config:
    SECRET_KEY = os.environ["SECRET_KEY"]
--- app.py
from flask import Flask, request, session
app = Flask(__name__)
app.config.from_object("config.Config")
@app.route("/login", methods=["POST"])
def login():
    session["user"] = check(request.form["password"])
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""


def test_a_key_from_the_environment_is_no_place_of_a_cookie_that_is_not_secure():
    assert places(the("session-cookie-insecure", SESSIONS)) == ["config.py:2", "app.py:2"]


def test_a_header_that_is_missing_is_no_fault_of_the_command_that_starts_the_server():
    text = SESSIONS + "--- compose.yaml\nservices:\n  web:\n    build: .\n    ports: ['80:8000']\n"
    assert places(the("hsts-missing", text)) == ["app.py:2", "compose.yaml:4"]


IMAGE = (
    APP
    + """
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- compose.yaml
services:
  shop:
    image: NAME
    ports: ["5000:5000"]
"""
)


@pytest.mark.parametrize(("name", "is_ours"), [("shop-api", True), ("ubuntu", False)])
def test_an_image_without_a_registry_that_is_no_product_is_built_here(name, is_ours, tmp_path):
    edge = ("published :5000 > gunicorn :5000 > app.py", False)
    assert (edge in drawn(IMAGE.replace("NAME", name), tmp_path)) is is_ours


BROKER = (
    APP
    + """
--- Dockerfile
FROM python:3.12
COPY . /src
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- docker/broker/Dockerfile
FROM debian:13
COPY docker/broker/broker.xml /opt/conf/
CMD ["/opt/broker/bin/broker", "console"]
--- docker/broker/broker.xml
<broker/>
--- compose.yaml
services:
  web:
    build: .
    ports: ["127.0.0.1:5000:5000"]
  messages:
    build:
      context: .
      dockerfile: docker/broker/Dockerfile
    ports:
      - "5671:5671"
      - "5672:5672"
"""
)


def test_an_image_that_takes_no_application_in_is_none_whatever_folder_it_is_built_in(tmp_path):
    assert drawn(BROKER, tmp_path) == {
        ("published :5672 > messages", False),
        ("published :5671 > messages", None),
    }
    marks = {one.mark.strip() for one in picture.drawn(audited(BROKER))}
    assert "? not provable here (compose.yaml:10)" in marks
    found = [f for f in audited(BROKER).findings if f.kind in ("port-plain", "aux-plain")]
    assert [(f.kind, places(f)[0]) for f in found] == [("aux-plain", "compose.yaml:11")]


def test_an_image_whose_application_is_mounted_is_the_application(tmp_path):
    mounted = "    volumes: ['./app.py:/src/app.py']\n    ports:"
    text = BROKER.replace("    ports:\n", mounted + "\n")
    assert ("published :5672 > messages > app.py", False) in drawn(text, tmp_path)


INI = """[PROD]
SECRET_KEY = VALUE
DB_URI = mongodb+srv://shop:<password>@db.example.com/
[TEST]
SECRET_KEY = wK8tulips-of-tests
"""


def indented(text, by=4):
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


@pytest.mark.parametrize(
    ("key", "is_found"), [("wK8tulips", True), ("", False), ("{{ k }}", False)]
)
def test_a_file_that_a_configmap_holds_may_hold_a_key(key, is_found):
    head = "--- k8s/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n"
    text = APP + head + "  .ini: |\n" + indented(INI.replace("VALUE", key))
    found = [places(f) for f in audited(text).findings if f.kind == "secret-hardcoded"]
    assert found == ([["k8s/map.yaml:8"]] if is_found else [])


def test_a_file_with_sections_may_hold_a_key_and_what_starts_programs_holds_none():
    key = "\nSECRET_KEY = wK8tulips\n"
    text = APP + "--- settings.ini\n[app]" + key + "--- unit.ini\n[program:web]" + key
    found = [places(f) for f in audited(text).findings if f.kind == "secret-hardcoded"]
    assert found == [["settings.ini:2"]]


def test_code_that_a_configmap_holds_is_no_value():
    text = APP + "--- k8s/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n"
    text += "  settings.py: |\n    import os\n    SECRET_KEY = os.environ['SECRET_KEY']\n"
    assert "secret-hardcoded" not in kinds(text)


@pytest.mark.parametrize(
    ("endpoint", "is_found"),
    [("http://jaeger:4318", False), ("jaeger:4317", False), ("http://otel.example.com:4318", True)],
)
def test_traces_without_tls_matter_where_they_leave_the_network(endpoint, is_found):
    text = (
        APP
        + f"""
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "127.0.0.1:5000", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    environment:
      OTEL_EXPORTER_OTLP_ENDPOINT: {endpoint}
      OTEL_EXPORTER_OTLP_TRACES_INSECURE: "true"
  jaeger:
    image: jaegertracing/all-in-one
"""
    )
    assert ("env-downgrade" in kinds(text)) is is_found


@pytest.mark.parametrize(
    ("path", "is_found"),
    [("chart/templates/map.yaml", True), ("chart/map.template.yaml", False)],
)
def test_what_a_chart_installs_is_no_sample(path, is_found):
    chart = "--- chart/Chart.yaml\nname: shop\nversion: 1.0.0\n--- chart/values.yaml\nname: shop\n"
    text = APP + chart + f"--- {path}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n"
    text += "  name: {{ .Values.name }}\ndata:\n  SECRET_KEY: wK8tulips\n"
    assert ("secret-hardcoded" in kinds(text)) is is_found


def test_a_key_that_a_function_for_tests_sets_is_none_of_production():
    text = """
--- app.py
from flask import Flask
def create_app(testing=False):
    app = Flask(__name__)
    if testing:
        load_test_settings(app)
    return app
def load_test_settings(app):
    app.config["SECRET_KEY"] = "lalala"
def load_latest_settings(app):
    app.config["JWT_SECRET_KEY"] = "tulips"
"""
    found = [places(f) for f in audited(text).findings if f.kind == "secret-hardcoded"]
    assert found == [["app.py:10"]]


@pytest.mark.parametrize(
    ("secure", "setting", "is_found"),
    [
        ('current_app.config.get("COOKIES_SECURE", False)', "", True),
        ('current_app.config["COOKIES_SECURE"]', "COOKIES_SECURE = False", True),
        ('current_app.config.get("COOKIES_SECURE")', "COOKIES_SECURE = True", False),
        ('current_app.config.get("COOKIES_SECURE", True)', "", False),
        ('current_app.config.get("COOKIES_SECURE")', "COOKIES_SECURE = given()", False),
        ('not current_app.config.get("DEBUG")', "", False),
    ],
)
def test_a_cookie_is_as_secure_as_the_setting_that_it_names(secure, setting, is_found):
    text = f"""
--- config.py
class Config:
    SEND_FILE_MAX_AGE_DEFAULT = 0
    {setting}
--- app.py
from flask import Flask, current_app, make_response
app = Flask(__name__)
app.config.from_object("config.Config")
@app.route("/login", methods=["POST"])
def login():
    answer = make_response("")
    answer.set_cookie("token", given(), secure={secure})
    return answer
"""
    assert ("cookie-set-insecure" in kinds(text, Severity.MEDIUM)) is is_found


@pytest.mark.parametrize(
    ("packages", "variable", "is_on"),
    [
        ("flask==2.0.1\npython-dotenv==0.18.0", "FLASK_ENV=development", True),
        ("flask==2.0.1", "FLASK_ENV=development", False),  # nothing reads the file
        ("flask==3.1.0\npython-dotenv==1.0.0", "FLASK_ENV=development", False),
        ("flask==3.1.0\npython-dotenv==1.0.0", "FLASK_DEBUG=1", True),
    ],
)
def test_app_run_reads_the_environment_file_where_it_stands(packages, variable, is_on):
    text = f"""
--- .env
{variable}
--- requirements.txt
{packages}
--- wsgi.py
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    app.run(host="0.0.0.0")
"""
    found = [places(f)[0] for f in audited(text).findings if f.kind == "debug-exposed"]
    assert found == ([".env:1"] if is_on else [])


@pytest.mark.parametrize(
    ("line", "is_found"), [("POSTGRES_DB=shop", True), ("shared_buffers = 128MB", False)]
)
def test_a_file_of_variables_alone_is_one_whatever_it_is_called(line, is_found):
    text = (
        APP
        + f"""
--- database/db.conf
# for the container
POSTGRES_PASSWORD=wK8tulips
{line}
"""
    )
    found = [places(f) for f in audited(text).findings if f.kind == "secret-hardcoded"]
    assert found == ([["database/db.conf:2"]] if is_found else [])


COMPOSE = (
    APP
    + """
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["flask", "run", "--host=0.0.0.0"]
--- compose.yaml
services:
  web:
    build: .
    environment:
      FLASK_DEBUG: VALUE
    ports: ["5000:5000"]
"""
)


@pytest.mark.parametrize(
    ("value", "file", "place"),
    [
        ("${FLASK_DEBUG}", ".env", ".env:1"),
        ("$FLASK_DEBUG", ".env_prod", ".env_prod:1"),
        ("${FLASK_DEBUG}", ".env.example", ""),  # a sample: nobody says that it is used
        ("${FLASK_DEBUG:-1}", "other.env", "compose.yaml:5"),
        ("${FLASK_DEBUG:-0}", "other.env", ""),
    ],
)
def test_compose_puts_in_what_stands_beside_it(value, file, place):
    text = COMPOSE.replace("VALUE", value) + f"--- {file}\nFLASK_DEBUG=true\n"
    found = [places(f)[0] for f in audited(text).findings if f.kind == "debug-exposed"]
    assert found == ([place] if place else [])


@pytest.mark.parametrize(
    ("value", "is_found"), [("${KEY:-wK8tulips}", True), ("${KEY}", False), ("${KEY:?}", False)]
)
def test_the_default_of_a_variable_of_compose_is_a_key_that_is_written_down(value, is_found):
    text = COMPOSE.replace("FLASK_DEBUG: VALUE", f"SECRET_KEY: {value}")
    assert ("secret-hardcoded" in kinds(text)) is is_found


HELD = (
    APP
    + """
--- Dockerfile
FROM debian:13
RUN apt-get install -y apache2 libapache2-mod-wsgi-py3
COPY . /src
COPY site.conf /etc/apache2/sites-enabled/site.conf
CMD ["apache2ctl", "-DFOREGROUND"]
--- site.conf
Listen 8080
WSGIScriptAlias / /src/app.py
--- compose.yaml
services:
  web:
    build: .
    command: COMMAND
    environment:
      FLASK_ENV: development
    ports: ["5000:5000", "8080:8080"]
"""
)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "/bin/sh -c 'shop db upgrade && flask run --host 0.0.0.0'",
            {
                ("published :5000 > flask run :5000 > app.py", False),
                ("apache :8080 > the application > app.py", None),
            },
        ),
        (
            "/bin/sh -c 'apache2ctl start && flask run'",
            {("published :8080 > apache :8080 > forwards > flask run :5000 > app.py", False)},
        ),
    ],
)
def test_a_command_of_compose_may_leave_the_image_s_proxy_alone(command, expected, tmp_path):
    found = drawn(HELD.replace("COMMAND", command), tmp_path)
    assert found == expected


@pytest.mark.parametrize(
    ("query", "more", "is_found"),
    [
        ("f\"SELECT * FROM users WHERE name = '{name}' AND password = '{password}'\"", "", True),
        ('"SELECT id FROM users WHERE name=? AND password=?", (name, password)', "", True),
        ('"SELECT id FROM users WHERE name=%s AND passwd = %s" % (name, password)', "", True),
        ("\"INSERT INTO users (name, password) VALUES ('admin', 'tulips12')\"", "", True),
        ('"SELECT id FROM users WHERE name=? AND password=md5(?)", (name, password)', "", False),
        ('"SELECT password FROM users WHERE name = ?", (name,)', "", False),
        ('"UPDATE users SET password = ? WHERE name = ?", (digest, name)', "", False),
        (
            '"SELECT id FROM users WHERE name=? AND password=?", (name, hashed(password))',
            "from passwords import hashed",
            False,
        ),
        (
            '"SELECT id FROM users WHERE name=? AND password=?", (name, password)',
            "password = hashlib.sha256(password.encode()).hexdigest()",  # found as that
            True,
        ),
        ("\"INSERT INTO users (name, password) VALUES ('a', '$2b$12$9yw')\"", "", False),
    ],
)
def test_a_query_tells_that_passwords_are_kept_as_they_come(query, more, is_found):
    text = f"""
--- app.py
import hashlib
from flask import Flask, request
{more if more.startswith("from") else ""}
app = Flask(__name__)
@app.route("/login", methods=["POST"])
def login():
    name, password = request.form["name"], request.form["password"]
    {more if not more.startswith("from") else ""}
    return str(database.execute({query}))
"""
    assert ("pw-weak-storage" in kinds(text)) is is_found


@pytest.mark.parametrize(
    ("given", "is_weak"), [("password", True), ("sha3(password).hexdigest()", False)]
)
def test_a_filter_by_the_password_tells_the_same(given, is_weak):
    text = f"""
--- app.py
from flask import Flask, request
app = Flask(__name__)
@app.route("/login", methods=["POST"])
def login():
    password = request.form["password"]
    user = User.query.filter_by(name=request.form["name"], password={given}).first()
"""
    assert ("pw-weak-storage" in kinds(text)) is is_weak


PAGES = (
    APP
    + """
--- Dockerfile
FROM python:3.12
COPY app.py .
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- pages/Dockerfile
FROM node:22-alpine AS base
FROM base AS dev
COPY . .
CMD ["npm", "start"]
--- compose.yaml
services:
  web:
    build: .
    expose: ["5000"]
  pages:
    build: ./pages
    ports: ["ADDRESS3000:3000"]
"""
)


@pytest.mark.parametrize(
    ("address", "image", "severity"),
    [
        ("", "node:22-alpine", Severity.MEDIUM),
        ("127.0.0.1:", "node:22-alpine", None),
        ("", "docker.io/library/node", Severity.MEDIUM),
        ("", "postgres-node-exporter", None),
    ],
)
def test_pages_that_a_node_image_publishes_are_served_in_clear(address, image, severity):
    text = PAGES.replace("ADDRESS", address).replace("node:22-alpine", image)
    found = [(f.severity, places(f)[0]) for f in audited(text).findings if f.kind == "port-plain"]
    assert found == ([(severity, "compose.yaml:7")] if severity else [])


ANSIBLE = (
    APP
    + """
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
--- ansible/roles/shop/tasks/main.yml
- name: Remove the old one
  docker_container:
    name: shop
    state: absent
- name: Start
  community.docker.docker_container:
    name: shop
    image: example/shop
    published_ports:
      - "ADDRESS5000:5000"
    env:
      SECRET_KEY: KEY
- name: Write the site
  ansible.builtin.copy:
    dest: /etc/nginx/sites-available/shop
    content: |
      server {
        listen 80;
        location / {
          proxy_pass http://localhost:5000;
        }
      }
"""
)
TASKS = "ansible/roles/shop/tasks/main.yml"


def test_a_container_that_ansible_starts_is_a_service(tmp_path):
    text = ANSIBLE.replace("ADDRESS", "").replace("KEY: KEY", "KEY: wK8tulips")
    assert drawn(text, tmp_path) == {
        ("published :5000 > gunicorn :5000 > app.py", False),
        ("nginx :80 > the application > app.py", False),
    }
    found = {(f.kind, places(f)[0]) for f in audited(text).findings if f.severity >= Severity.LOW}
    assert {
        ("port-plain", f"{TASKS}:10"),
        ("secret-hardcoded", f"{TASKS}:12"),
        ("proxy-http-only", f"{TASKS}:18"),
    } <= found


def test_a_container_of_ansible_that_only_its_machine_reaches_is_no_finding():
    text = ANSIBLE.replace("ADDRESS", "127.0.0.1:").replace("KEY: KEY", "KEY: '{{ key }}'")
    assert {"port-plain", "secret-hardcoded"}.isdisjoint(kinds(text))


SCRIPT = """
--- src/app.py
from flask import Flask
app = Flask(__name__)
--- src/Dockerfile
FROM python:3.12
COPY . /src
ENTRYPOINT ["/src/entrypoint.sh"]
--- src/entrypoint.sh
#!/bin/sh
if [ "$DEBUG" -eq 1 ]; then
  flask --debug run -h 0.0.0.0 -p 8080
else
  gunicorn --bind 0.0.0.0:8080 app:app
fi
--- deploy/compose.yaml
services:
  web:
    image: ${REPOSITORY}/shop:latest
    environment:
      SETTING
    ports: ["8080:8080"]
"""


@pytest.mark.parametrize(
    ("setting", "server", "is_debug"),
    [("DEBUG: 0", "gunicorn", False), ("DEBUG: 1", "flask run", True), ("A: 1", "gunicorn", False)],
)
def test_a_script_takes_the_branch_for_development_where_it_is_asked_to(
    setting, server, is_debug, tmp_path
):
    text = SCRIPT.replace("SETTING", setting)
    found = drawn(text, tmp_path)
    assert (f"published :8080 > {server} :8080 > started by > src/app.py", False) in found
    assert ("debug-exposed" in kinds(text)) is is_debug


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("if [ $FLASK_ENV = development ]; then\na\nelif [ x ]; then\nb\nfi\nc", "bc"),
        ('if [[ "$DEBUG" == "true" ]]; then a; fi\nc', "c"),
        ("if [ $ENV = production ]; then\na\nelse\nb\nfi", "ab"),
        ("if [ $DEBUG = 1 ]; then\nif [ x ]; then\na\nfi\nb\nfi\nc", "c"),
        ("fi\nelse\nc", "c"),
    ],
)
def test_branches_for_development_are_left_out(script, expected):
    lines = [(text, n) for n, text in enumerate(script.splitlines(), 1)]
    assert "".join(text for text, _ in deployed(lines, {}) if len(text) == 1) == expected


@pytest.mark.parametrize(
    ("asked", "is_found"), [("request.authorization", True), ("request.user_agent", False)]
)
def test_a_decorator_that_asks_for_basic_authentication_takes_credentials(asked, is_found):
    text = f"""
--- app.py
from flask import Flask, abort, request
app = Flask(__name__)
def guarded(view):
    def wrapped():
        given = {asked}
        return view() if known(given.username, given.password) else abort(401)
    return wrapped
@app.route("/orders")
@guarded
def orders():
    return "[]"
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["80:8000"]
"""
    found = [places(f)[0] for f in audited(text).findings if f.kind == "credentials-cleartext"]
    assert found == (["app.py:5"] if is_found else [])
