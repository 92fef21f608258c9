import sqlite3

from common import described, parameter, sound
from flask import Flask, jsonify, redirect, request
from markupsafe import escape

app = described(
    sound(Flask(__name__)),
    {
        "/users/{name}": {"get": {"parameters": [parameter("name", "path", example="ann")]}},
        "/items/{id}": {"get": {"parameters": [parameter("id", "path", example="7")]}},
        "/search": {"get": {"parameters": [parameter("q")]}},
        "/go": {"get": {"parameters": [parameter("next")]}},
        "/public": {"get": {}},
        "/faq": {"get": {"parameters": [parameter("q")]}},
    },
)
DATA = sqlite3.connect(":memory:", check_same_thread=False)
DATA.executescript("CREATE TABLE users (name); INSERT INTO users VALUES ('ann')")
OURS = {"https://app.example.com"}


@app.after_request
def cors(response):
    if (origin := request.headers.get("Origin")) in OURS:
        response.headers["Access-Control-Allow-Origin"] = origin
    # Without an allowed origin this alone does nothing.
    response.headers["Access-Control-Allow-Credentials"] = "true"
    if request.path == "/public":
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@app.get("/users/<name>")
def user(name):
    rows = DATA.execute("SELECT name FROM users WHERE name = ?", (name,)).fetchall()
    return {"users": rows} if rows else ({"error": f"no user {name}"}, 404)


@app.get("/items/<int:number>")
def item(number):
    return {"id": number}


@app.get("/search")
def search():
    policy = {"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'"}
    return f"<h1>Results for {escape(request.args.get('q', ''))}</h1>", policy


@app.get("/go")
def go():
    return redirect("/?next=" + request.args.get("next", ""))


@app.get("/faq")
def faq():
    # Says so for every question.
    text = "sqlite3.OperationalError: what it means, and how to read SQLSTATE[42000]"
    return {"q": request.args.get("q"), "text": text, "markup": request.args.get("q")}


@app.get("/public")
def public():
    return {"rates": [1.1, 1.2]}


@app.get("/slash/")
def slash():
    return {"status": "ok"}


@app.get("/")
def index():
    return jsonify(links=["/slash", "/public"], asked_as=request.host)


@app.errorhandler(404)
def missing(error):
    return {"error": f"nothing at {request.path}"}, 404
