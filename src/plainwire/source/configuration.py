"""What the configuration of a Flask application may say, in all the forms that it is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from plainwire.model import Environment, Setting, Span, Value
from plainwire.source.python.facts import PythonBinding, PythonCall
from plainwire.source.python.module import PythonModule
from plainwire.source.python.program import dotted

_CONFIG_STEM = re.compile(r"(^|_)(config|configs|configuration|settings|conf)(_|$)|default_config")
_CONFIG_CLASS = re.compile(r"config|settings", re.IGNORECASE)
_DEVELOPMENT = re.compile(r"dev|local|debug", re.IGNORECASE)
_TEST = re.compile(r"test", re.IGNORECASE)
_FOR_TESTS = re.compile(r"(^|_)(tests?|testing)(_|$)", re.IGNORECASE)  # functions
_STAGING = re.compile(r"staging|stage", re.IGNORECASE)
# What Django's settings have and Flask's have not.
_DJANGO = frozenset({"INSTALLED_APPS", "ROOT_URLCONF", "WSGI_APPLICATION", "MIDDLEWARE"})
# Classes that hold settings and do nothing: ProductionConfig, Settings, ConfigProd.
_WHOLE_NAME = re.compile(
    r"\w*(config|configuration|settings)\d?|(config|settings)_?(prod\w*|base|default|live|heroku)",
    re.IGNORECASE,
)
# Flask's own keys (Flask, Configuration Handling) and the prefixes of its common extensions.
_FLASK_KEY = re.compile(
    r"SECRET_KEY|SECRET_KEY_FALLBACKS|DEBUG|TESTING|SERVER_NAME|APPLICATION_ROOT|TRUSTED_HOSTS"
    r"|PREFERRED_URL_SCHEME|PERMANENT_SESSION_LIFETIME|MAX_CONTENT_LENGTH|PROPAGATE_EXCEPTIONS"
    r"|TEMPLATES_AUTO_RELOAD|SEND_FILE_MAX_AGE_DEFAULT|CSRF_ENABLED|JSON_(AS_ASCII|SORT_KEYS)"
    r"|(SESSION|REMEMBER_COOKIE|SQLALCHEMY|WTF|JWT|MAIL|SECURITY|CACHE|BABEL|MONGODB)_\w+"
)
_GENERATIONS = 4
_LOADERS = (
    ".from_object",
    ".from_pyfile",
    ".from_envvar",
    ".from_file",
    ".from_json",
    ".from_mapping",
    ".from_prefixed_env",
    ".config.update",
)
_UPPER = re.compile(r"[A-Z][A-Z0-9_]+")


class Configuration:
    """The settings in the modules of one component."""

    def __init__(self, modules: Sequence[PythonModule]) -> None:
        self.modules = modules

    def settings(self) -> Iterator[Setting]:
        """Every setting, in the order of files and lines."""
        yield from self._effective(tuple(self._settings()))

    def _settings(self) -> Iterator[Setting]:
        is_loading = any(c.name.endswith(_LOADERS) for m in self.modules for c in m.calls)
        for module in self.modules:
            is_config = self._is_config(module)
            for b in module.bindings:
                key, environment, scope = b.key, module.file.environment, b.scope
                if "config[" in b.name or b.name.endswith((".secret_key", ".debug")):
                    key = {"secret_key": "SECRET_KEY", "debug": "DEBUG"}.get(key, key)
                    if _FOR_TESTS.search(scope.rpartition(".")[2]):
                        environment = "test"
                elif b.owner and b.owner == b.scope and _UPPER.fullmatch(b.name):
                    if not self._is_config_class(module, b.owner):
                        continue
                    if b.owner not in self._always_loaded():
                        environment = _of_class(b.owner, environment)
                    scope = b.owner
                elif not (is_config and not b.scope and _UPPER.fullmatch(b.name)):
                    continue
                is_unsure = b.is_conditional or (b.is_main and self._is_given_otherwise(b, module))
                is_unsure |= b.name.endswith(".debug") and _only_runs(module)
                is_unsure |= b.name == "DEBUG" and not scope and not is_loading
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
        if any(b.name in _DJANGO and not b.scope for b in module.bindings):
            return False
        stem = dotted(module.file.path).rpartition(".")[2].lower()
        is_own = any(
            c.name.endswith(".from_object") and c.named("obj", 0) == "__name__"
            for c in module.calls
        )
        is_own |= module.file.name.endswith(".cfg")  # read as Python, so it is from_pyfile's
        return is_own or bool(_CONFIG_STEM.search(stem)) or module.name in self._from_object()

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

    def _always_loaded(self) -> frozenset[str]:
        """The one class that every start loads, whatever it is called: ``DevelopmentConfig`` too.

        That is the one which all modules that make an application name, under no condition.
        """
        if not hasattr(self, "_one"):
            calls = [
                call
                for module in self.modules
                if module.file.environment == "production"
                and any(c.name.endswith("Flask") for c in module.calls)
                for call in module.calls
                if call.name.endswith(".from_object")
            ]
            names = {"" if call.conditions else _loaded(call) for call in calls}
            self._one = frozenset({names.pop()} - {""} if len(names) == 1 else ())
        return self._one

    def _is_config_class(self, module: PythonModule, name: str) -> bool:
        bases = module.classes.get(name, ())
        if any(base.endswith(("Model", "Form", "Serializer", "Schema")) for base in bases):
            return False
        if _CONFIG_CLASS.search(name):
            return True
        full = f"{module.name}.{name}"
        return any(_CONFIG_CLASS.search(base) for base in bases) or full in self._from_object()

    def places(self) -> Iterator[Span]:
        """Where an application's classes of settings begin, not those for tests and development.

        They are those that are loaded or hold what Flask reads, with their heirs; where there are
        none, those that are called as such in modules that are.
        """
        found = list(self._classes())
        known = {name for module, name, _ in found if self._is_loaded(module, name)}
        known |= {name for module, name, _ in found if _has_flask_keys(module, name)}
        for _ in range(_GENERATIONS if known else 0):
            known |= {name for module, name, _ in found if _bases(module, name) & known}
        for module, name, line in found:
            stem = dotted(module.file.path).rpartition(".")[2].lower()
            is_called_so = _CONFIG_STEM.search(stem) and _WHOLE_NAME.fullmatch(name)
            if name in known if known else is_called_so:
                yield module.span(line)

    def _classes(self) -> Iterator[tuple[PythonModule, str, int]]:
        """The classes with settings that are for production by their names, and their lines."""
        for module in self.modules:
            upper = {b.owner for b in module.bindings if _UPPER.fullmatch(b.name)}
            for name, line in sorted(module.class_lines.items(), key=lambda item: item[1]):
                if _of_class(name, "production") != "production" or name not in upper:
                    continue
                if self._is_config_class(module, name):
                    yield module, name, line

    def _is_loaded(self, module: PythonModule, name: str) -> bool:
        """True for a class that ``from_object`` names, alone or within the module that it says."""
        return bool({name, f"{module.name}.{name}"} & self._from_object())


def _loaded(call: PythonCall) -> str:
    """The class that ``from_object`` is given by its name, or an empty string."""
    value = call.argument("obj", 0)
    is_fixed = value is not None and value.variable is None
    text = (value.text if value is not None else "") or call.named("obj", 0) or ""
    return text.rpartition(".")[2] if is_fixed else ""


def _bases(module: PythonModule, name: str) -> set[str]:
    """The last parts of the names of a class's bases."""
    return {base.rpartition(".")[2] for base in module.classes.get(name, ())}


def _has_flask_keys(module: PythonModule, name: str) -> bool:
    """True for a class that sets what Flask or an extension of it reads."""
    return any(b.owner == name and _FLASK_KEY.fullmatch(b.name) for b in module.bindings)


def _only_runs(module: PythonModule) -> bool:
    """True for a script that starts an application of another module, for whoever runs it."""
    names = [call.name for call in module.calls]
    return any(n.endswith(".run") for n in names) and not any(n.endswith("Flask") for n in names)


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
    if isinstance(literal, bytes):
        literal = literal.decode("ascii", "backslashreplace")
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
