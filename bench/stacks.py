"""The servers that are measured: nginx before Flask, both ports behind delay proxies if asked."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from delay_proxy import Counts, DelayProxy

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import servers
from certificates import issue

NAME = "api.plainwire.test"
GTHREAD = ("--worker-class", "gthread", "--threads", "4")
# The root links three pages; with DESCRIBED there is a document of 20 operations too.
APPLICATION = """\
from flask import Flask, jsonify

app = Flask(__name__)
DESCRIBED = @{described}
PATHS = {f"/items/{n}": {"get": {"responses": {"200": {"description": "OK"}}}} for n in range(20)}
DOCUMENT = {"openapi": "3.0.3", "info": {"title": "Items", "version": "1"}, "paths": PATHS}


@app.get("/")
def root():
    return jsonify(links=[{"rel": "item", "href": f"/items/{n}"} for n in range(18, 23)])


@app.get("/items/<int:number>")
def item(number):
    return jsonify(number=number, name="an item", price="9.99")


if DESCRIBED:

    @app.get("/openapi.json")
    def document():
        return jsonify(DOCUMENT)
"""


@dataclass(frozen=True)
class Files:
    """A chain, its key and the authority behind it, as PEM files."""

    chain: Path
    key: Path
    ca: Path


@dataclass(frozen=True)
class Place:
    """Where a stack is reached: two ports (0: nobody listens), and what passed if proxies count."""

    https_port: int
    http_port: int
    ca: Path
    counts: tuple[Counts, ...] = ()

    @property
    def scan_words(self) -> tuple[str, ...]:
        """The words of `plainwire scan` for this stack."""
        words = [f"https://{NAME}:{self.https_port}", "--resolve", f"{NAME}:127.0.0.1"]
        words += ["--ca", str(self.ca), "--allow-incomplete"]
        return (*words, *(("--http-port", str(self.http_port)) if self.http_port else ()))


@contextlib.contextmanager
def certificate() -> Iterator[Files]:
    """A good certificate from an intermediate authority, made on the spot."""
    leaf = issue(
        NAME,
        "localhost",
        "127.0.0.1",
        by=issue("Bench Issuing CA", ca=True, by=issue("Bench Root", ca=True)),
    )
    with tempfile.TemporaryDirectory(prefix="plainwire-bench-") as folder:
        where = Path(folder)
        where.chmod(0o755)
        files = Files(where / "chain.pem", where / "key.pem", where / "ca.pem")
        files.chain.write_text(leaf.chain_pem)
        files.key.write_text(leaf.key_pem)
        files.ca.write_text(leaf.path[-1].pem)
        yield files


@contextlib.contextmanager
def nginx(
    files: Files, http: servers.process.Http, *, is_described: bool = False
) -> Iterator[Place]:
    """nginx with TLS and a cleartext port before Flask on gunicorn with four threads."""
    with _flask(is_described, GTHREAD) as app, servers.nginx(files, http, app=app.http_port) as it:
        yield Place(it.https_port, it.http_port, files.ca)


@contextlib.contextmanager
def one_worker(files: Files) -> Iterator[Place]:
    """gunicorn's one synchronous worker with TLS of its own: one connection at a time."""
    with _flask(False, (), files) as it:
        yield Place(it.https_port, 0, files.ca)


def _flask(
    is_described: bool, options: tuple[str, ...], files: Files | None = None
) -> contextlib.AbstractContextManager[servers.Server]:
    text = APPLICATION.replace("@{described}", str(is_described))
    return servers.gunicorn(files, application=text, options=options)


@contextlib.contextmanager
def delayed(place: Place, rtt_s: float) -> Iterator[Place]:
    """The same stack with a round trip of ``rtt_s`` seconds before each of its ports."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    ports = [port for port in (place.https_port, place.http_port) if port]
    proxies = [DelayProxy(port, rtt_s) for port in ports]

    def do(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    try:
        reached = [do(proxy.start()) for proxy in proxies]
        counts = tuple(proxy.counts for proxy in proxies)
        yield Place(reached[0], reached[1] if len(reached) > 1 else 0, place.ca, counts)
    finally:
        for proxy in proxies:
            do(proxy.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
