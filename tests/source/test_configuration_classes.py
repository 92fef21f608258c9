"""Which classes are an application's configuration: those that it loads, or that look like it."""

import pytest

from auditing import audited, project
from plainwire.model import example_files

APP = """
--- app.py
from flask import Flask, session
app = Flask(__name__)
LOAD
@app.route("/")
def index():
    return session.get("user", "")
--- aaa/client.py
class ConfigAssistant:
    BASE_URL = "https://api.openweathermap.org"
    def ask(self):
        return self.BASE_URL
--- aaa/config.py
class ClientConfig:
    RETRIES = 3
"""
LOADED = "--- web/options.py\nclass Config:\n    THEME = 'dark'\n"
KEYED = "--- web/options.py\nclass Config:\n    SQLALCHEMY_ECHO = False\n"
HEIR = "class Live(Config):\n    THEME = 'dark'\nclass LiveConfig(Live):\n    THEME = 'red'\n"


def places(text, folder):
    (app, *_) = project(example_files(text), folder).apps
    return [f"{place.path}:{place.line}" for place in app.config_places]


@pytest.mark.parametrize(
    ("load", "more", "expected"),
    [
        ('app.config.from_object("web.options.Config")', LOADED, ["web/options.py:1"]),
        ("from web.options import Config\napp.config.from_object(Config)", LOADED,
         ["web/options.py:1"]),
        ("app.config.from_object(options[name])", KEYED, ["web/options.py:1"]),
        ("app.config.from_object(options[name])", KEYED + HEIR,
         ["web/options.py:1", "web/options.py:3", "web/options.py:5"]),
        ("app.config.from_object(options[name])", LOADED, ["aaa/config.py:1"]),
    ],
)  # fmt: skip
def test_classes_of_an_application(load, more, expected, tmp_path):
    assert places(APP.replace("LOAD", load) + more, tmp_path) == expected


def test_a_client_is_none(tmp_path):
    text = APP.replace("LOAD", 'app.secret_key = __import__("os").environ["KEY"]')
    text = text.partition("--- aaa/config.py")[0]
    assert places(text, tmp_path) == []
    finding = next(f for f in audited(text).findings if f.kind == "session-cookie-insecure")
    assert {place.path for place in finding.locations} == {"app.py"}
