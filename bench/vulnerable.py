"""An application of 20 operations with the flaws of VAmPI, scanned over loopback by gunicorn."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import stacks
from measure import run

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from servers.gunicorn import gunicorn

ROUNDS = 3
OPTIONS = ("--worker-class", "gthread", "--threads", "8")
LAST = "rate-limit-missing"
BURST = 25
RTT_S = 0.2  # long, so that a busy machine matters less
APPLICATION = """\
import sqlite3

from flask import Flask, jsonify

app = Flask(__name__)
DATA = sqlite3.connect(":memory:", check_same_thread=False)
DATA.executescript("CREATE TABLE users (name); INSERT INTO users VALUES ('ann'), ('bob')")
PEOPLE = [{"name": n, "email": f"{n}.lee@mailbox.org"} for n in ("ann", "bob", "cy")]
NAME = {"parameters": [{"name": "name", "in": "path", "required": True}]}
PLACES = ("books", "orders", "shops", "reviews")
PATHS = {"/createdb": {"get": {"summary": "Creates the database"}}, "/users/_debug": {"get": {}}}
PATHS["/users"] = {"get": {}, "post": {}}
PATHS["/users/{name}"] = {"get": NAME, "put": NAME, "delete": NAME}
PATHS["/me"] = {"get": {}}
for place in PLACES:
    PATHS[f"/{place}"] = {"get": {}, "post": {}}
    PATHS[f"/{place}/{{name}}"] = {"get": NAME}


@app.get("/openapi.json")
def document():
    return jsonify(openapi="3.0.3", info={"title": "t", "version": "1"}, paths=PATHS)


@app.get("/users")
def users():
    return {"users": PEOPLE}


@app.get("/users/_debug")
def debug():
    return {"users": [{**each, "password": "pass1"} for each in PEOPLE]}


@app.get("/users/<name>")
def user(name):
    try:
        rows = DATA.execute(f"SELECT name FROM users WHERE name = '{name}'").fetchall()
    except sqlite3.Error as error:
        return {"detail": f"sqlite3.{type(error).__name__}: {error}"}, 500
    return {"name": rows[0][0]} if rows else ({"error": "nobody"}, 404)


@app.get("/me")
def me():
    return {"error": "log in"}, 401


@app.get("/<place>")
@app.get("/<place>/<name>")
def thing(place, name=None):
    if place not in PLACES:
        return {"error": "nothing here"}, 404
    return {"name": name} if name else {"items": [{"name": "one"}, {"name": "two"}]}


@app.get("/")
def index():
    return {"status": "ok"}
"""


def table(say: Callable[[str], None]) -> Iterator[dict[str, object]]:
    """Requests, wall and CPU of a whole scan, and the round trips that it waits.

    The burst comes last, each of its requests after the other: it is counted apart.
    """
    head = "wall, s | CPU, s | CPU a request, ms | requests | of these the burst"
    say(f"\n| scan | {head} | round trips waited before the burst | letter |")
    say("|---|---|---|---|---|---|---|---|")
    with gunicorn(application=APPLICATION, options=OPTIONS) as server:
        near, cpu_s, report = _measured(server.http_port)
        place = stacks.Place(server.http_port, 0, Path())
        with stacks.delayed(place, RTT_S) as far_place:
            far, _, _ = _measured(far_place.https_port)
    count = report["requests"]
    burst = BURST if LAST in {each["id"] for each in report["findings"]} else 0
    waited = (far - near) / RTT_S - burst
    say(
        f"| like VAmPI, {report['coverage']['known']} operations | {near:.2f} | {cpu_s:.2f} | "
        f"{1000 * cpu_s / count:.1f} | {count} | {burst} | {waited:.0f} | "
        f"{report['grade']['letter']} |"
    )
    yield {
        "case": "like VAmPI",
        "wall_s": near,
        "cpu_s": cpu_s,
        "requests": count,
        "round_trips": waited,
    }


def _measured(port: int) -> tuple[float, float, dict]:
    """Wall and CPU in seconds, medians, and the report of one run."""
    words = (f"http://127.0.0.1:{port}/", "--format", "json", "-q", "--allow-incomplete")
    runs = [run((sys.executable, "-m", "plainwire", "scan", *words)) for _ in range(ROUNDS)]
    wall_s = statistics.median(one.wall_s for one in runs)
    cpu_s = statistics.median(one.cpu_s for one in runs)
    return wall_s, cpu_s, json.loads(runs[0].output)
