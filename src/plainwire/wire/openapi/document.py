"""The bytes of an OpenAPI document as a mapping: JSON or YAML, bounded in size, depth, aliases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from plainwire.model import WireError

MAX_JSON = 16 * 1024 * 1024  # bytes; the largest public documents have about 12 MB
MAX_YAML = 4 * 1024 * 1024
MAX_DEPTH = 100
# Nodes of the document with each alias counted as all that it stands for.
MAX_NODES = 200_000

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BLANK = b"\xef\xbb\xbf \t\r\n"

# What PyYAML's safe constructors raise for values that break their own tags (!!int "",
# !!timestamp x, 2024-13-45), besides its own errors.
CONSTRUCTION = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, OverflowError)


def parse(text: bytes, content_type: str) -> Mapping[str, Any] | None:
    """The document in ``text``: OpenAPI 3 or Swagger 2, as JSON or YAML whatever it is called.

    Returns None if it is neither, or made to hurt, as `load` says. HTML is not tried.
    """
    if "html" in content_type.lower():
        return None
    try:
        document = load(text)
    except WireError:
        return None
    return document if "openapi" in document or "swagger" in document else None


def load(text: bytes) -> Mapping[str, Any]:
    """The mapping in ``text``, JSON or YAML: a document or a companion of one.

    Raises:
        WireError: if it is none, or too large (`MAX_JSON`, `MAX_YAML` bytes, `MAX_NODES`), or
            nested deeper than `MAX_DEPTH`, or its aliases expand beyond that. The message says
            which.
    """
    if len(text) > MAX_JSON:
        raise WireError(f"larger than {MAX_JSON >> 20} MiB")
    document = _json(text) if looks_like_json(text) else None
    if document is None and not text[:64].lstrip(_BLANK).startswith(b"<"):
        document = _yaml(text)
    if not isinstance(document, dict):
        raise WireError("neither a JSON nor a YAML mapping")
    return {key: value for key, value in document.items() if isinstance(key, str)}


def looks_like_json(text: bytes) -> bool:
    """True if it begins as JSON does (YAML's flow style does too)."""
    return text[:64].lstrip(_BLANK).startswith((b"{", b"["))


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _yaml(text: bytes) -> Any:
    """YAML 1.1, in two passes: the second builds only what the first found to be small.

    Raises:
        WireError: if it is too large.
    """
    if len(text) > MAX_YAML:
        raise WireError(f"not JSON, and larger than {MAX_YAML >> 20} MiB as YAML")
    loader: Any = None
    try:
        # Events come one by one from a loop; composing recurses in C, where depth is fatal.
        if not is_bounded(text):
            raise WireError(f"nested deeper than {MAX_DEPTH}, or more than {MAX_NODES} nodes")
        loader = Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        if _expanded(root) > MAX_NODES:
            raise WireError(f"more than {MAX_NODES} nodes with its aliases written out")
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise WireError(f"not YAML: {where}{error.problem or 'broken'}") from None
    except (*CONSTRUCTION, RecursionError):
        return None
    finally:
        if loader is not None:
            loader.dispose()


def is_bounded(text: bytes) -> bool:
    """True if the YAML is neither nested too deep nor too large, aliases not written out."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or count > 2 * MAX_NODES:
            return False
    return True


def _expanded(root: yaml.Node) -> int:
    """How many nodes there are if every alias is written out; too many for one within itself."""
    sizes: dict[int, int] = {}
    open_nodes = {id(root): 1}
    waiting = [(root, iter(_children(root)))]
    while waiting:
        node, children = waiting[-1]
        for child in children:
            if id(child) in open_nodes:
                return MAX_NODES + 1
            if id(child) not in sizes:
                open_nodes[id(child)] = 1
                waiting.append((child, iter(_children(child))))
                break
            open_nodes[id(node)] += sizes[id(child)]
        else:
            sizes[id(node)] = open_nodes.pop(id(node))
            waiting.pop()
            if waiting:
                open_nodes[id(waiting[-1][0])] += sizes[id(node)]
    return sizes[id(root)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
