"""``python -m plainwire`` as a process of its own: what it says, how it ends, what it took."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bounded import PATIENCE_S, child

PLAINWIRE = (sys.executable, "-W", "error", "-m", "plainwire")
# A server that falls silent costs this each time; an honest one on a loaded machine needs less.
QUICK = ("--timeout", "400ms", "--connect-timeout", "5s")

# The most that a child of this small process held: one of the tests' own would count their memory
# too, because the kernel carries the peak of a forked process over into the program it becomes.
_MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Ended:
    """How a process ended and what it wrote; ``peak_mb`` if that was asked for."""

    code: int
    out: str
    err: str
    peak_mb: float | None = None


def environment(**variables: str | None) -> dict[str, str]:
    """The environment without what a developer's shell may say to plainwire; None takes away."""
    proxies = {f"{name}_proxy" for name in ("http", "https", "all", "no")}
    left_out = {*proxies, "no_color", "columns"}
    mine = {name: value for name, value in os.environ.items() if name.lower() not in left_out}
    mine |= {name: value for name, value in variables.items() if value is not None}
    return {name: value for name, value in mine.items() if variables.get(name, value) is not None}


def plainwire(
    *words: str | Path,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    is_measured: bool = False,
    files: int | None = None,
) -> Ended:
    """Run one command to its end, with at most so many ``files`` open if given.

    Never a traceback, never a raw control character.
    """
    measured = (sys.executable, "-I", "-S", "-c", _MEASURED) if is_measured else ()
    if files is not None:
        measured = ("sh", "-c", f'ulimit -n {files} && exec "$@"', "sh")
    done = subprocess.run(
        [*measured, *PLAINWIRE, *map(str, words)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment() if env is None else dict(env),
        timeout=PATIENCE_S,
        check=False,
        start_new_session=True,  # no terminal to ask
    )
    out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    peak_mb = None
    if is_measured:
        *lines, kilobytes = err.splitlines()
        err, peak_mb = "".join(f"{line}\n" for line in lines), int(kilobytes) / 1024
    assert "Traceback" not in err and "Warning" not in err, err
    for text in (out, err):
        assert not [c for c in text if c != "\n" and not c.isprintable()], text
    return Ended(done.returncode, out, err, peak_mb)


def started(
    *words: str | Path, cwd: Path, **options: object
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """One command with pipes for its outputs, killed when the block ends."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    settings = {"stdin": subprocess.DEVNULL, "env": environment(), **pipes, **options}
    return child([*PLAINWIRE, *words], cwd=cwd, start_new_session=True, **settings)
