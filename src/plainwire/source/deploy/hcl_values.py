"""What expressions of HCL come to where they are constant: the few forms that decide a listener.

https://developer.hashicorp.com/terraform/language/expressions (read 2026). Nothing is guessed:
what needs more than variables, locals and a handful of functions is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plainwire.model import UNKNOWN
from plainwire.source.deploy.hcl import Block
from plainwire.source.numerals import whole

MAX_CHARACTERS, MAX_DEPTH, MAX_ELEMENTS = 2000, 12, 200
_TOKEN = re.compile(
    r"\s*(\"(?:[^\"\\]|\\.)*\"|\d+(?:\.\d+)?|[A-Za-z_][\w-]*"
    r"|=>|==|!=|<=|>=|&&|\|\||[?:.,()\[\]{}!<>=])"
)
_INSERTION = re.compile(r"\$\{([^{}]*)\}")


@dataclass(frozen=True)
class Value:
    """What an expression comes to; ``line`` is where that was written, 0 for in it itself.

    ``literal`` is a string, number, boolean, None, a list or mapping of values, or `UNKNOWN`.
    """

    literal: object
    line: int = 0

    @property
    def is_known(self) -> bool:
        """True if it does not depend on what is not in the files."""
        return self.literal is not UNKNOWN

    def at(self, key: object) -> Value:
        """The element or attribute of a key."""
        found: object = None
        if isinstance(self.literal, dict):
            found = self.literal.get(key) if isinstance(key, str) else None
        elif isinstance(self.literal, list) and isinstance(key, int) and key < len(self.literal):
            found = self.literal[key]
        return found if isinstance(found, Value) else _NOT_KNOWN

    @property
    def written(self) -> str | None:
        """A scalar or a list of strings as HCL writes it. Returns None for all else."""
        if isinstance(self.literal, bool):
            return "true" if self.literal else "false"
        if isinstance(self.literal, int):
            return str(self.literal)
        if isinstance(self.literal, str) and '"' not in self.literal and "${" not in self.literal:
            return f'"{self.literal}"'
        if isinstance(self.literal, list) and all(isinstance(v.literal, str) for v in self.literal):
            return "[" + ", ".join(str(v.written) for v in self.literal) + "]"
        return None


_NOT_KNOWN: Final = Value(UNKNOWN)
Names = Callable[[str, str], Value]  # of ``var.port`` both words


def value_of(text: str, names: Names, line: int = 0) -> Value:
    """What an expression comes to; `UNKNOWN` where it is too long, or more than is understood."""
    if len(text) > MAX_CHARACTERS:
        return _NOT_KNOWN
    words, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            return _NOT_KNOWN
        words.append(match[1])
        at = match.end()
    reader = _Reader(words, names, line)
    try:
        found = reader.expression(0)
    except (IndexError, ValueError, RecursionError):
        return _NOT_KNOWN
    return found if reader.at == len(words) else _NOT_KNOWN


def value_of_block(block: Block, names: Names, number: Callable[[int], int]) -> Value:
    """A mapping or list that is written over several lines, each as ``number`` numbers it."""

    def read(one: Block, depth: int) -> Value:
        if depth > MAX_DEPTH:
            return _NOT_KNOWN
        inner = [b for b in one.blocks if b.kind == "("]
        if one.items or inner:
            line = number(one.line)
            found = [value_of(item, names, line) for item in one.items[:MAX_ELEMENTS]]
            return Value([*found, *(read(b, depth + 1) for b in inner[:MAX_ELEMENTS])], line)
        said = {
            name: _placed(value_of(text, names, number(line)), number(line))
            for name, (text, line) in one.attributes.items()
        }
        said |= {b.kind: read(b, depth + 1) for b in one.blocks}
        return Value(said, number(one.line))

    return read(block, 0)


def _placed(value: Value, line: int) -> Value:
    return value if value.line else Value(value.literal, line)


class _Reader:
    """Reads one expression by recursive descent, operators from the loosest."""

    def __init__(self, words: Sequence[str], names: Names, line: int) -> None:
        self.words = words
        self.at = 0
        self._names = names
        self._line = line

    def _next(self, *wanted: str) -> bool:
        """Take the next word if it is one of these."""
        is_there = self.at < len(self.words) and self.words[self.at] in wanted
        self.at += is_there
        return is_there

    def _expect(self, word: str) -> None:
        if not self._next(word):
            raise ValueError(word)

    def expression(self, depth: int) -> Value:
        """The whole of it, a conditional first."""
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        asked = self._either(depth)
        if not self._next("?"):
            return asked
        yes = self.expression(depth + 1)
        self._expect(":")
        no = self.expression(depth + 1)
        if not isinstance(asked.literal, bool):
            return yes if yes.is_known and yes.literal == no.literal else _NOT_KNOWN
        chosen = yes if asked.literal else no
        return Value(chosen.literal, chosen.line or asked.line)

    def _either(self, depth: int) -> Value:
        found = self._both(depth)
        while self._next("||"):
            found = _joined(found, self._both(depth), decides=True)
        return found

    def _both(self, depth: int) -> Value:
        found = self._equal(depth)
        while self._next("&&"):
            found = _joined(found, self._equal(depth), decides=False)
        return found

    def _equal(self, depth: int) -> Value:
        left = self._unary(depth)
        for sign in ("==", "!=", "<", ">", "<=", ">="):
            if self._next(sign):
                return _compared(left, sign, self._unary(depth))
        return left

    def _unary(self, depth: int) -> Value:
        if self._next("!"):
            inner = self._unary(depth + 1) if depth < MAX_DEPTH else _NOT_KNOWN
            known = isinstance(inner.literal, bool)
            return Value(not inner.literal, inner.line) if known else _NOT_KNOWN
        found = self._primary(depth)
        while True:
            if self._next("."):
                key = self.words[self.at]
                self.at += 1
                number = whole(key)
                found = found.at(key if number is None else number)
            elif self._next("["):
                index = self.expression(depth + 1)
                self._expect("]")
                found = found.at(index.literal)
            else:
                return found

    def _primary(self, depth: int) -> Value:
        word = self.words[self.at]
        self.at += 1
        if word[0] == '"':
            return self._template(word[1:-1], depth)
        if word.isdecimal():
            return Value(int(word[:18]))
        if word == "(":
            found = self.expression(depth + 1)
            self._expect(")")
            return found
        if word == "[":
            return Value(self._list("]", depth))
        if word == "{":
            return self._mapping(depth)
        if word in ("true", "false", "null"):
            return Value(None if word == "null" else word == "true")
        if not word[0].isalpha() or self._peek() == "for":
            raise ValueError(word)
        if self._next("("):
            return called(word, self._list(")", depth))
        if self._next("."):
            name = self.words[self.at]
            self.at += 1
            return self._names(word, name)
        raise ValueError(word)

    def _peek(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def _list(self, end: str, depth: int) -> list[Value]:
        found: list[Value] = []
        while not self._next(end):
            found.append(self.expression(depth + 1))
            if not self._next(","):
                self._expect(end)
                break
        return found[:MAX_ELEMENTS]

    def _mapping(self, depth: int) -> Value:
        found: dict[str, Value] = {}
        while not self._next("}"):
            key = self.words[self.at].strip('"')
            self.at += 1
            if not self._next("=", ":"):
                raise ValueError(key)
            found[key] = _placed(self.expression(depth + 1), self._line)
            self._next(",")
        return Value(found)

    def _template(self, text: str, depth: int) -> Value:
        if "$${" in text or "%{" in text:
            return _NOT_KNOWN
        parts = _INSERTION.split(text)  # every second one is an expression
        values = [value_of(part, self._names) for part in parts[1::2]] if depth < 8 else []
        if len(parts) == 3 and not parts[0] + parts[2] and values:
            return values[0]
        if len(values) < len(parts) // 2 or any(_word(v) is None for v in values):
            return _NOT_KNOWN
        parts[1::2] = [str(_word(v)) for v in values]
        made = "".join(parts)
        line = next((v.line for v in values if v.line), 0)
        return Value(made, line) if len(made) <= MAX_CHARACTERS else _NOT_KNOWN


def _word(value: Value) -> str | None:
    """A scalar as a string. Returns None for what is none, or unknown."""
    if isinstance(value.literal, bool):
        return "true" if value.literal else "false"
    return str(value.literal) if isinstance(value.literal, str | int) else None


def _joined(left: Value, right: Value, *, decides: bool) -> Value:
    for one in (left, right):
        if one.literal is decides:
            return one
    known = isinstance(left.literal, bool) and isinstance(right.literal, bool)
    return Value(not decides, left.line or right.line) if known else _NOT_KNOWN


def _compared(left: Value, sign: str, right: Value) -> Value:
    one, other = left.literal, right.literal
    line = left.line or right.line
    if UNKNOWN in (one, other) or isinstance(one, list | dict) != isinstance(other, list | dict):
        return _NOT_KNOWN
    if sign in ("==", "!="):
        return Value((one == other) == (sign == "=="), line)
    if not (isinstance(one, int) and isinstance(other, int)):
        return _NOT_KNOWN
    order = {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}
    return Value(order[sign], line)


def called(name: str, given: Sequence[Value]) -> Value:
    """What a function returns, of those that are known."""
    first = given[0] if given else _NOT_KNOWN
    match name:
        case "tostring" | "toset" | "tolist" | "tomap" | "tonumber" | "tobool" | "nonsensitive":
            return first
        case "lower" | "upper" if isinstance(first.literal, str):
            text = first.literal.lower() if name == "lower" else first.literal.upper()
            return Value(text, first.line)
        case "try":
            return next((v for v in given if v.is_known and v.literal is not None), _NOT_KNOWN)
        case "coalesce":
            for value in given:
                if value.literal not in (None, ""):
                    return value
            return _NOT_KNOWN
        case "lookup" if len(given) > 1 and isinstance(first.literal, dict):
            found = first.literal.get(str(given[1].literal))
            return found or (given[2] if len(given) > 2 else _NOT_KNOWN)
        case "merge" if all(isinstance(v.literal, dict) for v in given):
            merged: dict[str, Value] = {}
            for value in given:
                merged |= value.literal if isinstance(value.literal, dict) else {}
            return Value(merged)
        case "length" if isinstance(first.literal, list | dict | str):
            return Value(len(first.literal), first.line)
        case "contains" if isinstance(first.literal, list) and len(given) > 1:
            values = [v.literal for v in first.literal]
            is_open = UNKNOWN in values or not given[1].is_known
            return _NOT_KNOWN if is_open else Value(given[1].literal in values)
        case _:
            return _NOT_KNOWN


def elements_of(value: Value) -> Mapping[str, Value] | None:
    """What ``for_each`` goes through: keys and values. Returns None where that is not known."""
    if isinstance(value.literal, dict):
        return dict(list(value.literal.items())[:MAX_ELEMENTS])
    if isinstance(value.literal, list) and all(isinstance(v.literal, str) for v in value.literal):
        return {str(v.literal): v for v in value.literal}
    return None
