"""Server programs by their command lines and configuration files; nothing of either is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from plainwire.model import SourceFile, Span, Start
from plainwire.source.deploy import programs
from plainwire.source.deploy.words import expanded
from plainwire.source.numerals import whole
from plainwire.source.python.module import PythonModule, parse
from plainwire.source.python.program import dotted
from plainwire.source.starting.context import (
    TARGET,
    Context,
    all_of,
    is_local,
    options_in,
    value_of,
)
from plainwire.source.starting.files import Files


def gunicorn(files: Files, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
    """The sockets that a call of gunicorn binds."""
    options = options_in(rest, {"b": "bind", "c": "config"})
    binds = all_of(rest, ("-b", "--bind"))
    has_tls = "certfile" in options or "keyfile" in options
    own_arguments = at.settings.get("GUNICORN_CMD_ARGS")
    if own_arguments is not None and own_arguments.value:
        more = own_arguments.value.split()
        binds = binds or all_of(more, ("-b", "--bind"))
        has_tls = has_tls or any("certfile" in word for word in more)
    bind_place = place
    settings: dict[str, tuple[str, int]] = {}
    config = _gunicorn_config(files, options.get("config"), at)
    if config is not None:
        settings = gunicorn_settings(config, at.variables)
        has_tls = has_tls or "certfile" in settings
        if not binds and "bind" in settings:
            binds = settings["bind"][0].split(",")
            bind_place = config.span(settings["bind"][1])
    target = next((w for w in reversed(list(rest)) if TARGET.match(w)), "")
    via = (*at.via, place)
    allowed = at.settings.get("FORWARDED_ALLOW_IPS")
    trusts = allowed.place if allowed is not None and allowed.value == "*" else None
    if config is not None and settings.get("forwarded_allow_ips", ("", 0))[0] == "*":
        trusts = config.span(settings["forwarded_allow_ips"][1])
    if options.get("forwarded-allow-ips") == "*":
        trusts = place
    if not binds:
        port = at.settings.get("PORT")
        default = f"0.0.0.0:{port.value or ''}" if port is not None else "127.0.0.1:8000"
        binds = [default]
    return tuple(
        replace(_bound("gunicorn", bind, bind_place, has_tls, via, target), trusts=trusts)
        for bind in binds[:10]
    )


def _gunicorn_config(files: Files, named: str | None, at: Context) -> SourceFile | None:
    name = (named or "gunicorn.conf.py").removeprefix("file:")
    found = files.find(name, at.folder)
    if found is None and named and named.startswith("python:"):
        module = files.module(named[7:], at.folder)
        found = module.file if module is not None else None
    return found


def _script_server(module: PythonModule) -> dict[str, str]:
    """The host and port that Flask-Script's ``Server(host=…)`` gives ``runserver``."""
    found: dict[str, str] = {}
    for call in module.calls:
        if call.name.startswith("flask_script") and call.name.endswith("Server"):
            for name in ("host", "port"):
                value = call.argument(name)
                if value is not None and isinstance(value.literal, str | int):
                    found[name] = str(value.literal)
    return found


def flask(
    files: Files,
    rest: Sequence[str],
    place: Span,
    at: Context,
    script: PythonModule | None = None,
) -> tuple[Start, ...]:
    """The development server that ``flask run`` starts."""
    words = list(rest)
    if "run" not in words:
        return ()
    options = options_in(words, {"h": "host", "p": "port"})
    options = {**_script_server(script), **options} if script else options
    host = options.get("host") or value_of(at, "FLASK_RUN_HOST") or "127.0.0.1"
    port = options.get("port") or value_of(at, "FLASK_RUN_PORT") or "5000"
    has_tls = "cert" in options or bool(value_of(at, "FLASK_RUN_CERT"))
    is_debug = "--debug" in words or "debug" in options
    host_setting = at.settings.get("FLASK_RUN_HOST")
    via = (*at.via, place)
    if "host" not in options and host_setting is not None:
        via = (*via, host_setting.place)
    return (
        Start(
            "flask run",
            place,
            host,
            whole(port),
            has_tls,
            is_local(host),
            True,
            place if is_debug else debug_variable(files, at),
            via,
            value_of(at, "FLASK_APP") or "",
        ),
    )


def debug_variable(files: Files, at: Context) -> Span | None:
    """Where the environment switches debug mode on. FLASK_ENV does so up to Flask 2.2."""
    debug = at.settings.get("FLASK_DEBUG")
    if debug is not None and debug.value is not None:
        return debug.place if debug.is_true else None
    mode = at.settings.get("FLASK_ENV")
    if mode is not None and (mode.value or "").lower() == "development" and files.has_flask_env(at):
        return mode.place
    return None


def plain_server(head: str, rest: Sequence[str], place: Span, at: Context) -> Start:
    """The server of a program whose options say host and port."""
    options = options_in(rest, {"b": "bind", "h": "host", "p": "port"})
    names = ("certfile", "ssl-certfile", "ssl-certificate", "ssl-keyfile", "keyfile", "cert")
    has_tls = any(name in options for name in names)
    default = {"waitress-serve": "0.0.0.0:8080", "hypercorn": "127.0.0.1:8000"}
    bind = options.get("bind") or options.get("listen") or ""
    if not bind:
        base_host, _, base_port = default.get(head, "127.0.0.1:8000").rpartition(":")
        bind = f"{options.get('host', base_host)}:{options.get('port', base_port)}"
    if "uds" in options or "unix-socket" in options:
        bind = "unix:" + (options.get("uds") or options.get("unix-socket") or "")
    target = next((w for w in reversed(list(rest)) if TARGET.match(w)), "")
    program = "waitress" if head == "waitress-serve" else head
    believing = {"waitress-serve": "trusted-proxy", "uvicorn": "forwarded-allow-ips"}.get(head, "")
    claims = head == "waitress-serve" and options.get("url-scheme") == "https"
    return replace(
        _bound(program, bind, place, has_tls, (*at.via, place), target),
        trusts=place if options.get(believing) == "*" else None,
        claims_https=place if claims else None,
    )


def uwsgi(files: Files, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
    """The sockets that a call of uWSGI opens, by its words and its file."""
    options = options_in(rest)
    ini = options.get("ini") or next((w for w in rest if w.endswith(".ini")), None)
    via = (*at.via, place)
    found = []
    file = files.find(ini, at.folder) if ini else None
    settings = programs.uwsgi_settings(file) if file else {}
    is_http = "http" in (options.get("protocol"), settings.get("protocol", ("",))[0])
    for name, value in options.items():
        found += list(_uwsgi_listener(name, value, place, via, is_http))
    for name, (value, spot) in settings.items():
        filled = expanded(value, at.variables)
        found += list(_uwsgi_listener(name, filled, spot, (*via, spot), is_http))
    return tuple(found)


def gunicorn_settings(file: SourceFile, variables: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """The settings of a gunicorn configuration, evaluated as constants and never run."""
    found: dict[str, tuple[str, int]] = {}
    try:
        module = parse(file, dotted(file.path))
    except SyntaxError:
        return found
    for binding in module.bindings:
        if binding.scope:
            continue
        value = binding.value
        literal: object = value.literal
        if value.variable and value.variable in variables:
            literal = variables[value.variable]
        if isinstance(literal, tuple):
            literal = ",".join(str(part) for part in literal)
        if isinstance(literal, str | int):
            found[binding.name] = (str(literal), binding.line)
        elif value.prefix:
            found[binding.name] = (value.prefix + "?", binding.line)
        else:
            found.setdefault(binding.name, ("?", binding.line))
    return found


def _bound(
    program: str, bind: str, place: Span, has_tls: bool, via: tuple[Span, ...], target: str
) -> Start:
    """A start by a bind word: ``HOST:PORT``, ``:PORT``, ``PORT``, ``unix:PATH``, ``fd://N``."""
    if bind.startswith(("unix:", "/")) or bind.endswith(".sock"):
        socket = bind.removeprefix("unix:")
        return Start(program, place, "", None, has_tls, True, via=via, target=target, socket=socket)
    host, colon, port = bind.rpartition(":")
    if not colon:
        host, port = ("", bind) if bind.isdecimal() else (bind, "")
    number = whole(port)
    return Start(program, place, host, number, has_tls, is_local(host), via=via, target=target)


def _uwsgi_listener(
    name: str, value: str, place: Span, via: tuple[Span, ...], is_http: bool
) -> Iterator[Start]:
    """What an option opens: ``socket`` speaks what ``protocol`` says, by itself uwsgi.

    https://uwsgi-docs.readthedocs.io/en/latest/Options.html#socket
    """
    if name in ("http", "http-socket", "https", "https-socket", "socket", "uwsgi-socket"):
        bind = value.partition(",")[0]
        is_gateway = name == "uwsgi-socket" or (name == "socket" and not is_http)
        start = _bound("uwsgi", bind, place, name.startswith("https"), via, "")
        yield replace(start, is_gateway=is_gateway)
