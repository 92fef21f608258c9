from common import described, parameter
from flask import Flask, request

app = described(
    Flask(__name__), {"/items": {"get": {"parameters": [parameter("limit")]}}, "/all": {"get": {}}}
)


@app.get("/items")
def items():
    return [{"id": number} for number in range(int(request.args.get("limit", 10)))]


@app.get("/all")
def everything():
    return [{"id": number} for number in range(300)]


@app.get("/")
def index():
    return {"status": "ok"}
