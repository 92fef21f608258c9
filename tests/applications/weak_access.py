import base64
import json

from common import described, parameter
from flask import Flask, request

TOKENS = {"token-of-ann-4711": "ann", "token-of-bob-0815": "bob"}
ORDERS = {
    "11": {"id": 11, "owner": "ann", "total": 12},
    "12": {"id": 12, "owner": "bob", "total": 99},
}
NEEDS = {"security": [{"b": []}]}
ID = parameter("id", "path", example="11")
USER = {"properties": {"name": {"type": "string"}, "password": {"writeOnly": True}}}
app = described(
    Flask(__name__),
    {
        "/me": {"get": NEEDS},
        "/orders": {"get": NEEDS, "post": NEEDS},
        "/orders/{id}": {"get": {**NEEDS, "parameters": [ID]}, "delete": {}},
        "/admin/reports": {"get": NEEDS},
        "/invoices": {"get": NEEDS},
        "/users": {
            "get": {
                "responses": {
                    "200": {
                        "description": "all",
                        "content": {
                            "application/json": {"schema": {"type": "array", "items": USER}}
                        },
                    }
                }
            }
        },
    },
    components={"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
)


def user():
    """Who asks: by a token from a list, or by what a JSON Web Token says, unchecked."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token.count(".") == 2:
        part = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sub"]
    return TOKENS.get(token)


def refused():
    return {"error": "token required"}, 401


@app.get("/me")
def me():
    return {"name": user(), "email": f"{user()}@shop.example"} if user() else refused()


@app.get("/orders")
def orders():
    mine = [each for each in ORDERS.values() if each["owner"] == user()]
    return {"orders": mine} if user() else refused()


@app.get("/orders/<name>")
def order(name):
    return (ORDERS.get(name) or ({"error": "none"}, 404)) if user() else refused()


@app.get("/admin/reports")
def reports():
    return {"revenue": 4711, "customers": ["ann", "bob"]} if user() else refused()


@app.get("/invoices")
def invoices():
    return {"invoices": [{"id": 1, "total": 12}]}


@app.get("/users")
def users():
    people = [("ann", "blue-horse-17"), ("bob", "red-cow-18")]
    return [{"name": n, "email": f"{n}@shop.example", "password": p} for n, p in people]


@app.get("/")
def index():
    return {"status": "ok"}
