"""Walks the syntax tree of a Python file once, without recursion, and takes its facts."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from sys import intern
from typing import Any, NamedTuple

from plainwire.model import Text
from plainwire.source.python.expressions import Expression, shortened
from plainwire.source.python.facts import Names, PythonBinding, PythonCall, PythonFunction, Where
from plainwire.source.python.imports import Imports
from plainwire.source.python.options import declared
from plainwire.source.python.words import (
    MAX_SOURCE,
    MAX_WORD,
    MAX_WORDS,
    Words,
    children,
    without_docstring,
    words_of,
)

MAX_ENTRIES = 200
MAX_HANDED = 50
MAX_DICTIONARIES = 20  # one in another
MAX_PARSED, MAX_OPTIONS = 20, 500  # names of parsed options, and options
_DECLARES = ("add_argument", "add_option")
_CONFIGURES = (".config.update", ".config.from_mapping")
MAX_TESTS = 20
MIN_TEXT, MAX_TEXT = 12, 2000  # short strings are most of all, and no address or header
# The entries of dictionaries that are facts: options that are passed on by ``**``.
ENTRIES = frozenset(
    {"verify", "verify_ssl", "ssl_verify", "verify_signature", "cert_reqs", "ssl_cert_reqs"}
)

# Those that open something: with what stands beside them they are a login.
CREDENTIALS = frozenset(
    {"password", "passwd", "pwd", "pass", "api_key", "api_secret", "secret_key", "client_secret",
     "consumer_secret"}
)  # fmt: skip
MAX_BESIDE = 20
_SENDS = (".post", ".put", ".patch", ".get", ".request")
_BODIES = ("json", "data", "params")


class _Around(NamedTuple):
    """What the nodes visited next stand in, and whose words theirs are."""

    where: Where
    words: Words


class Walk:
    """The facts of one tree, collected by `walk`."""

    def __init__(self, module: Names, package: Sequence[str]) -> None:
        self._module = module
        self._imports = Imports(package)
        self.imports = self._imports.names
        self._name_of = self._imports.name_of
        self.calls: list[PythonCall] = []
        self.bindings: list[PythonBinding] = []
        self.functions: list[PythonFunction] = []
        self.strings: list[Text] = []
        self.classes: dict[str, tuple[str, ...]] = {}
        self.class_lines: dict[str, int] = {}
        self.named: dict[tuple[str, str], Expression | None] = {}  # by function ("": none) and name
        self._unsure: set[tuple[str, str]] = set()  # constants under a test
        self._words: list[Words] = []
        self._keywords: dict[tuple[str, ...], tuple[str, ...]] = {}  # each once
        self._shared: dict[Expression, Expression] = {}
        self._made: dict[ast.AST, PythonCall] = {}
        self._given: list[tuple[PythonBinding, ast.AST]] = []
        self._handed: list[tuple[str, str, Where]] = []
        self._options: dict[str, Expression] = {}
        self._around = _Around(Where(), Words(0, None, None))
        self._waiting: list[ast.AST | _Around] = []  # the next one last

    def walk(self, tree: ast.Module) -> None:
        """Take the facts of a tree."""
        self._imports.find(tree)  # first: every name that follows is resolved by them
        waiting = self._waiting
        waiting += without_docstring(tree.body, self._around.words)
        while waiting:
            node = waiting.pop()
            kind = node.__class__
            if kind is ast.Name:  # every third node
                self._around.words.found[node.id] = None  # type: ignore[union-attr]
            elif kind in _TAKES:
                _TAKES[kind](self, node)
            else:
                waiting += children(node)  # type: ignore[arg-type]
        self._finish()

    def _finish(self) -> None:
        """What is known at the end: the calls that names are given, and whose words are whose."""
        for binding, value in self._given:
            binding.call = self._made.get(value)
        if self._options:
            self._parse_options()
        named = {b.name: value for b, value in self._given if not b.scope} if self._handed else {}
        for given, name, where in self._handed[:MAX_HANDED]:
            self._set(_pairs(named.get(given)), name, where)
        for words in reversed(self._words):
            words.hand_over()

    def _parse_options(self) -> None:
        """What the names of parsed options are: ``args.host``, wherever they are handed to."""
        parsed = (
            binding.name
            for binding, _ in self._given
            if binding.call is not None and binding.call.name.endswith(".parse_args")
        )
        for name in islice(dict.fromkeys(parsed), MAX_PARSED):
            for option, value in islice(self._options.items(), MAX_OPTIONS):
                self.named.setdefault(("", f"{name}.{option}"), value)

    def _turn(self, around: _Around) -> None:
        self._around = around

    def _later(self, nodes: Sequence[ast.AST], where: Where, words: Words) -> None:
        """Visit nodes before what waits already, with something else around them."""
        if nodes:
            self._waiting += (self._around, *nodes, _Around(where, words))

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str) and value:
            self._around.words.found[value[:MAX_WORD]] = None
            if len(value) >= MIN_TEXT:
                text = Text(value[:MAX_TEXT], node.lineno, self._around.where.scope)
                self.strings.append(text)

    def _attribute(self, node: ast.Attribute) -> None:
        self._around.words.found[node.attr] = None
        self._waiting.append(node.value)

    def _keyword(self, node: ast.keyword) -> None:
        if node.arg is not None:
            self._around.words.found[node.arg] = None
        self._waiting.append(node.value)

    def _call(self, node: ast.Call) -> None:
        where = self._around.where
        self._made[node] = call = self._called(node, where)
        self.calls.append(call)
        if call.name.endswith(_DECLARES) and (option := declared(node)) is not None:
            self._options.setdefault(*option)
        if call.name.endswith(_CONFIGURES):
            self._configured(node, call.name.rpartition(".")[0], where)
        if call.name == "dict":
            self._credentials(_pairs(node), "{}", where)
        for part in node.keywords if call.name.endswith(_SENDS) else ():
            if part.arg in _BODIES:
                self._credentials(_pairs(part.value), "{sent}", where)
        self._waiting.append(node.func)
        self._waiting += node.args
        self._waiting += node.keywords

    def _raise(self, node: ast.Raise) -> None:
        if self._around.where.tests:
            self.calls.append(PythonCall(self._module, "raise", self._around.where, node.lineno))
        self._waiting += children(node)

    def _assigned(self, node: ast.Assign) -> None:
        self._assign(node.targets, node.value)

    def _annotated(self, node: ast.AnnAssign | ast.NamedExpr) -> None:
        if node.value is None:
            self._waiting += children(node)
        else:
            self._assign((node.target,), node.value)

    def _added(self, node: ast.AugAssign) -> None:
        """``name += value`` as what it comes to: the name once more, longer."""
        if not isinstance(node.target, ast.Name):
            self._waiting += children(node)
            return
        held = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        whole = ast.copy_location(ast.BinOp(held, node.op, node.value), node)
        self._assign((node.target,), whole)

    def _dictionary(self, node: ast.Dict) -> None:
        self._entries(node.keys, node.values, self._around.where)
        self._credentials(_pairs(node), "{}", self._around.where)
        self._waiting += children(node)

    def _short(self, node: ast.expr) -> Expression:
        found = shortened(node, self._name_of)
        is_text = found.kind == "constant" and isinstance(found.detail, str)
        if is_text or found.kind in ("name", "attribute", "unknown"):
            return self._shared.setdefault(found, found)
        return found

    def _called(self, node: ast.Call, where: Where) -> PythonCall:
        short, keywords = self._short, tuple([part.arg or "**" for part in node.keywords])
        arguments = [short(part) for part in node.args]
        arguments += [short(part.value) for part in node.keywords]
        return PythonCall(
            self._module,
            intern(self._name_of(node.func)),
            where,
            node.lineno,
            tuple(arguments),
            self._keywords.setdefault(keywords, keywords),
        )

    def _if(self, node: ast.If) -> None:
        """The innermost tests are kept: thousands of ``elif`` would keep their square."""
        where, words = self._around
        body, otherwise = where, where
        if _is_main_test(node.test):
            body = Where(where.scope, where.owner, True, where.tests)
        else:
            test = self._short(node.test)
            negated = Expression("not", node.lineno, "", (test,))
            outer = where.tests[-MAX_TESTS:]
            body = Where(where.scope, where.owner, where.is_main, (*outer, test))
            otherwise = Where(where.scope, where.owner, where.is_main, (*outer, negated))
        self._waiting.append(node.test)
        self._later(node.body, body, words)
        self._later(node.orelse, otherwise, words)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        where, words = self._around
        decorators = tuple([self._decorator(part, where) for part in node.decorator_list])
        function = PythonFunction(node.name, where, node.lineno, decorators)
        self.functions.append(function)
        scope = f"{where.scope}.{node.name}" if where.scope else node.name
        inner = Where(scope, where.owner, where.is_main, where.tests)
        own = Words(MAX_WORDS, words, function)
        self._words.append(own)
        self._defaults(node.args, inner)
        for part in node.decorator_list:
            if (option := declared(part)) is not None:
                self.named[scope, option[0]] = option[1]
        self._later(without_docstring(node.body, own), inner, own)
        returned = () if node.returns is None else (node.returns,)
        self._later((node.args, *node.decorator_list, *returned), inner, words)

    def _defaults(self, given: ast.arguments, where: Where) -> None:
        """Note the texts that parameters are given where a caller says nothing."""
        named = [*given.posonlyargs, *given.args]
        pairs = [
            *zip(reversed(named), reversed(given.defaults), strict=False),
            *zip(given.kwonlyargs, given.kw_defaults, strict=True),
        ]
        for parameter, default in pairs:
            if isinstance(default, ast.Constant) and isinstance(default.value, str):
                self._entry(parameter.arg, default, where, default.lineno)

    def _decorator(self, node: ast.expr, where: Where) -> PythonCall:
        if isinstance(node, ast.Call):
            return self._called(node, where)
        return PythonCall(self._module, intern(self._name_of(node)), where, node.lineno)

    def _class(self, node: ast.ClassDef) -> None:
        where, words = self._around
        scope = f"{where.scope}.{node.name}" if where.scope else node.name
        self.classes[scope] = tuple(self._name_of(base) for base in node.bases)
        self.class_lines[scope] = node.lineno
        inner = Where(scope, scope, where.is_main, where.tests)
        parts = (*node.bases, *node.keywords, *node.decorator_list)
        self._later((*parts, *without_docstring(node.body, words)), inner, words)

    def _entries(
        self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr], where: Where
    ) -> None:
        for key, value in zip(keys, values, strict=True):
            if isinstance(key, ast.Constant) and key.value in ENTRIES:
                self._entry(f"{{}}[{key.value}]", value, where, key.lineno)

    def _credentials(
        self, pairs: Sequence[tuple[str, ast.expr]], holder: str, where: Where
    ) -> None:
        """Note a dictionary's passwords; their words are what stands beside them."""
        for key, value in pairs[:MAX_ENTRIES]:
            is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
            if is_text and key.lower() in CREDENTIALS:
                beside = [(name, other) for name, other in pairs[:MAX_BESIDE] if name != key]
                words = [
                    word for name, other in beside for word in (name.lower(), *words_of(other))
                ]
                self._entry(f"{holder}[{key.lower()}]", value, where, value.lineno)
                self.bindings[-1].words = tuple(dict.fromkeys(words))

    def _configured(self, node: ast.Call, name: str, where: Where) -> None:
        """``app.config.update({"KEY": value})``, ``dict(KEY=value)`` and a name given one of them
        as the keys they set.
        """
        unpacked = [part.value for part in node.keywords if part.arg is None]
        for given in (*node.args, *unpacked):
            if isinstance(given, ast.Name):
                self._handed.append((given.id, name, where))
            else:
                self._set(_pairs(given), name, where)

    def _set(self, pairs: Sequence[tuple[str, ast.expr]], name: str, where: Where) -> None:
        for entry, value in pairs[:MAX_ENTRIES]:
            self._entry(f"{name}[{entry[:MAX_WORD]}]", value, where, value.lineno)

    def _entry(self, name: str, value: ast.expr, where: Where, line: int) -> None:
        """Note what a key is given; its words stand in other words already."""
        binding = PythonBinding(self._module, intern(name), self._short(value), where, line)
        binding.words = tuple(dict.fromkeys(words_of(value)))
        self.bindings.append(binding)

    def _assign(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        short = self._short(value)
        where, words = self._around
        own = words
        for target in targets:
            if isinstance(target, ast.Name):
                self._hold(target.id, value, where)
            binding = self._bind(target, value, short, where)
            if binding is None:
                continue
            self._given.append((binding, value))
            if isinstance(value, ast.Constant | ast.Name):
                binding.words = tuple(words_of(value))
            else:
                own = Words(MAX_SOURCE, own, binding)
                self._words.append(own)
        if own is words:
            self._waiting.append(value)
        else:
            self._later((value,), where, own)
        self._waiting += targets

    def _hold(self, name: str, value: ast.expr, where: Where) -> None:
        """Keep the entries of a dictionary that a name is given: ``CONFIG[db][password]``."""
        waiting = [(name, _pairs(value))]
        for _ in range(MAX_DICTIONARIES):
            if not waiting:
                return
            holder, pairs = waiting.pop()
            for key, inner in pairs[:MAX_ENTRIES]:
                entry = f"{holder}[{key[:MAX_WORD]}]"
                if isinstance(inner, ast.Dict | ast.Call) and (inside := _pairs(inner)):
                    waiting.append((entry, inside))
                elif "." not in key:  # a dot would end the holder's name
                    self._remember(entry, self._short(inner), where)

    def _bind(
        self, target: ast.expr, value: ast.expr, short: Expression, where: Where
    ) -> PythonBinding | None:
        """Note what a target is given. Returns None where it is no single name."""
        name = ""
        match target:
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self._unpack(elements, value, where)
            case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))):
                name = f"{self._name_of(inner)}[{key}]"
            case ast.Subscript():
                pass
            case ast.Name(id=name):
                self._remember(name, short, where)
            case _:
                name = self._name_of(target)
        if not name:
            return None
        binding = PythonBinding(self._module, intern(name), short, where, target.lineno)
        self.bindings.append(binding)
        return binding

    def _unpack(self, elements: Sequence[ast.expr], value: ast.expr, where: Where) -> None:
        given = value.elts if isinstance(value, ast.Tuple | ast.List) else ()
        for number, part in enumerate(elements):
            if len(given) == len(elements):
                one = given[number]
                binding = self._bind(part, one, self._short(one), where)
                if binding is not None:
                    self._given.append((binding, one))
                    binding.words = tuple(dict.fromkeys(words_of(one)))
            elif isinstance(part, ast.Name):
                self._remember(part.id, None, where)

    def _remember(self, name: str, value: Expression | None, where: Where) -> None:
        """Keep what a name is that is given once, or by the environment and a fallback."""
        is_local = where.scope and where.scope != where.owner
        at = where.scope if is_local else ""
        owned = name if is_local or not where.scope else f"{where.owner}.{name}"
        is_unsure = bool(where.tests) and value is not None and value.kind == "constant"
        if (at, owned) in self.named:
            is_unsure |= (at, owned) in self._unsure
            value = None if is_unsure else _both(self.named[at, owned], value)
        elif is_unsure:
            self._unsure.add((at, owned))
        self.named[at, owned] = value


# Not by a method's name or bound: what refers to itself would be freed by the collector alone.


def _both(one: Expression | None, other: Expression | None) -> Expression | None:
    """What a name is that is given a constant and, elsewhere, what the environment says.

    ``KEY = "dev"`` with ``if "KEY" in os.environ: KEY = os.environ["KEY"]``, or the constant where
    the environment has none. Returns None for all else: which of the two it is cannot be known.
    """
    if one is None or other is None:
        return None
    read, fallback = (other, one) if one.kind == "constant" else (one, other)
    if fallback.kind == "constant" and _is_read(read):
        return Expression("or", fallback.line, "", (read, fallback))
    return None


def _is_read(value: Expression) -> bool:
    """True for a variable of the environment that has no fallback there, converted or not."""
    if value.kind in ("converted", "method", "same"):
        return _is_read(value.parts[0])
    return value.kind == "required" or (value.kind == "variable" and len(value.parts) == 1)


def _pairs(node: ast.AST | None) -> list[tuple[str, ast.expr]]:
    """The text keys of a dictionary that is written out, with their values."""
    match node:
        case ast.Dict(keys=keys, values=values):
            return [
                (key.value, value)
                for key, value in zip(keys, values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            return [(part.arg, part.value) for part in keywords if part.arg is not None]
        case _:
            return []


_TAKES: Mapping[type, Callable[[Walk, Any], None]] = {
    _Around: Walk._turn,
    ast.Constant: Walk._constant,
    ast.Attribute: Walk._attribute,
    ast.Call: Walk._call,
    ast.keyword: Walk._keyword,
    ast.Raise: Walk._raise,
    ast.If: Walk._if,
    ast.FunctionDef: Walk._function,
    ast.AsyncFunctionDef: Walk._function,
    ast.ClassDef: Walk._class,
    ast.Assign: Walk._assigned,
    ast.AnnAssign: Walk._annotated,
    ast.NamedExpr: Walk._annotated,
    ast.AugAssign: Walk._added,
    ast.Dict: Walk._dictionary,
}


def _is_main_test(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
    )
