"""Files that are written on request, for the application that a project has: ``--new KIND``.

Nothing that is there is overwritten. What would be written is audited with the project first; a
finding that stands in it is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from plainwire.fix.new_files import proxies, running, workflow
from plainwire.fix.new_files.facts import Facts, Versions, facts
from plainwire.fix.state import State
from plainwire.model import Environment, Finding, SourceFile, UsageError
from plainwire.source import kinds

KINDS = ("nginx", "apache", "caddy", "haproxy", "gunicorn", "compose", "workflow")


@dataclass(frozen=True)
class NewFiles:
    """Texts by their paths in the project, and the findings of an audit that stand in them."""

    texts: dict[str, str]
    findings: tuple[Finding, ...] = ()


def new_files(
    root: Path, wanted: Iterable[tuple[str, Versions]], environment: Environment = "production"
) -> NewFiles:
    """The files of the kinds, each for a version of its server. Nothing is written.

    Raises:
        UsageError: if there is no such kind, a file is there already, or that version cannot meet
            the profile.
        TargetError: if the directory cannot be read.
    """
    state = State.of(root)
    known = facts(state.project)
    texts: dict[str, str] = {}
    for kind, versions in wanted:
        texts |= _texts(kind, known, versions)
    for path in texts:
        if (root / path).exists() or (root / path).is_symlink():
            raise UsageError(f"{path} is there already; --new overwrites nothing")
    return NewFiles(texts, _findings(state, texts, environment))


def _texts(kind: str, known: Facts, versions: Versions) -> dict[str, str]:
    match kind:
        case "gunicorn":
            return {"gunicorn.conf.py": running.gunicorn(known)}
        case "compose":
            inside = replace(known, host=running.SERVICE, socket="")
            return {
                "compose.yaml": running.compose(known, versions),
                proxies.PATHS["nginx"]: proxies.proxy("nginx", inside, versions),
            }
        case "workflow":
            return {workflow.PATH: workflow.workflow()}
        case _ if kind in proxies.PATHS:
            return {proxies.PATHS[kind]: proxies.proxy(kind, known, versions)}
    raise UsageError(f"--new: no file {kind!r}; there are {', '.join(KINDS)}")


def _findings(state: State, texts: dict[str, str], environment: Environment) -> tuple[Finding, ...]:
    """What the audit of the project with the files finds in them."""
    added = [
        SourceFile(path, kinds.format_of(path, text) or "other", "production", text)
        for path, text in texts.items()
    ]
    files = tuple(sorted((*state.tree.files, *added), key=lambda file: file.path))
    seen = State(state.root, replace(state.tree, files=files), {}).report(environment)
    return tuple(f for f in seen.findings if f.locations and f.locations[0].path in texts)
