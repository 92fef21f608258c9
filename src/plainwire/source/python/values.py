"""What an expression comes to, without running it: constants, names, environment defaults."""

from __future__ import annotations

import ast
from collections.abc import Callable

from plainwire.model import UNKNOWN, Value

MAX_DEPTH = 25
Look = Callable[[ast.expr, int], Value | None]

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
    {"decouple.config", "environs.Env", "environ.Env", "starlette.config.Config"}
)
_CONVERTERS = frozenset({"str", "int", "float", "bool", "strtobool", "distutils.util.strtobool"})
_TRUE = ("y", "yes", "t", "true", "on", "1")


def evaluate(
    node: ast.expr | None, name_of: Callable[[ast.expr], str], look: Look, depth: int = 0
) -> Value:
    """The value of an expression; `UNKNOWN` where it depends on what runs.

    ``name_of`` gives the full dotted name of a callee, ``look`` the value of a name or attribute.
    """
    if node is None:
        return Value(None, 0)
    line = node.lineno
    if depth > MAX_DEPTH:
        return Value(UNKNOWN, line)

    def of(inner: ast.expr) -> Value:
        return evaluate(inner, name_of, look, depth + 1)

    match node:
        case ast.Constant(value=value):
            return Value(value, line, prefix=value if isinstance(value, str) else "")
        case ast.Name() | ast.Attribute():
            named = look(node, depth + 1)
            return Value(UNKNOWN, line) if named is None else _at(named, line)
        case ast.BoolOp(op=ast.Or(), values=parts):
            return _either([of(part) for part in parts], line)
        case ast.BoolOp(values=parts):
            values = [of(part) for part in parts]
            known = all(v.is_known for v in values)
            literal = next((v.literal for v in values if not v.literal), values[-1].literal)
            return Value(literal if known else UNKNOWN, line, _variable(values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = of(operand)
            return Value(not inner.literal if inner.is_known else UNKNOWN, line, inner.variable)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = of(operand)
            number = inner.literal
            return Value(-number if isinstance(number, int | float) else UNKNOWN, line)
        case ast.IfExp(test=test, body=body, orelse=other):
            asked = of(test)
            if asked.is_known:
                chosen = of(body if asked.literal else other)
                return Value(chosen.literal, line, asked.variable or chosen.variable, chosen.prefix)
            return Value(UNKNOWN, line, asked.variable)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(of(left), op, _elements(right, of), line)
        case ast.JoinedStr(values=parts):
            return _joined([of(part) for part in parts], line)
        case ast.FormattedValue(value=value):
            inner = of(value)
            text = inner.literal if isinstance(inner.literal, str) else UNKNOWN
            return Value(text, line, inner.variable, inner.prefix)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([of(left), of(right)], line)
        case ast.BinOp(left=left, op=ast.Mod()):
            inner = of(left)
            return Value(UNKNOWN, line, prefix=inner.text.partition("%")[0])
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
            if name_of(value) in ("os.environ", "environ"):
                return Value(UNKNOWN, line, key)
            return Value(UNKNOWN, line)
        case ast.Call():
            return _called(node, name_of, of, line)
        case ast.Lambda() | ast.Await():
            return Value(UNKNOWN, line)
        case ast.Tuple() | ast.List() | ast.Set():
            return Value(_elements(node, of).literal, line)
        case _:
            return Value(UNKNOWN, line)


def _at(value: Value, line: int) -> Value:
    return Value(value.literal, line, value.variable, value.prefix)


def _variable(values: list[Value]) -> str | None:
    return next((v.variable for v in values if v.variable), None)


def _either(values: list[Value], line: int) -> Value:
    """``a or b``: the first that is true; a variable that is not set is not."""
    for value in values:
        if value.is_known and value.literal:
            return Value(value.literal, line, _variable(values), value.prefix)
        if not value.is_known and value.variable is None:
            return Value(UNKNOWN, line, _variable(values))
    last = values[-1]
    return Value(last.literal, line, _variable(values), last.prefix)


def _elements(node: ast.expr, of: Callable[[ast.expr], Value]) -> Value:
    """A tuple, list or set of known values as a tuple, or the value itself."""
    if not isinstance(node, ast.Tuple | ast.List | ast.Set):
        return of(node)
    if len(node.elts) > 200:
        return Value(UNKNOWN, node.lineno)
    parts = [of(part) for part in node.elts]
    known = all(part.is_known for part in parts)
    return Value(tuple(p.literal for p in parts) if known else UNKNOWN, node.lineno)


def _compared(left: Value, op: ast.cmpop, right: Value, line: int) -> Value:
    variable = left.variable or right.variable
    if not (left.is_known and right.is_known):
        return Value(UNKNOWN, line, variable)
    a, b = left.literal, right.literal
    try:
        match op:
            case ast.Eq():
                return Value(a == b, line, variable)
            case ast.NotEq():
                return Value(a != b, line, variable)
            case ast.Is():
                return Value(a is b or a == b, line, variable)
            case ast.IsNot():
                return Value(a is not b and a != b, line, variable)
            case ast.In():
                return Value(a in b, line, variable)  # type: ignore[operator]
            case ast.NotIn():
                return Value(a not in b, line, variable)  # type: ignore[operator]
    except TypeError:
        pass
    return Value(UNKNOWN, line, variable)


def _joined(values: list[Value], line: int) -> Value:
    if all(isinstance(v.literal, str) for v in values):
        text = "".join(str(v.literal) for v in values)[:10_000]
        return Value(text, line, _variable(values), text)
    prefix = ""
    for value in values:
        prefix += value.prefix
        if not isinstance(value.literal, str):
            break
    return Value(UNKNOWN, line, _variable(values), prefix[:2000])


def _called(
    node: ast.Call, name_of: Callable[[ast.expr], str], of: Callable[[ast.expr], Value], line: int
) -> Value:
    name = name_of(node.func)
    arguments = node.args
    if name in _ENV_CALLS or _is_env_reader(name):
        return _from_environment(node, of, line)
    if name.endswith("Field") or name.endswith("SettingsConfigDict"):
        default = next((k.value for k in node.keywords if k.arg == "default"), None)
        return of(default) if default is not None else Value(UNKNOWN, line)
    if name.rpartition(".")[2] in ("SecretStr", "strtobool", "quote_plus", "quote") and arguments:
        inner = of(arguments[0])
        if name.endswith("strtobool"):
            return _converted("bool", inner, line, is_word=True)
        return _at(inner, line)
    if name in _CONVERTERS and len(arguments) == 1:
        return _converted(name, of(arguments[0]), line)
    if isinstance(node.func, ast.Attribute) and len(arguments) <= 2:
        inner = of(node.func.value)
        method = node.func.attr
        if isinstance(inner.literal, str) and method in (
            "lower",
            "upper",
            "strip",
            "rstrip",
            "casefold",
        ):
            text = getattr(inner.literal, method)()
            return Value(text, line, inner.variable, text)
        if method in ("lower", "strip", "replace", "format", "rstrip", "encode"):
            known = inner.literal if method in ("encode",) else UNKNOWN
            if method == "replace" and inner.literal == "":
                known = ""
            prefix = inner.text.partition("{")[0] if method == "format" else inner.prefix
            return Value(known, line, inner.variable, prefix)
    return Value(UNKNOWN, line)


def _is_env_reader(name: str) -> bool:
    head, _, last = name.rpartition(".")
    if name in _ENV_READERS or name in ("config", "env", "environs.env", "decouple.config"):
        return True
    known = ("str", "bool", "int", "url", "list", "get", "float", "read")
    return last in known and (
        head in ("env", "environs.Env()", "environ.Env()") or head.endswith(".env")
    )


def _from_environment(node: ast.Call, of: Callable[[ast.expr], Value], line: int) -> Value:
    if not node.args:
        return Value(UNKNOWN, line)
    variable = of(node.args[0]).text or None
    written = node.args[1] if len(node.args) > 1 else None
    if written is None:
        written = next((k.value for k in node.keywords if k.arg in ("default", "fallback")), None)
    if written is None:
        is_plain = isinstance(node.func, ast.Attribute | ast.Name)
        return Value(None if is_plain else UNKNOWN, line, variable)
    default = of(written)
    return Value(default.literal, line, variable or default.variable, default.prefix)


def _converted(name: str, inner: Value, line: int, is_word: bool = False) -> Value:
    literal = inner.literal
    if not inner.is_known:
        return Value(UNKNOWN, line, inner.variable)
    result: object = UNKNOWN
    if is_word or name.endswith("strtobool"):
        result = isinstance(literal, str) and literal.lower() in _TRUE
    elif name == "bool":
        result = bool(literal)
    elif name == "int" and isinstance(literal, str | int | float):
        try:
            result = int(literal)
        except ValueError:
            result = UNKNOWN
    elif name == "str":
        result = literal if isinstance(literal, str) else UNKNOWN
    return Value(result, line, inner.variable)
