from common import described, sound
from flask import Flask, request

app = described(
    sound(Flask(__name__)),
    {p: {"get": {}} for p in ("/health", "/contacts", "/orders", "/payments", "/guide", "/me")},
)


@app.get("/health")
def health():
    return {"status": "UP", "version": "2.4.1", "build": "9b2f7c1e4d3a8f60", "PATH": "/health"}


@app.get("/contacts")
def contacts():
    names = ("support", "sales", "press")
    return {
        "offices": [{"email": f"{name}@mailbox.org", "phone": "+1 415 555 2671"} for name in names]
    }


@app.get("/orders")
def orders():
    # The first passes Luhn, and telephone numbers look like the second.
    return [
        {"number": "4539148803436467"},
        {"number": "4155552671"},
        {"card_id": "4539148803436467"},
    ]


@app.get("/payments")
def payments():
    return [{"card": {"number": "4242 4242 4242 4242"}}, {"card": {"number": "**** 6467"}}]


@app.get("/guide")
def guide():
    return {
        "aws": "AKIA" + "IOSFODNN7EXAMPLE",
        "database": "postgres://user:password@localhost/db",
        "stripe": "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "github": "ghp_" + "x" * 36,
        "trace": "Read a traceback from its end",
        "iban": "DE89370400440532013000",
        "etag": "33a64df551425fcc55e4d42a148795d9f25f89d4",
    }


@app.get("/me")
def me():
    return {"ok": False, "error": "log in"}


@app.get("/console")
def console():
    return {"title": "Console // Accounts"}


@app.get("/")
def index():
    page = "<title>Index of terms</title><a href='/a'>a</a><a href='/b'>b</a><form></form>"
    return page, {"Content-Security-Policy": "default-src 'self'", "Server": "gunicorn"}


@app.errorhandler(404)
def missing(error):
    # A single-page application answers everything with its page.
    if request.path.startswith("/api"):
        return {"error": "nothing here"}, 404
    return f"{index()[0]} SECRET_KEY=\n[core]\nref: refs/heads/main", 200, index()[1]
