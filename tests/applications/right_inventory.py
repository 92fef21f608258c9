from common import described, sound
from flask import Flask

app = described(
    sound(Flask(__name__)),
    {
        "/v2/items": {"get": {}},
        "/tests": {"get": {}},
        "/test-results": {"get": {}},
        "/retired": {"get": {"deprecated": True}},
        "/leaving": {"get": {"deprecated": True}},
    },
    servers=[{"url": "/"}],
)


@app.get("/v1/items")
def gone():
    return {"error": "gone", "see": "/v2/items"}, 410


@app.get("/v2/items")
def items():
    return {"items": [{"id": 1}], "links": ["/health", "/static/app.js"]}


@app.get("/tests")
@app.get("/test-results")
def tests():
    return {"results": [{"patient": 4, "test": "blood"}]}


@app.get("/retired")
def retired():
    return {"error": "gone"}, 410


@app.get("/leaving")
def leaving():
    return {"items": []}, {"Sunset": "Sat, 31 Dec 2089 23:59:59 GMT", "Deprecation": "@1688169599"}


@app.get("/health")
def health():
    return {"status": "UP", "version": "2.4.1"}


@app.get("/")
def index():
    return {"status": "ok", "links": ["/health", "/v2/items"]}


@app.errorhandler(404)
def missing(error):
    return {"status": "ok", "items": []}, 200
