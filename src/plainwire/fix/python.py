"""Edits of Python source that keep everything around them: the only module that imports LibCST.

LibCST says where each part stands, commas and indentation included; what is changed is the
stretch of text itself, so that nothing else can change. An expression that is no literal is never
replaced: the functions return None, and the caller proposes nothing.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from plainwire.fix.text import line_after, margin_of
from plainwire.model import Edit, SourceFile

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 100
MAX_PATTERNS = 6


class Python:
    """A Python file to be edited. Lines count from 1.

    Raises:
        ValueError: if it cannot be parsed, is too long, or nested too deep.
    """

    def __init__(self, file: SourceFile) -> None:
        self.path, self.text = file.path, file.text
        if not _is_modest(file.text):
            raise ValueError(f"{file.path} is no Python to be edited: too long or too deep")
        try:
            self._wrapper = MetadataWrapper(cst.parse_module(file.text), unsafe_skip_copy=True)
            self._at = self._wrapper.resolve(PositionProvider)
        except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError) as error:
            raise ValueError(f"{file.path} is no Python: {type(error).__name__}") from None
        self._starts = [0]
        self._starts += [match.end() for match in re.finditer("\n", file.text)]

    def _span(self, node: cst.CSTNode) -> tuple[int, int]:
        where = self._at[node]
        assert isinstance(where, CodeRange)  # PositionProvider has no other values
        start, end = where.start, where.end
        return self._starts[start.line - 1] + start.column, self._starts[end.line - 1] + end.column

    def _line(self, node: cst.CSTNode) -> int:
        return int(self._at[node].start.line)

    def _nodes(self) -> Iterator[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]]:
        """Every node with those around it, outermost first."""
        waiting: list[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]] = [(self._wrapper.module, ())]
        while waiting:
            node, around = waiting.pop()
            yield node, around
            waiting += [(child, (*around, node)) for child in reversed(node.children)]

    def calls(self, line: int, *names: str) -> tuple[cst.Call, ...]:
        """The calls that begin on a line, of callees whose last name is one of ``names`` if any."""
        return tuple(
            node
            for node, _ in self._nodes()
            if isinstance(node, cst.Call) and self._line(node) == line
            if not names or last_name(node) in names
        )

    def assignments(self, line: int, key: str) -> tuple[cst.BaseExpression, ...]:
        """The values given on a line to a name, an attribute or an entry called ``key``."""
        return tuple(
            value
            for node, _ in self._nodes()
            for target, value in _given(node)
            if self._line(target) == line and _key(target) == key
        )

    def written(self, node: cst.CSTNode) -> str:
        """A part of the source as it is written."""
        start, end = self._span(node)
        return self.text[start:end]

    def _statement(self, line: int) -> cst.SimpleStatementLine | None:
        """The simple statement that a line belongs to. Returns None if there is none."""
        for node, _ in self._nodes():
            if isinstance(node, cst.SimpleStatementLine):
                where = self._at[node]
                if where.start.line <= line <= where.end.line:
                    return node
        return None

    def assigned_name(self, line: int) -> str:
        """The plain name that the statement of a line gives a value to; empty if it gives none."""
        found = self._statement(line)
        match found.body[0] if found is not None else None:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name)), *_]):
                return name
            case cst.AnnAssign(target=cst.Name(value=name), value=cst.BaseExpression()):
                return name
        return ""

    def with_argument(
        self, call: cst.Call, name: str, value: str, position: int | None = None
    ) -> Edit | None:
        """The edit that passes ``name=value`` in a call, in the place of a literal if there is one.

        Returns None if the argument is there as anything but a literal, or may come by a star.
        """
        found = _argument(call, name, position)
        if found is not None:
            return self.with_literal(found.value, value)
        if any(argument.star for argument in call.args):
            return None
        new = f"{name}={value}"
        end = self._span(call)[1] - 1
        if not call.args:
            return Edit(self.path, end, end, new)
        last = call.args[-1]
        start, stop = self._span(last)
        margin = margin_of(self.text, start)
        if isinstance(last.comma, cst.Comma):
            after = self.text.index(",", stop) + 1
            gap = f"\n{margin}{new}," if margin is not None else f" {new}"
            return Edit(self.path, after, after, gap)
        gap = f",\n{margin}{new}" if margin is not None else f", {new}"
        return Edit(self.path, stop, stop, gap)

    def without_argument(self, call: cst.Call, name: str) -> Edit | None:
        """The edit that takes an argument away that is a literal, or a constant of ``ssl``.

        Returns None if it is none, or not there.
        """
        found = _argument(call, name, None)
        if found is None or not (_is_literal(found.value) or _is_constant(found.value)):
            return None
        at = list(call.args).index(found)
        start, end = self._span(found)
        if at + 1 < len(call.args):
            return Edit(self.path, start, self._span(call.args[at + 1])[0], "")
        if at:
            start = self._span(call.args[at - 1])[1]
        comma = self.text.find(",", end) if isinstance(found.comma, cst.Comma) else -1
        keeps_comma = at and comma >= 0
        return Edit(self.path, start, end if keeps_comma else max(end, comma + 1), "")

    def with_last_name(self, node: cst.BaseExpression, new: str, *old: str) -> Edit | None:
        """The edit that names another constant of a module: ``ssl.CERT_NONE`` is one.

        Returns None if the expression is not an attribute with one of the ``old`` names.
        """
        match node:
            case cst.Attribute(value=cst.Name() | cst.Attribute(), attr=last) if last.value in old:
                return Edit(self.path, *self._span(last), new)
        return None

    def uses(self, name: str) -> Iterator[tuple[cst.Call, str]]:
        """The calls of a name's methods, and those it is given to with the argument's name."""
        for node, _ in self._nodes():
            if not isinstance(node, cst.Call):
                continue
            if isinstance(node.func, cst.Attribute) and self.written(node.func.value) == name:
                yield node, ""
            for argument in node.args:
                if isinstance(argument.value, cst.Name) and argument.value.value == name:
                    yield node, argument.keyword.value if argument.keyword else "?"

    def after_statement(self, line: int, new: str) -> Edit | None:
        """The edit that puts a statement after the one a line belongs to. None: there is none."""
        found = self._statement(line)
        return line_after(self.path, self.text, *self._span(found), new) if found else None

    def with_setting(self, line: int, key: str, value: str) -> Edit | None:
        """The edit that gives a configuration key a value, beside what is set on a line.

        The line is a class's, that of an assignment or call that sets another key, or the one that
        makes the application. Returns None if it is none of these.
        """
        for node, _ in self._nodes():
            if isinstance(node, cst.ClassDef) and self._line(node) == line:
                return self._in_class(node, key, value)
        found = self._statement(line)
        for small in found.body if found is not None else ():
            new = self._sibling(small, line, key, value)
            if isinstance(new, Edit):
                return new
            if new and found is not None:
                return line_after(self.path, self.text, *self._span(found), new)
        return None

    def with_settings(self, line: int, settings: Mapping[str, str]) -> Edit | None:
        """The one edit that gives several keys their values, as `with_setting` does for one.

        Returns None if not all of them can stand in one place.
        """
        made = kept(*(self.with_setting(line, key, value) for key, value in settings.items()))
        if not made or len({(edit.start, edit.end) for edit in made}) > 1:
            return None
        return replace(made[0], new="".join(edit.new for edit in made))

    def _in_class(self, node: cst.ClassDef, key: str, value: str) -> Edit | None:
        """The edit that adds an attribute after the last one of a class that is in capitals."""
        last: tuple[cst.SimpleStatementLine, bool] | None = None
        for statement in node.body.body:
            first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
            target: cst.BaseExpression | None = None
            if isinstance(first, cst.Assign):
                target = first.targets[0].target
            elif isinstance(first, cst.AnnAssign):
                target = first.target
            if isinstance(target, cst.Name) and target.value.isupper():
                assert isinstance(statement, cst.SimpleStatementLine)
                last = statement, isinstance(first, cst.AnnAssign)
        if last is None:
            return None
        word = _annotated(key, value) if last[1] else f"{key} = {value}"
        return line_after(self.path, self.text, *self._span(last[0]), word)

    def _sibling(
        self, small: cst.BaseSmallStatement, line: int, key: str, value: str
    ) -> Edit | str | None:
        """A statement like another one that sets a key, or the edit of a call that sets several."""
        match small:
            case cst.AnnAssign(target=cst.Name(value=name)) if name.isupper():
                return _annotated(key, value)
            case cst.AnnAssign(target=cst.Name() as target, value=cst.Call() as given):
                return self._assigned(target, given, key, value)
            case cst.Assign(targets=[cst.AssignTarget(target=target), *others]):
                is_made = isinstance(small.value, cst.Call) and isinstance(target, cst.Name)
                return None if others and not is_made else self._assigned(
                    target, small.value, key, value
                )  # fmt: skip
            case cst.Expr(value=cst.Call() as call) if last_name(call) in (
                "update",
                "from_mapping",
            ):
                return self.with_argument(call, key, value)
        return None

    def _assigned(
        self, target: cst.BaseExpression, given: cst.BaseExpression, key: str, value: str
    ) -> str | None:
        match target:
            case cst.Name(value=name) if isinstance(given, cst.Call) and not name.isupper():
                return f'{name}.config["{key}"] = {value}'
            case cst.Name(value=name) if name.isupper():
                return f"{key} = {value}"
            case cst.Attribute(value=holder, attr=cst.Name(value="secret_key" | "debug")):
                return f'{self.written(holder)}.config["{key}"] = {value}'
            case cst.Subscript(value=holder) if _key(target):
                quote = '"' if '"' in self.written(target) else "'"
                return f"{self.written(holder)}[{quote}{key}{quote}] = {value}"
        return None

    def with_import(self, module: str, name: str | None = None) -> Edit | None:
        """The edit that imports a module, or a name from one. None: it is imported already."""
        new = f"from {module} import {name}" if name else f"import {module}"
        last: cst.SimpleStatementLine | None = None
        for number, statement in enumerate(self._wrapper.module.body):
            first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
            if isinstance(first, cst.Import | cst.ImportFrom):
                if self._imports(first, module, name):
                    return None
                last = statement if isinstance(statement, cst.SimpleStatementLine) else last
            elif last is not None and number:
                break
        if last is not None:
            return line_after(self.path, self.text, *self._span(last), new)
        at = self._after_head()
        return Edit(self.path, at, at, f"{new}\n")

    def _imports(self, node: cst.Import | cst.ImportFrom, module: str, name: str | None) -> bool:
        words = re.sub(r"[()\\\s]+", " ", self.written(node)).strip()
        if name is None:
            return bool(re.fullmatch(rf"import (?:.*, ?)?{re.escape(module)}(?: ?,.*)?", words))
        pattern = rf"from {re.escape(module)} import (?:.*, ?)?{re.escape(name)}(?: ?,.*)?"
        return bool(re.fullmatch(pattern, words))

    def _after_head(self) -> int:
        """Where the first statement that is no docstring begins."""
        body = self._wrapper.module.body
        start = 1 if self._wrapper.module.get_docstring() is not None else 0
        if start < len(body):
            return self._span(body[start])[0]
        return len(self.text)

    def in_place_of(self, call: cst.Call, new: str) -> Edit | None:
        """The edit that puts an expression in the place of a call with nothing but literals.

        Returns None if anything else is passed: what is worked out there would be lost.
        """
        if not all(_is_literal(argument.value) for argument in call.args):
            return None
        return Edit(self.path, *self._span(call), new)

    def with_literal(self, node: cst.BaseExpression, value: str) -> Edit | None:
        """The edit that replaces a literal. Returns None if the expression is none."""
        if not _is_literal(node):
            return None
        return Edit(self.path, *self._span(node), value)


def last_name(call: cst.Call) -> str:
    """The last part of a callee's name; empty if it has none."""
    match call.func:
        case cst.Attribute(attr=cst.Name(value=name)) | cst.Name(value=name):
            return name
    return ""


def _argument(call: cst.Call, name: str, position: int | None) -> cst.Arg | None:
    """The argument of a name, or at a position that no star stands before."""
    for number, argument in enumerate(call.args):
        if argument.star:
            position = None
        if argument.keyword is not None and argument.keyword.value == name:
            return argument
        if number == position and argument.keyword is None and not argument.star:
            return argument
    return None


def _given(node: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """What a node gives a value to, with the value."""
    match node:
        case cst.Assign(targets=targets, value=value):
            yield from ((target.target, value) for target in targets)
        case cst.AnnAssign(target=target, value=cst.BaseExpression() as value):
            yield target, value
        case cst.DictElement(key=key, value=value):
            yield key, value
        case cst.Arg(keyword=cst.Name() as keyword, value=value):
            yield keyword, value


def _key(target: cst.BaseExpression) -> str:
    """The name that is given a value: a variable's, an attribute's or an entry's."""
    match target:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
        case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=index))]):
            return _text(index)
    return _text(target)


def _text(node: cst.BaseExpression) -> str:
    """A string as its value, or an empty one."""
    found = node.evaluated_value if isinstance(node, cst.SimpleString) else ""
    return found if isinstance(found, str) else ""


def argument(call: cst.Call, name: str) -> cst.BaseExpression | None:
    """What is passed in a call under a name. Returns None if nothing is."""
    found = _argument(call, name, None)
    return found.value if found is not None else None


def _is_constant(node: cst.BaseExpression) -> bool:
    match node:
        case cst.Attribute(value=cst.Name(value="ssl"), attr=cst.Name(value=name)):
            return name.isupper() or name.startswith("PROTOCOL_")
    return False


def _is_literal(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Name):
        return node.value in ("True", "False", "None")
    return isinstance(node, cst.SimpleString | cst.Integer | cst.Float)


def _annotated(key: str, value: str) -> str:
    """An assignment with the type of its literal; a list is one of strings."""
    kind = type(ast.literal_eval(value)).__name__
    return f"{key}: {'list[str]' if kind == 'list' else kind} = {value}"


def _is_modest(text: str) -> bool:
    """True for Python that LibCST reads in linear time and bounded depth.

    It overflows the stack on thousands of brackets or operators inside each other, and takes time
    exponential in the depth of a ``case``'s pattern (LibCST 1.8).
    """
    if len(text) > MAX_CHARACTERS:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is the project's own business
            waiting: list[tuple[ast.AST, int, int]] = [(ast.parse(text), 0, 0)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    while waiting:
        node, depth, patterns = waiting.pop()
        patterns += isinstance(node, ast.pattern)
        if depth > MAX_DEPTH or patterns > MAX_PATTERNS:
            return False
        waiting += [(child, depth + 1, patterns) for child in ast.iter_child_nodes(node)]
    return True


@lru_cache(maxsize=8)
def python(file: SourceFile) -> Python:
    """A file ready to be edited; parsed once for all the findings in it.

    Raises:
        ValueError: if it cannot be parsed.
    """
    return Python(file)


def kept(*edits: Edit | None) -> Sequence[Edit] | None:
    """The edits if all of them could be made. Returns None if one could not."""
    return None if None in edits else [edit for edit in edits if edit is not None]
