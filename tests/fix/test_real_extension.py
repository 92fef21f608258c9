"""What the remedy writes into an application, run with the extension itself."""

import sys
import types

import pytest

from fix.fixing import fixed
from plainwire import catalog
from plainwire.model import example_files

PAGE = next(r for r in catalog.load_remedies() if r.id == "tls-extension").page


@pytest.fixture
def client_of(monkeypatch):
    """The function that gives a test client of an application by its source."""

    def made(text):
        module = types.ModuleType("app")
        monkeypatch.setitem(sys.modules, "app", module)
        exec(text, module.__dict__)
        module.app.add_url_rule("/", view_func=lambda: "hello")
        return module.app.test_client()

    return made


def answer(client, address, headers):
    where = {"REMOTE_ADDR": address}
    return client.get("/", base_url="http://a.example", headers=headers, environ_overrides=where)


@pytest.mark.parametrize(
    "address, headers, status",
    [
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 200),
        ("127.0.0.1", {"X-Forwarded-Proto": "http"}, 403),
        ("127.0.0.1", {}, 403),
        ("203.0.113.9", {"X-Forwarded-Proto": "https"}, 403),
    ],
)
def test_the_proxy_is_believed_and_nobody_else(client_of, address, headers, status):
    told = answer(client_of(example_files(PAGE.after)["app.py"]), address, headers)
    assert told.status_code == status
    assert ("Strict-Transport-Security" in told.headers) == (status == 200)


@pytest.mark.parametrize(
    "address, status", [("127.0.0.1", 200), ("10.1.2.3", 200), ("203.0.113.9", 403)]
)
def test_the_proxies_of_all_deployments_are_believed(client_of, address, status):
    """nginx on the machine itself, and a platform's router: one setting is for both."""
    files = example_files(PAGE.before) | {"Procfile": "web: waitress-serve app:app\n"}
    text = fixed(files, only=frozenset({"tls-extension"}), with_unsafe=True)["app.py"]
    told = answer(client_of(text), address, {"X-Forwarded-Proto": "https"})
    assert told.status_code == status
