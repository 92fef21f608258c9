"""Where results go: standard output, files, the record of what was sent."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plainwire import catalog, report
from plainwire.cli.ending import OutputError
from plainwire.model import Report, UsageError
from plainwire.report import clean

if TYPE_CHECKING:
    from plainwire.live.trace import Trace
    from plainwire.model import Check, Rule

NAMES = ", ".join(report.RENDERERS)
Output = tuple[str, str | None]
LookedFor = Callable[[], Sequence["Check | Rule"]]


def chosen(
    words: Sequence[str], formats: Sequence[str] = tuple(report.RENDERERS)
) -> tuple[Output, ...]:
    """Format names with their file, or None for standard output, each once.

    Raises:
        UsageError: for an unknown format, two that write to standard output, or to one file.
    """
    found = []
    for word in dict.fromkeys(words or ("text",)):
        name, colon, file = word.partition(":")
        if name not in formats:
            raise UsageError(f"--format: no format {name!r}; there are {', '.join(formats)}")
        if colon and not file:
            raise UsageError(f"--format {name}: no file after the colon")
        found.append((name, file or None))
    places = [file for _, file in found]
    if places.count(None) > 1:
        raise UsageError("--format: only one output can go to standard output")
    if len(set(places)) < len(places):
        raise UsageError("--format: two outputs go to one file")
    return tuple(found)


def anchor(configuration: Path | None) -> str | None:
    """The repo-relative file that SARIF results point at, where none is named."""
    places = [str(configuration or "")]
    places += ["openapi.json", "openapi.yaml", "docs/openapi.json", "docs/openapi.yaml"]
    places += [str(path) for path in sorted(Path(".github/workflows").glob("*.y*ml"))]
    return next((place for place in places if place and Path(place).is_file()), None)


def ensure_writable(places: Iterable[tuple[str, Path]]) -> None:
    """See before anything is sent that what is learned can be kept; nothing is overwritten.

    Raises:
        UsageError: if a file cannot be opened for writing.
    """
    for option, path in places:
        if path.exists() and not path.is_file() and not path.is_dir():
            continue  # a device or a pipe: opening may block, or end its reader
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600 | _shared(option)))
        except OSError as error:
            raise UsageError(f"{option}: cannot write {path}: {error.strerror}") from None


def _shared(option: str) -> int:
    return 0 if option == "--trace" else 0o066


def emit(
    outputs: Sequence[Output],
    reports: Sequence[Report],
    anchor: str | None,
    looked_for: LookedFor = catalog.load,
) -> None:
    """Render the reports to each output, files first: a reader of standard output may leave.

    ``looked_for`` gives what was looked for.

    Raises:
        UsageError: if a file cannot be written; the other outputs are written all the same.
    """
    wrong = []
    for name, file in sorted(outputs, key=lambda output: output[1] is None):
        text = _rendered(name, file, reports, anchor, looked_for)
        if file is None:
            say(text)
            continue
        try:
            write(name, file, text)
        except UsageError as error:
            wrong.append(str(error))
    if wrong:
        raise UsageError("; ".join(wrong))


def write(name: str, file: str, text: str) -> None:
    """Write an output's file.

    Raises:
        UsageError: if it cannot be written.
    """
    try:
        Path(file).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"--format {name}: cannot write {file}: {error.strerror}") from None


def _rendered(
    name: str,
    file: str | None,
    reports: Sequence[Report],
    anchor: str | None,
    looked_for: LookedFor,
) -> str:
    settings: dict[str, Any] = _terminal(file) if name == "text" else {}
    checks = looked_for() if name in ("sarif", "junit") else ()
    return report.render(name, reports, anchor=anchor, checks=checks, **settings)


def _terminal(file: str | None) -> dict[str, Any]:
    """Width and colour: colour only on a terminal and without NO_COLOR (no-color.org).

    A COLUMNS that is set holds for what goes into a pipe, too, as for others' programs.
    """
    is_terminal = file is None and sys.stdout.isatty()
    width = 80
    if is_terminal or (file is None and os.environ.get("COLUMNS")):
        import shutil  # three compressors come with it

        width = shutil.get_terminal_size((80, 24)).columns
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return {"width": width, "color": is_terminal and not plain}


def say(text: str) -> None:
    """Write data to standard output, in UTF-8 whatever the locale says, and see it leave.

    Raises:
        BrokenPipeError: if its reader left.
        OutputError: if it cannot be written for another reason.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None and not sys.stdout.isatty():
        reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(*error.args) from None


def complain(command: str, line: str) -> None:
    """Say one line on standard error, behind the command's name."""
    sys.stderr.write(f"{command}: {clean.visible(line)}\n")


def keep(path: Path, trace: Trace) -> None:
    """Write the record of everything sent.

    Raises:
        UsageError: if it cannot be written.
    """
    try:
        trace.write(path)
    except OSError as error:
        raise UsageError(f"--trace: cannot write {path}: {error.strerror}") from None
