"""The routes of Flask applications: their methods, whole paths and lines, and what they change.

https://flask.palletsprojects.com/en/stable/api/#url-route-registrations (read 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from plainwire.model import ApiOperation, Function, Parameter, Value
from plainwire.source.effects import Effects
from plainwire.source.python.facts import PythonCall
from plainwire.source.python.module import PythonModule
from plainwire.source.python.program import Program

MAX_ROUTES = 2_000
_VERBS = frozenset({"get", "post", "put", "patch", "delete"})
_VARIABLE = re.compile(r"<(?:([A-Za-z_]\w*)(?:\(([^<>]*)\))?:)?([A-Za-z_]\w*)>")
WRITES = "its code changes something"


def routes(program: Program) -> tuple[ApiOperation, ...]:
    """Every route outside tests, in the order of files and lines, each method by itself."""
    found: list[ApiOperation] = []
    prefixes, effects = _prefixes(program), Effects(program)
    for module in program.modules:
        if module.file.environment not in ("production", "staging", "development"):
            continue
        for one in (
            *_decorated(module, prefixes, effects),
            *_added(module, prefixes, program, effects),
        ):
            if len(found) < MAX_ROUTES:
                found.append(one)
    return tuple(found)


def _prefixes(program: Program) -> dict[str, tuple[str, ...]]:
    """Where blueprints hang, by their full names: what registers one may move it, or repeat it."""
    own: dict[str, str] = {}
    for module in program.modules:
        for binding in module.bindings:
            made = binding.call
            if made is not None and made.name.rpartition(".")[2] in ("Blueprint", "APIBlueprint"):
                own[f"{module.name}.{binding.name}"] = _text(made.argument("url_prefix", 3))
    hung: dict[str, dict[str, None]] = {}
    for module in program.modules:
        for call in module.calls:
            if call.name.rpartition(".")[2] == "register_blueprint":
                name = _full(program, module, call.named("blueprint", 0))
                given = call.argument("url_prefix", 1)
                prefix = _text(given) if given is not None else own.get(name, "")
                hung.setdefault(name, {})[prefix] = None
    return {name: tuple(hung.get(name, {prefix: None})) for name, prefix in own.items()}


def _full(program: Program, module: PythonModule, name: str) -> str:
    """A name as the module that defines it calls it, imports of imports followed."""
    for _ in range(5):
        at = program.split(name)
        if at is None:
            return f"{module.name}.{name}"
        module, rest = at
        if rest not in module.imports:
            return f"{module.name}.{rest}"
        name = module.imports[rest]
    return name


def _text(value: Value | None) -> str:
    return value.text if value is not None else ""


def _decorated(
    module: PythonModule, prefixes: dict[str, tuple[str, ...]], effects: Effects
) -> Iterator[ApiOperation]:
    for function in module.functions:
        for decorator in function.decorators:
            owner, _, verb = decorator.name.rpartition(".")
            rule = decorator.argument("rule", 0)
            is_route = bool(owner) and verb in (*_VERBS, "route")
            if not is_route or rule is None or not isinstance(rule.literal, str):
                continue
            if rule.text and not rule.text.startswith("/"):
                continue
            methods = _methods(decorator) if verb == "route" else (verb.upper(),)
            for prefix in _of(owner, module, prefixes):
                for method in methods:
                    yield _operation(effects, module, function, method, prefix + _text(rule))


def _of(owner: str, module: PythonModule, prefixes: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The prefixes of what a route hangs on: a blueprint of the module, an imported one, an app."""
    for name in (f"{module.name}.{owner}", owner):
        if name in prefixes:
            return prefixes[name]
    known = [value for name, value in prefixes.items() if name.endswith("." + owner)]
    return known[0] if "." in owner and known else ("",)


def _methods(decorator: PythonCall) -> tuple[str, ...]:
    value = decorator.argument("methods")
    literal = value.literal if value is not None else None
    if isinstance(literal, tuple | list):
        named = tuple(str(m).upper() for m in literal if isinstance(m, str))
        return tuple(m for m in named if m not in ("OPTIONS", "HEAD"))
    return ("GET",) if value is None else ()


def _added(
    module: PythonModule,
    prefixes: dict[str, tuple[str, ...]],
    program: Program,
    effects: Effects,
) -> Iterator[ApiOperation]:
    """``add_url_rule`` with a function, and Flask-RESTful's ``add_resource`` with a class."""
    for call in module.calls:
        owner, _, verb = call.name.rpartition(".")
        if verb == "add_url_rule":
            rule = _text(call.argument("rule", 0))
            if not rule.startswith("/"):
                continue
            view = call.named("view_func", 2).partition("(")[0]
            for prefix in _of(owner, module, prefixes):
                if view.endswith(".as_view"):
                    name = view.removesuffix(".as_view")
                    for home, function in _views(name, module, program):
                        yield _operation(
                            effects, home, function, function.name.upper(), prefix + rule
                        )
                elif (named := _function(view, module, program)) is not None:
                    for method in _methods(call):
                        yield _operation(effects, *named, method, prefix + rule)
        elif verb == "add_resource":
            for position in range(1, 4):
                rule = _text(call.argument("", position))
                if rule.startswith("/"):
                    for home, function in _views(call.named("resource", 0), module, program):
                        yield _operation(effects, home, function, function.name.upper(), rule)


def _home(name: str, module: PythonModule, program: Program) -> tuple[PythonModule, str]:
    return program.split(name) or (module, name)


def _function(
    name: str, module: PythonModule, program: Program
) -> tuple[PythonModule, Function] | None:
    home, local = _home(name, module, program)
    found = next((f for f in home.functions if f.name == local and not f.scope), None)
    return (home, found) if found is not None else None


def _views(
    name: str, module: PythonModule, program: Program
) -> Iterator[tuple[PythonModule, Function]]:
    home, local = _home(name, module, program)
    for function in home.functions:
        if function.scope == local and function.name in _VERBS:
            yield home, function


def _operation(
    effects: Effects, module: PythonModule, function: Function, method: str, rule: str
) -> ApiOperation:
    parameters: list[Parameter] = []

    def templated(match: re.Match[str]) -> str:
        kind, options, name = match[1], match[2], match[3]
        example = "1" if kind in ("int", "float") else None
        if kind == "any" and options:
            example = options.partition(",")[0].strip("\"' ")
        parameters.append(Parameter(name, "path", True, example))
        return f"{{{name}}}"

    path = _VARIABLE.sub(templated, re.sub("/{2,}", "/", rule)) or "/"
    writes = method == "GET" and effects.writes(module, function)
    return ApiOperation(
        method,
        path,
        parameters=tuple(parameters),
        operation_id=function.name,
        source="source",
        skipped=WRITES if writes else None,
        place=module.span(function.line),
    )


def in_folder(found: Sequence[ApiOperation], folder: str) -> tuple[ApiOperation, ...]:
    """The routes whose code is in a folder or below; "" is the project's."""
    prefix = f"{folder}/" if folder else ""
    return tuple(r for r in found if r.place is not None and r.place.path.startswith(prefix))
