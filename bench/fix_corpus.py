"""What `plainwire fix` does to other projects: one line each, of copies of the folders in FOLDER.

    python bench/fix_corpus.py FOLDER [--unsafe]

Everything that is counted is counted anew from the copies on the disk: by an audit of the applied
tree, by Python's and PyYAML's parsers, and by `tests/fix/lattice.py`, which reads settings by
itself. "remedy" counts the findings with a safe or a proved conditional remedy, those too whose
patch was dropped when it was tried.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fix import lattice
from plainwire.audit import audit
from plainwire.fix import applying, listing
from plainwire.fix.plan import Choice, plan

HEADS = (
    *("before", "remedy", "gone", "added", "suppressed", "deleted", "routes"),
    *("invalid", "weaker", "second", "applies", "grade"),
)

ROUTING = ("route", "get", "post", "put", "patch", "delete", "add_url_rule", "add_resource")


def measured(project: Path, with_unsafe: bool) -> dict[str, object]:
    """The figures of one project; the original is not touched."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "copy"
        shutil.copytree(project, root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        files = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
        old = {p: p.read_bytes() for p in files}
        before = audit(root)
        choice = Choice(with_unsafe=with_unsafe)
        made = plan(root, choice)
        applies = _git_applies(root, listing.text(made))
        done = applying.apply(root, made)
        after = done.report
        new = {p: p.read_bytes() for p in files if p.exists()}
        changed = [p for p in new if new[p] != old[p]]
        grades = [r.grade.letter if r.grade else "-" for r in (before, after)]
        return {
            "before": len(before.findings),
            "remedy": len(made.steps) + sum(choice.takes(p) for p in made.advice),
            "gone": len(before.findings) - len(after.findings),
            "added": _added(before, after, old, new),
            "suppressed": _suppressed(after) - _suppressed(before),
            "deleted": len(old) - len(new),
            "routes": _routes(old) - _routes(new),
            "invalid": sum(_parses(p, old[p]) and not _parses(p, new[p]) for p in changed),
            "weaker": sum(
                len(lattice.weaker(p.name, _text(old[p]), _text(new[p]))) for p in changed
            ),
            "second": len(plan(root, choice).steps),
            "applies": applies,
            "grade": f"{grades[0]}>{grades[1]}",
        }


def _added(before, after, old: dict[Path, bytes], new: dict[Path, bytes]) -> int:
    """Findings of rules that found fewer before: nothing of our own comparison is used."""
    names = [f.id for f in before.findings]
    return sum(max([f.id for f in after.findings].count(n) - names.count(n), 0)
               for n in {f.id for f in after.findings})  # fmt: skip


def _routes(files: dict[Path, bytes]) -> int:
    """How many routes the Python files register, by decorators or calls."""
    found = 0
    for path, data in files.items():
        if path.suffix != ".py" or not _parses(path, data):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
        names = (n.func.attr for n in ast.walk(tree)
                 if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))  # fmt: skip
        found += sum(name in ROUTING for name in names)
    return found


def _suppressed(report) -> int:
    return sum(f.suppressed is not None for f in report.findings)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _parses(path: Path, data: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if path.suffix == ".py":
                ast.parse(data)
            elif path.suffix in (".yml", ".yaml"):
                list(yaml.safe_load_all(data))
        except (SyntaxError, ValueError, yaml.YAMLError):
            return False
    return True


def _git_applies(root: Path, patch: str) -> str:
    """Whether git takes what `--diff` prints."""
    if "--- a/" not in patch:
        return "empty"
    command = ["git", "apply", "--check", "--verbose", "-"]
    done = subprocess.run(command, cwd=root, input=patch.encode(), capture_output=True, check=False)
    return "yes" if done.returncode == 0 else "no"


def main() -> None:
    """Print the table."""
    folder, with_unsafe = Path(sys.argv[1]), "--unsafe" in sys.argv
    print(f"{'project':<22}" + "".join(f"{head:>11}" for head in HEADS))
    for project in sorted(p for p in folder.iterdir() if p.is_dir()):
        row = measured(project, with_unsafe)
        print(f"{project.name:<22}" + "".join(f"{row[head]!s:>11}" for head in HEADS), flush=True)


if __name__ == "__main__":
    main()
