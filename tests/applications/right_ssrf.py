from common import described, parameter, sound
from flask import Flask

FIELDS = {
    "name": {"type": "string"},
    "self_url": {"type": "string", "format": "uri", "readOnly": True},
    "curl_options": {"type": "string"},
}
BODY = {"content": {"application/json": {"schema": {"properties": FIELDS}}}}
app = described(
    sound(Flask(__name__)),
    {
        "/authorize": {"get": {"parameters": [parameter("redirect_uri")]}},
        "/hosts/{host_id}": {"get": {"parameters": [parameter("host_id", "path", example="7")]}},
        "/things": {"post": {"requestBody": BODY}},
    },
)


@app.get("/authorize")
def authorize():
    return {"error": "unknown redirect_uri"}, 400


@app.get("/hosts/<host_id>")
def host(host_id):
    return {"id": host_id, "callback_url": "https://api.example.com/hosts"}


@app.get("/")
def index():
    return {"status": "ok"}
