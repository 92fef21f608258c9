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
