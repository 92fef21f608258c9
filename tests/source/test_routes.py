"""Routes as the source has them: held against what Flask itself says of the same application."""

import importlib
import sys

import pytest

from auditing import project
from plainwire import correlate
from plainwire.model import example_files
from plainwire.source.routes import WRITES

SHOP = """
--- shop/__init__.py
from flask import Flask
def create_app():
    app = Flask(__name__)
    from .views import main, api as rest
    from shop.orders import orders
    app.register_blueprint(main)
    app.register_blueprint(rest, url_prefix="/api/v1")
    app.register_blueprint(orders)
    @app.get("/health")
    def health():
        return {}
    app.add_url_rule("/about", "about", about)
    app.add_url_rule("/things", view_func=Things.as_view("things"))
    return app
from flask.views import MethodView
class Things(MethodView):
    def get(self):
        return {}
    def post(self):
        return {}
def about():
    return {}
--- shop/views.py
from flask import Blueprint
main = Blueprint("main", __name__)
api = Blueprint("api", __name__, url_prefix="/old")
@main.route("/")
def index():
    return {}
@api.route("/users/<int:user_id>", methods=["GET", "DELETE"])
def user(user_id):
    return {}
@api.post("/login")
def login():
    return {}
--- shop/orders.py
from flask import Blueprint
orders = Blueprint("orders", __name__, url_prefix="/orders")
@orders.get("/<uuid:order>/lines/<path:rest>")
def lines(order, rest):
    return {}
@orders.route("/")
def all_orders():
    return {}
"""


def routes(text, folder):
    return project(example_files(text), folder).routes


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """The rules that Flask has for the application, once it is made."""
    project(example_files(SHOP), tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    app = importlib.import_module("shop").create_app()
    for name in [n for n in sys.modules if n.partition(".")[0] == "shop"]:
        monkeypatch.delitem(sys.modules, name)
    return {
        (method, rule.rule.replace("<int:", "<").replace("<uuid:", "<").replace("<path:", "<"))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }


def test_they_are_those_that_flask_has(theirs, tmp_path):
    ours = routes(SHOP, tmp_path)
    assert {(r.method, r.path.replace("{", "<").replace("}", ">")) for r in ours} == theirs
    assert len(ours) == len(theirs) == 10


def test_they_have_their_lines(tmp_path):
    at = {(r.method, r.path): f"{r.place.path}:{r.place.line}" for r in routes(SHOP, tmp_path)}
    assert at["DELETE", "/api/v1/users/{user_id}"] == "shop/views.py:8"
    assert at["GET", "/things"] == "shop/__init__.py:17"


CALLED = """\
def helper():
    again()
def again():
    helper()
    db.commit()
def reader():
    again_not_called = 1
class Thing:
    def show(self):
        return self.other()
    def other(self):
        return 1
--- tools.py
from stores import keep
def helper():
    keep(1)
class Store:
    def purge(self):
        keep(1)
    def show(self):
        return 1
store = Store()
--- stores.py
import sqlite3
def keep(value):
    connection = sqlite3.connect("x")
    connection.execute("INSERT INTO t VALUES (?)", (value,))
"""
CALLED = CALLED.replace("    Thing.put()\n", "    db.commit()\n")


@pytest.mark.parametrize(
    ("body", "is_asked"),
    [
        ("return {}", True),
        ("db.session.add(x); db.session.commit()", False),
        ("os.unlink(p)", False),
        ("mail.send_message(m)", False),
        ("open('/srv/seen', 'a').write('x')", False),
        ("x = open('/srv/seen', 'rb').read()", True),
        ("pathlib.Path('/srv/seen').open('w+')", False),
        ("db.execute('  update t set a = 1')", False),
        ("db.execute('SELECT updated FROM t')", True),
        ("return {'mode': 'w'}", True),
        ("helper()", False),
        ("tools.helper()", False),
        ("reader()", True),
        ("return Thing().show()", True),
        ("subprocess.run(['rm', p])", False),
        ("os.rename(a, b)", False),
        ("shutil.copy(a, b)", False),
        ("requests.post('https://x')", False),
        ("requests.get('https://x')", True),
        ("queue.enqueue(f)", False),
        ("db.execute('-- why\\nDELETE FROM t')", False),
        ("db.execute('WITH x AS (SELECT 1) DELETE FROM t')", False),
        ("db.execute('WITH x AS (SELECT 1) SELECT 1')", True),
        ("db.execute(GONE)", False),
        ("open('/srv/seen', mode)", False),
        ("x = open('/srv/seen').read()", True),
        ("tools.store.purge()", False),
        ("tools.Store().purge()", False),
        ("s = tools.Store(); s.purge()", False),
        ("return tools.store.show()", True),
    ],
)
def test_a_view_that_writes_is_never_asked_whatever_it_is_called(body, is_asked, tmp_path):
    text = f"--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n@app.get('/ok')\ndef ok():\n    {body}\n"
    head = "import tools\nGONE = 'DELETE FROM t'\napp = Flask"
    text = text.replace("app = Flask", head) + CALLED
    (only,) = routes(text, tmp_path)
    assert only.skipped == (None if is_asked else WRITES)


HEAD = "--- app.py\nfrom flask import Flask, redirect, request\napp = Flask(__name__)\n"
VIEW = "@app.get('/')\ndef index():\n    return {}\n"
HOOK = "@app.before_request\ndef secure():\n    if not request.is_secure:\n        return redirect('https://x')\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD + VIEW, None),
        (HEAD + HOOK + VIEW, "app.py:4"),
        (HEAD + "from flask_talisman import Talisman\nTalisman(app)\n" + VIEW, "app.py:4"),
        (HEAD + "from flask_talisman import Talisman\nTalisman(app, force_https=False)\n" + VIEW, None),
        (HEAD + VIEW.replace("def", "@require_https\ndef"), "app.py:4"),
    ],
)  # fmt: skip
def test_what_enforces_https_is_known(text, line, tmp_path):
    (only,) = correlate.operations(project(example_files(text), tmp_path))
    by = only.https_by
    assert (f"{by.path}:{by.line}" if by else None) == line


def test_a_redirect_of_the_proxy_is_a_promise_too(tmp_path):
    nginx = """
--- deployment/nginx.conf
server {
  listen 80;
  return 301 https://$host$request_uri;
}
server {
  listen 443 ssl;
  location / { proxy_pass http://127.0.0.1:8000; proxy_set_header X-Forwarded-Proto $scheme; }
}
"""
    (only,) = correlate.operations(project(example_files(HEAD + VIEW + nginx), tmp_path))
    assert (only.https_by.path, only.https_by.line) == ("deployment/nginx.conf", 3)
