"""Scores other tools' reports on labelled projects, by the same labels as plainwire's.

    python bench/peers_audit.py LABELS FOLDER OUT

LABELS holds NAME.json with ``findings`` and ``non_findings`` ({path, line, kind}); FOLDER the
projects by NAME; OUT what the tools wrote (docs/comparison.md has the commands). They have no
kinds, so any result within two lines of a label counts as found, whatever it says: kinder than to
ourselves. A non-problem is flagged by any result on its line or beside it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

SLACK = 2
Place = tuple[str, int]


def bandit(out: Path) -> Iterator[Place]:
    """Results of bandit."""
    for one in json.loads((out / "bandit.json").read_text())["results"]:
        yield one["filename"], one["line_number"]


def ruff(out: Path) -> Iterator[Place]:
    """Results of ruff."""
    for one in json.loads((out / "ruff.json").read_text()):
        yield one["filename"], one["location"]["row"]


def semgrep(out: Path) -> Iterator[Place]:
    """Results of semgrep."""
    for one in json.loads((out / "semgrep.json").read_text())["results"]:
        yield one["path"], one["start"]["line"]


def checkov(out: Path) -> Iterator[Place]:
    """Failed checks of checkov, the first lines of each."""
    body = json.loads((out / "checkov.json").read_text())
    for part in body if isinstance(body, list) else [body]:
        for one in part.get("results", {}).get("failed_checks", ()):
            first, last = one["file_line_range"]
            for line in range(first, min(last, first + 10) + 1):
                yield one["file_path"], line


def gixy(out: Path) -> Iterator[Place]:
    """Results of gixy."""
    for file in out.glob("gixy-*.json"):
        text = file.read_text()
        for one in json.loads(text) if text.strip() else ():
            path = one.get("path") or one.get("file") or ""
            yield path, int(one.get("line") or 0)


def main() -> None:
    """Print a row a tool."""
    labels, folder, out = (Path(word) for word in sys.argv[1:4])
    truth = {file.stem: json.loads(file.read_text()) for file in sorted(labels.glob("*.json"))}
    print("| tool | results | found | of the high | non-problems flagged |\n|---|---|---|---|---|")
    for tool in (bandit, ruff, semgrep, gixy, checkov):
        try:
            places = {(_relative(p, folder), line) for p, line in tool(out)}
        except FileNotFoundError:
            continue
        found = high = flagged = total = every_high = negatives = 0
        for name, body in truth.items():
            mine = {(p, n) for p, n in places if p.startswith(name + "/")}
            for label in body["findings"]:
                is_high = label["severity"] in ("high", "critical")
                is_hit = _near(f"{name}/{label['path']}", label["line"], mine, SLACK)
                total, every_high = total + 1, every_high + is_high
                found, high = found + is_hit, high + (is_hit and is_high)
            for label in body["non_findings"]:
                negatives += 1
                flagged += _near(f"{name}/{label['path']}", label["line"], mine, 1)
        row = f"{len(places)} | {found} of {total} | {high} of {every_high}"
        print(f"| {tool.__name__} | {row} | {flagged} of {negatives} |")


def _near(path: str, line: int, places: set[Place], slack: int) -> bool:
    return any((path, line + off) in places for off in range(-slack, slack + 1))


def _relative(path: str, folder: Path) -> str:
    return path.removeprefix(str(folder.resolve())).removeprefix("./").lstrip("/")


if __name__ == "__main__":
    main()
