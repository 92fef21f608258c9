from common import described
from flask import Flask

app = described(Flask(__name__), {p: {"get": {}} for p in ("/users", "/settings", "/payments")})


@app.get("/users")
def users():
    return {"users": [{"name": n, "email": f"{n}.lee@mailbox.org"} for n in ("ann", "bob", "cy")]}


@app.get("/settings")
def settings():
    return {"queue": "amqp://orders:" + "kf83hfkq92@rabbit.internal:5672/"}


@app.get("/payments")
def payments():
    return [{"card": {"number": "4539148803436467"}, "amount": 12}]


@app.get("/.env")
def env():
    return "DEBUG=0\nSECRET_KEY=kf83hfkq92\n", {"Content-Type": "text/plain"}


@app.get("/debug")
def debug():
    return {"PATH": "/usr/bin", "HOME": "/root", "LANG": "C", "POSTGRES_PASSWORD": "kf83hfkq92"}


@app.get("/files/")
def files():
    return '<title>Index of /files/</title><a href="../">../</a><a href="a.csv">a.csv</a>'


@app.get("/")
def index():
    links = '<a href="/files/">files</a><form></form>'
    return f"<title>Shop</title>{links}", {"X-Powered-By": "PHP/8.1.2"}
