"""Whether git could give back what is about to be changed.

Only git's own reading commands run. What a repository's configuration could make git execute is
switched off (fsmonitor, hooks); where that cannot be (filter programs), nothing is asked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

TIMEOUT_S = 60.0
_LOOKED_AT = "H"  # git-ls-files(1), -v: "S" and small letters are files taken for unchanged
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")
_PROGRAMS = r"^filter\..*|^include.*"
_OF_REPOSITORY = ("local\t", "worktree\t")  # the user's own configuration is trusted
# A submodule has a configuration of its own, which git would obey when it looks into it.
_STATUS = ("--porcelain", "--untracked-files=no", "--ignore-submodules=all")


def obstacle(root: Path, paths: Sequence[str]) -> str | None:
    """Why changed files could not be got back from git. Returns None if they could.

    An empty text: the project is not under git at all.
    """
    if not _is_under_git(root):
        return ""
    program = shutil.which("git")
    if program is None:
        return "git is not installed, so whether the tree is clean is not known"
    filters = _ask(program, root, "config", "--show-scope", "--get-regexp", _PROGRAMS)
    if filters is None:
        return "git does not answer here, so whether the tree is clean is not known"
    if any(line.startswith(_OF_REPOSITORY) for line in filters.splitlines()):
        return "the repository's configuration names programs that git would run to compare files"
    said = _ask(program, root, "status", *_STATUS, "--", ".")
    tracked = _ask(program, root, "ls-files", "-vz", "--", *(f":(literal){p}" for p in paths))
    if said is None or tracked is None:
        return "git does not answer here, so whether the tree is clean is not known"
    changed = said.splitlines()
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return f"the tree is not clean: {changed[0][3:]}{more}"
    marks = {entry[2:]: entry[0] for entry in tracked.split("\0") if entry}
    unknown = sorted(set(paths) - set(marks))
    if unknown:
        return f"git does not know {unknown[0]}, and could not give it back"
    unseen = sorted(path for path in paths if marks[path] != _LOOKED_AT)
    why = "so whether it could give it back is not known"
    return f"git does not look at {unseen[0]} (git update-index), {why}" if unseen else None


def _is_under_git(root: Path) -> bool:
    here = root.resolve()
    return any((folder / ".git").exists() for folder in (here, *here.parents))


def _ask(program: str, root: Path, *words: str) -> str | None:
    """What a command prints. Returns None if it fails; no key of `config` found is no failure."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603 (git by its full path, every word our own)
            (program, *_QUIET, *words),
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    is_empty = words[0] == "config" and done.returncode == 1
    return done.stdout.decode("utf-8", "replace") if is_empty or not done.returncode else None
