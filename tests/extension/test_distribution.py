"""flask-plainwire built, and installed beside Flask alone."""

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from installed import CHECKOUT, Installed, install
from test_package import tracked

EXTENSION = CHECKOUT / "extension"
APPLICATION = """
from flask import Flask
from flask_plainwire import TLS
app = Flask(__name__)
app.config.update(TLS_TERMINATION="server")
TLS(app)
"""
# Everything that Flask 3 brings, and what reads entry points.
WITH_FLASK = ["flask", "werkzeug", "jinja2", "markupsafe", "click", "blinker", "itsdangerous"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, in an environment that holds Flask and what Flask needs, and nothing else."""
    made = install(tmp_path_factory.mktemp("extension"), EXTENSION)
    (purelib,) = made.environment.glob("lib/python*/site-packages")
    everything = purelib / "dependencies.pth"
    (elsewhere,) = (Path(line) for line in everything.read_text().splitlines())
    everything.unlink()
    for name in WITH_FLASK:
        (purelib / name).symlink_to(elsewhere / name)
    for folder in elsewhere.glob("*.dist-info"):
        if folder.name.partition("-")[0].lower() in WITH_FLASK:
            (purelib / folder.name).symlink_to(folder)
    return made


def test_the_wheel_holds_the_package_and_names_flask_alone(installed):
    with zipfile.ZipFile(installed.wheel) as wheel:
        files = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (name,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
        metadata = message_from_bytes(wheel.read(name))
        entry = wheel.read(name.replace("METADATA", "entry_points.txt"))
    assert files == {n.removeprefix("extension/src/") for n in tracked("extension/src")}
    assert "flask_plainwire/py.typed" in files
    assert metadata.get_all("Requires-Dist") == ["flask>=3.0"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert b"[flask.commands]\ntls = flask_plainwire.commands:tls" in entry


def test_the_source_distribution_holds_its_page_and_licence(installed):
    with tarfile.open(installed.sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"README.md", "LICENSE", "pyproject.toml"} <= names
    assert (EXTENSION / "LICENSE").read_bytes() == (CHECKOUT / "LICENSE").read_bytes()


def flask(installed, *words):
    return installed.run("python", "-W", "error", "-m", "flask", *words)


def test_it_works_with_flask_alone(installed):
    (installed.elsewhere / "app.py").write_text(APPLICATION)
    done = flask(installed, "tls", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("0 warning, 0 error\n")
    ask = "from app import app; c = app.test_client(); print(c.get('/').status_code)"
    assert installed.run("python", "-W", "error", "-c", ask).stdout == "403\n"
    imported = (
        "import sys, flask_plainwire; print(any(n.startswith('plainwire') for n in sys.modules))"
    )
    assert installed.run("python", "-c", imported).stdout == "False\n"


@pytest.mark.parametrize("command", ["probe", "devcert"])
def test_what_needs_plainwire_says_so(command, installed):
    done = flask(installed, "tls", command, "https://api.example.com")
    assert done.returncode == 2
    assert "plainwire is not installed: pip install plainwire" in done.stderr


def test_its_types_reach_who_uses_it(installed):
    program = installed.elsewhere / "program.py"
    program.write_text("from flask_plainwire import TLS\nTLS(1)\n")
    words = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "/dev/null"]
    words += ["--python-executable", installed.python, program]
    done = subprocess.run(words, capture_output=True, text=True, cwd=installed.elsewhere)
    assert 'incompatible type "int"; expected "Flask | None"' in done.stdout, done.stdout
