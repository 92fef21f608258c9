"""Projects for audits: files given in a dictionary, laid out in a folder and read from there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from plainwire.audit import audit
from plainwire.model import Report, Rule, example_files
from plainwire.source.project import LocalProject


def laid_out(files: Mapping[str, str], folder: Path) -> Path:
    """The folder with the files written into it."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder


def project(files: Mapping[str, str], folder: Path) -> LocalProject:
    """The door to a folder with the files."""
    return LocalProject(laid_out(files, folder))


def audited(text: str, *rules: Rule, environment: str = "production") -> Report:
    """The report on files written as in a rule's page, by some rules or by all."""
    with tempfile.TemporaryDirectory() as folder:
        root = laid_out(example_files(text), Path(folder))
        return audit(root, rules=rules or None, environment=environment)


def found(text: str, *rules: Rule) -> list[tuple[str, str, int]]:
    """Id, path and line of each finding on such files."""
    return [
        (f.id, f.locations[0].path, f.locations[0].line) for f in audited(text, *rules).findings
    ]


def holds(rule: Rule) -> bool:
    """True if the rule finds its page's Bad and is silent on its Good."""
    bad = audited(rule.page.bad, rule)
    good = audited(rule.page.good, rule)
    is_found = any(f.id == rule.id for f in bad.findings)
    return is_found and not good.findings and not bad.unanswered and not good.unanswered
