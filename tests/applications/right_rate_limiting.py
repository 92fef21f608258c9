from collections import Counter

from common import described, parameter
from flask import Flask, request

app = described(
    Flask(__name__),
    {
        "/items": {"get": {"parameters": [parameter("limit"), parameter("cursor")]}},
        "/codes": {"get": {}},
    },
)
ASKED = Counter()


@app.before_request
def limit():
    # Nothing tells of the limit before it is reached.
    ASKED[request.path] += 1
    if ASKED[request.path] > 15:
        return {"error": "slow down"}, 429, {"Retry-After": "1"}
    return None


@app.after_request
def headers(response):
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@app.get("/items")
def items():
    count = min(
        50, int(request.args.get("limit", 10)) if request.args.get("limit", "1").isdigit() else 10
    )
    return {"items": [{"id": number} for number in range(count)], "next_cursor": str(count)}


@app.get("/codes")
def codes():
    # A hundred countries are a hundred countries.
    return [{"code": f"c{number}"} for number in range(100)]


@app.get("/")
def index():
    return {"status": "ok"}
