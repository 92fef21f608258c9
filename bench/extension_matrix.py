"""`python bench/extension_matrix.py`: the spoof matrix, flask_plainwire beside Flask-Talisman.

The same application, requests and servers for both; nothing is asserted. Prints Markdown tables of
what the application answered, for docs/comparison.md. Further proxies and servers by their names:
`python bench/extension_matrix.py nginx,caddy gunicorn,waitress`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import stacks

import servers
from spoof_matrix import CASES, ELSEWHERE, PLAIN, PLAINWIRE, SPOOFS, TALISMAN, Answer, Case, ask

EXTENSIONS = {"flask_plainwire": PLAINWIRE, "Flask-Talisman + ProxyFix": TALISMAN}
# Each told of two proxies, as its documentation says.
TWO_HOPS = {
    "flask_plainwire": PLAINWIRE + 'app.config["TLS_PROXY_HOPS"] = 2\n',
    "Flask-Talisman + ProxyFix": TALISMAN.replace("x_proto=1", "x_proto=2"),
}
PROXIES = ("nginx", "apache", "haproxy", "caddy")
HEADERLESS = """location ~ ^/ {
    proxy_pass http://127.0.0.1:@{app};
    proxy_set_header Host $http_host;
}"""
APPENDING = HEADERLESS.replace(
    "$http_host;",
    '$http_host;\n    proxy_set_header X-Forwarded-Proto "$http_x_forwarded_proto, $scheme";',
)


def main() -> None:
    """Print a table for each WSGI server that is named."""
    proxies = sys.argv[1].split(",") if sys.argv[1:] else PROXIES
    wsgi = sys.argv[2].split(",") if sys.argv[2:] else ("gunicorn",)
    for server in wsgi:
        columns = {}
        with (
            Path(os.devnull).open("w") as nowhere,
            contextlib.redirect_stdout(nowhere),
            stacks.certificate() as files,
        ):
            for name, application in EXTENSIONS.items():
                columns[name] = [
                    *answers(server, application, proxies, files),
                    *behind_two(server, name, files),
                ]
        print(f"\n| in clear, {server} | " + " | ".join(columns) + " |")
        print("|---" * (len(columns) + 1) + "|")
        for index, (title, _) in enumerate(next(iter(columns.values()))):
            print(f"| {title} | " + " | ".join(rows[index][1] for rows in columns.values()) + " |")


def answers(
    wsgi: str, application: str, proxies: tuple[str, ...], files: object
) -> Iterator[tuple[str, str]]:
    """Each case with what came back behind each proxy and past them, in one cell."""
    got: dict[str, list[tuple[str, str]]] = {case.name: [] for case in CASES}
    got["over TLS"] = []
    with servers.wsgi(wsgi, application) as (_, port):
        for proxy in proxies:
            with getattr(servers, proxy)(https=files, http="serve", app=port) as server:
                for case in CASES:
                    got[case.name].append((proxy, word(case, ask(server.http_port, case))))
                served = word(PLAIN[0], ask(server.https_port, ca=files.ca))
                got["over TLS"].append((proxy, served))
        for case in CASES:
            answer = ask(port, case, source=ELSEWHERE)
            got[case.name].append(("past the proxies", word(case, answer)))
    for title, found in got.items():
        yield title, merged(found)


def behind_two(wsgi: str, name: str, files: object) -> Iterator[tuple[str, str]]:
    """What comes back over TLS where the scheme gets lost on the way, and where it does not."""
    with servers.wsgi(wsgi, EXTENSIONS[name]) as (_, port):
        with servers.nginx(https=files, app=port, extra=HEADERLESS) as server:
            answer = ask(server.https_port, ca=files.ca)
            yield "over TLS, nginx without the header", word(PLAIN[0], answer, server.https_port)
        with servers.nginx(http="serve", app=port, extra_http=HEADERLESS) as server:
            answer = ask(server.http_port, SPOOFS[0])
            yield (
                "in clear, nginx without the header, X-Forwarded-Proto: https",
                word(SPOOFS[0], answer),
            )
    for title, extra in (("overwrites", ""), ("appends", APPENDING)):
        with (
            servers.wsgi(wsgi, TWO_HOPS[name]) as (_, port),
            servers.nginx(http="serve", app=port, extra_http=extra) as inner,
            servers.haproxy(https=files, app=inner.http_port) as outer,
        ):
            answer = ask(outer.https_port, ca=files.ca)
            yield f"over TLS, the second proxy {title}", word(PLAIN[0], answer, outer.https_port)


def word(case: Case, answer: Answer, asked_port: int | None = None) -> str:
    """What an answer is, in a word: a refusal, a redirect, or something of the application's.

    ``asked_port`` is that of a request over TLS, which a redirect may send back to itself.
    """
    if answer.status in (301, 302, 303, 307, 308):
        (location,) = answer.all("Location")
        if asked_port and location == f"https://localhost:{asked_port}{case.path}":
            return f"**{answer.status} to itself**"
        to = " to evil.example" if "evil" in location else ""
        if location.startswith("https://") and case.method not in ("GET", "HEAD"):
            to += ", method lost" if answer.status < 307 else ""
        return f"{answer.status}{to}"
    refused = answer.status in (403, 400)
    return str(answer.status) if refused else f"**{answer.status} served**"


def merged(found: list[tuple[str, str]]) -> str:
    """One word where all agree, else each word with its proxies."""
    words: dict[str, list[str]] = {}
    for proxy, said in found:
        words.setdefault(said, []).append(proxy)
    if len(words) == 1:
        return next(iter(words))
    return "; ".join(f"{said} ({', '.join(proxies)})" for said, proxies in words.items())


if __name__ == "__main__":
    main()
