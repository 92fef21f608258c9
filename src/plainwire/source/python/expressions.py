"""Expressions of Python in a short form: what can be known of them, and nothing else.

A syntax tree takes thirty times the memory of its text. What `values.evaluate` can make something
of is kept, each other part is "unknown": so no tree is held until a rule asks.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from sys import intern
from typing import Any, Literal, NamedTuple

MAX_DEPTH = 25
MAX_BITS = 64
MAX_ELEMENTS = 200
MAX_FIELDS = 20  # of a text that is filled in
MAX_KEYS = 5  # one after another

Kind = Literal[
    "constant",
    "name",
    "attribute",
    "or",
    "and",
    "not",
    "minus",
    "choice",
    "comparison",
    "joined",
    "formatted",
    "percent",
    "format",
    "required",
    "variable",
    "setting",
    "same",
    "converted",
    "method",
    "sequence",
    "starred",
    "unknown",
]

NameOf = Callable[[ast.expr], str]

_ENV_CALLS = frozenset(
    {
        "os.environ.get",
        "os.getenv",
        "environ.get",
        "getenv",
        "os.environ.pop",
        "os.environ.setdefault",
    }
)
_ENV_READERS = frozenset(
    {
        "decouple.config",
        "environs.Env",
        "environ.Env",
        "starlette.config.Config",
        "config",
        "env",
        "environs.env",
    }
)
_CONFIGURATION = ("current_app.config", "app.config")
_CONFIGURATION_READERS = tuple(f"{name}.get" for name in _CONFIGURATION)
_CONVERTERS = frozenset({"str", "int", "float", "bool", "strtobool", "distutils.util.strtobool"})
_WRAPPERS = frozenset({"SecretStr", "strtobool", "quote_plus", "quote"})
_METHODS = frozenset({"lower", "upper", "strip", "rstrip", "casefold", "replace", "encode"})


class Expression(NamedTuple):
    """An expression: ``name`` is its full dotted name where it has one.

    ``detail`` is a constant's value, a name as it is written, an operator, a converter, a method,
    the key of a setting, the names that fill in a text, or whether a variable's reader is plain.
    """

    kind: Kind
    line: int
    name: str = ""
    parts: tuple[Expression, ...] = ()
    detail: object = None


def shortened(node: ast.expr, name_of: NameOf, depth: int = 0) -> Expression:
    """The short form of an expression; what is nested deeper than `MAX_DEPTH` is unknown."""
    if depth > MAX_DEPTH:
        return Expression("unknown", node.lineno, name_of(node))
    form = _FORMS.get(node.__class__)
    return Expression("unknown", node.lineno) if form is None else form(node, name_of, depth + 1)


def _some(
    kind: Kind,
    node: ast.expr,
    parts: Iterable[ast.expr],
    name_of: NameOf,
    depth: int,
    detail: object = None,
) -> Expression:
    forms = tuple([shortened(part, name_of, depth) for part in parts])
    return Expression(kind, node.lineno, "", forms, detail)


def _constant(node: ast.Constant, name_of: NameOf, depth: int) -> Expression:
    if isinstance(node.value, int) and node.value.bit_length() > MAX_BITS:
        return Expression("unknown", node.lineno)  # which no report could write
    return Expression("constant", node.lineno, "", (), node.value)


def _name(node: ast.Name, name_of: NameOf, depth: int) -> Expression:
    return Expression("name", node.lineno, name_of(node), (), node.id)


def _attribute(node: ast.Attribute, name_of: NameOf, depth: int) -> Expression:
    return Expression("attribute", node.lineno, intern(name_of(node)))


def _boolean(node: ast.BoolOp, name_of: NameOf, depth: int) -> Expression:
    kind: Kind = "or" if isinstance(node.op, ast.Or) else "and"
    return _some(kind, node, node.values, name_of, depth)


def _unary(node: ast.UnaryOp, name_of: NameOf, depth: int) -> Expression:
    if isinstance(node.op, ast.Not):
        return _some("not", node, (node.operand,), name_of, depth)
    if isinstance(node.op, ast.USub):
        return _some("minus", node, (node.operand,), name_of, depth)
    return Expression("unknown", node.lineno)


def _choice(node: ast.IfExp, name_of: NameOf, depth: int) -> Expression:
    return _some("choice", node, (node.test, node.body, node.orelse), name_of, depth)


def _comparison(node: ast.Compare, name_of: NameOf, depth: int) -> Expression:
    if len(node.ops) > 1:
        return Expression("unknown", node.lineno)
    operator = type(node.ops[0]).__name__
    return _some("comparison", node, (node.left, node.comparators[0]), name_of, depth, operator)


def _joined(node: ast.JoinedStr, name_of: NameOf, depth: int) -> Expression:
    return _some("joined", node, node.values, name_of, depth)


def _formatted(node: ast.FormattedValue, name_of: NameOf, depth: int) -> Expression:
    return _some("formatted", node, (node.value,), name_of, depth)


def _binary(node: ast.BinOp, name_of: NameOf, depth: int) -> Expression:
    if isinstance(node.op, ast.Add):
        return _some("joined", node, (node.left, node.right), name_of, depth)
    if isinstance(node.op, ast.Mod):
        return _some("percent", node, (node.left, node.right), name_of, depth)
    return Expression("unknown", node.lineno)


def _subscript(node: ast.Subscript, name_of: NameOf, depth: int) -> Expression:
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if not isinstance(key, str):
        return Expression("unknown", node.lineno)
    holder = name_of(node.value)
    if holder in ("os.environ", "environ"):
        return Expression("required", node.lineno, "", (), key)
    if holder.endswith(_CONFIGURATION):
        return Expression("setting", node.lineno, "", (), key)
    entry = _entry_name(node)
    name = name_of(entry[0]) if entry is not None else ""
    if entry is None or not name:
        return Expression("unknown", node.lineno)
    kind: Kind = "name" if isinstance(entry[0], ast.Name) else "attribute"
    written = entry[0].id if isinstance(entry[0], ast.Name) else ""
    return Expression(kind, node.lineno, intern(name + entry[1]), (), written + entry[1])


def _entry_name(node: ast.Subscript) -> tuple[ast.expr, str] | None:
    """A dictionary's name and the keys that lead into it: ``[db][password]``."""
    keys = ""
    at: ast.expr = node
    for _ in range(MAX_KEYS):
        if not isinstance(at, ast.Subscript):
            break
        if not isinstance(at.slice, ast.Constant) or not isinstance(at.slice.value, str):
            return None
        keys = f"[{at.slice.value}]{keys}"
        at = at.value
    return (at, keys) if isinstance(at, ast.Name | ast.Attribute) else None


def _sequence(node: ast.Tuple | ast.List | ast.Set, name_of: NameOf, depth: int) -> Expression:
    if len(node.elts) > MAX_ELEMENTS:
        return Expression("unknown", node.lineno)
    return _some("sequence", node, node.elts, name_of, depth)


def _starred(node: ast.Starred, name_of: NameOf, depth: int) -> Expression:
    return Expression("starred", node.lineno)


def _call(node: ast.Call, name_of: NameOf, depth: int) -> Expression:
    """A call: of what is read from the environment, converted or a method of a string."""

    def of(inner: ast.expr) -> Expression:
        return shortened(inner, name_of, depth)

    callee, line, arguments = name_of(node.func), node.lineno, node.args
    name = intern(name_of(node))
    last = callee.rpartition(".")[2]
    if callee in _ENV_CALLS or _is_env_reader(callee):
        if not arguments:
            return Expression("unknown", line, name)
        default = arguments[1] if len(arguments) > 1 else _keyword(node, "default", "fallback")
        parts = (of(arguments[0]),) if default is None else (of(arguments[0]), of(default))
        is_plain = isinstance(node.func, ast.Attribute | ast.Name)
        return Expression("variable", line, name, parts, is_plain)
    if callee.endswith(_CONFIGURATION_READERS):
        match arguments:
            case [ast.Constant(value=str(key)), *rest]:
                return Expression("setting", line, name, tuple(of(r) for r in rest[:1]), key)
    if callee.endswith(("Field", "SettingsConfigDict")):
        default = _keyword(node, "default")
        return (
            Expression("unknown", line, name)
            if default is None
            else of(default)._replace(name=name)
        )
    if last in _WRAPPERS and arguments:
        kind: Kind = "converted" if callee.endswith("strtobool") else "same"
        return Expression(kind, line, name, (of(arguments[0]),), "strtobool")
    if callee in _CONVERTERS and len(arguments) == 1:
        return Expression("converted", line, name, (of(arguments[0]),), callee)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        given = (node.func.value, *arguments, *[part.value for part in node.keywords])
        if len(given) <= MAX_FIELDS:
            names = tuple([part.arg or "**" for part in node.keywords])
            return Expression("format", line, name, tuple([of(part) for part in given]), names)
    if isinstance(node.func, ast.Attribute) and len(arguments) <= 2 and node.func.attr in _METHODS:
        return Expression("method", line, name, (of(node.func.value),), node.func.attr)
    return Expression("unknown", line, name)


def _keyword(node: ast.Call, *names: str) -> ast.expr | None:
    return next((k.value for k in node.keywords if k.arg in names), None)


def _is_env_reader(name: str) -> bool:
    head, _, last = name.rpartition(".")
    if name in _ENV_READERS:
        return True
    known = ("str", "bool", "int", "url", "list", "get", "float", "read")
    return last in known and (
        head in ("env", "environs.Env()", "environ.Env()") or head.endswith(".env")
    )


_FORMS: Mapping[type[ast.expr], Callable[[Any, NameOf, int], Expression]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.IfExp: _choice,
    ast.Compare: _comparison,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.BinOp: _binary,
    ast.Subscript: _subscript,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Set: _sequence,
    ast.Starred: _starred,
}
