"""A small Flask API as many are: plain HTTP, and nothing that would keep anybody on https.

`diff -u weak/app.py hardened/app.py` shows what an operator would change.
"""

import os

from flask import Flask, Response, jsonify, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.security import check_password_hash, generate_password_hash

TOKEN_LIFETIME_S = 3600

USERS = {"alice": generate_password_hash("correct horse battery staple")}
ITEMS = [{"id": 1, "name": "lamp"}, {"id": 2, "name": "chair"}]

app = Flask(__name__)
# All workers share it; the stack makes one for each run.
app.secret_key = os.environ["DEMO_SECRET"]
tokens = URLSafeTimedSerializer(app.secret_key, salt="token")

app.config.update(SESSION_COOKIE_HTTPONLY=False)


@app.get("/")
def root() -> Response:
    """Where things are."""
    return jsonify(name="demo", items=link("/items"), documentation=link("/docs"))


@app.post("/login")
def login() -> tuple[Response, int]:
    """A token, and a session cookie, for a user name and a password."""
    given = request.get_json(silent=True)
    given = given if isinstance(given, dict) else {}
    name, password = str(given.get("username", "")), str(given.get("password", ""))
    if name not in USERS or not check_password_hash(USERS[name], password):
        return jsonify(error="wrong user name or password"), 401
    session["user"] = name
    return jsonify(token=tokens.dumps(name)), 200


@app.get("/account")
def account() -> tuple[Response, int]:
    """Whose token it is; 401 without one."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        name = tokens.loads(token if kind == "Bearer" else "", max_age=TOKEN_LIFETIME_S)
    except BadSignature:
        refusal = jsonify(error="a token is required")
        refusal.headers["WWW-Authenticate"] = 'Bearer realm="demo"'
        return refusal, 401
    return jsonify(name=name, balance=42), 200


@app.get("/items")
def items() -> Response:
    """Something that anybody may read."""
    return jsonify(ITEMS)


@app.get("/docs")
def documentation() -> Response:
    """A page for people, with a session."""
    session["visits"] = session.get("visits", 0) + 1
    return Response(
        "<!doctype html><html lang=en><title>demo</title><h1>demo</h1>"
        f'<p><a href="{link("/items")}">Items</a>, <a href="{link("/openapi.json")}">OpenAPI</a>'
        f'<form method=post action="{link("/login")}">'
        "<input name=username><input name=password type=password><button>Log in</button></form>",
        mimetype="text/html",
    )


@app.get("/openapi.json")
def openapi() -> Response:
    """The API described for programs."""
    answered = {"responses": {"200": {"description": "fine"}}}
    paths = {path: {"get": answered} for path in ("/", "/items", "/docs")}
    paths["/account"] = {"get": answered | {"security": [{"token": []}]}}
    paths["/login"] = {"post": answered}
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    return jsonify(
        openapi="3.1.0",
        info={"title": "demo", "version": "1"},
        servers=[{"url": link("/")}],
        paths=paths,
        components={"securitySchemes": schemes},
    )


def link(path: str) -> str:
    """A path as it stands in pages: the weak API writes http:// into all its links."""
    return f"http://{request.host}{path}"
