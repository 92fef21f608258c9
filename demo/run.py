"""`make demo`: the weak and the hardened API, each scanned as a user would: F and A.

`DEMO_BREAK=redirect|hsts|cert|cookie|forwarded` breaks one thing of the hardened one first. The
reports are left in `demo/out`, or in the folder `DEMO_OUT`.
Exit codes: 0 the letters are F and A (with DEMO_BREAK: F, and worse than A); 1 they are not, or a
scan left no letter; 2 an unknown DEMO_BREAK; 128 + n ended by signal n.
"""

import json
import os
import shlex
import signal
import sys
from pathlib import Path

import stack

OUT = Path(os.environ.get("DEMO_OUT", Path(__file__).parent / "out"))


def main() -> int:
    """Scan both and compare the letters."""
    broken = os.environ.get("DEMO_BREAK", "")
    if broken and broken not in stack.BREAKS:
        print(f"DEMO_BREAK={broken}: not one of {', '.join(stack.BREAKS)}", file=sys.stderr)
        return 2
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, _interrupted)
    OUT.mkdir(parents=True, exist_ok=True)
    try:
        weak, hardened = _scan_weak(), _scan_hardened(broken)
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    print(f"\nweak: {weak}, hardened{f' with a broken {broken}' if broken else ''}: {hardened}")
    print(f"reports: {_shown(OUT)}/{{weak,hardened}}.{{txt,json}}")
    return 0 if weak == "F" and (hardened > "A" if broken else hardened == "A") else 1


def _scan_weak() -> str:
    with stack.weak() as port:
        return _scan("weak", f"http://127.0.0.1:{port}")


def _scan_hardened(broken: str) -> str:
    with stack.hardened(OUT / "ca.pem", broken) as at:
        return _scan(
            "hardened",
            f"https://{stack.NAME}:{at.https_port}",
            *("--http-port", str(at.http_port)),
            *("--resolve", f"{stack.NAME}:127.0.0.1"),
            *("--ca", _shown(at.ca)),
        )


def _scan(name: str, *words: str) -> str:
    """Run the command, its report on our stdout and in `OUT`; the letter of the report.

    Raises:
        RuntimeError: if the report has no letter.
    """
    text, report = (OUT / f"{name}.{suffix}" for suffix in ("txt", "json"))
    for old in (text, report):
        old.unlink(missing_ok=True)
    formats = ("--format", "text")
    for kind, path in (("text", text), ("json", report)):
        formats += ("--format", f"{kind}:{_shown(path)}")
    command = ("scan", *words, *formats)
    print(f"\n$ plainwire {shlex.join(command)}", flush=True)
    # On an interrupt the scan gets one too, and prints what it knows.
    with stack.running([sys.executable, "-m", "plainwire", *command], signal.SIGINT) as scan:
        code = scan.wait()
    try:
        return str(json.loads(report.read_text("utf-8"))["grade"]["letter"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuntimeError(f"the {name} API got no letter (exit {code}): {error!r}") from error


def _shown(path: Path) -> str:
    """A path as short as it can be written from here."""
    return os.path.relpath(path)


def _interrupted(number: int, _: object) -> None:
    """Leave by the way of every `finally`; further signals must not cut that short."""
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
