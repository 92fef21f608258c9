"""What other projects than the first ones showed: other spellings, and what is right in them."""

from time import monotonic  # noqa: F401

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
