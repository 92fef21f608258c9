"""gunicorn ignores ssl_version, and asks the hook that the remedy writes."""

import ssl

import gunicorn
import pytest
from gunicorn.config import Config

from fix.fixing import fixed
from plainwire import catalog
from plainwire.model import example_files

(REMEDY,) = [r for r in catalog.load_remedies() if r.id == "gunicorn-tls-version"]
FILES = example_files(REMEDY.page.before)


def test_gunicorn_says_that_it_ignores_the_setting():
    said = Config().settings["ssl_version"].desc
    assert gunicorn.version_info >= (21,) and "currently ignored" in " ".join(said.split())


@pytest.mark.parametrize(
    ("lowest", "result"),
    [
        (ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_2),
        (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2),
        (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_the_hook_never_lowers_the_bound(lowest, result):
    config = Config()
    names: dict[str, object] = {}
    exec(compile(fixed(FILES)["gunicorn.conf.py"], "gunicorn.conf.py", "exec"), names)
    config.set("ssl_context", names["ssl_context"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = lowest
    assert config.ssl_context(config, lambda: context).minimum_version is result


@pytest.mark.parametrize("written", ['"TLSv1_3"', "ssl.TLSVersion.TLSv1_3"])
def test_a_setting_that_wanted_more_gets_it(written):
    text = FILES["gunicorn.conf.py"].replace('"TLSv1_2"', written)
    assert "ssl.TLSVersion.TLSv1_3)" in fixed({"gunicorn.conf.py": text})["gunicorn.conf.py"]


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("", "", True),
        ('"TLSv1_2"', "versions()", False),
        ("certfile = ", "other = ", False),
        ("workers = 4", "def ssl_context(conf, factory): return factory()", False),
    ],
)
def test_what_the_hook_takes_the_place_of(old, new, changes):
    files = {"gunicorn.conf.py": FILES["gunicorn.conf.py"].replace(old, new)} if old else FILES
    assert (fixed(files) != files) is changes


@pytest.mark.parametrize(
    ("pin", "changes"), [("==20.1.0", False), ("<21", False), ("==23.0.0", True), (">=19", True)]
)
def test_an_older_gunicorn_listens(pin, changes):
    files = FILES | {"requirements.txt": f"gunicorn{pin}\n"}
    assert (fixed(files) != files) is changes
