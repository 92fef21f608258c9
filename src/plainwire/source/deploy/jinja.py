"""Jinja templates filled with what variables are known to be, line for line.

https://jinja.palletsprojects.com/en/stable/templates/ (read 2026). Nothing is run: `if`, `for`,
`set` and the few filters that decide what a server listens to are followed. What is not known stays
as it is written, both sides of a condition that is not known are read, and both are said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from plainwire.model import UNKNOWN
from plainwire.source.numerals import whole

MAX_CHARACTERS, MAX_DEPTH, MAX_CHAIN = 500_000, 12, 8
MAX_FILLED = 1_000_000  # characters that values may make of a template
MAX_EXPRESSIONS = 20_000
_TOKEN = re.compile(
    r"\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\d+|[A-Za-z_]\w*|==|!=|<=|>=|[|.,()\[\]~<>+])"
)
_WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else"})
_ENDS = {"{%": "%}", "{{": "}}", "{#": "#}"}
_BEGINNING = re.compile(r"\{[%{#]")
_INSERTION = re.compile(r"\{\{((?:(?!\}\}).)*)\}\}", re.S)


class Variables:
    """Names with their values, as they are written: other names may be in them.

    ``left`` holds how many expressions may still be worked out, and is less afterwards.
    """

    def __init__(self, values: Mapping[str, object], left: list[int] | None = None) -> None:
        self.values = dict(values)
        self.left = [MAX_EXPRESSIONS] if left is None else left

    def is_spent(self) -> bool:
        """True if more expressions have been worked out than were left for it."""
        self.left[0] -= 1
        return self.left[0] < 0


class _Missing:
    """A name that nothing in the project gives a value; somebody else may."""


_MISSING: Final = _Missing()


@dataclass
class Filled:
    """A template's text with values, and what of it is not known, with lines."""

    text: str
    unknowns: list[tuple[str, int]] = field(default_factory=list)


def value_of(text: str, variables: Variables, depth: int = 0) -> object:
    """What an expression comes to: plain data, or `UNKNOWN`."""
    found = _value(text, variables, depth)
    return UNKNOWN if found is _MISSING else found


def text_of(text: str, variables: Variables) -> str | None:
    """A string with its insertions filled in. Returns None if one of them is not known."""
    found = _resolved(text, variables, 0)
    return None if found is UNKNOWN or isinstance(found, dict | list) else str(found)


def filled(text: str, variables: Variables) -> Filled:
    """What a template says with some variables.

    Raises:
        ValueError: if it is too long, its blocks do not close, or it has others than are known.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"more than {MAX_CHARACTERS} characters")
    return _Reader(variables).read(text)


@dataclass
class _Block:
    """An open ``if`` or ``for``: does it show, has a branch shown for sure, is it open to doubt."""

    kind: str
    shows: bool
    has_shown: bool
    name: str = ""
    before: object = None


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """A template's parts in order: what opens each, nothing for plain text, and the part."""
    at = looked = 0
    open_ended: set[str] = set()
    while (match := _BEGINNING.search(text, looked)) is not None:
        start, kind = match.start(), match[0]
        end = text.find(_ENDS[kind], start + 2) if kind not in open_ended else -1
        if end < 0:
            open_ended.add(kind)  # it is text from here on
            looked = start + 2
            continue
        yield "", text[at:start]
        yield kind, text[start : end + 2]
        at = looked = end + 2
    yield "", text[at:]


class _Reader:
    """Reads one template."""

    def __init__(self, variables: Variables) -> None:
        self._variables = Variables(variables.values, variables.left)
        self._found = Filled("")
        self._blocks: list[_Block] = []

    def read(self, text: str) -> Filled:
        """The text with its statements followed."""
        out: list[str] = []
        line, size = 1, 0
        for kind, part in _parts(text):
            shown = part if self._shows else "\n" * part.count("\n")
            if kind:
                inner = part[2:-2].strip("-+ \t\n")
                shown = ""
                if kind == "{%":
                    self._statement(inner, line)
                elif kind == "{{" and self._shows:
                    shown = self._inserted(inner, part, line)
                if shown != part:
                    shown = shown.replace("\n", " ") + "\n" * part.count("\n")
            out.append(shown)
            size += len(shown)
            line += part.count("\n")
            if size > MAX_FILLED:
                raise ValueError("its values make it too long")
        if self._blocks:
            raise ValueError("a block of the template is not closed")
        self._found.text = "".join(out)
        return self._found

    @property
    def _shows(self) -> bool:
        return all(block.shows for block in self._blocks)

    def _unknown(self, what: str, line: int) -> None:
        self._found.unknowns.append((what[:80], line))

    def _inserted(self, expression: str, written: str, line: int) -> str:
        value = value_of(expression, self._variables)
        if value is UNKNOWN or isinstance(value, dict | list):
            return written
        return "" if value is None else str(value)

    def _statement(self, text: str, line: int) -> None:
        head, _, rest = text.partition(" ")
        if head in ("if", "for"):
            if len(self._blocks) > 40:
                raise ValueError("nested too deep")
            outer = self._shows
            self._blocks.append(self._if(rest, line) if head == "if" else self._for(rest, line))
            if not outer:
                self._blocks[-1] = _Block(head, False, True)
        elif head in ("elif", "else"):
            self._else(rest if head == "elif" else "", line)
        elif head in ("endif", "endfor"):
            if not self._blocks or self._blocks[-1].kind != head[3:]:
                raise ValueError(f"a block ends that none began at line {line}")
            done = self._blocks.pop()
            if done.name:
                self._variables.values[done.name] = done.before
        elif head == "set" and "=" in rest:
            name, _, expression = rest.partition("=")
            known = all(block.has_shown for block in self._blocks)
            value = value_of(expression, self._variables) if known else UNKNOWN
            if self._shows:
                self._variables.values[name.strip()] = value
        elif head not in ("do", "include", "import", "from"):
            raise ValueError(f"a block {head[:20]!r} at line {line} is not followed")
        elif self._shows:
            self._unknown(f"{{% {text} %}}", line)

    def _if(self, condition: str, line: int) -> _Block:
        value = value_of(condition, self._variables)
        if value is UNKNOWN:
            if self._shows:
                self._unknown(f"{{% if {condition} %}}", line)
            return _Block("if", True, False)
        return _Block("if", bool(value), bool(value))

    def _for(self, text: str, line: int) -> _Block:
        name, _, expression = text.partition(" in ")
        value = value_of(expression, self._variables) if "," not in name else UNKNOWN
        is_known = isinstance(value, list)
        first = value[0] if isinstance(value, list) and value else UNKNOWN
        if not is_known or (isinstance(value, list) and len(value) > 1 and self._shows):
            self._unknown(f"{{% for {text} %}}: its first turn is read", line)
        before = self._variables.values.get(name.strip(), UNKNOWN)
        self._variables.values[name.strip()] = first
        shows = not is_known or bool(value)
        return _Block("for", shows, is_known and shows, name.strip(), before)

    def _else(self, condition: str, line: int) -> None:
        if not self._blocks:
            raise ValueError(f"an else without an if at line {line}")
        block = self._blocks[-1]
        outer = all(one.shows for one in self._blocks[:-1])
        if block.has_shown or not outer or block.kind == "for":
            block.shows = False
        elif condition:
            made = self._if(condition, line)
            block.shows, block.has_shown = made.shows, made.has_shown
        else:
            block.shows, block.has_shown = True, block.has_shown


def _resolved(value: object, variables: Variables, depth: int) -> object:
    """A value in whose strings the insertions are filled in."""
    if not isinstance(value, str) or "{{" not in value:
        return UNKNOWN if isinstance(value, str) and value.startswith("$ANSIBLE_VAULT") else value
    if depth > MAX_CHAIN or "{%" in value or len(value) > 2000:
        return UNKNOWN
    whole = _INSERTION.fullmatch(value.strip())
    if whole:
        return value_of(whole[1], variables, depth + 1)
    parts = _INSERTION.split(value)
    inner = [value_of(part, variables, depth + 1) for part in parts[1::2]]
    if any(one is UNKNOWN or isinstance(one, dict | list) for one in inner):
        return UNKNOWN
    parts[1::2] = [str(one) for one in inner]
    made = "".join(parts)
    return made if len(made) < 10_000 else UNKNOWN


def _value(text: str, variables: Variables, depth: int) -> object:
    if len(text) > 2000 or depth > MAX_CHAIN or variables.is_spent():
        return UNKNOWN
    words, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return UNKNOWN
        words.append(match[1])
        at = match.end()
    reader = _Expression(words, variables, depth)
    try:
        found = reader.whole(0)
    except (IndexError, ValueError, RecursionError):
        return UNKNOWN
    return found if reader.at == len(words) else UNKNOWN


class _Expression:
    """Reads one expression by recursive descent, operators from the loosest."""

    def __init__(self, words: list[str], variables: Variables, depth: int) -> None:
        self.words = words
        self.at = 0
        self._variables = variables
        self._depth = depth

    def _next(self, *wanted: str) -> bool:
        is_there = self.words[self.at : self.at + len(wanted)] == list(wanted)
        self.at += len(wanted) if is_there else 0
        return is_there

    def whole(self, depth: int) -> object:
        """The whole of it, ``a if b else c`` first."""
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        found = self._either(depth)
        if not self._next("if"):
            return found
        asked = self._either(depth)
        other = self.whole(depth + 1) if self._next("else") else None
        return UNKNOWN if _is_open(asked) else found if asked else other

    def _either(self, depth: int) -> object:
        found = self._both(depth)
        while self._next("or"):
            right = self._both(depth)
            known = [one for one in (found, right) if not _is_open(one)]
            found = next((one for one in known if one), known[-1] if len(known) > 1 else UNKNOWN)
        return found

    def _both(self, depth: int) -> object:
        found = self._not(depth)
        while self._next("and"):
            right = self._not(depth)
            known = [one for one in (found, right) if not _is_open(one)]
            found = next((one for one in known if not one), right if len(known) > 1 else UNKNOWN)
        return found

    def _not(self, depth: int) -> object:
        if self._next("not"):
            if depth > MAX_DEPTH:
                raise ValueError("nested too deep")
            inner = self._not(depth + 1)
            return UNKNOWN if _is_open(inner) else not inner
        return self._compared(depth)

    def _compared(self, depth: int) -> object:
        left = self._joined(depth)
        if self._next("is"):
            return self._test(left)
        negates = self._next("not", "in")
        if negates or self._next("in"):
            right = self._joined(depth)
            if _is_open(left) or not isinstance(right, list | str | dict):
                return UNKNOWN
            if isinstance(right, str) and not isinstance(left, str):
                return UNKNOWN
            return (left in right) != negates
        for sign in ("==", "!="):
            if self._next(sign):
                right = self._joined(depth)
                is_open = _is_open(left) or _is_open(right)
                return UNKNOWN if is_open else (left == right) == (sign == "==")
        return left

    def _test(self, value: object) -> object:
        negates = self._next("not")
        word = self.words[self.at]
        self.at += 1
        if word not in ("defined", "undefined") or _is_open(value):
            return UNKNOWN  # a name that is not here may be given elsewhere
        return (word == "defined") != negates

    def _joined(self, depth: int) -> object:
        found = self._filtered(depth)
        while self._next("~") or self._next("+"):
            right = self._filtered(depth)
            both = isinstance(found, str | int) and isinstance(right, str | int)
            found = f"{found}{right}" if both and len(f"{found}{right}") < 10_000 else UNKNOWN
        return found

    def _filtered(self, depth: int) -> object:
        found = self._primary(depth)
        while True:
            if self._next("."):
                found = _at(found, self.words[self.at])
                self.at += 1
            elif self._next("["):
                found = _at(found, self.whole(depth + 1))
                if not self._next("]"):
                    raise ValueError("]")
            elif self._next("|"):
                name = self.words[self.at]
                self.at += 1
                given = self._arguments(depth) if self._next("(") else []
                found = _filter(found, name, given)
            elif self._next("("):
                self._arguments(depth)
                found = UNKNOWN
            else:
                return _resolved(found, self._variables, self._depth)

    def _arguments(self, depth: int) -> list[object]:
        found = []
        while not self._next(")"):
            found.append(self.whole(depth + 1))
            if not self._next(",") and self.words[self.at] != ")":
                raise ValueError(")")
        return found

    def _primary(self, depth: int) -> object:
        word = self.words[self.at]
        self.at += 1
        if word[0] in "\"'":
            return word[1:-1]
        if word.isdecimal():
            return int(word[:18])
        if word == "(":
            found = self.whole(depth + 1)
            if not self._next(")"):
                raise ValueError(")")
            return found
        if word == "[":
            found_all = []
            while not self._next("]"):
                found_all.append(self.whole(depth + 1))
                if not self._next(",") and self.words[self.at] != "]":
                    raise ValueError("]")
            return found_all
        if word.lower() in ("true", "false", "none"):
            return None if word.lower() == "none" else word.lower() == "true"
        if word in _WORDS or not (word[0].isalpha() or word[0] == "_"):
            raise ValueError(word)
        found = self._variables.values.get(word, _MISSING)
        return found if found is _MISSING else _resolved(found, self._variables, self._depth)


def _is_open(value: object) -> bool:
    return value is UNKNOWN or value is _MISSING


def _at(value: object, key: object) -> object:
    if value is _MISSING:
        return _MISSING
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key, _MISSING)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return UNKNOWN


def _filter(value: object, name: str, given: list[object]) -> object:
    known: dict[str, Callable[[], object]] = {
        "bool": lambda: str(value).lower() in ("true", "yes", "on", "1"),
        "lower": lambda: str(value).lower(),
        "upper": lambda: str(value).upper(),
        "string": lambda: str(value),
        "int": lambda: whole(str(value)) or 0,
        "length": lambda: len(value) if isinstance(value, str | list | dict) else UNKNOWN,
        "trim": lambda: str(value).strip(),
    }
    if name in ("default", "d"):
        if value is _MISSING or (len(given) > 1 and given[1] is True and not value):
            return given[0] if given else ""
        return value
    return known[name]() if name in known and not _is_open(value) else UNKNOWN
