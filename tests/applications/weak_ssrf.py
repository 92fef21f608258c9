from common import described, parameter
from flask import Flask

HOOK = {
    "content": {"application/json": {"schema": {"properties": {"webhook_url": {"type": "string"}}}}}
}
app = described(
    Flask(__name__),
    {
        "/fetch": {"get": {"parameters": [parameter("url")]}},
        "/hooks": {"post": {"requestBody": HOOK}},
    },
)


@app.get("/fetch")
def fetch():
    return {"status": 200}


@app.get("/")
def index():
    return {"status": "ok"}
