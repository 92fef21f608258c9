"""Environment files: ``NAME=value`` a line, as Docker, Compose and python-dotenv read them."""

from __future__ import annotations

import re

from plainwire.model import Setting, SourceFile

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*[=:]\s*(.*)")


def read(file: SourceFile) -> tuple[Setting, ...]:
    """The variables that a file sets, comments and empty lines left out."""
    found = []
    for number, line in enumerate(file.lines[:5000], 1):
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            continue
        value = match[2].strip()
        if value[:1] in ("'", '"') and value.count(value[0]) > 1:
            value = value[1 : value.index(value[0], 1)]
        else:
            value = re.sub(r"(?<!\s)\s+#.*", "", value)
        found.append(Setting(match[1], value, file.span(number), file.environment))
    return tuple(found)
