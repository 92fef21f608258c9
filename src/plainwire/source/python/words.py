"""Words of code, names, attributes and strings, bounded; and the nodes that they stand in."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import islice

from plainwire.source.python.facts import PythonBinding, PythonFunction

MAX_WORDS = 4000  # of a function
MAX_SOURCE = 60  # words of what a name is given
MAX_WORD = 80

_LEAVES = frozenset({"ctx", "op", "ops", "type_comment"})
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


class Words:
    """The words of a function's body or of a binding; up to a number they are kept, and go up."""

    __slots__ = ("found", "most", "owner", "parent")

    def __init__(
        self, most: int, parent: Words | None, owner: PythonFunction | PythonBinding | None
    ) -> None:
        self.found: dict[str, None] = {}  # whoever finds one puts it here: most often done of all
        self.most, self.parent, self.owner = most, parent, owner

    def hand_over(self) -> None:
        """Give the words to their owner, and to what stands around it."""
        mine = tuple(islice(self.found, self.most))
        if isinstance(self.owner, PythonFunction):
            self.owner.take(mine)
        elif self.owner is not None:
            self.owner.words = mine
        parent = self.parent
        while parent is not None and parent.most == 0:
            parent = parent.parent
        if parent is not None and len(parent.found) < parent.most:
            parent.found.update(dict.fromkeys(mine))


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly inside one, without operators and what says only load or store."""
    fields = _FIELDS.get(node.__class__)
    if fields is None:
        fields = tuple(name for name in node._fields if name not in _LEAVES)
        _FIELDS[node.__class__] = fields
    found: list[ast.AST] = []
    for name in fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found += [part for part in value if isinstance(part, ast.AST)]
    return found


def words_of(node: ast.AST) -> list[str]:
    """The names, attributes and strings of a piece of code, in no order, bounded."""
    found: list[str] = []
    waiting = [node]
    while waiting and len(found) < MAX_SOURCE:
        at = waiting.pop()
        match at:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.append(name)
            case ast.Constant(value=str(text)):
                found.append(text[:MAX_WORD])
        waiting += children(at)
    return found


def without_docstring(body: Sequence[ast.stmt], words: Words) -> Sequence[ast.stmt]:
    """The statements of a body but its docstring, whose beginning is one of the words."""
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        if isinstance(first.value.value, str):
            words.found[first.value.value[:MAX_WORD]] = None
        return body[1:]
    return body
