from common import described, parameter, sound
from flask import Flask, redirect

SIGNED = {"post": {"parameters": [parameter("X-Signature", "header", required=True)]}}
app = described(
    sound(Flask(__name__)),
    {"/login": {"get": {}}, "/bill": {"get": {}}, "/article": {"get": {}}},
    openapi="3.1.0",
    webhooks={"paid": SIGNED},
)
PINNED = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.17.14/swagger-ui-bundle.js"


@app.get("/login")
def login():
    return redirect("https://login.partner.net/authorize?client_id=7")


@app.get("/bill")
def bill():
    return {"error": "billing is not available", "id": "5f2b"}, 503


@app.get("/article")
def article():
    return {"title": "What ECONNREFUSED means", "text": "connect ECONNREFUSED 127.0.0.1:80 says"}


@app.get("/docs")
def docs():
    own = '<script src="/static/a.js"></script><script src="https://js.stripe.com/v3/"></script>'
    policy = {"Content-Security-Policy": "default-src 'self'"}
    return f'<title>Help</title><script src="{PINNED}"></script>{own}', policy


@app.get("/")
def index():
    return {"status": "ok", "schema": "http://json-schema.org/draft-07/schema#"}
