"""One stack run under a supervisor, from outside: the job given, what was seen taken back."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from plainwire.fix.proof.expectations import Seen
from plainwire.fix.proof.ground import SYSTEM_PATH
from plainwire.fix.proof.isolation import Kind
from plainwire.fix.proof.plan import Answer, Question, Stack
from plainwire.fix.proof.tree import Source

DEADLINE_S: Final = 900.0
MAX_RESULT_BYTES: Final = 256 * 1024 * 1024
SUPERVISOR: Final = "plainwire.fix.proof.supervisor"
# Of the user's own variables the supervisor gets these, and what it starts none.
_KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "LD_LIBRARY_PATH", "LANG")
# What the application finds in its environment beside --env-file and the deployment's variables.
MINIMUM: Final = {
    "LANG": "C.UTF-8",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "FLASK_SKIP_DOTENV": "1",
    "PYTHON_DOTENV_DISABLED": "1",
}


@dataclass(frozen=True)
class Run:
    """What one tree's run showed. ``failed`` maps what did not start to the reason."""

    seen: Seen
    failed: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    attempts: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    tests: Mapping[str, Any] | None = None
    stopped: str = ""


@dataclass(frozen=True)
class Job:
    """What is the same for both runs. ``variables`` are those of --env-file."""

    kind: Kind
    folder: str
    python: str
    variables: Mapping[str, str] = field(default_factory=dict)
    test_command: str = ""
    test_timeout_s: float = 600.0


def run(
    source: Source,
    stack: Stack,
    questions: Sequence[Question],
    job: Job,
    denied: Sequence[str] = (),
) -> Run:
    """Start a stack on a copy of a tree, ask it, and end everything again.

    No redirect is followed to a path that one of the templates ``denied`` fits.
    """
    searched = f"{Path(job.python).parent}:{SYSTEM_PATH}"
    given = {
        "kind": job.kind,
        "tree": str(source.root.resolve()),
        "changes": {
            path: base64.b64encode(data).decode("ascii") for path, data in source.changes.items()
        },
        "folder": job.folder,
        "python": job.python,
        "stack": asdict(stack),
        "questions": [asdict(q) for q in questions],
        "denied": list(denied),
        "variables": {"PATH": searched, **MINIMUM},
        "given": dict(job.variables),
        "test_command": job.test_command,
        "test_timeout_s": job.test_timeout_s,
    }
    result = _supervised(given, DEADLINE_S + job.test_timeout_s)
    answers = {name: _answer(found) for name, found in result.get("answers", {}).items()}
    return Run(
        Seen(stack.host, answers, result.get("tls", {}), result.get("reload")),
        result.get("failed", {}),
        result.get("refused", ""),
        tuple(result.get("attempts", ())),
        result.get("versions", {}),
        result.get("logs", {}),
        result.get("tests"),
        result.get("stopped", ""),
    )


@cache
def refusal(kind: Kind) -> str:
    """Why the system does not grant a kind of isolation. Returns "" if it does; runs nothing.

    It is tried once a process: what the system grants does not change meanwhile.
    """
    given = {"kind": kind, "is_trial": True}
    return str(_supervised(given, 60.0).get("refused", ""))


def _supervised(given: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """A supervisor's result; it is killed with all it started where the wait for it ends early."""
    child = subprocess.Popen(  # noqa: S603 - our own supervisor
        # -P: this may be called in the project's folder, whose modules are not to be imported.
        [sys.executable, "-P", "-m", SUPERVISOR, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
        start_new_session=True,  # Ctrl-C comes here, and ends it by the finally below
    )
    try:
        output, errors = child.communicate(json.dumps(given).encode(), timeout_s)
    except subprocess.TimeoutExpired:
        return {"refused": f"not done after {timeout_s:g} s: everything was ended"}
    finally:
        child.kill()
        child.wait()
    if len(output) > MAX_RESULT_BYTES:
        return {"refused": "more was answered than is read"}
    try:
        result: dict[str, Any] = json.loads(output)
    except ValueError:
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        return {"refused": f"the supervisor ended early: {' '.join(last)[:300] or 'no word'}"}
    return result


def _answer(found: Mapping[str, Any]) -> Answer:
    return Answer(
        **{
            **found,
            "headers": tuple((n, v) for n, v in found["headers"]),
            "body": base64.b64decode(found["body"]),
            "visited": tuple(found["visited"]),
        }
    )
