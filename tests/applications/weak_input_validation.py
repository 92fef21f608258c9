import sqlite3

from common import described, parameter
from flask import Flask, redirect, request

app = described(
    Flask(__name__),
    {
        "/users/{name}": {"get": {"parameters": [parameter("name", "path", example="ann")]}},
        "/items": {"get": {"parameters": [parameter("id", example="7")]}},
        "/search": {"get": {"parameters": [parameter("q")]}},
        "/go": {"get": {"parameters": [parameter("next")]}},
    },
)
DATA = sqlite3.connect(":memory:", check_same_thread=False)
DATA.executescript("CREATE TABLE users (id, name); INSERT INTO users VALUES (7, 'ann'), (8, 'bob')")


@app.after_request
def cors(response):
    if (origin := request.headers.get("Origin")) is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


@app.get("/users/<name>")
def user(name):
    try:
        rows = DATA.execute(f"SELECT name FROM users WHERE name = '{name}'").fetchall()
    except sqlite3.Error as error:
        return {"detail": f"sqlite3.{type(error).__name__}: {error}"}, 404
    return {"users": rows} if rows else ({"error": "nobody"}, 404)


@app.get("/items")
def item():
    try:
        rows = DATA.execute(f"SELECT name FROM users WHERE id = {request.args.get('id', 7)}")
        return {"items": rows.fetchall()}
    except sqlite3.Error as error:
        return {"detail": f"sqlite3.{type(error).__name__}: {error}"}, 500


@app.get("/search")
def search():
    return f"<h1>Results for {request.args.get('q', '')}</h1>"


@app.get("/go")
def go():
    return redirect(request.args.get("next", "/"))


@app.get("/")
def index():
    return f'<a href="{request.host_url}reset">Reset the password</a>'


@app.route("/graphql", methods=["GET", "POST"])
def graphql():
    query = request.values.get("query") or (request.get_json(silent=True) or {}).get("query", "")
    if "__typename" in query:
        return {"data": {"__typename": "Query"}}, {"Set-Cookie": "session=5f2b8c1e9a7d4c3b"}
    return {"errors": [{"message": "no query"}]}, 400
