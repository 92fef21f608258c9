from common import described
from flask import Flask, redirect

app = described(
    Flask(__name__),
    {"/rates": {"get": {}}, "/bill": {"get": {}}},
    openapi="3.1.0",
    webhooks={"paid": {"post": {"summary": "An order is paid"}}},
)
CDN = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js"


@app.get("/rates")
def rates():
    return redirect("https://rates.partner.net/latest")


@app.get("/bill")
def bill():
    why = "HTTPConnectionPool(host='billing.internal', port=8080): Max retries exceeded"
    return {"error": why}, 500


@app.get("/docs")
def docs():
    return f'<title>API</title><script src="{CDN}"></script>'


@app.get("/")
def index():
    return {"status": "ok"}
