"""Expressions of Python in a short form: what can be known of them, and nothing else.

A syntax tree takes thirty times the memory of its text. What `values.evaluate` can make something
of is kept, each other part is "unknown": so no tree is held until a rule asks.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from sys import intern
from typing import Literal, NamedTuple

MAX_DEPTH = 25
MAX_ELEMENTS = 200

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
_METHODS = frozenset(
    {"lower", "upper", "strip", "rstrip", "casefold", "replace", "format", "encode"}
)


class Expression(NamedTuple):
    """An expression: ``name`` is its full dotted name where it has one.

    ``detail`` is a constant's value, a name as it is written, an operator, a converter, a method,
    the key of a setting, or whether a variable's reader is plain.
    """

    kind: Kind
    line: int
    name: str = ""
    parts: tuple[Expression, ...] = ()
    detail: object = None


def shortened(node: ast.expr, name_of: Callable[[ast.expr], str], depth: int = 0) -> Expression:
    """The short form of an expression; what is nested deeper than `MAX_DEPTH` is unknown."""
    line = node.lineno
    if depth > MAX_DEPTH:
        return Expression("unknown", line, name_of(node))

    def of(inner: ast.expr) -> Expression:
        return shortened(inner, name_of, depth + 1)

    def some(kind: Kind, *inner: ast.expr, detail: object = None) -> Expression:
        return Expression(kind, line, "", tuple(of(part) for part in inner), detail)

    match node:
        case ast.Constant(value=value):
            return Expression("constant", line, detail=value)
        case ast.Name(id=identifier):
            return Expression("name", line, name_of(node), detail=identifier)
        case ast.Attribute():
            return Expression("attribute", line, intern(name_of(node)))
        case ast.Call():
            return _call(node, name_of, of)
        case ast.BoolOp(op=op, values=values):
            return some("or" if isinstance(op, ast.Or) else "and", *values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return some("not", operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return some("minus", operand)
        case ast.IfExp(test=test, body=body, orelse=other):
            return some("choice", test, body, other)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return some("comparison", left, right, detail=type(op).__name__)
        case ast.JoinedStr(values=values):
            return some("joined", *values)
        case ast.FormattedValue(value=inner):
            return some("formatted", inner)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return some("joined", left, right)
        case ast.BinOp(left=left, op=ast.Mod()):
            return some("percent", left)
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))):
            if name_of(inner) in ("os.environ", "environ"):
                return Expression("required", line, detail=key)
            if name_of(inner).endswith(_CONFIGURATION):
                return Expression("setting", line, detail=key)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            if len(elements) <= MAX_ELEMENTS:
                return some("sequence", *elements)
        case ast.Starred():
            return Expression("starred", line)
    return Expression("unknown", line)


def _call(
    node: ast.Call, name_of: Callable[[ast.expr], str], of: Callable[[ast.expr], Expression]
) -> Expression:
    """A call: of what is read from the environment, converted or a method of a string."""
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
