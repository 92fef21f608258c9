"""What the remedy writes into an application, run with the extension itself."""

import sys
import types

import pytest

from plainwire import catalog
from plainwire.model import example_files


@pytest.fixture
def client():
    remedy = next(r for r in catalog.load_remedies() if r.id == "tls-extension")
    module = types.ModuleType("app")
    sys.modules["app"] = module
    exec(example_files(remedy.page.after)["app.py"], module.__dict__)
    module.app.add_url_rule("/", view_func=lambda: "hello")
    yield module.app.test_client()
    del sys.modules["app"]


@pytest.mark.parametrize(
    "address, headers, status",
    [
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 200),
        ("127.0.0.1", {"X-Forwarded-Proto": "http"}, 403),
        ("127.0.0.1", {}, 403),
        ("203.0.113.9", {"X-Forwarded-Proto": "https"}, 403),
    ],
)
def test_the_proxy_is_believed_and_nobody_else(client, address, headers, status):
    where = {"REMOTE_ADDR": address}
    told = client.get("/", base_url="http://a.example", headers=headers, environ_overrides=where)
    assert told.status_code == status
    assert ("Strict-Transport-Security" in told.headers) == (status == 200)
