"""The spoof and loop matrix: requests in clear that claim TLS, and what must come over TLS.

One list for the tests and for the comparison with another extension (`bench/extension_matrix.py`).
"""

import http.client
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# A loopback address that is no trusted proxy: whoever reaches the application's port past it.
ELSEWHERE = "127.0.0.2"
HOST = "localhost"

APPLICATION = """\
from flask import Blueprint, Flask, jsonify, make_response, request, session, url_for
from werkzeug.middleware.dispatcher import DispatcherMiddleware

app = Flask(__name__, static_folder=None)
app.secret_key = "only for tests"
SEEN = []


@app.before_request
def authenticate():
    SEEN.append(request.path)
    sent = request.headers.get("Authorization", "")
    if request.endpoint != "health" and sent not in ("", "Bearer good"):
        return jsonify(error="bad token"), 401


@app.route("/", methods=["GET", "POST", "PUT"])
def root():
    session["user"] = 1
    told = make_response(
        jsonify(scheme=request.scheme, url=url_for("root", _external=True), body=len(request.data))
    )
    told.set_cookie("plain", "1")
    return told


@app.get("/health")
def health():
    return jsonify(authorization=request.headers.get("Authorization"))


@app.get("/static/site.css")
def static():
    return "body {}"


@app.get("/slash/")
def slash():
    return "slash"


part = Blueprint("part", __name__, url_prefix="/part")


@part.get("/")
def of_blueprint():
    return "part"


app.register_blueprint(part)


def mounted(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"mounted"]


app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/mounted": mounted})
"""
PLAINWIRE = (
    APPLICATION
    + """
from flask_plainwire import TLS, tls_exempt

tls_exempt(health)
app.config.update(TLS_TERMINATION="proxy", TLS_TRUSTED_PROXIES="127.0.0.1, unix")
TLS(app)
"""
)
# As Flask-Talisman's and Werkzeug's documentation say: one proxy is trusted for the scheme.
TALISMAN = (
    APPLICATION
    + """
from flask_talisman import Talisman
from werkzeug.middleware.proxy_fix import ProxyFix

talisman = Talisman(app)
app.view_functions["health"] = talisman(force_https=False)(health)
app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)
"""
)

Headers = Sequence[tuple[str, str]]
GOOD, BAD = ("Authorization", "Bearer good"), ("Authorization", "Bearer bad")
WEBSOCKET = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
)


@dataclass(frozen=True)
class Case:
    """A request that leaves in clear and must get nothing of the application."""

    name: str
    headers: Headers = ()
    path: str = "/"
    method: str = "GET"
    body: bytes = b""


SPOOFS = (
    Case("X-Forwarded-Proto: https", [("X-Forwarded-Proto", "https")]),
    Case("X-Forwarded-Proto: HTTPS", [("X-Forwarded-Proto", "HTTPS")]),
    Case("X-Forwarded-Proto: https,http", [("X-Forwarded-Proto", "https,http")]),
    Case("X-Forwarded-Proto: http,https", [("X-Forwarded-Proto", "http,https")]),
    Case("X-Forwarded-Proto: wss", [("X-Forwarded-Proto", "wss")]),
    Case("X-Forwarded-Proto, empty", [("X-Forwarded-Proto", "")]),
    Case("X-Forwarded-Proto: garbage", [("X-Forwarded-Proto", 'https";\\, \t,,=')]),
    Case("two X-Forwarded-Proto", [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")]),
    Case("X_Forwarded_Proto: https", [("X_Forwarded_Proto", "https")]),
    Case("Forwarded: proto=https", [("Forwarded", "for=1.2.3.4;proto=https")]),
    Case("X-Forwarded-Ssl: on", [("X-Forwarded-Ssl", "on")]),
    Case("X-Forwarded-Protocol: ssl", [("X-Forwarded-Protocol", "ssl")]),
    Case("X-Forwarded-Host: evil", [("X-Forwarded-Host", "evil.example")]),
)
PLAIN = (
    Case("GET"),
    Case("good token", [GOOD]),
    Case("bad token", [BAD]),
    Case("POST", [GOOD], method="POST", body=b'{"password": "x"}'),
    Case("PUT", [GOOD], method="PUT", body=b"{}"),
    Case("OPTIONS", method="OPTIONS"),
    Case("404", path="/nowhere"),
    Case("/static", path="/static/site.css"),
    Case("slash redirect", path="/slash"),
    Case("blueprint", path="/part/"),
    Case("mounted application", path="/mounted/"),
    Case("WebSocket handshake", WEBSOCKET),
    Case("POST to an exempt view", path="/health", method="POST"),
)
CASES = (*SPOOFS, *PLAIN)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


def ask(
    place: int | Path, case: Case = PLAIN[0], ca: Path | None = None, source: str = "127.0.0.1"
) -> Answer:
    """Send a request to a port, or a unix socket; over TLS with ``ca``. Nothing is followed."""
    if isinstance(place, Path):
        opened = socket.socket(socket.AF_UNIX)
        opened.settimeout(20)
        opened.connect(str(place))
    else:
        opened = socket.create_connection(("127.0.0.1", place), 20, (source, 0))
    if ca is not None:
        opened = ssl.create_default_context(cafile=ca).wrap_socket(opened, server_hostname=HOST)
    connection = http.client.HTTPConnection(HOST)
    connection.sock = opened
    try:
        connection.putrequest(case.method, case.path, skip_host=True, skip_accept_encoding=True)
        host = HOST if isinstance(place, Path) else f"{HOST}:{place}"
        for name, value in (("Host", host), *case.headers):
            connection.putheader(name, value)
        if case.body or case.method in ("POST", "PUT"):
            connection.putheader("Content-Length", str(len(case.body)))
        connection.endheaders(case.body or None)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()
