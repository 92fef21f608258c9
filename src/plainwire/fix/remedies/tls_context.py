"""Let a TLS context of Python's ssl speak TLS 1.2 and 1.3 only.

SSL 3, TLS 1.0 and 1.1 are deprecated (RFC 7568, RFC 8996). A bound is raised to TLS 1.2; a
context of one old version becomes a server's or a client's, which begin with that version.

Condition:

    Safe for bounds, and for a context that is seen to be a server's. A client's context verifies
    the server after it, and suites are a matter of who connects: these need your consent. Where the
    side is not clear, nothing is changed.

Before:

    --- tls.py
    import ssl
    def serve(app):
        context = ssl.SSLContext(ssl.PROTOCOL_TLSv1)
        context.load_cert_chain("cert.pem", "key.pem")
        app.run(ssl_context=context)
    def bounded():
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1
        return context

After:

    --- tls.py
    import ssl
    def serve(app):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("cert.pem", "key.pem")
        app.run(ssl_context=context)
    def bounded():
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

Limits:

    A side is seen by what a context is given to in the same file.
"""

from __future__ import annotations

import re

from plainwire.fix.python import Python, argument, python
from plainwire.fix.recommended import openssl_suites
from plainwire.model import Edit, Finding, Project, Proposal, remedy

_PROTOCOLS = tuple(f"PROTOCOL_{v}" for v in ("SSLv2", "SSLv3", "TLSv1", "TLSv1_1"))
_VERSIONS = ("SSLv3", "TLSv1", "TLSv1_1")
_SERVERS = (
    "run",
    "run_simple",
    "make_server",
    "serve",
    "start_server",
    "create_server",
    "WSGIServer",
)
_CLIENTS = ("urlopen", "HTTPSConnection", "HTTPSHandler", "starttls", "SMTP_SSL", "open_connection")
_WEAK = re.compile(r"(RC4|DES|MD5|aNULL|eNULL|EXP|LOW|ADH|AECDH)", re.IGNORECASE)


@remedy(answers=("old-tls-allowed",), level="safe")
def tls_context(finding: Finding, project: Project) -> Proposal | None:
    """Raises the bound, or changes the protocol or the suites, on the finding's line."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format != "python":
        return None
    source = python(file)
    return _bound(source, place.line) or _context(source, place.line) or _suites(source, place.line)


def _bound(source: Python, line: int) -> Proposal | None:
    edits = [
        source.with_last_name(value, new, *_VERSIONS)
        for key, new in (("minimum_version", "TLSv1_2"), ("maximum_version", "MAXIMUM_SUPPORTED"))
        for value in source.assignments(line, key)
    ]
    made = tuple(edit for edit in edits if edit is not None)
    return Proposal("let TLS 1.2 be the lowest version", made) if made else None


def _context(source: Python, line: int) -> Proposal | None:
    for call in source.calls(line, "SSLContext"):
        value = argument(call, "protocol") or (call.args[0].value if call.args else None)
        if value is None:
            continue
        side = _side(source, source.assigned_name(line))
        if not side:
            words = "use ssl.PROTOCOL_TLS_SERVER or ssl.create_default_context()"
            why = "whether the context is a server's or a client's is not clear from the file"
            return Proposal(words, level="advice", proof=why)
        edit = source.with_last_name(value, f"PROTOCOL_TLS_{side.upper()}", *_PROTOCOLS)
        if edit is None:
            return None
        if side == "server":
            return Proposal("use a server's context, of TLS 1.2 and later", (edit,))
        why = "a client's context verifies the server, which this one did not"
        return Proposal("use a client's context, of TLS 1.2 and later", (edit,), "unsafe", why)
    return None


def _side(source: Python, name: str) -> str:
    """Whether a context serves or asks, by what it is given to; empty if that is not clear."""
    sides = set()
    for call, given_as in source.uses(name) if name else ():
        last = source.written(call.func).rpartition(".")[2]
        if last == "wrap_socket" and not given_as:
            flag = argument(call, "server_side")
            is_server = flag is not None and source.written(flag) == "True"
            sides.add("server" if is_server else "client")
        elif given_as and last in _SERVERS:
            sides.add("server")
        elif given_as and last in _CLIENTS:
            sides.add("client")
    return sides.pop() if len(sides) == 1 else ""


def _suites(source: Python, line: int) -> Proposal | None:
    edits: list[Edit] = []
    for call in source.calls(line, "set_ciphers"):
        value = argument(call, "ciphers") or (call.args[0].value if call.args else None)
        text = source.written(value).strip("\"'") if value is not None else ""
        kept = [word for word in re.split(r"[:, ]+", text) if not _is_weak(word)]
        has_others = any(word[:1] not in "!-+@" for word in kept)
        new = ":".join(kept) if has_others else openssl_suites()
        edit = source.with_literal(value, f'"{new}"') if value is not None else None
        if edit is not None:
            edits.append(edit)
    why = "who connects with what is taken away is not known"
    return Proposal("take the weak suites away", tuple(edits), "unsafe", why) if edits else None


def _is_weak(word: str) -> bool:
    return word == "@SECLEVEL=0" or (word[:1] not in "!-" and bool(_WEAK.search(word)))
