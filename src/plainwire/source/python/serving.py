"""Where Python code itself starts a server: `app.run`, tornado, waitress, gevent and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from plainwire.model import Value
from plainwire.source.numerals import whole
from plainwire.source.python.facts import PythonCall
from plainwire.source.python.module import PythonModule

_RUN_OPTIONS = frozenset(
    {"host", "port", "debug", "ssl_context", "threaded", "use_reloader", "processes", "load_dotenv"}
)
_OTHER_CLASS = re.compile(
    r"^(?!Flask)[A-Z]\w*(Server|Runner|Bot|Client|Worker|Scheduler|Manager|Broker|Engine|Pipeline)$"
)
_NOT_SERVERS = (
    "asyncio.",
    "subprocess.",
    "anyio.",
    "trio.",
    "unittest.",
    "pytest.",
    "mcp.",
    "uvicorn.",
    "hypercorn.",
    "nox.",
    "invoke.",
)


@dataclass(frozen=True, slots=True)
class Served:
    """A call that starts a server: ``host`` None where it cannot be known.

    ``trusts``: it believes forwarded headers from anybody; ``claims_https``: it calls all requests
    https.
    """

    call: PythonCall
    program: str
    host: str | None
    port: int | None
    has_tls: bool
    is_development: bool
    debug: bool | None
    certificate: str = ""
    host_variable: str = ""
    port_variable: str = ""
    trusts: bool = False
    claims_https: bool = False


def servers(module: PythonModule) -> Iterator[Served]:
    """Every call in a module that starts a server, wherever it stands."""
    other_kinds = _of_other_kinds(module)
    uses_tornado = any(name.partition(".")[0] == "tornado" for name in module.imports.values())
    for call in module.calls:
        name = call.name
        last = name.rpartition(".")[2]
        if last == "run" and not name.startswith(_NOT_SERVERS):
            served = _run(call, other_kinds)
            if served is not None:
                yield served
        elif name == "waitress.serve" or (last == "serve" and "waitress" in name):
            yield replace(
                _waitress(call),
                trusts=_says(call, "trusted_proxy", "*"),
                claims_https=_says(call, "url_scheme", "https"),
            )
        elif last == "run_simple":
            yield _at(call, "werkzeug run_simple", 0, 1, is_development=True)
        elif last == "make_server" and "wsgiref" in name:
            yield _at(call, "wsgiref", 0, 1, is_development=True)
        elif last in ("WSGIServer", "Server") and ("gevent" in name or "cheroot" in name):
            yield _tuple(call, last)
        elif last == "listen" and uses_tornado and not name.startswith("socket"):
            yield _tornado(call, module)
        elif name == "uvicorn.run":
            found = _at(call, "uvicorn", None, None, tls=("ssl_certfile", "ssl_keyfile"))
            yield replace(found, trusts=_says(call, "forwarded_allow_ips", "*"))


def _says(call: PythonCall, option: str, wanted: str) -> bool:
    """True if an option has a value that no variable of the environment replaces."""
    value = call.argument(option)
    return value is not None and value.text == wanted and value.variable is None


def _run(call: PythonCall, other_kinds: Mapping[tuple[str, str], bool]) -> Served | None:
    """``app.run(…)``: by its receiver's name or by options that only a server has."""
    receiver = call.name.rpartition(".")[0]
    words = receiver.rpartition(".")[2].lower()
    known = set(call.keywords) & _RUN_OPTIONS
    is_socketio = "socketio" in words or "socket_io" in words
    if not known and not (words in ("app", "application", "server") or words.endswith("app")):
        return None
    if set(call.keywords) & {"capture_output", "check", "shell", "cwd"}:
        return None
    made = {other_kinds.get((receiver, scope)) for scope in ("", call.scope)} - {None}
    if made == {True}:
        return None
    host = call.argument("host", None if is_socketio else 0)
    context = call.argument("ssl_context")
    has_tls = (context is not None and context.literal is not None) or any(
        k in call.keywords for k in ("certfile", "keyfile", "ssl")
    )
    debug = call.argument("debug", None if is_socketio else 2)
    return Served(
        call,
        "socketio.run" if is_socketio else "app.run",
        _host(host, "127.0.0.1"),
        _port(call.argument("port", None if is_socketio else 1), 5000),
        has_tls,
        not is_socketio,
        _truth(debug) if debug is not None else None,  # then the environment says (Flask.run)
        context.text if context is not None else "",
        _variable(host),
        _variable(call.argument("port", None if is_socketio else 1)),
    )


def _of_other_kinds(module: PythonModule) -> dict[tuple[str, str], bool]:
    """Names and scopes with True where what is made there is of a class that is no application.

    ``server = MailServer()`` is one; a name that is an application too is False.
    """
    found: dict[tuple[str, str], bool] = {}
    for b in module.bindings:
        if b.call is not None:
            is_other = _OTHER_CLASS.search(b.call.name.rpartition(".")[2]) is not None
            found[b.name, b.scope] = is_other and found.get((b.name, b.scope), True)
    return found


def _variable(value: Value | None) -> str:
    return (value.variable or "") if value is not None else ""


def _truth(value: Value | None) -> bool | None:
    if value is None:
        return False
    return bool(value.literal) if value.is_known else None


def _host(value: Value | None, default: str | None) -> str | None:
    if value is None:
        return default
    if value.literal is None and value.variable is None:
        return default
    return value.text if isinstance(value.literal, str) else None


def _port(value: Value | None, default: int | None) -> int | None:
    if value is None:
        return default
    literal = value.literal
    if isinstance(literal, str):
        return whole(literal)
    return literal if isinstance(literal, int) and not isinstance(literal, bool) else None


def _at(
    call: PythonCall,
    program: str,
    host_at: int | None,
    port_at: int | None,
    *,
    is_development: bool = False,
    tls: tuple[str, ...] = ("ssl_context",),
) -> Served:
    names = ("hostname", "host")
    host = next((v for n in names if (v := call.argument(n, host_at)) is not None), None)
    debug = call.argument("use_debugger")
    return Served(
        call,
        program,
        _host(host, "127.0.0.1"),
        _port(call.argument("port", port_at), 8000),
        any(k in call.keywords for k in tls),
        is_development,
        _truth(debug),
    )


def _waitress(call: PythonCall) -> Served:
    listen = call.argument("listen")
    host = call.argument("host")
    if listen is not None:
        address, _, port = listen.text.rpartition(":")
        number = whole(port)
        known = address if listen.is_known else None
        return Served(call, "waitress", known, number, False, False, False)
    if call.argument("unix_socket") is not None:
        return Served(call, "waitress", "unix:", None, False, False, False)
    port_value = _port(call.argument("port"), 8080)
    return Served(call, "waitress", _host(host, "0.0.0.0"), port_value, False, False, False)  # noqa: S104


def _tuple(call: PythonCall, last: str) -> Served:
    """gevent's and cheroot's servers: an address pair first; "" is every interface."""
    address = call.argument("listener", 0) or call.argument("bind_addr", 0)
    host: str | None = None
    port: int | None = None
    pair = call.elements(0)
    if len(pair) == 2:
        host, port = _host(pair[0], None), _port(pair[1], None)
    elif address is not None and isinstance(address.literal, tuple) and len(address.literal) == 2:
        first, second = address.literal
        host = first if isinstance(first, str) else None
        port = second if isinstance(second, int) else None
    has_tls = any(k in call.keywords for k in ("certfile", "keyfile", "ssl_context"))
    program = "gevent" if "gevent" in call.name else "cheroot"
    variables = tuple(_variable(v) for v in pair) if len(pair) == 2 else ("", "")
    return Served(
        call,
        program,
        host,
        port,
        has_tls,
        False,
        False,
        host_variable=variables[0],
        port_variable=variables[1],
    )


def _tornado(call: PythonCall, module: PythonModule) -> Served:
    """``HTTPServer(…).listen(port, address="")``; TLS by ``ssl_options`` of the server."""
    address = call.argument("address", 1)
    has_tls = any(
        "ssl_options" in other.keywords for other in module.calls if "HTTPServer" in other.name
    )
    port = _port(call.argument("port", 0), None)
    return Served(call, "tornado", _host(address, ""), port, has_tls, False, False)
