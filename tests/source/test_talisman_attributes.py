"""Flask-Talisman's options set as attributes after it was made: what it does then is the truth."""

import pytest
from werkzeug.test import Client

from auditing import found
from fix.fixing import fixed
from plainwire.rules.app.credentials_in_clear import credentials_in_clear
from plainwire.rules.app.hsts_switched_off import hsts_switched_off
from plainwire.rules.proxy.plain_http_left_to_application import plain_http_left_to_application

APP = """
from flask import Flask, request
from flask_talisman import Talisman
app = Flask(__name__)
@app.post("/login")
def login():
    return {"token": request.json["password"]}
"""
PORT = """
--- compose.yaml
services:
  web:
    build: .
    ports: ["8000:8000"]
--- Dockerfile
FROM python:3.12
COPY . /app
WORKDIR /app
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""
HEROKU = "--- Procfile\nweb: gunicorn app:app\n--- app.json\n{}\n"
WAYS = {
    "made with it": ("Talisman(app)\n", 302),
    "afterwards": ("talisman = Talisman(app)\ntalisman.force_https = False\n", 200),
    "over an argument": (
        "talisman = Talisman(app, force_https=True)\ntalisman.force_https = False\n",
        200,
    ),
    "of another name": ("shield = Talisman(app)\nshield.force_https = False\n", 200),
    "on the application": ("app.shield = Talisman(app)\napp.shield.force_https = False\n", 200),
    "before it begins": (
        "shield = Talisman()\nshield.force_https = False\nshield.init_app(app)\n",
        302,
    ),
    "when it begins": ("shield = Talisman()\nshield.init_app(app, force_https=False)\n", 200),
    "after it began": (
        "shield = Talisman()\nshield.init_app(app)\nshield.force_https = False\n",
        200,
    ),
    "twice": (
        "talisman = Talisman(app)\ntalisman.force_https = False\ntalisman.force_https = True\n",
        302,
    ),
    "in a function": (
        "def made():\n    talisman = Talisman(app)\n    talisman.force_https = False\nmade()\n",
        200,
    ),
}


@pytest.mark.parametrize(("lines", "status"), WAYS.values(), ids=WAYS)
def test_what_talisman_lets_through_is_found(lines, status):
    made: dict[str, object] = {"__name__": "shop"}
    exec(compile(APP + lines, "app.py", "exec"), made)
    answer = Client(made["app"]).post("/login", json={"password": "x"})
    assert answer.status_code == status
    findings = found(f"--- app.py{APP}{lines}{PORT}", credentials_in_clear)
    assert bool(findings) is (status == 200)


def test_a_platform_that_answers_both_schemes_is_found_before_a_talisman_that_lets_both_in():
    both = "talisman = Talisman(app)\ntalisman.force_https = False\n"
    rule = plain_http_left_to_application
    assert found(f"--- app.py{APP}{both}{HEROKU}", rule)
    assert not found(f"--- app.py{APP}Talisman(app)\n{HEROKU}", rule)
    extension = "from flask_plainwire import TLS\nTLS(app)\n"
    assert not found(f"--- app.py{APP}{extension}{HEROKU}", rule)


def test_hsts_that_is_switched_off_afterwards_is_found_there():
    lines = "talisman = Talisman(app)\ntalisman.strict_transport_security = False\n"
    made: dict[str, object] = {"__name__": "shop"}
    exec(compile(APP + lines, "app.py", "exec"), made)
    answer = Client(made["app"]).get("/", base_url="https://shop.example")
    assert "Strict-Transport-Security" not in answer.headers
    at = (APP + lines).split("\n").index("talisman.strict_transport_security = False")
    expected = [("hsts-switched-off", "app.py", at)]
    assert found(f"--- app.py{APP}{lines}", hsts_switched_off) == expected


@pytest.mark.parametrize(
    "lines",
    [
        "talisman = Talisman(app)\nif app.debug:\n    talisman.force_https = False\n",
        "talisman = Talisman(app)\ndef plain():\n    talisman.force_https = False\n",
    ],
    ids=["under a condition", "in a function that may not run"],
)
def test_what_may_not_be_said_is_not_taken_as_said(lines):
    assert not found(f"--- app.py{APP}{lines}{PORT}", credentials_in_clear)


@pytest.mark.parametrize("line", [" = False", "_max_age = 60"])
def test_hsts_is_switched_on_where_it_was_switched_off(line):
    text = APP + f"talisman = Talisman(app)\ntalisman.strict_transport_security{line}  # for now\n"
    after = fixed({"app.py": text}, with_unsafe=True, only=frozenset({"hsts-switched-off"}))
    assert after["app.py"].splitlines()[:-1] == text.splitlines()[:-1]
    made: dict[str, object] = {"__name__": "shop"}
    exec(compile(after["app.py"], "app.py", "exec"), made)
    answer = Client(made["app"]).get("/", base_url="https://shop.example")
    assert "max-age=31" in answer.headers["Strict-Transport-Security"]
