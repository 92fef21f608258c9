from common import described, parameter, sound
from flask import Flask, request

TOKENS = {"token-of-ann-4711": "ann", "token-of-bob-0815": "bob"}
ORDERS = {
    "11": {"id": 11, "owner": "ann", "total": 12},
    "12": {"id": 12, "owner": "bob", "total": 99},
}
# Public by design, whoever wrote them; and what both of two users share.
POSTS = [{"id": n, "author": who, "title": "t"} for n, who in ((1, "ann"), (2, "bob"))]
NEEDS = {"security": [{"b": []}]}
OPEN = {"security": []}
SHAPE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"name": {"type": "string"}},
}
TAKES = {"requestBody": {"content": {"application/json": {"schema": SHAPE}}}}


def one(example, **more):
    return {**more, "parameters": [parameter("id", "path", example=example)]}


app = described(
    sound(Flask(__name__)),
    {
        "/me": {"get": NEEDS, "patch": {**NEEDS, **TAKES}},
        "/orders": {"get": NEEDS, "post": {**NEEDS, **TAKES}},
        "/orders/{id}": {"get": one("11", **NEEDS)},
        "/teams": {"get": NEEDS},
        "/teams/{id}": {"get": one("5", **NEEDS)},
        "/posts": {"get": OPEN},
        "/posts/{id}": {"get": one("1", **OPEN)},
        "/admin/reports": {"get": NEEDS},
        "/login": {"post": OPEN},
        "/register": {"post": OPEN},
        "/soft": {"get": NEEDS},
    },
    components={"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
)


def user():
    return TOKENS.get(request.headers.get("Authorization", "").removeprefix("Bearer "))


def refused(status=401):
    return {"error": "no"}, status


@app.get("/me")
def me():
    who = user()
    kept = {"has_password": True, "password_hint": None, "password": "***", "mfa_secret": None}
    return {"name": who, "email": f"{who}@shop.example", **kept} if who else refused()


@app.get("/orders")
def orders():
    mine = [each for each in ORDERS.values() if each["owner"] == user()]
    return {"orders": mine} if user() else refused()


@app.get("/orders/<name>")
def order(name):
    found = ORDERS.get(name)
    if user() is None:
        return refused()
    return found if found and found["owner"] == user() else refused(404)


@app.get("/teams")
def teams():
    return {"teams": [{"id": 5, "name": "red", "members": ["ann", "bob"]}]} if user() else refused()


@app.get("/teams/<name>")
def team(name):
    if user() is None:
        return refused()
    return {"id": 5, "name": "red", "members": ["ann", "bob"]} if name == "5" else refused(404)


@app.get("/posts")
def posts():
    return {"posts": POSTS}


@app.get("/posts/<int:number>")
def post(number):
    return next((each for each in POSTS if each["id"] == number), None) or refused(404)


@app.get("/admin/reports")
def reports():
    return refused(403 if user() else 401)


@app.get("/soft")
def soft():
    """Refuses inside of a 200."""
    return {"ok": True, "n": 1} if user() else {"ok": False, "message": "token required"}


@app.get("/")
def index():
    return {"status": "ok"}
