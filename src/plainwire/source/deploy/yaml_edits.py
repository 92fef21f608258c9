"""YAML nodes changed in place: strategic merge patches and JSON patches, each line where it was.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
and RFC 6902 with RFC 6901 (read 2026). What a patch takes away shows at the patch: the key around
it then stands on the patch's line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import yaml

from plainwire.source.deploy.yaml_nodes import Yaml
from plainwire.source.joined import line_in

MAX_WORK = 300_000  # nodes copied or looked at for one project, so that nothing grows by copies
MAX_DEPTH = 60
# What tells the elements of a list apart (Kubernetes API, patchMergeKey); others are replaced.
MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "hostAliases": ("ip",),
    "ports": ("containerPort", "port"),
}
_DIRECTIVE = "$patch"
_STRING = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"
_NULL = "tag:yaml.org,2002:null"


class TooMuchError(Exception):
    """More would have to be done than is done for one project."""


class Copier:
    """Copies nodes that are to be changed, their lines numbered by the file that they are of."""

    def __init__(self) -> None:
        self._left = MAX_WORK

    def spend(self, nodes: int) -> None:
        """Count work that grows with the input.

        Raises:
            TooMuchError: if it is more than is done for one project.
        """
        self._left -= nodes
        if self._left < 0:
            raise TooMuchError

    def copy(self, node: Yaml, part: int, shift: int = 0, depth: int = 0) -> yaml.Node:
        """A copy in which aliases and merges are resolved; ``shift`` lines stand before it.

        Raises:
            ValueError: if it is nested too deep.
            TooMuchError: if too much has been done already.
        """
        self.spend(1)
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        line = line_in(part, node.line + shift)
        if node.is_mapping:
            pairs = [
                (
                    scalar(name, line_in(part, at + shift)),
                    self.copy(value, part, shift, depth + 1),
                )
                for name, at, value in node.items()
            ]
            return mapping(pairs, line)
        if node.is_list:
            elements = [self.copy(one, part, shift, depth + 1) for one in node.elements()]
            return yaml.SequenceNode(node.tag, elements, _mark(line), _mark(line))
        return scalar(node.text, line, node.tag, is_block=node.is_block)


def _mark(line: int) -> yaml.Mark:
    return yaml.Mark("", 0, line - 1, 0, None, 0)


def scalar(
    text: str | None, line: int, tag: str = _STRING, *, is_block: bool = False
) -> yaml.ScalarNode:
    """A scalar on a line; nothing is null."""
    mark = _mark(line)
    style = "|" if is_block else None
    return yaml.ScalarNode(_NULL if text is None else tag, text or "", mark, mark, style=style)


def mapping(pairs: list[tuple[yaml.ScalarNode, yaml.Node]], line: int) -> yaml.MappingNode:
    """A mapping that begins on a line."""
    return yaml.MappingNode(_MAPPING, pairs, _mark(line), _mark(line))


def put(target: yaml.MappingNode, name: str, value: yaml.Node, line: int) -> None:
    """Set a key of a mapping, there or new, which then stands on a line."""
    target.value[:] = [pair for pair in target.value if pair[0].value != name]
    target.value.append((scalar(name, line), value))


def inner(target: yaml.MappingNode, *names: str) -> yaml.MappingNode:
    """The mapping under keys, one inside the other, made where it is not there."""
    for name in names:
        found = next((value for key, value in target.value if key.value == name), None)
        if not isinstance(found, yaml.MappingNode):
            line = Yaml(target).line
            found = mapping([], line)
            put(target, name, found, line)
        target = found
    return target


def merge(target: yaml.MappingNode, patch: yaml.MappingNode, *, knows_lists: bool) -> int:
    """Merge a patch, whose nodes become the target's; the line by which it took a key away, or 0.

    ``knows_lists`` is true for Kubernetes' own kinds; elsewhere a list takes the other's place.
    """
    taken = 0
    for key, value in patch.value:
        if key.value == _DIRECTIVE:
            continue
        at = next((n for n, pair in enumerate(target.value) if pair[0].value == key.value), None)
        if _is_removal(value):
            if at is not None:
                del target.value[at]
                taken = Yaml(key).line
        elif at is None:
            target.value.append((key, _without_directives(value)))
        else:
            _merge_value(target, at, key, value, knows_lists=knows_lists)
    return taken


def _merge_value(
    target: yaml.MappingNode,
    at: int,
    key: yaml.ScalarNode,
    value: yaml.Node,
    *,
    knows_lists: bool,
) -> None:
    own_key, own = target.value[at]
    is_merged = isinstance(value, yaml.MappingNode) and _directive(value) != "replace"
    if is_merged and isinstance(own, yaml.MappingNode):
        taken = merge(own, cast("yaml.MappingNode", value), knows_lists=knows_lists)
        if taken:
            target.value[at] = (scalar(own_key.value, taken), own)
        return
    keys = MERGE_KEYS.get(key.value, ()) if knows_lists else ()
    if keys and isinstance(value, yaml.SequenceNode) and isinstance(own, yaml.SequenceNode):
        _merge_list(own, value, keys)
        return
    target.value[at] = (key, _without_directives(value))


def _merge_list(own: yaml.SequenceNode, patch: yaml.SequenceNode, keys: tuple[str, ...]) -> None:
    maps = [one for one in patch.value if isinstance(one, yaml.MappingNode)]
    if any(_directive(one) == "replace" for one in maps):
        own.value[:] = [one for one in maps if len(one.value) > 1 or not _directive(one)]
        return
    for one in maps:
        named = [(key, found.text) for key in keys if (found := Yaml(one).get(key)) is not None]
        alike = [
            other
            for other in own.value
            if named
            and any((found := Yaml(other).get(k)) is not None and found.text == v for k, v in named)
        ]
        if _directive(one) == "delete":
            own.value[:] = [other for other in own.value if other not in alike]
        elif alike and isinstance(alike[0], yaml.MappingNode):
            merge(alike[0], one, knows_lists=True)
        else:
            own.value.append(_without_directives(one))


def _directive(node: yaml.Node) -> str:
    found = Yaml(node).get(_DIRECTIVE) if isinstance(node, yaml.MappingNode) else None
    return (found.text or "") if found is not None else ""


def _is_removal(value: yaml.Node) -> bool:
    """True for null and for a mapping that says to delete."""
    return value.tag == _NULL or _directive(value) == "delete"


def _without_directives(value: yaml.Node) -> yaml.Node:
    """A value that is new in the target, without what only tells how to merge it."""
    if isinstance(value, yaml.MappingNode):
        value.value[:] = [
            (key, _without_directives(one))
            for key, one in value.value
            if key.value != _DIRECTIVE and not _is_removal(one)
        ]
    return value


def deletes(patch: Yaml) -> bool:
    """True for a patch that takes the whole resource away."""
    found = patch.get(_DIRECTIVE)
    return found is not None and found.text == "delete"


def operate(root: yaml.MappingNode, operation: Yaml) -> None:
    """Apply one operation of RFC 6902, a copy, whose value becomes the target's.

    Raises:
        ValueError: if its path is not there, or it is none that is known.
    """
    words = {name: _text(operation, name) for name in ("op", "path", "from")}
    op, path = words["op"], _pointer(words["path"])
    given = operation.get("value")
    value = given.node if given is not None else None
    if not path:
        raise ValueError("the whole document is named")
    line = operation.key_line("path")
    if op == "move":
        source = _pointer(words["from"])
        if source == path[: len(source)]:
            raise ValueError("a value is moved into itself")
        value = _take(root, source, line)
    elif op == "remove":
        _take(root, path, line)
        return
    elif op == "test":
        if given is None or Yaml(_at(root, path)).text != given.text:
            raise ValueError("its test does not hold")
        return
    elif op == "replace":
        _at(root, path)
    elif op == "add":
        _make(root, path[:-1], line)
    else:
        raise ValueError(f"{op[:20]!r} is not understood")
    if value is None:
        raise ValueError("it has no value")
    _set(root, path, value, line, is_new=op != "replace")


def _text(operation: Yaml, name: str) -> str:
    found = operation.get(name)
    return (found.text or "") if found is not None else ""


def _pointer(text: str) -> list[str]:
    """The tokens of a JSON pointer (RFC 6901, section 4)."""
    return [t.replace("~1", "/").replace("~0", "~") for t in text.split("/")[1:]]


def _at(root: yaml.Node, path: list[str]) -> yaml.Node:
    for token in path:
        root = _child(root, token)[1]
    return root


def _child(node: yaml.Node, token: str) -> tuple[int, yaml.Node]:
    """The child under a token, and its number among the pairs or elements."""
    if isinstance(node, yaml.MappingNode):
        for number, (key, value) in enumerate(node.value):
            if key.value == token:
                return number, value
    elif isinstance(node, yaml.SequenceNode) and token.isdecimal() and len(token) < 6:
        for value in node.value[int(token) : int(token) + 1]:
            return int(token), value
    raise ValueError(f"nothing is at {token[:60]!r}")


def _make(root: yaml.MappingNode, path: list[str], line: int) -> None:
    """Make the mappings of a path that are not there, as Kustomize does before it adds."""
    for token in path:
        if not isinstance(root, yaml.MappingNode):
            return
        found = next((value for key, value in root.value if key.value == token), None)
        if found is None:
            found = mapping([], line)
            put(root, token, found, line)
        root = found


def _take(root: yaml.Node, path: list[str], line: int) -> yaml.Node:
    """Take a value away; the key around it then stands on the line of the operation."""
    parent = _at(root, path[:-1])
    number, value = _child(parent, path[-1])
    del parent.value[number]
    if len(path) > 1:
        around = _at(root, path[:-2])
        if isinstance(around, yaml.MappingNode):
            at, _ = _child(around, path[-2])
            around.value[at] = (scalar(path[-2], line), parent)
    return value


def _set(root: yaml.Node, path: list[str], value: yaml.Node, line: int, *, is_new: bool) -> None:
    parent, last = _at(root, path[:-1]), path[-1]
    if isinstance(parent, yaml.MappingNode):
        put(parent, last, value, line)
    elif isinstance(parent, yaml.SequenceNode):
        if last == "-" and is_new:
            parent.value.append(value)
        elif last.isdecimal() and len(last) < 6 and int(last) <= len(parent.value):
            parent.value[int(last) : int(last) + (not is_new)] = [value]
        else:
            raise ValueError(f"nothing is at {last[:60]!r}")
    else:
        raise ValueError("no list or mapping is there")


def pairs_of(root: yaml.Node) -> Iterator[tuple[str, yaml.ScalarNode, yaml.MappingNode, str]]:
    """Every scalar in mappings: the key around, the scalar, its mapping, and its key."""
    waiting = [(root, "")]
    while waiting:
        node, around = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += [(one, around) for one in node.value]
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(value, yaml.ScalarNode):
                    yield around, value, node, key.value
                else:
                    waiting.append((value, key.value))
