"""HCL as blocks with their lines: simple attributes only, expressions as they are written.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md (read 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_DEPTH = 60
MAX_CHARACTERS = 1_000_000
# Comments over lines and heredocs, which go, and what they do not begin in: "/api/*" and # lines.
_OVER_LINES = re.compile(
    r"\"(?:[^\"\\\n]|\\[^\n])*\"?|(?:\#|//)[^\n]*"
    r"|(?P<gone>/\*.*?(?:\*/|\Z)|<<[-~]?(?P<end>\w+)[ \t]*\n.*?(?:^[ \t]*(?P=end)[ \t]*$|\Z))",
    re.DOTALL | re.MULTILINE,
)
_OPEN = re.compile(r"([\w-]+)((?:\s+(?:\"[^\"]*\"|[\w-]+))*)\s*\{(.*)$")
_ATTRIBUTE = re.compile(r"\"?([\w./-]+)\"?\s*[=:]\s*(.*)$")


@dataclass
class Block:
    """A block: its type and labels, its attributes with their lines, the blocks in it.

    ``items`` are a list's, one a line, as they are written.
    """

    kind: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, tuple[str, int]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    items: list[str] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        """An attribute that is a plain value. Returns None if it is none, or an expression."""
        value = self.attributes.get(name, ("", 0))[0]
        if len(value) > 1 and value[0] == value[-1] == '"' and "${" not in value:
            return value[1:-1]
        return value if re.fullmatch(r"\d+|true|false", value) else None

    def line_of(self, name: str) -> int:
        """An attribute's line, or the block's."""
        return self.attributes.get(name, ("", self.line))[1]

    def all(self, *kinds: str) -> Iterator[Block]:
        """The blocks directly inside of some kinds, also as ``dynamic``'s content."""
        for one in self.blocks:
            if one.kind in kinds:
                yield one
            elif one.kind == "dynamic" and one.labels[:1] and one.labels[0] in kinds:
                yield from (inner for inner in one.blocks if inner.kind == "content")


def load(text: str) -> Block:
    """The file as a block.

    Raises:
        ValueError: if its braces do not match, or it is too long or nested too deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"more than {MAX_CHARACTERS} characters")

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n") if match["gone"] else match[0]

    text = _OVER_LINES.sub(blank, text) if "/*" in text or "<<" in text else text
    root = Block("", (), 1)
    stack = [root]
    for number, raw in enumerate(text.split("\n"), 1):
        waiting = [_bare(raw)]
        while waiting:
            line = waiting.pop().strip().rstrip(",")
            if not line:
                continue
            if line[0] in "}])":
                if len(stack) < 2:
                    raise ValueError(f"a block ends that none began at line {number}")
                stack.pop()
                waiting.append(line[1:])
                continue
            opened = _opened(line)
            if opened is not None:
                kind, labels, rest = opened
                if len(stack) > MAX_DEPTH:
                    raise ValueError("nested too deep")
                block = Block(kind, labels, number)
                stack[-1].blocks.append(block)
                stack.append(block)
                waiting.append(rest)
                continue
            _attribute(line, number, stack, waiting)
    if len(stack) != 1:
        raise ValueError("a block is not closed")
    return root


def _opened(line: str) -> tuple[str, tuple[str, ...], str] | None:
    """A block's head: its type, labels and what follows the brace. Returns None if it is none."""
    match = _OPEN.match(line)
    if match:
        labels = tuple(re.findall(r"\"([^\"]*)\"|([\w-]+)", match[2]))
        return match[1], tuple(a or b for a, b in labels), match[3]
    match = re.match(r"\"?([\w./-]+)\"?\s*[=:]\s*[\[{(]\s*(.*)$", line)
    is_open = match is not None and _depth(line) > 0
    return (match[1], (), match[2]) if match is not None and is_open else None


def _attribute(line: str, number: int, stack: list[Block], waiting: list[str]) -> None:
    """Take an attribute; what closes or opens behind it is left for the next turn."""
    depth = _depth(line)
    if depth < 0:
        cut = len(line) - 1
        while cut > 0 and line[cut] not in "}])":
            cut -= 1
        waiting.append(line[cut:])
        line = line[:cut].strip()
        if not line:
            return
        waiting.append(line)
        return
    match = _ATTRIBUTE.match(line)
    if match:
        stack[-1].attributes[match[1]] = (match[2].strip(), number)
    elif not depth:
        stack[-1].items.append(line)
    for _ in range(min(depth, MAX_DEPTH)):
        inner = Block("(", (), number)
        stack[-1].blocks.append(inner)
        stack.append(inner)


def _bare(line: str) -> str:
    """A line without its comment."""
    if "#" not in line and "//" not in line:
        return line
    inside = False
    for at, letter in enumerate(line):
        if letter == '"' and line[at - 1 : at] != "\\":
            inside = not inside
        elif not inside and (letter == "#" or line.startswith("//", at)):
            return line[:at]
    return line


def _depth(line: str) -> int:
    """How many brackets a line opens and does not close, strings left out."""
    bare = re.sub(r"\"(?:[^\"\\]|\\.)*(?:\"|\\?$)", "", line)
    return sum(c in "{[(" for c in bare) - sum(c in "}])" for c in bare)
