"""What an expression comes to, without running it: constants, names, environment defaults."""

from __future__ import annotations

import re
from collections.abc import Callable

from plainwire.model import UNKNOWN, Value
from plainwire.source.python.expressions import MAX_DEPTH, Expression

Look = Callable[[Expression], Value | None]

MAX_TEXT = 10_000
# The plain fields of a text (Python, printf-style formatting; Format String Syntax), and others.
_PERCENT = re.compile(r"%(?P<name>)[sd]")
_BRACES = re.compile(r"\{(?P<name>\w{0,40})\}")
_OTHER_FIELDS = {
    _PERCENT: re.compile(r"%(?![sd])"),
    _BRACES: re.compile(r"\{(?!\w{0,40}\})|\}\}"),
}
_TRUE = ("y", "yes", "t", "true", "on", "1")


def evaluate(node: Expression | None, look: Look, depth: int = 0) -> Value:
    """The value of an expression; `UNKNOWN` where it depends on what runs.

    ``look`` gives the value of a name or attribute.
    """
    if node is None:
        return Value(None, 0)
    line = node.line
    if depth > MAX_DEPTH:
        return Value(UNKNOWN, line)

    def of(inner: Expression) -> Value:
        return evaluate(inner, look, depth + 1)

    parts = node.parts
    match node.kind:
        case "constant":
            value = node.detail
            return Value(value, line, prefix=value if isinstance(value, str) else "")
        case "name" | "attribute":
            named = look(node)
            return Value(UNKNOWN, line) if named is None else _at(named, line)
        case "or":
            return _either([of(part) for part in parts], line)
        case "and":
            values = [of(part) for part in parts]
            known = all(v.is_known for v in values)
            literal = next((v.literal for v in values if not v.literal), values[-1].literal)
            return Value(literal if known else UNKNOWN, line, _variable(values))
        case "not":
            inner = of(parts[0])
            return Value(not inner.literal if inner.is_known else UNKNOWN, line, inner.variable)
        case "minus":
            number = of(parts[0]).literal
            return Value(-number if isinstance(number, int | float) else UNKNOWN, line)
        case "choice":
            asked = of(parts[0])
            if asked.is_known:
                chosen = of(parts[1] if asked.literal else parts[2])
                return Value(chosen.literal, line, asked.variable or chosen.variable, chosen.prefix)
            return Value(UNKNOWN, line, asked.variable)
        case "comparison":
            return _compared(of(parts[0]), str(node.detail), _elements(parts[1], of), line)
        case "joined":
            return _joined([of(part) for part in parts], line)
        case "formatted":
            inner = of(parts[0])
            text = inner.literal if isinstance(inner.literal, str) else UNKNOWN
            return Value(text, line, inner.variable, inner.prefix)
        case "percent":
            return _filled(_PERCENT, of(parts[0]), _operands(parts[1], of), (), line)
        case "format":
            fields = [of(part) for part in parts[1:]]
            return _filled(_BRACES, of(parts[0]), fields, tuple(_texts(node.detail)), line)
        case "required":
            return Value(UNKNOWN, line, str(node.detail))
        case "variable":
            return _from_environment(node, of)
        case "setting":
            default = of(parts[0]).literal if parts else None
            return Value(UNKNOWN, line, setting="" if default else str(node.detail))
        case "same":
            return _at(of(parts[0]), line)
        case "converted":
            return _converted(str(node.detail), of(parts[0]), line)
        case "method":
            return _method(str(node.detail), of(parts[0]), line)
        case "sequence":
            return Value(_elements(node, of).literal, line)
        case _:
            return Value(UNKNOWN, line)


def _at(value: Value, line: int) -> Value:
    return Value(value.literal, line, value.variable, value.prefix, value.setting)


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


def _elements(node: Expression, of: Callable[[Expression], Value]) -> Value:
    """A tuple, list or set of known values as a tuple, or the value itself."""
    if node.kind != "sequence":
        return of(node)
    parts = [of(part) for part in node.parts]
    known = all(part.is_known for part in parts)
    return Value(tuple(p.literal for p in parts) if known else UNKNOWN, node.line)


def _compared(left: Value, op: str, right: Value, line: int) -> Value:
    variable = left.variable or right.variable
    if not (left.is_known and right.is_known):
        return Value(UNKNOWN, line, variable)
    a, b = left.literal, right.literal
    try:
        match op:
            case "Eq":
                return Value(a == b, line, variable)
            case "NotEq":
                return Value(a != b, line, variable)
            case "Is":
                return Value(a is b or a == b, line, variable)
            case "IsNot":
                return Value(a is not b and a != b, line, variable)
            case "In":
                return Value(a in b, line, variable)  # type: ignore[operator]
            case "NotIn":
                return Value(a not in b, line, variable)  # type: ignore[operator]
    except TypeError:
        pass
    return Value(UNKNOWN, line, variable)


def _joined(values: list[Value], line: int) -> Value:
    if all(isinstance(v.literal, str) for v in values):
        text = "".join(str(v.literal) for v in values)[:MAX_TEXT]
        return Value(text, line, _variable(values), text)
    prefix = ""
    for value in values:
        prefix += value.prefix
        if not isinstance(value.literal, str):
            break
    return Value(UNKNOWN, line, _variable(values), prefix[:2000])


def _filled(
    fields: re.Pattern[str], template: Value, values: list[Value], names: tuple[str, ...], line: int
) -> Value:
    """A text with its fields filled in; unknown where one is no plain one or has no known value.

    ``names`` are those of the last values. Nothing is formatted: widths could ask for any length.
    """
    text = template.text
    first = fields.search(text)
    prefix = text[: first.start()] if first is not None else text
    given = dict(zip(names, values[len(values) - len(names) :], strict=True))
    places = iter(values)
    found: list[str] = []
    variable, at = template.variable, 0
    for match in fields.finditer(text):
        name = match["name"] or ""
        number = int(name) if name.isdecimal() and len(name) < 4 else None
        value = given.get(name) if name and number is None else None
        if number is not None:
            value = values[number] if number < len(values) else None
        elif not name:
            value = next(places, None)
        if value is None or not isinstance(value.literal, str | int):
            return Value(UNKNOWN, line, prefix=prefix)
        found += [text[at : match.start()], str(value.literal)]
        variable, at = variable or value.variable, match.end()
    whole = "".join((*found, text[at:]))[:MAX_TEXT]
    is_whole = isinstance(template.literal, str) and not _OTHER_FIELDS[fields].search(text)
    return Value(whole, line, variable, whole) if is_whole else Value(UNKNOWN, line, prefix=prefix)


def _operands(node: Expression, of: Callable[[Expression], Value]) -> list[Value]:
    """What stands at the right of ``%``: the elements of a tuple, or one value."""
    return [of(part) for part in (node.parts if node.kind == "sequence" else (node,))]


def _texts(given: object) -> tuple[str, ...]:
    return given if isinstance(given, tuple) else ()


def _method(method: str, inner: Value, line: int) -> Value:
    """What a method of a string gives, its arguments not looked at."""
    literal = inner.literal
    if isinstance(literal, str) and method in ("lower", "upper", "strip", "rstrip", "casefold"):
        text = getattr(literal, method)()
        return Value(text, line, inner.variable, text)
    if method not in ("lower", "strip", "replace", "rstrip", "encode"):
        return Value(UNKNOWN, line)
    known = literal if method == "encode" else UNKNOWN
    if method == "replace" and literal == "":
        known = ""
    return Value(known, line, inner.variable, inner.prefix)


def _from_environment(node: Expression, of: Callable[[Expression], Value]) -> Value:
    variable = of(node.parts[0]).text or None
    if len(node.parts) == 1:
        return Value(None if node.detail else UNKNOWN, node.line, variable)
    default = of(node.parts[1])
    return Value(default.literal, node.line, variable or default.variable, default.prefix)


def _converted(name: str, inner: Value, line: int) -> Value:
    literal = inner.literal
    if not inner.is_known:
        return Value(UNKNOWN, line, inner.variable)
    result: object = UNKNOWN
    if name.endswith("strtobool"):
        result = isinstance(literal, str) and literal.lower() in _TRUE
    elif name == "bool":
        result = bool(literal)
    elif name == "int" and isinstance(literal, str | int | float):
        try:
            result = int(literal)
        except (ValueError, OverflowError):
            result = UNKNOWN
    elif name == "str":
        result = literal if isinstance(literal, str) else UNKNOWN
    return Value(result, line, inner.variable)
