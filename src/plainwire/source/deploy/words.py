"""Shell words: commands split and variables filled in as far as they are known."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_LINE = 20_000
MAX_VALUE = 500
MAX_GROWTH = 4000
_VARIABLE = re.compile(r"\$\{(\w+)(?::?([-+?=])((?:[^{}]|\{[^{}]*\})*))?\}|\$(\w+)")


def expanded(text: str, settings: Mapping[str, str]) -> str:
    """Text with its variables filled in; one that is not known stays as it is written.

    ``${NAME:-default}`` is the default where the variable is not known or empty.
    """
    for _ in range(4):
        new = _VARIABLE.sub(lambda m: _filled(m, settings), text[:MAX_LINE])
        grown = len(new) - len(text)
        if new == text:
            break
        text = new
        if grown > MAX_GROWTH:
            break
    return text[:MAX_LINE]


def _filled(match: re.Match[str], settings: Mapping[str, str]) -> str:
    name = match[1] or match[4]
    known = settings.get(name)
    if known:
        known = known[:MAX_VALUE]  # values that double themselves would grow without end
    if known:
        return known
    if match[2] in ("-", "="):
        return (match[3] or "").strip("\"'")
    return known if known is not None else match[0]


def split(text: str) -> list[str]:
    """The words of a line as a shell takes them, of its first `MAX_LINE` characters.

    What `shlex` costs grows with the square of a word's length.

    Raises:
        ValueError: if a quote is not closed.
    """
    return shlex.split(text[:MAX_LINE])


_PLACEHOLDER = re.compile(r"\{\{([^{}\n]{0,200})\}\}")


def unspaced(text: str) -> str:
    """Text with each placeholder of Jinja in it one word: ``/srv/{{ name }}/run``."""
    if "{{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda m: "{{" + re.sub(r"[\s\"'|()]+", "", m[1]) + "}}", text)


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """The simple commands of a shell line, redirections and leading assignments left out."""
    text = unspaced(text[:MAX_LINE])
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        tokens = text.split()
    current: list[str] = []
    skip = False
    for token in tokens:
        if skip:
            skip = False
            continue
        if token and set(token) <= set(";&|()"):
            if current:
                yield plain(current)
            current = []
        elif token and set(token) <= set("<>&"):
            skip = True
        else:
            current.append(token)
    if current:
        yield plain(current)


def plain(words: list[str]) -> tuple[str, ...]:
    """A command without what only leads to it: ``exec``, ``env``, assignments, ``then``."""
    at = 0
    leading = {"exec", "env", "then", "do", "else", "sudo", "nohup", "time", "eval", "command"}
    while at < len(words) and (words[at] in leading or re.match(r"^\w+=", words[at])):
        at += 1
    return tuple(words[at:])


def joined_lines(text: str) -> Iterator[tuple[str, int]]:
    """The logical lines of a script with the line each begins on; comments and heredocs left out.

    A quoted string that runs over lines stays one line.
    """
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        start = at
        line = lines[at]
        at += 1
        if line.lstrip().startswith("#"):
            continue
        while line.endswith("\\") and at < len(lines):
            line = line[:-1] + " " + lines[at].strip()
            at += 1
        count = 0
        while line.count('"') % 2 and at < len(lines) and count < 40:
            line += " " + lines[at].strip().rstrip("\\")
            at += 1
            count += 1
        for mark in re.finditer(r"<<-?\s*([\"']?)(\w+)\1", line):
            while at < len(lines) and lines[at].strip() != mark[2]:
                at += 1
            at += 1
        if line.strip():
            yield line.strip(), start + 1


Line = tuple[str, int]


def functions_of(lines: list[Line]) -> tuple[dict[str, list[Line]], list[Line]]:
    """The bodies of a script's functions by name, and the lines that are outside them."""
    bodies: dict[str, list[Line]] = {}
    outside: list[Line] = []
    current: list[Line] | None = None
    for text, line in lines:
        opening = re.match(r"(?:function\s+)?([\w-]+)\s*\(\)\s*\{?\s*(.*)$", text)
        if current is None and opening and not opening[2].startswith("("):
            current = bodies.setdefault(opening[1], [])
            if opening[2].rstrip("} "):
                current.append((opening[2].rstrip("} "), line))
            if opening[2].rstrip().endswith("}"):
                current = None
        elif current is not None and text == "}":
            current = None
        elif current is not None:
            if text != "{":
                current.append((text, line))
        else:
            outside.append((text, line))
    return bodies, outside


def _asked(text: str) -> str:
    """What a ``case WORD in`` is over; empty for a line that is none."""
    if not text.startswith("case"):
        return ""
    parts = re.split(r"\s+", text[:MAX_LINE])
    at = next((n for n, part in enumerate(parts) if n > 1 and re.match(r"in\b", part)), 0)
    return " ".join(parts[1:at]) if parts[0] == "case" else ""


def chosen(lines: Sequence[Line], word: str | None) -> Iterator[Line]:
    """The lines that run where the script is given a word: of ``case "$1"``, the branch it takes.

    Without a word, and for a ``case`` over anything else, every branch counts.
    """
    depth = 0
    is_ours = False
    labels: list[str] = []
    for text, line in lines:
        asked = _asked(text)
        if asked:
            depth += 1
            is_ours = depth == 1 and word is not None and bool(re.search(r"\$[1{@*]", asked))
            labels = []
            continue
        if text.startswith("esac"):
            depth -= 1
            is_ours = False
            continue
        label = re.match(r"\(?([^()\s][^()]*)\)\s*(.*)$", text) if depth else None
        if label and depth and not re.match(r"\w+=\$|\$", text):
            labels = [part.strip().strip("\"'") for part in label[1].split("|")]
            text = label[2].removesuffix(";;").strip()
        if is_ours and labels and not _takes(labels, word or "", lines):
            continue
        if text and text != ";;":
            yield text, line


def _takes(labels: list[str], word: str, lines: Sequence[Line]) -> bool:
    if "*" not in labels:
        return word in labels
    return not any(re.match(rf"\(?[^()]*\b{re.escape(word)}\b[^()]*\)", t) for t, _ in lines)


_LONGEST_TEST = 300
# A test that holds only where somebody asks for debug mode or development.
_DEBUG_ASKED = re.compile(
    r"\$\{?(\w{0,40}DEBUG\w{0,40})[^\s\"']{0,40}[\"']?\s+(?:-eq|==?)\s+[\"']?(1|true|yes|on)\b",
    re.IGNORECASE,
)
_DEVELOPMENT_ASKED = re.compile(
    r"\$\{?(\w{1,60})[^\s\"']{0,40}[\"']?\s+==?\s+[\"']?(dev|develop|development|local|debug)\b",
    re.IGNORECASE,
)


def deployed(lines: Iterable[Line], known: Mapping[str, str]) -> Iterator[Line]:
    """The lines of a script without the branches that only development takes.

    A branch whose variable is ``known`` to have the value that is asked for is taken.
    """
    left = [False]  # of each if around a line: whether the branch that it is in is left out
    for text, line in lines:
        if re.match(r"if\b", text):
            left.append(left[-1] or _asks_for_development(text, known))
        elif re.match(r"elif\b", text) and len(left) > 1:
            left[-1] = left[-2] or _asks_for_development(text, known)
        elif re.match(r"else\b", text) and len(left) > 1:
            left[-1] = left[-2]
        is_left = left[-1]
        is_end = re.match(r"fi\b", text) or re.search(r";\s*fi$", text)
        if is_end and len(left) > 1:
            left.pop()
        if not is_left:
            yield text, line


def _asks_for_development(text: str, known: Mapping[str, str]) -> bool:
    for pattern in (_DEBUG_ASKED, _DEVELOPMENT_ASKED):
        asked = list(pattern.finditer(text[:_LONGEST_TEST]))
        if asked:
            return not any(known.get(one[1], "").lower() == one[2].lower() for one in asked)
    return False
