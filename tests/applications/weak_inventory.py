from common import described
from flask import Flask

app = described(
    Flask(__name__),
    {
        "/v2/items": {"get": {}},
        "/users/_debug": {"get": {}},
        "/old": {"get": {"deprecated": True}},
    },
    servers=[{"url": "/"}, {"url": "https://staging.internal.example.net/"}],
)


@app.get("/v1/items")
@app.get("/v2/items")
def items():
    return {"items": [{"id": 1}]}


@app.get("/users/_debug")
def debug():
    return {"users": [{"id": 1}]}


@app.get("/old")
def old():
    return {"items": []}


@app.get("/admin")
def admin():
    return {"users": 17}


@app.get("/ui/")
def ui():
    return "<title>Swagger UI</title><div id='swagger-ui'></div>"


@app.get("/")
def index():
    return {"status": "ok"}
