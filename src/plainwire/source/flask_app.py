"""Flask applications: where they are made, and everything that their configuration may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from plainwire.model import (
    App,
    Environment,
    Function,
    Middleware,
    Setting,
    SourceFile,
    Span,
    Value,
)
from plainwire.source.python.module import PythonBinding, PythonCall, PythonModule
from plainwire.source.python.program import Program, dotted

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
_CONFIG_STEM = re.compile(r"(^|_)(config|configs|configuration|settings|conf)(_|$)|default_config")
_CONFIG_CLASS = re.compile(r"config|settings", re.IGNORECASE)
_DEVELOPMENT = re.compile(r"dev|local|debug", re.IGNORECASE)
_TEST = re.compile(r"test", re.IGNORECASE)
_STAGING = re.compile(r"staging|stage", re.IGNORECASE)
_UPPER = re.compile(r"[A-Z][A-Z0-9_]+")
_PASSWORD = frozenset({"password", "passwd", "passphrase", "user_password"})
_LOGIN_NAME = re.compile(
    r"log_?in|sign_?in|authenticat|register|sign_?up|(get|issue|create)_?token|^token$|change_password",
    re.IGNORECASE,
)
_VERBS = frozenset({"route", "post", "put", "get", "add_url_rule", "patch"})


def folder_of(path: str, roots: Sequence[str]) -> str:
    """The innermost folder of a path that is a component's root; "" is the project's."""
    return max((r for r in roots if not r or path.startswith(r + "/")), key=len, default="")


def component_roots(files: Sequence[SourceFile]) -> tuple[str, ...]:
    """The folders that hold a component: those with a Dockerfile, requirements or a package."""
    found = {f.folder for f in files if f.name in ROOT_FILES and f.environment != "vendored"}
    found = {f.removesuffix("/requirements") for f in found if not f.endswith("/app/app")}
    return ("", *sorted(found - {""}))


def find_apps(program: Program, roots: Sequence[str]) -> tuple[App, ...]:
    """Every application made outside tests, one for each place that makes one."""
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
        facts = _Component(program, folder, others)
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

    def __init__(self, program: Program, folder: str, others: Sequence[str]) -> None:
        prefix = folder + "/" if folder else ""
        self.program = program
        self.folder = folder
        self.modules = [
            m
            for m in program.modules
            if m.file.path.startswith(prefix)
            and not any(m.file.path.startswith(o + "/") for o in others)
            and m.file.environment not in ("test", "vendored", "documentation")
        ]
        self.settings = tuple(self._effective(tuple(self._settings())))
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
            uses_session or bool(self.extensions & SESSION_MODULES),
            self.credentials,
            self.external_urls,
            self.redirect_hook,
            self.hsts_hook,
            tuple(self._config_places()),
        )

    # Settings ------------------------------------------------------------------------------

    def _settings(self) -> Iterator[Setting]:
        for module in self.modules:
            is_config = self._is_config(module)
            for b in module.bindings:
                key, environment, scope = b.key, module.file.environment, b.scope
                if "config[" in b.name or b.name.endswith((".secret_key", ".debug")):
                    key = {"secret_key": "SECRET_KEY", "debug": "DEBUG"}.get(key, key)
                elif b.owner and b.owner == b.scope and _UPPER.fullmatch(b.name):
                    if not self._is_config_class(module, b.owner):
                        continue
                    environment = _of_class(b.owner, environment)
                    scope = b.owner
                elif not (is_config and not b.scope and _UPPER.fullmatch(b.name)):
                    continue
                is_unsure = b.is_conditional or (b.is_main and self._is_given_otherwise(b, module))
                yield _setting(key, b.value, module, b.line, environment, scope, is_unsure)
            for call in module.calls:
                yield from _updates(call, module)

    @staticmethod
    def _is_given_otherwise(binding: PythonBinding, module: PythonModule) -> bool:
        """True for what holds under ``__main__`` only, where the module says it for the rest."""
        return any(b.key == binding.key and not b.is_main for b in module.bindings)

    def _effective(self, settings: Sequence[Setting]) -> Iterator[Setting]:
        """The settings, those of a base class marked that every class in use says otherwise.

        A base that is named by ``from_object`` is in use itself.
        """
        bases: dict[str, set[str]] = {}
        for module in self.modules:
            for name, written in module.classes.items():
                bases.setdefault(name, set()).update(b.rpartition(".")[2] for b in written)
        used = {name.rpartition(".")[2] for name in self._from_object()}
        said: dict[tuple[str, str], Setting] = {(s.scope, s.name): s for s in settings if s.scope}
        deployed = ("production", "staging")
        for setting in settings:
            heirs = [
                name
                for name, over in bases.items()
                if setting.scope in over and _of_class(name, "production") in deployed
            ]
            if setting.scope in bases and heirs and setting.scope not in used:
                others = [said.get((name, setting.name)) for name in heirs]
                if all(o is not None and o.value != setting.value for o in others):
                    yield replace(setting, is_conditional=True)
                    continue
            yield setting

    def _is_config(self, module: PythonModule) -> bool:
        stem = dotted(module.file.path).rpartition(".")[2].lower()
        return bool(_CONFIG_STEM.search(stem)) or module.name in self._from_object()

    def _from_object(self) -> set[str]:
        if not hasattr(self, "_named"):
            names = set()
            for module in self.modules:
                for call in module.calls:
                    if call.name.endswith((".from_object", ".from_pyfile")):
                        value = call.argument("obj", 0)
                        names.add(value.text if value is not None and value.text else "")
                        names.add(call.named("obj", 0))
            self._named = {name for name in names if name}
        return self._named

    def _is_config_class(self, module: PythonModule, name: str) -> bool:
        bases = module.classes.get(name, ())
        if any(base.endswith(("Model", "Form", "Serializer", "Schema")) for base in bases):
            return False
        if _CONFIG_CLASS.search(name):
            return True
        full = f"{module.name}.{name}"
        return any(_CONFIG_CLASS.search(base) for base in bases) or full in self._from_object()

    def _config_places(self) -> Iterator[Span]:
        """Where classes of settings begin, those for tests and development left out."""
        for module in self.modules:
            upper = {b.owner for b in module.bindings if _UPPER.fullmatch(b.name)}
            for name, line in sorted(module.class_lines.items(), key=lambda item: item[1]):
                if _of_class(name, "production") != "production" or name not in upper:
                    continue
                if self._is_config_class(module, name):
                    yield module.span(line)

    # What is wrapped around it ---------------------------------------------------------------

    def _middleware(self) -> Iterator[Middleware]:
        for module in self.modules:
            for call in module.calls:
                last = call.name.rpartition(".")[2]
                if last == "init_app":
                    receiver = call.name.rpartition(".")[0].rpartition(".")[2].lower()
                    last = {"talisman": "Talisman", "sslify": "SSLify"}.get(receiver, "")
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
                conditional = bool(call.conditions)
                name = call.name
                yield Middleware(
                    last if "." not in name else name,
                    module.span(call.line),
                    arguments,
                    conditional,
                    call.scope,
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

    # What passes through it -----------------------------------------------------------------

    def _credentials(self) -> Iterator[Span]:
        """The views that take a password, and Basic authentication."""
        found: list[tuple[int, Span]] = []
        for module in self.modules:
            for function in module.functions:
                rank = _takes_password(function)
                if rank is not None:
                    found.append((rank, module.span(function.line)))
            for call in module.calls:
                if call.name.rpartition(".")[2] in ("HTTPBasicAuth", "BasicAuth"):
                    found.append((1, module.span(call.line)))
        yield from (span for _, span in sorted(found, key=lambda pair: pair[0]))

    def _external_urls(self) -> Iterator[Span]:
        for module in self.modules:
            for call in module.calls:
                if call.name.rpartition(".")[2] == "url_for" and "_scheme" not in call.keywords:
                    external = call.argument("_external")
                    if external is not None and external.literal:
                        yield module.span(call.line)


def _takes_password(function: Function) -> int | None:
    """How plainly a function takes credentials from a request, best first. None: it does not."""
    words = function.words
    routes = [d for d in function.decorators if d.name.rpartition(".")[2] in _VERBS]
    paths = [v.text for d in routes if (v := d.argument("rule", 0)) is not None]
    is_login = bool(_LOGIN_NAME.search(function.name)) or any(map(_LOGIN_NAME.search, paths))
    if not is_login or not ({"request", "form", "get_json"} & words or "LoginForm" in words):
        return None
    lower = {word.lower() for word in words}
    if not lower & _PASSWORD and not any("password" in word for word in lower):
        return None
    rank = 0 if re.search(r"log_?in|sign_?in|token", function.name, re.IGNORECASE) else 2
    return rank if routes else rank + 1


def _is_redirect(function: Function) -> bool:
    words = function.words
    knows = {"is_secure", "X-Forwarded-Proto", "scheme", "HTTP_X_FORWARDED_PROTO"} & words
    return bool(knows) and ("redirect" in words or "abort" in words)


def _setting(
    key: str,
    value: Value,
    module: PythonModule,
    line: int,
    environment: Environment,
    scope: str,
    is_conditional: bool,
) -> Setting:
    literal = value.literal
    text = str(literal) if isinstance(literal, str | int | float | bool) else None
    if literal is None:
        text = ""
    has_default = value.variable is not None
    return Setting(
        key,
        text,
        module.span(line),
        environment,
        scope,
        value.variable,
        has_default,
        is_conditional,
    )


def _updates(call: PythonCall, module: PythonModule) -> Iterator[Setting]:
    """``app.config.update(KEY=value)`` and ``from_mapping``."""
    is_update = call.name.endswith((".config.update", ".config.from_mapping"))
    if call.name.endswith("config.setdefault"):
        key, value = call.argument("key", 0), call.argument("default", 1)
        if key is not None and value is not None and key.text:
            yield _setting(
                key.text, value, module, call.line, module.file.environment, call.scope, True
            )
    for name in call.keywords if is_update else ():
        value = call.argument(name)
        if value is not None and _UPPER.fullmatch(name):
            yield _setting(
                name,
                value,
                module,
                value.line or call.line,
                module.file.environment,
                call.scope,
                bool(call.conditions),
            )


def _of_class(name: str, otherwise: Environment) -> Environment:
    if _TEST.search(name):
        return "test"
    if _DEVELOPMENT.search(name):
        return "development"
    return "staging" if _STAGING.search(name) else otherwise
