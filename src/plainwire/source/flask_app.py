"""Flask applications: where they are made, and everything that their configuration may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from plainwire.model import (
    App,
    Function,
    Middleware,
    Setting,
    SourceFile,
    Span,
)
from plainwire.source.configuration import Configuration
from plainwire.source.python.facts import PythonBinding, PythonCall
from plainwire.source.python.module import PythonModule
from plainwire.source.python.program import Program

ROOT_FILES = frozenset(
    {
        "Dockerfile",
        "requirements.txt",
        "setup.py",
        "setup.cfg",
        "pyproject.toml",
        "Pipfile",
        "Procfile",
    }
)
MAKERS = frozenset(
    {
        "flask.Flask",
        "flask.app.Flask",
        "connexion.App",
        "connexion.FlaskApp",
        "connexion.AsyncApp",
        "apiflask.APIFlask",
        "flask_openapi3.OpenAPI",
        "flask_lambda.FlaskLambda",
        "quart.Quart",
    }
)
WRAPPERS = frozenset(
    {"ProxyFix", "Talisman", "SSLify", "ReverseProxied", "SecureHeaders", "Secure", "TLS"}
)
_LATE = {"talisman": "Talisman", "sslify": "SSLify"}  # by their objects' usual names
SESSION_MODULES = frozenset(
    {
        "flask_login",
        "flask_session",
        "flask_wtf",
        "flask_security",
        "flask_user",
        "flask_dance",
        "flask_appbuilder",
        "flask_admin",
        "flask_principal",
    }
)
_MARKS = frozenset({"flask_login.UserMixin", "flask_login.AnonymousUserMixin"})
_PASSWORD = frozenset({"password", "passwd", "passphrase", "user_password"})
_LOGIN_NAME = re.compile(
    r"log_?in|sign_?in|authenticat|register|sign_?up|(get|issue|create)_?token"
    r"|^token(resource|view|api|endpoint)?$|change_password",
    re.IGNORECASE,
)
# Forms whose fields, a password among them, stand elsewhere.
_LOGIN_FORM = re.compile(r"\w*(Log_?in|Sign_?in|Regist(er|ration)|Sign_?up)_?Form", re.IGNORECASE)
# What proves a password, and what lets in whoever had it.
_PROVES = frozenset({"check_password", "check_password_hash", "verify_password", "checkpw"})
_LETS_IN = frozenset({"login_user", "create_access_token"})
# Decorators that give a view what the request holds (webargs, flask-smorest, APIFlask, RESTX).
_PARSERS = frozenset({"arguments", "use_args", "use_kwargs", "input", "expect"})
_CLIENTS = frozenset({"requests", "aiohttp", "httpx", "requests_toolbelt"})
_METHODS = frozenset({"post", "put", "dispatch_request"})
_VERBS = frozenset({"route", "post", "put", "get", "add_url_rule", "patch"})


def folder_of(path: str, roots: Sequence[str]) -> str:
    """The innermost folder of a path that is a component's root; "" is the project's."""
    return max((r for r in roots if not r or path.startswith(r + "/")), key=len, default="")


def component_roots(files: Sequence[SourceFile]) -> tuple[str, ...]:
    """The folders that hold a component: those with a Dockerfile, requirements or a package."""
    found = {f.folder for f in files if f.name in ROOT_FILES and f.environment != "vendored"}
    found = {f.removesuffix("/requirements") for f in found if not f.endswith("/app/app")}
    return ("", *sorted(found - {""}))


def find_apps(
    program: Program, roots: Sequence[str], loaded: Sequence[Setting] = ()
) -> tuple[App, ...]:
    """Every application made outside tests, one for each place that makes one.

    ``loaded`` is what settings files say that code opens.
    """
    made = [
        (module, call)
        for module in program.modules
        if module.file.environment in ("production", "staging", "development")
        for call in module.calls
        if _makes_app(call, module, program)
    ]
    by_folder: dict[str, list[tuple[PythonModule, PythonCall]]] = {}
    for module, call in made:
        by_folder.setdefault(folder_of(module.file.path, roots), []).append((module, call))
    apps = []
    for folder, calls in by_folder.items():
        others = [r for r in by_folder if r != folder and r.startswith(folder and folder + "/")]
        facts = _Component(program, folder, others, loaded)
        apps += [facts.app(module, call) for module, call in calls[:20]]
    return tuple(apps)


def _makes_app(call: PythonCall, module: PythonModule, program: Program) -> bool:
    name = call.name
    if name in MAKERS:
        return True
    at = module.classes.get(name)
    if at is None and name and name[0] != name:
        found = program.split(name)
        at = found[0].classes.get(found[1]) if found else None
    return at is not None and any(base in MAKERS for base in at)


class _Component:
    """The facts of one component, found once for all applications in it."""

    def __init__(
        self, program: Program, folder: str, others: Sequence[str], loaded: Sequence[Setting]
    ) -> None:
        prefix = folder + "/" if folder else ""
        self.program = program
        self.folder = folder
        self.modules = [
            m
            for m in program.modules
            if m.file.path.startswith(prefix)
            and not any(m.file.path.startswith(o + "/") for o in others)
            and m.file.environment not in ("test", "vendored", "documentation", "example")
        ]
        self.configuration = Configuration(self.modules)
        own = (s for s in loaded if s.place.path.startswith(prefix))
        self.settings = (*self.configuration.settings(), *own)
        self.middleware = tuple(self._middleware())
        self.extensions = frozenset(
            name.partition(".")[0] for m in self.modules for name in m.imports.values()
        )
        self.credentials = tuple(self._credentials())
        self.external_urls = tuple(self._external_urls())
        self.redirect_hook = self._hook(_is_redirect)
        self.hsts_hook = self._hsts()

    def app(self, module: PythonModule, call: PythonCall) -> App:
        """The application that a call makes."""
        uses_session = any(
            name in ("flask.session", "flask.flash")
            for m in self.modules
            for name in m.imports.values()
        )
        return App(
            module.span(call.line),
            self.folder,
            self.settings,
            self.middleware,
            self.extensions,
            uses_session or self._keeps_sessions(),
            self.credentials,
            self.external_urls,
            self.redirect_hook,
            self.hsts_hook,
            tuple(self.configuration.places()),
        )

    def _keeps_sessions(self) -> bool:
        """True if an extension that keeps sessions is imported, and not only to mark a class."""
        return any(
            name.partition(".")[0] in SESSION_MODULES and name not in _MARKS
            for m in self.modules
            for name in m.imports.values()
        )

    def _middleware(self) -> Iterator[Middleware]:
        holders = dict(_holders(self.modules))
        late = {_wrapped_late(call, holders) for module in self.modules for call in module.calls}
        for module in self.modules:
            for call in module.calls:
                given = _wrapped_late(call, holders)
                last = given or call.name.rpartition(".")[2]
                if not given and last in late and not call.has_arguments:
                    continue  # it wraps nothing before its init_app
                if last not in WRAPPERS or (last == "Secure" and "secure" not in call.name):
                    continue
                arguments: dict[str, object] = {}
                for key in call.keywords:
                    value = call.argument(key)
                    arguments[key] = value.literal if value is not None else None
                for position, key in enumerate(
                    ("app", "x_for", "x_proto", "x_host", "x_port", "x_prefix")
                ):
                    value = call.argument(key, position)
                    if last == "ProxyFix" and value is not None:
                        arguments.setdefault(key, value.literal)
                conditional = bool(call.conditions) or _is_passed_by(call, module)
                name = call.name
                changes = {b.key: b for b in _changes(call, module)}
                yield Middleware(
                    last if given or "." not in name else name,
                    module.span(call.line),
                    arguments | {key: b.value.literal for key, b in changes.items()},
                    conditional,
                    call.scope,
                    {key: module.span(b.line) for key, b in changes.items()},
                )

    def _hook(self, is_wanted: Callable[[Function], bool]) -> Span | None:
        for module in self.modules:
            for function in module.functions:
                names = [d.name.rpartition(".")[2] for d in function.decorators]
                if any("before" in n and "request" in n for n in names) and is_wanted(function):
                    return module.span(function.line)
        return None

    def _hsts(self) -> Span | None:
        for module in self.modules:
            for text in module.strings:
                if text.value.lower() == "strict-transport-security":
                    return module.span(text.line)
        return None

    def _credentials(self) -> Iterator[Span]:
        """The views that take a password, and Basic authentication."""
        found: list[tuple[int, Span]] = []
        for module in self.modules:
            for function in module.functions:
                rank = _takes_password(function)
                if rank is not None:
                    found.append((rank, module.span(function.line)))
            for call in module.calls:
                if _asks_by_basic(call):
                    found.append((3, module.span(call.line)))
            for binding in module.bindings:
                if binding.source >= {"request", "authorization"}:
                    found.append((3, module.span(binding.line)))
        yield from (span for _, span in sorted(found, key=lambda pair: pair[0]))

    def _external_urls(self) -> Iterator[Span]:
        for module in self.modules:
            for call in module.calls:
                if call.name.rpartition(".")[2] == "url_for" and "_scheme" not in call.keywords:
                    external = call.argument("_external")
                    if external is not None and external.literal:
                        yield module.span(call.line)


def _is_passed_by(call: PythonCall, module: PythonModule) -> bool:
    """True for a layer around ``app.wsgi_app`` that comes after another application was made of it.

    `application = DispatcherMiddleware(app.wsgi_app, …)` keeps what was there: a request in clear
    is not refused, its view ends with an error.
    """
    if call.name != "flask_plainwire.TLS":
        return False
    inner = f"{call.named('app', 0)}.wsgi_app"
    return any(
        b.line < call.line
        and b.call is not None
        and not b.name.endswith("wsgi_app")
        and any(b.call.named("", at) == inner for at in range(2))
        for b in module.bindings
    )


def _holders(modules: Sequence[PythonModule]) -> Iterator[tuple[str, str]]:
    """The names that hold a Talisman or SSLify, as their module and others know them."""
    for module in modules:
        for binding in module.bindings:
            made = binding.call.name.rpartition(".")[2] if binding.call is not None else ""
            if made in _LATE.values():
                yield binding.name, made
                yield f"{module.name}.{binding.name}", made


def _wrapped_late(call: PythonCall, holders: Mapping[str, str]) -> str:
    """What wraps an application by ``init_app``, by its object or that one's usual name; or
    nothing.
    """
    holder, _, last = call.name.rpartition(".")
    if last != "init_app":
        return ""
    return holders.get(holder) or _LATE.get(holder.rpartition(".")[2].lower(), "")


def _changes(call: PythonCall, module: PythonModule) -> Iterator[PythonBinding]:
    """The attributes that are set after a call, in the same function, of what it made or wrapped.

    Talisman reads its options at each request, from where its arguments were kept (Flask-Talisman,
    ``init_app``), so that the last word is what holds.
    """
    name = call.name.removesuffix(".init_app")
    if name == call.name:
        name = next((b.name for b in module.bindings if b.call is call), "")
    for binding in module.bindings:
        is_its_own = name and binding.name == f"{name}.{binding.key}"
        is_later = binding.scope == call.scope and binding.line > call.line
        if is_its_own and is_later and not binding.is_conditional:
            yield binding


def _asks_by_basic(call: PythonCall) -> bool:
    """True for what asks users for a password, and not for what a client sends to others."""
    holder, _, last = call.name.rpartition(".")
    return last in ("HTTPBasicAuth", "BasicAuth") and holder.partition(".")[0] not in _CLIENTS


def _takes_password(function: Function) -> int | None:
    """How plainly a function takes credentials from a request, best first. None: it does not."""
    words = function.words
    routes = [d for d in function.decorators if d.name.rpartition(".")[2] in _VERBS]
    paths = [v.text for d in routes if (v := d.argument("rule", 0)) is not None]
    name = function.name
    if name in _METHODS:  # of a class of views, which has the telling name
        name = function.scope.rpartition(".")[2] or name
    is_login = bool(_LOGIN_NAME.search(name)) or any(map(_LOGIN_NAME.search, paths))
    has_form = any(map(_LOGIN_FORM.fullmatch, words))
    is_given = any(d.name.rpartition(".")[2] in _PARSERS for d in function.decorators)
    # Flask-RESTful's reqparse: a method of a resource takes a password out of what it parsed.
    is_parsed = function.name in _METHODS and "parse_args" in words and bool(_PASSWORD & words)
    # Connexion calls what the description names with the body as a parameter of that name.
    is_body = {"body", "password"} <= words and bool(words & _LETS_IN)
    takes = bool({"request", "form", "get_json"} & words) or has_form or is_given or is_parsed
    if not is_body and (not takes or not (is_login or is_parsed or (has_form and routes))):
        return None
    lower = {word.lower() for word in words}
    if not has_form and not any("password" in word or word in _PASSWORD for word in lower):
        return None
    is_login_name = re.search(r"log_?in|sign_?in|token", name, re.IGNORECASE) is not None
    if is_login_name:
        rank = 0 if words & (_LETS_IN | _PROVES) else 2
    else:
        rank = 1 if words & _LETS_IN else 4
    return rank if routes or name != function.name else rank + 1


def _is_redirect(function: Function) -> bool:
    words = function.words
    knows = {"is_secure", "X-Forwarded-Proto", "scheme", "HTTP_X_FORWARDED_PROTO"} & words
    return bool(knows) and ("redirect" in words or "abort" in words)
