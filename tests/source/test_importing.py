"""Importing an application on request: its facts instead of what was read, and its limits."""

import os
import sys

import pytest

from auditing import laid_out
from plainwire.audit import audit
from plainwire.model import UsageError, example_files
from plainwire.source import importing
from plainwire.source.importing import imported

APP = """
--- settings.py
import base64
CHOSEN = base64.b64decode("U0VTU0lPTl9DT09LSUVfU0VDVVJF").decode()
--- shop.py
from flask import Flask, session
from werkzeug.middleware.proxy_fix import ProxyFix
import settings
def create_app():
    app = Flask(__name__)
    app.secret_key = open("/proc/self/environ").read()
    app.config[settings.CHOSEN] = True
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0, x_proto=2)
    @app.route("/")
    def index():
        return "hello"
    return app
"""


@pytest.fixture
def shop(tmp_path):
    return laid_out(example_files(APP), tmp_path)


def kinds(report):
    return {f.kind for f in report.findings}


def test_effective_configuration_takes_the_place_of_what_was_read(shop):
    facts = imported(shop, "shop:create_app()")
    assert facts.error == ""
    assert facts.path == "shop.py"
    assert facts.config["SESSION_COOKIE_SECURE"] is True
    assert facts.proxy_fix == {"x_for": 0, "x_proto": 2, "x_host": 0, "x_port": 0, "x_prefix": 0}
    assert facts.routes == 2  # and Flask's own for static files
    assert "session-cookie-insecure" in kinds(audit(shop))
    assert "session-cookie-insecure" not in kinds(audit(shop, imported=facts))


def test_the_report_says_that_code_ran_and_where_facts_came_from(shop):
    notes = audit(shop, imported=imported(shop, "shop:create_app")).notes
    assert any("code was executed" in note for note in notes)
    assert any("from the application" in note and "from reading" in note for note in notes)
    assert not any("code was executed" in note for note in audit(shop).notes)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise RuntimeError('no database')", "no database"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("app = 1", "TypeError"),
        ("import os; os._exit(0)", "without a word"),
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("x = bytearray(1 << 40)", "MemoryError"),
    ],
)
def test_an_import_that_fails_is_said_and_reading_is_used(code, said, shop):
    (shop / "broken.py").write_text(code)
    facts = imported(shop, "broken:app")
    assert said in facts.error
    report = audit(shop, imported=facts)
    assert any(said in note and "what was read is used" in note for note in report.notes)
    assert kinds(report) == kinds(audit(shop))


def test_time_is_limited_and_what_was_started_ends(shop, monkeypatch):
    monkeypatch.setattr(importing, "TIMEOUT_S", 2.0)
    (shop / "slow.py").write_text(
        "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(99)"
    )
    assert "nothing within" in imported(shop, "slow:app").error
    if (shop / "pid").exists():  # it came so far
        with pytest.raises(ProcessLookupError):
            os.kill(int((shop / "pid").read_text()), 0)


def test_nothing_of_the_callers_environment_is_given(shop, monkeypatch):
    monkeypatch.setenv("PLAINWIRE_CANARY", "c4n4ry")
    (shop / "looks.py").write_text("import os\nraise ValueError(sorted(os.environ))")
    assert imported(shop, "looks:app").error == "ValueError: ['HOME', 'LANG', 'PATH']"


@pytest.mark.parametrize("wanted", ["shop", "shop:app;x", "-c:app", "shop:f(1)", "../x:app"])
def test_words_that_name_no_application_are_refused(wanted, shop):
    with pytest.raises(UsageError):
        imported(shop, wanted)


def test_an_interpreter_that_is_not_there_is_said(shop):
    assert "could not be started" in imported(shop, "shop:create_app", "/no/such/python").error
    assert imported(shop, "shop:create_app", sys.executable).error == ""
