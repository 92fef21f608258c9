"""The weak API of this demo, moved to TLS: `diff -u weak/app.py hardened/app.py`.

Both have the same routes. What differs is what an operator would change. `DEMO_BREAK` undoes one
thing of it.
"""

import os

from flask import Flask, Response, abort, jsonify, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.security import check_password_hash, generate_password_hash

BROKEN = os.environ.get("DEMO_BREAK", "")
TOKEN_LIFETIME_S = 3600

HSTS = "max-age=31536000; includeSubDomains"
BROKEN_HSTS = "max-age=300; preload"
USERS = {"alice": generate_password_hash("correct horse battery staple")}
ITEMS = [{"id": 1, "name": "lamp"}, {"id": 2, "name": "chair"}]

app = Flask(__name__)
# All workers share it; the stack makes one for each run.
app.secret_key = os.environ["DEMO_SECRET"]
tokens = URLSafeTimedSerializer(app.secret_key, salt="token")

app.config.update(
    SESSION_COOKIE_SECURE=BROKEN != "cookie",
    SESSION_COOKIE_HTTPONLY=BROKEN != "cookie",
    SESSION_COOKIE_SAMESITE="Lax" if BROKEN != "cookie" else None,
)


@app.before_request
def refuse_cleartext() -> None:
    """Answer every request in clear with one constant 403, whatever its path.

    A redirect would come too late: the request has already shown its token to everybody.
    """
    if request.is_secure or BROKEN == "redirect":
        return
    refusal = jsonify(type="about:blank", title="HTTPS is required", status=403)
    refusal.status_code, refusal.mimetype = 403, "application/problem+json"
    abort(refusal)


@app.after_request
def add_headers(response: Response) -> Response:
    """Tell browsers to stay with https (RFC 6797, section 7.2: never say so in clear)."""
    if request.is_secure:
        lines = [BROKEN_HSTS, BROKEN_HSTS] if BROKEN == "hsts" else [HSTS]
        for line in lines:
            response.headers.add("Strict-Transport-Security", line)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


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
    """A path as it stands in pages."""
    return path
