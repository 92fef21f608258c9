"""Helm charts, read as far as their values say: templates become manifests, line for line.

https://helm.sh/docs/chart_template_guide/ (read 2026). Nothing is run: the few actions that decide
what a client reaches (`if`, `with`, `range`, `.Values`, `default`, `toYaml`) are followed, named
templates stand for themselves, and what is not understood is said. A template's lines stay where
they are, so that a manifest's places are its template's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from plainwire.source.deploy.yaml_nodes import Yaml

MAX_DEPTH = 40
MAX_CHARACTERS = 500_000
UNKNOWN: Final = object()
# A named template as labels selects by itself; the same words wherever it is included.
LABELS: Mapping[str, object] = {"app.kubernetes.io/instance": "release"}
_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.S)
_WORD = re.compile(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`|\(|\)|\||:=|[^\s()|]+")
_TRUE = frozenset({"semverCompare", "hasKey"})


@dataclass
class Manifest:
    """A template's text as a manifest, and what of it could not be known, with lines."""

    text: str
    unknowns: list[tuple[str, int]] = field(default_factory=list)


def values_of(node: Yaml, depth: int = 0) -> object:
    """A values file as plain data: mappings, lists and scalars."""
    if depth > MAX_DEPTH:
        return UNKNOWN
    if node.is_list:
        return [values_of(one, depth + 1) for one in node.elements()]
    if node.is_mapping:
        return {name: values_of(value, depth + 1) for name, _, value in node.items()}
    return node.scalar


def merged(under: object, over: object, depth: int = 0) -> object:
    """Values with those of an overlay, mappings joined."""
    if depth > MAX_DEPTH or not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    both = {k: merged(under[k], v, depth + 1) if k in under else v for k, v in over.items()}
    return under | both


def manifest(text: str, values: object, chart: str) -> Manifest:
    """What a template says with some values.

    Raises:
        ValueError: if it is too long or its blocks do not close.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"more than {MAX_CHARACTERS} characters")
    reader = _Reader(chart, {"Values": values})
    return Manifest(reader.read(text), reader.unknowns)


@dataclass
class _Block:
    """An open `if`, `with`, `range` or `define`: whether it shows, and whether a branch did."""

    shows: bool
    has_shown: bool
    dot: object


class _Reader:
    """Reads one template."""

    def __init__(self, chart: str, root: object) -> None:
        self.root = root
        self.chart = chart
        self.variables: dict[str, object] = {"$": root}
        self.unknowns: list[tuple[str, int]] = []

    def read(self, text: str) -> str:
        """The text with its actions followed."""
        out: list[str] = []
        blocks = [_Block(True, True, self.root)]
        at = 0
        line = 1
        for match in _ACTION.finditer(text):
            literal = text[at : match.start()]
            line += literal.count("\n")
            out.append(literal if blocks[-1].shows else "\n" * literal.count("\n"))
            at = match.end()
            shown = self._action(match[1], blocks, line)
            if shown:
                _put(out, shown, match[0])
            elif match[0].startswith("{{-") and not out[-1].rpartition("\n")[2].strip():
                out[-1] = out[-1].rstrip(" \t")  # it trims what stands before it, tabs too
            out.append("\n" * match[0].count("\n"))
            line += match[0].count("\n")
        if len(blocks) != 1:
            raise ValueError("a block of the template is not closed")
        out.append(text[at:])
        return "".join(out)

    def _action(self, action: str, blocks: list[_Block], line: int) -> object:
        """Follow one action; what it puts into the text, None for nothing."""
        head, _, rest = action.partition(" ")
        outer = blocks[-1]
        if action.startswith("/*"):
            return None
        if head in ("if", "with", "range", "define", "block"):
            if len(blocks) > MAX_DEPTH:
                raise ValueError("the template is nested too deep")
            blocks.append(self._opened(head, rest, outer, line))
        elif head == "else":
            self._else(rest, blocks, line)
        elif head == "end":
            if len(blocks) < 2:
                raise ValueError(f"a block ends that none began at line {line}")
            blocks.pop()
        elif outer.shows:
            return self._shown(action, outer.dot, line)
        return None

    def _opened(self, head: str, rest: str, outer: _Block, line: int) -> _Block:
        if head in ("define", "block") or not outer.shows:
            return _Block(False, True, outer.dot)
        name, assigned, expression = rest.partition(":=")
        value = self._value(expression if assigned else rest, outer.dot, line)
        dot = outer.dot
        shows = _is_true(value)
        if head == "with":
            dot = value
        elif head == "range" and shows:  # the first of the elements speaks for all
            first = next(iter(value.items()), ("", "")) if isinstance(value, dict) else None
            dot = first[1] if first else value[0] if isinstance(value, list) else value
            names = [variable.strip() for variable in name.split(",")]
            pair = (first[0] if first else 0, dot)  # a variable alone is the element
            for variable, one in zip(names, pair if len(names) > 1 else (dot,), strict=False):
                self.variables[variable] = one
        if assigned and head != "range":
            self.variables[name.strip()] = value
        return _Block(shows, shows, dot)

    def _else(self, rest: str, blocks: list[_Block], line: int) -> None:
        if len(blocks) < 2:
            raise ValueError(f"an else without an if at line {line}")
        outer, own = blocks[-2], blocks[-1]
        is_wanted = not own.has_shown and outer.shows
        if is_wanted and rest.strip():
            is_wanted = _is_true(self._value(rest.strip().partition(" ")[2], outer.dot, line))
        blocks[-1] = _Block(is_wanted, own.has_shown or is_wanted, outer.dot)

    def _shown(self, action: str, dot: object, line: int) -> object:
        name, assigned, expression = action.partition(":=")
        if not assigned:
            return self._value(action, dot, line)
        self.variables[name.strip()] = self._value(expression, dot, line)
        return None

    def _value(self, expression: str, dot: object, line: int) -> object:
        words = _WORD.findall(expression[:2000])
        value = self._pipeline(words, dot, 0)
        if value is UNKNOWN:
            self.unknowns.append((f"{{{{ {expression.strip()[:80]} }}}}", line))
        return value

    def _pipeline(self, words: Sequence[str], dot: object, depth: int) -> object:
        """A pipeline's value; what stands before a bar is the last argument of what follows."""
        if depth > MAX_DEPTH:
            return UNKNOWN
        stages: list[list[object]] = [[]]
        at = 0
        while at < len(words):
            word = words[at]
            if word == "|":
                stages.append([])
            elif word == "(":
                end = _closing(words, at)
                inner = self._pipeline(words[at + 1 : end], dot, depth + 1)
                stages[-1].append(_Given(inner))
                at = end
            else:
                stages[-1].append(word)
            at += 1
        value: object = None
        for number, stage in enumerate(stages):
            given = [value] if number else []
            value = self._stage(stage, dot, given)
        return value

    def _stage(self, stage: Sequence[object], dot: object, given: list[object]) -> object:
        if not stage:
            return UNKNOWN
        head = stage[0]
        if not isinstance(head, str) or head[0] in '.$"`' or len(stage) + len(given) == 1:
            return self._operand(head, dot)
        arguments = [self._operand(word, dot) for word in stage[1:]] + given
        return self._call(head, arguments)

    def _operand(self, word: object, dot: object) -> object:
        if isinstance(word, _Given):
            return word.value
        text = str(word)
        if text[0] in '"`':
            return text[1:-1]
        if text in ("true", "false"):
            return text == "true"
        if re.fullmatch(r"-?\d{1,18}", text):
            return int(text)
        if text == ".":
            return dot
        name, _, path = text.partition(".")
        at = self.variables.get(name, UNKNOWN) if name.startswith("$") else dot
        if not name and path.startswith(("Values", "Release", "Chart", "Capabilities")):
            at = self.root
        if path.startswith("Release."):
            return "release" if path.endswith(("Name", "Namespace")) else UNKNOWN
        if path.startswith("Chart."):
            return self.chart
        for part in path.split(".") if path else ():
            if not isinstance(at, dict):
                return UNKNOWN if at is UNKNOWN or path.startswith("Capabilities") else None
            at = at.get(part)
        return at

    def _call(self, name: str, arguments: list[object]) -> object:
        last = arguments[-1] if arguments else None
        match name:
            case "default":
                return last if _is_true(last) and last is not UNKNOWN else arguments[0]
            case "coalesce":
                return next((a for a in arguments if a is not UNKNOWN and _is_true(a)), None)
            case "not":
                return not _is_true(last)
            case "and":
                return next((a for a in arguments if not _is_true(a)), last)
            case "or":
                return next((a for a in arguments if _is_true(a)), last)
            case "eq" | "ne":
                if UNKNOWN in arguments:
                    return UNKNOWN
                return (arguments[0] == last) == (name == "eq")
            case "ternary":
                return arguments[0] if _is_true(last) else arguments[1]
            case "semverCompare":  # of a cluster of today
                return str(arguments[0]).lstrip("=~^").startswith(">") if arguments else UNKNOWN
            case "include" | "template":
                return _named(str(arguments[0]) if arguments else "")
            case "quote" | "squote" | "toString":
                return last if last is UNKNOWN else str("" if last is None else last)
            case "printf":
                return _formatted(arguments)
            case "toYaml" | "tpl" | "required" | "fromYaml" | "int" | "print" | "trim" | "lower":
                return arguments[0] if name == "tpl" else last
            case "nindent" | "indent":
                return _Indented(last, arguments[0])
            case "trunc" | "trimSuffix" | "trimPrefix" | "replace" | "b64enc":
                return last
            case _:
                return UNKNOWN


@dataclass(frozen=True, slots=True)
class _Given:
    """An argument that has been worked out."""

    value: object


@dataclass(frozen=True, slots=True)
class _Indented:
    """A value that stands on lines of its own, at a column."""

    value: object
    column: object


class _Name(str):
    """What an included template of which only the name is known stands for."""

    __slots__ = ()


def _named(name: str) -> object:
    """What an included template stands for: labels select, a name is the same everywhere."""
    return dict(LABELS) if "label" in name.lower() else _Name(re.sub(r"\W+", "-", name))


def _formatted(arguments: Sequence[object]) -> object:
    if not arguments or UNKNOWN in arguments:
        return UNKNOWN
    rest = iter(arguments[1:])
    return re.sub(r"%[sdv]", lambda _: str(next(rest, "")), str(arguments[0]))


def _closing(words: Sequence[str], at: int) -> int:
    depth = 0
    for number in range(at, len(words)):
        depth += (words[number] == "(") - (words[number] == ")")
        if depth == 0:
            return number
    return len(words)


def _is_true(value: object) -> bool:
    """True as templates have it; what is not known counts, so that what it guards is read."""
    return value is UNKNOWN or bool(value)


def _put(out: list[str], value: object, action: str) -> None:
    """Write a value: data as one line of flow, at the column that it is indented to."""
    column = None
    while isinstance(value, _Indented):
        column, value = value.column, value.value
    line = ""
    for part in reversed(out):
        line = part.rpartition("\n")[2] + line
        if "\n" in part:
            break
    is_alone = not line.strip()
    if is_alone and column is not None and isinstance(value, _Name):
        return  # lines of a list or a mapping, and nobody knows which
    if is_alone and isinstance(column, int) and column > len(line) and column < 100:
        out.append(" " * (column - len(line)))
    if value is UNKNOWN:
        out.append("unknown")
    elif isinstance(value, dict):
        text = _flow(value)
        out.append(f"<<: {text}" if is_alone else f" {text}")
    elif isinstance(value, list):
        out.append(f" {_flow(value)}")
    elif isinstance(value, bool):
        out.append("true" if value else "false")
    elif value is not None:
        text = str(value)
        is_plain = re.fullmatch(r"[\w./-]*", text) and "quote" not in action
        is_inside = line.count('"') % 2 or (line.strip()[-1:] not in (":", "-", ""))
        out.append(text.replace("\n", " ") if is_plain or is_inside else json.dumps(text))


def _flow(value: object) -> str:
    return json.dumps(value, default=lambda _: "unknown")
