"""app.json of Heroku: the variables that every new deployment of the application begins with.

https://devcenter.heroku.com/articles/app-json-schema#env (read 2026).
"""

from __future__ import annotations

import json

from plainwire.model import Setting, SourceFile

MAX_TEXT = 100_000  # Heroku keeps 64 kB of variables


def read(file: SourceFile) -> tuple[Setting, ...]:
    """The variables with their values; None for one that is generated or asked for.

    Raises:
        ValueError: if it is no JSON, or longer than `MAX_TEXT`: each variable's line is looked for.
    """
    if len(file.text) > MAX_TEXT:
        raise ValueError(f"more than {MAX_TEXT} characters")
    try:
        root = json.loads(file.text)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    variables = root.get("env") if isinstance(root, dict) else None
    found = []
    begins = next((n for n, line in enumerate(file.lines, 1) if '"env"' in line), 1)
    for name, given in variables.items() if isinstance(variables, dict) else ():
        numbered = enumerate(file.lines[begins - 1 :], begins)
        line = next((n for n, text in numbered if f'"{name}"' in text), begins)
        value = given.get("value") if isinstance(given, dict) else given
        if isinstance(given, dict) and value is not None and '"value"' not in file.lines[line - 1]:
            rest = enumerate(file.lines[line:], line + 1)
            line = next((n for n, text in rest if '"value"' in text), line)
        text = str(value) if isinstance(value, str | int | float | bool) else None
        found.append(Setting(name, text, file.span(line), file.environment, "app.json"))
    return tuple(found)
