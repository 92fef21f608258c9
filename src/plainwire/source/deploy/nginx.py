"""nginx: directives as a tree, and the server blocks in it; fragments without ``http{}`` too.

https://nginx.org/en/docs/ (ngx_http_core, ngx_http_ssl, ngx_http_proxy, ngx_http_headers).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import islice
from typing import NamedTuple

from plainwire.model import GATEWAY, Forward, Listen, ProxySite, Setting, SourceFile, Span
from plainwire.source.numerals import whole

MAX_TARGET = 500
_VARIABLE = re.compile(r"\$(?:\{(\w{1,100})\}|(\w{1,100}))")
MAX_DEPTH = 20
# Debian's /etc/nginx/proxy_params, which many sites include.
_PROXY_PARAMS = {
    "host": "$http_host",
    "x-real-ip": "$remote_addr",
    "x-forwarded-for": "$proxy_add_x_forwarded_for",
    "x-forwarded-proto": "$scheme",
}
_OWN_SCHEME = re.compile(r"\$\{?(scheme|https|server_port)\b")
_OF_TLS = re.compile(r"(?<!!)[=~]\*?\s*[\"']?\^?(https|on|443)\b|!=\s*[\"']?(http|80)\b")
# The host of a redirect, which is the one that was asked for or is written out.
_SAME_HOST = re.compile(r"(?:\$\{?(host|http_host|server_name)\}?|([\w.-]+))(?::443)?(?=[/$?]|$)")
_WHOLE_SCHEME = re.compile(r"(default|script|style|connect)-src[^;]*\shttp:(\s|;|$)")
_JINJA = re.compile(r"\{%[^\n]{0,400}?%\}|\{#[^\n]{0,400}?#\}")
_JINJA_VALUE = re.compile(r"\{\{[^{}\n]*\}\}")


@dataclass
class Directive:
    """One directive: its name and arguments, the line, and what stands in its braces.

    Characters ``start`` to ``end`` of the text are the directive, its ``;`` or braces with it;
    ``words`` are those of its arguments, quotes with them.
    """

    name: str
    arguments: tuple[str, ...]
    line: int
    file: SourceFile
    block: list[Directive] = field(default_factory=list)
    start: int = 0
    end: int = 0
    words: tuple[tuple[int, int], ...] = ()

    def all(self, name: str) -> Iterator[Directive]:
        """The directives of a name directly inside."""
        return (d for d in self.block if d.name == name)

    def deep(self, depth: int = 0) -> Iterator[Directive]:
        """Every directive inside, at any depth."""
        for inner in self.block:
            yield inner
            if depth < MAX_DEPTH:
                yield from inner.deep(depth + 1)

    def span(self) -> Span:
        """Its line as evidence."""
        return self.file.span(self.line)


def tree(file: SourceFile, text: str | None = None, shift: int = 0) -> list[Directive]:
    """The directives of a file; braces that are not closed end with it."""
    source = file.text if text is None else text
    source = _JINJA.sub(lambda m: " " * len(m[0]), source)
    source = _JINJA_VALUE.sub(lambda m: "_" * len(m[0]), source)
    root = Directive("", (), 1, file)
    open_blocks = [root]
    words: list[tuple[str, int, int, int]] = []
    for piece, line, start in _tokens(source):
        if piece in (";", "{"):
            if words:
                name, at, first, _ = words[0]
                arguments, spans = tuple(w[0] for w in words[1:]), tuple(w[2:] for w in words[1:])
                directive = Directive(
                    name, arguments, at + shift, file, [], first, start + 1, spans
                )
                open_blocks[-1].block.append(directive)
                if piece == "{" and len(open_blocks) <= MAX_DEPTH:
                    open_blocks.append(directive)
            words = []
        elif piece == "}":
            words = []
            if len(open_blocks) > 1:
                open_blocks.pop().end = start + 1
        else:
            plain = piece.strip("\"'") if piece[:1] in "\"'" else piece
            words.append((plain, line, start, start + len(piece)))
    return root.block


TOKEN = re.compile(
    r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[;{}]|(?:\$\{\w+\}|\\.|[^\s;{}#\"']|(?<=\S)#)+|\n"
)


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Words and marks with their lines and where they begin."""
    line = 1
    for match in TOKEN.finditer(text):
        piece = match[0]
        if piece == "\n":
            line += 1
            continue
        if not piece.startswith("#"):
            yield piece, line, match.start()
        line += piece.count("\n")


_HTTP = re.compile(r"^[ \t]*http[ \t\n]*\{", re.MULTILINE)
MAX_SITES = 100
MAX_INCLUDED = 1_000_000  # characters, of a file in each place where it is included
MAX_CHAIN = 7


@dataclass(frozen=True)
class Main:
    """A file with an http block: what it includes there, and what it sets for every server."""

    file: SourceFile
    patterns: tuple[str, ...]
    settings: tuple[Directive, ...]


def mains(files: Sequence[SourceFile]) -> tuple[Main, ...]:
    """The files that have others in their http blocks."""
    found = []
    for file in files:
        if not _HTTP.search(file.text):
            continue
        inside = [d for block in tree(file) if block.name == "http" for d in block.block]
        patterns = tuple(d.arguments[0] for d in inside if d.name == "include" and d.arguments)
        settings = tuple(d for d in inside if d.name not in ("server", "include"))
        if patterns:
            found.append(Main(file, patterns, settings))
    return tuple(found)


def holding(file: SourceFile, mains: Sequence[Main]) -> tuple[Main, ...]:
    """The files that may have a file in their http blocks: more than one if nothing tells which.

    The folder that is included has the file's name, or lies where the main file lies.
    """
    if not mains or _HTTP.search(file.text):
        return ()
    return tuple(main for main in mains if any(_names(main, p, file) for p in main.patterns))


def around(file: SourceFile, mains: Sequence[Main]) -> list[Directive]:
    """What the one http block that includes a file sets; none if it is not told which that is."""
    found = holding(file, mains)
    if len(found) != 1:
        return []
    return [d if d.block else replace(d) for d in found[0].settings]


def _names(main: Main, pattern: str, file: SourceFile) -> bool:
    folder, _, name = pattern.rpartition("/")
    last = folder.rpartition("/")[2]
    is_there = file.folder.rpartition("/")[2] == last or file.folder == main.file.folder
    return is_there and fnmatchcase(file.name, name)


def sites(
    file: SourceFile,
    others: Sequence[SourceFile] = (),
    text: str | None = None,
    shift: int = 0,
    budget: list[int] | None = None,
    mains: Sequence[Main] = (),
) -> tuple[ProxySite, ...]:
    """The server blocks of HTTP in a file, with what they inherit and include.

    ``budget`` holds how many characters may still be included, and is less afterwards. ``mains``
    are the files of which one may have this one in its http block.
    """
    left = [MAX_INCLUDED] if budget is None else budget
    directives = _with_includes(tree(file, text, shift), others, (file.path,), left)
    scope = Directive("", (), 1, file, [*around(file, mains), *directives])
    upstreams = {
        d.arguments[0]: [s for s in d.all("server") if s.arguments]
        for d in scope.deep()
        if d.name == "upstream" and d.arguments
    }
    claimed = {
        d.arguments[1]
        for d in scope.deep()
        if d.name == "map" and len(d.arguments) > 1 and "$http_x_forwarded" in d.arguments[0]
    }
    for d in scope.deep():
        if d.name == "proxy_set_header" and len(d.arguments) > 1 and d.arguments[1] in claimed:
            d.arguments = (d.arguments[0], "$http_x_forwarded_proto")  # what the client claims
    servers = list(islice(_servers(scope, scope), MAX_SITES))
    over_tls = {
        _address(d.arguments[0])
        for _, server in servers
        for d in server.all("listen")
        if "ssl" in d.arguments[1:]
    }
    return tuple(
        _site(server, outer, upstreams, file, text is not None, over_tls)
        for outer, server in servers
    )


def _servers(
    at: Directive, scope: Directive, depth: int = 0
) -> Iterator[tuple[Directive, Directive]]:
    for inner in at.block:
        if inner.name == "server" and inner.block and at.name in ("", "http"):
            yield at, inner
        elif inner.name == "http" and depth < 3:
            yield from _servers(inner, scope, depth + 1)


def _with_includes(
    directives: list[Directive],
    others: Sequence[SourceFile],
    chain: tuple[str, ...],
    budget: list[int],
    *,
    in_server: bool = False,
) -> list[Directive]:
    """The directives with project files put in where they are included, none inside itself.

    A pattern is followed inside a server alone: elsewhere what it names is read by itself. The
    ``budget`` is of characters, since every server may include the same file.
    """
    result = []
    for d in directives:
        if d.name == "include" and d.arguments and len(chain) < MAX_CHAIN:
            files = list(included(d.arguments[0], others, chain, in_server=in_server))
            budget[0] -= sum(len(file.text) for file in files)
            if files and budget[0] > 0:
                for file in files:
                    inner = (*chain, file.path)
                    parts = tree(file)
                    result += _with_includes(parts, others, inner, budget, in_server=in_server)
                continue
        if d.block:
            inside = in_server or d.name == "server"
            d.block = _with_includes(d.block, others, chain, budget, in_server=inside)
        result.append(d)
    return result


def included(
    argument: str, others: Sequence[SourceFile], chain: tuple[str, ...], *, in_server: bool
) -> Iterator[SourceFile]:
    """The files of the project that an include's argument names, those of ``chain`` left out."""
    folder, _, name = argument.rpartition("/")
    if "*" not in name:
        match = [o for o in others if _placed_name(o.name) == name and o.path not in chain]
        inside = [
            o for o in match if _placed_name(o.path).endswith(f"{folder.rpartition('/')[2]}/{name}")
        ]
        yield from match if len(match) == 1 else inside if len(inside) == 1 else ()
    elif in_server and folder:
        last = folder.rpartition("/")[2]
        match = [o for o in others if fnmatchcase(o.name, name) and o.path not in chain]
        match = [o for o in match if o.folder.rpartition("/")[2] == last]
        if len({o.folder for o in match}) == 1:  # of several folders nobody knows which
            yield from match


def _placed_name(name: str) -> str:
    """A file's name where it is put in place: a template of Jinja's loses its ending."""
    return name.removesuffix(".jinja2").removesuffix(".j2")


def _site(
    server: Directive,
    outer: Directive,
    upstreams: Mapping[str, list[Directive]],
    file: SourceFile,
    is_embedded: bool,
    over_tls: Container[tuple[str, int]],
) -> ProxySite:
    ssl_on = any(d.arguments[:1] == ("on",) for d in server.all("ssl"))
    listens = tuple(_listen(d, ssl_on, over_tls) for d in server.all("listen") if d.arguments)
    listens = tuple(one for one in listens if one.port >= 0)
    if not any(server.all("listen")):
        listens = (Listen(80, server.span()),)
    hsts = next(
        (d.span() for s in (server, outer) for d in s.all("add_header") if _is_hsts(d)), None
    ) or next((d.span() for d in server.deep() if d.name == "add_header" and _is_hsts(d)), None)
    if hsts is not None and _is_lost(server):
        hsts = None
    protocols = next((d for s in (server, outer) for d in s.all("ssl_protocols")), None)
    ciphers = next((d for s in (server, outer) for d in s.all("ssl_ciphers")), None)
    certificate = next((d for s in (server, outer) for d in s.all("ssl_certificate")), None)
    policy = next(
        (
            d.span()
            for d in (*server.deep(), *outer.all("add_header"))
            if d.name == "add_header" and _allows_http(d)
        ),
        None,
    )
    redirect = _redirect(server)
    return ProxySite(
        "nginx",
        server.span(),
        listens,
        tuple(_forwards(server, _InForce().within(outer).within(server), upstreams)),
        redirects=redirect.span() if redirect is not None else None,
        comes_back=redirect.span() if redirect and _comes_back(redirect, server) else None,
        hsts=hsts,
        protocols=_setting(protocols, file) if protocols else None,
        ciphers=_setting(ciphers, file) if ciphers else None,
        certificate=_setting(certificate, file) if certificate else None,
        environment=file.environment,
        is_embedded=is_embedded,
        policy=policy,
        asks_password=next((d.span() for d in server.deep() if _asks_password(d)), None),
        staples=next(
            (d.span() for d in server.all("ssl_stapling") if _asks_issuer(d, server)), None
        ),
    )


def _setting(directive: Directive, file: SourceFile) -> Setting:
    words = " ".join(directive.arguments)
    return Setting(directive.name, words, directive.span(), file.environment)


def _listen(directive: Directive, ssl_on: bool, over_tls: Container[tuple[str, int]]) -> Listen:
    """A ``listen``; one socket is shared by all servers that name it, and so is its ``ssl``."""
    words = directive.arguments
    has_tls = "ssl" in words or "quic" in words or ssl_on
    if words[0].startswith("unix:"):
        return Listen(-1, directive.span())
    host, port = _address(words[0])
    return Listen(port, directive.span(), has_tls or (host, port) in over_tls, host)


def _address(text: str) -> tuple[str, int]:
    """The host, "" for every interface, and port of a ``listen``."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal():
        host, port = ("", text) if text.isdecimal() else (text, "80")
    number = whole(port)
    return ("" if host == "*" else host), 80 if number is None else number


def _asks_password(d: Directive) -> bool:
    """True for Basic authentication (nginx, ngx_http_auth_basic_module)."""
    return d.name == "auth_basic" and d.arguments[:1] not in ((), ("off",))


def _asks_issuer(d: Directive, server: Directive) -> bool:
    """True for OCSP responses from the responder that the certificate names."""
    own = ("ssl_stapling_file", "ssl_stapling_responder")
    return d.arguments[:1] == ("on",) and not any(any(server.all(name)) for name in own)


def _is_hsts(d: Directive) -> bool:
    return len(d.arguments) > 1 and d.arguments[0].lower() == "strict-transport-security"


def _is_lost(server: Directive) -> bool:
    """True if every location that passes requests on has headers of its own, HSTS not among them.

    A level that has an ``add_header`` inherits none (nginx, ngx_http_headers_module).
    """
    passing = [
        d
        for d in server.deep()
        if d.name == "location" and any(i.name.endswith("_pass") for i in d.block)
    ]
    own = [list(d.all("add_header")) for d in passing]
    return bool(own) and all(some and not any(map(_is_hsts, some)) for some in own)


def _allows_http(d: Directive) -> bool:
    """True for a Content-Security-Policy that names the whole scheme http."""
    if len(d.arguments) < 2 or d.arguments[0].lower() != "content-security-policy":
        return False
    return bool(
        re.search(r"(default|script|style|connect)-src[^;]*\shttp:(\s|;|$)", d.arguments[1])
    )


def _redirect(server: Directive) -> Directive | None:
    """What sends all requests to https, or refuses them all. Returns None if nothing does."""
    passes_none = not any(d.name.endswith("_pass") for d in server.deep())
    passing = _passing(server)
    of_a_host: Directive | None = None  # certbot's: its hosts are redirected, others refused after
    for d in server.block:
        if _is_to_https(d) or _refuses(d):
            return of_a_host or d
        if d.name == "if" and "$host" in " ".join(d.arguments):
            of_a_host = next((one for one in d.block if _is_to_https(one)), of_a_host)
        if passes_none and d.name == "location" and d.arguments == ("/",):
            refused = next((inner for inner in d.block if _refuses(inner)), None)
            if refused is not None:
                return refused
        is_root = d.name == "location" and d.arguments[-1:] == ("/",)
        inside = d.block if is_root and all(other is d for other in passing) else []
        levels = [level for level in (d, *inside) if _asks_own_scheme(level)]
        if inside:
            levels.append(d)
        for level in levels:
            for inner in filter(_is_to_https, level.block):
                return inner
    return None


def _asks_own_scheme(d: Directive) -> bool:
    """True for an ``if`` that holds where the request arrived here in clear, whatever a proxy
    before says.
    """
    test = " ".join(d.arguments)
    is_own = d.name == "if" and _OWN_SCHEME.search(test) is not None
    return is_own and not _OF_TLS.search(test)


def _comes_back(redirect: Directive, server: Directive) -> bool:
    """True for a redirect to the host that was asked for."""
    target = next((w[8:] for w in redirect.arguments if w.startswith("https://")), "")
    name = _SAME_HOST.match(target)
    names = {name for d in server.all("server_name") for name in d.arguments}
    return name is not None and (name[1] is not None or name[2] in names)


def _passing(server: Directive) -> list[Directive]:
    """The locations, not ACME's, that pass requests on: two at most, which tell of any."""
    passing = (
        d
        for d in server.all("location")
        if ".well-known" not in " ".join(d.arguments)
        and any(inner.name.endswith("_pass") for inner in d.deep())
    )
    return list(islice(passing, 2))


def _is_to_https(d: Directive) -> bool:
    if d.name == "return":
        return any(w.startswith("https://") for w in d.arguments)
    return d.name == "rewrite" and len(d.arguments) > 1 and d.arguments[1].startswith("https://")


def _refuses(d: Directive) -> bool:
    """True for ``return 403;`` and its like; 444 closes the connection (nginx, rewrite)."""
    status = d.arguments[0] if d.name == "return" and len(d.arguments) == 1 else ""
    return len(status) == 3 and status.isdecimal() and status.startswith("4")


class _Target(NamedTuple):
    scheme: str
    host: str
    port: int | None
    socket: str
    has_unknown_port: bool = False


def _forwards(
    at: Directive,
    in_force: _InForce,
    upstreams: Mapping[str, list[Directive]],
    depth: int = 0,
) -> Iterator[Forward]:
    """Every place that a server passes requests on, with the headers in force there."""
    for d in at.block:
        if d.name in ("proxy_pass", "uwsgi_pass", "grpc_pass", "fastcgi_pass") and d.arguments:
            headers = in_force.headers
            if d.name != "proxy_pass":
                headers = {**headers, "x-forwarded-proto": GATEWAY}
            for target in _targets(in_force.filled(d.arguments[0]), upstreams):
                yield Forward(
                    target.host,
                    target.port,
                    target.scheme,
                    d.span(),
                    headers,
                    in_force.place,
                    target.socket,
                    in_force.verifies,
                    target.has_unknown_port,
                )
        elif d.block and depth < MAX_DEPTH:
            yield from _forwards(d, in_force.within(d), upstreams, depth + 1)


@dataclass(frozen=True, slots=True)
class _InForce:
    """What a level has of those around it: request headers, variables, verification upstream.

    Headers are those of the innermost level that sets any (nginx, ngx_http_proxy).
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    place: Span | None = None
    verifies: bool | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        """Text with the variables that ``set`` gives a value here (nginx, ngx_http_rewrite)."""
        return _VARIABLE.sub(lambda m: self.values.get(m[1] or m[2], m[0]), text[:MAX_TARGET])

    def within(self, level: Directive) -> _InForce:
        """What is in force inside a level."""
        found: dict[str, str] = {}
        values: dict[str, str] = {}
        place = None
        verify = None
        for d in level.block:
            if d.name == "set" and len(d.arguments) == 2:
                values[d.arguments[0].lstrip("$")] = d.arguments[1][:MAX_TARGET]
            elif d.name == "proxy_set_header" and len(d.arguments) > 1:
                found[d.arguments[0].lower()] = d.arguments[1]
                if place is None or d.arguments[0].lower() == "x-forwarded-for":
                    place = d.span()
            elif d.name == "include" and d.arguments and "proxy_params" in d.arguments[0]:
                found |= _PROXY_PARAMS
                place = place or d.span()
            elif d.name == "proxy_ssl_verify" and verify is None:
                verify = d.arguments[:1] == ("on",)
        verifies = self.verifies if verify is None else verify
        inner = {**self.values, **values} if values else self.values
        if not found:
            return _InForce(self.headers, self.place, verifies, inner)
        return _InForce(found, place, verifies, inner)


def _targets(text: str, upstreams: Mapping[str, list[Directive]]) -> Iterator[_Target]:
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    name = rest.partition("/")[0]
    if rest.startswith("unix:"):
        yield _Target(scheme, "", None, rest[5:].partition(":")[0])
        return
    if name in upstreams:
        for server in upstreams[name][:5]:
            address = server.arguments[0]
            if address.startswith("unix:"):
                yield _Target(scheme, "", None, address[5:])
            else:
                yield _split(scheme, address)
        return
    yield _split(scheme, name)


def _split(scheme: str, address: str) -> _Target:
    host, colon, port = address.rpartition(":")
    if not colon:
        host, port = address, ""
    number = whole(port.partition("$")[0])  # http://web:8000$request_uri
    is_unknown = bool(port) and number is None
    return _Target(scheme, host if colon else address, number, "", is_unknown)
