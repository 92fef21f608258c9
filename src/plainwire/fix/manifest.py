"""A dependency added to the project's own list of them."""

from __future__ import annotations

import re

from plainwire.fix.text import line_end
from plainwire.model import App, Edit, Project, SourceFile

_LISTED = re.compile(
    r"^(?P<margin>[ \t]*)(?P<quote>[\"']?)(?P<name>flask(?:[-_.]\w+)*)(?P<rest>(?![\w.-])[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ASIDE = re.compile(r"(?:^|[-_.])(?:dev|development|docs?|tests?|testing|lint|ci)[-_.]")
_INLINE = re.compile(r"(?P<quote>[\"'])flask(?:\[[^\]]*\])?(?:[=<>~! ][^\"'\n]*)?(?P=quote)", re.I)


def has_dependency(app: App, name: str, project: Project) -> bool:
    """True if the application's list of dependencies names a package."""
    wanted = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    return any(wanted.search(file.text) for file in _manifests(app, project))


def with_dependency(app: App, name: str, project: Project) -> Edit | None:
    """The edit that lists a package beside Flask, as Flask is listed.

    Returns None if no list of the application's names Flask, or one that pins hashes does.
    """
    for file in _manifests(app, project):
        if "--hash=" in file.text:
            continue
        edit = _beside(file, name)
        if edit is not None:
            return edit
    return None


def _manifests(app: App, project: Project) -> list[SourceFile]:
    """The lists of the application, the nearest first; none for tests or documents."""
    prefix = app.folder + "/" if app.folder else ""
    mine = [
        f
        for f in project.of("requirements")
        if f.path.startswith(prefix)
        and f.environment in ("production", "staging")
        and not _ASIDE.search(f.name.lower())
    ]
    return sorted(mine, key=lambda f: (f.path.count("/"), f.path))


def _beside(file: SourceFile, name: str) -> Edit | None:
    listed = list(_LISTED.finditer(file.text))
    lines = [m for m in listed if m["name"].lower().replace("_", "-") < name] or listed[:1]
    if lines:
        last = lines[-1]
        at = line_end(file.text, last.end())
        word = _as(last, name, file.name)
        return Edit(file.path, at, at, f"\n{last['margin']}{word}") if word else None
    inline = _INLINE.search(file.text)
    if inline is not None:
        quote = inline["quote"]
        return Edit(file.path, inline.end(), inline.end(), f", {quote}{name}{quote}")
    return None


def _as(listed: re.Match[str], name: str, file: str) -> str | None:
    """The package written as the one listed is. Returns None if that is no list's line."""
    quote, rest = listed["quote"], listed["rest"].strip()
    if quote:
        comma = "," if rest.split("#")[0].rstrip().endswith(",") else ""
        if rest.count(quote) != 1:
            return None
        return f"{quote}{name}{quote}," if comma else None
    if rest.startswith("=") and not rest.startswith("=="):
        return f'{name} = "*"'  # Pipfile, Poetry
    return name if file.endswith((".txt", ".in")) or file == "setup.cfg" else None
