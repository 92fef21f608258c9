"""``plainwire audit``: directories to reports, reports to outputs and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from plainwire import catalog, gate, report
from plainwire.audit import Reading, audit, recalled
from plainwire.cli import concluding, config, outputs
from plainwire.cli.arguments import EXIT_CODES, Parser, add_gate
from plainwire.cli.concluding import Conclusion
from plainwire.model import Environment, Report, TargetError, UsageError
from plainwire.source import cache as kept
from plainwire.source import packed, workers

if TYPE_CHECKING:
    from plainwire.source.importing import Imported

NAME = "plainwire audit"
FORMATS = (*report.RENDERERS, *report.PICTURES)
MAX_READ = 32_000_000  # bytes of projects that wait for a copy of the process to audit them
GRADED: tuple[Environment, ...] = get_args(Environment)[:4]


def parser() -> Parser:
    """The options of ``plainwire audit``."""
    p = Parser(
        NAME,
        "Read source and deployment files together, and judge the way to the application.",
        EXIT_CODES,
    )
    p.add_argument("path", nargs="+", type=Path, help="a project's directory; nothing in it is run")
    p.add_argument(
        "--env",
        choices=GRADED,
        default="production",
        metavar="NAME",
        help=f"the environment that is graded: {', '.join(GRADED)} (default: production)",
    )
    p.add_argument(
        "--no-cache",
        action="store_true",
        help="neither use nor keep what was found in the same content before",
    )
    p.add_argument(
        "--app",
        metavar="MODULE:NAME",
        help="run the project's code: import its application (or call module:factory()) in a"
        " process with limits, and take its configuration for what was read; for one path",
    )
    p.add_argument(
        "--app-python",
        metavar="FILE",
        default=sys.executable,
        help="the interpreter that has the application's packages (default: plainwire's own)",
    )
    add_gate(p)
    out = p.add_argument_group("output")
    out.add_argument(
        "--format", action="append", default=[], metavar="NAME[:FILE]", help=", ".join(FORMATS)
    )
    out.add_argument("--anchor", metavar="FILE", help="the file of results that have no place")
    return p


def run(arguments: Sequence[str]) -> int:
    """Audit what the arguments name and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except (UsageError, TargetError) as error:
        outputs.complain(NAME, str(error))
        return gate.USAGE


def _run(options: argparse.Namespace) -> int:
    settings = config.load(options)
    options.anchor = options.anchor or settings.anchor
    wanted = outputs.chosen(options.format or settings.formats, FORMATS)
    outputs.ensure_writable(concluding.files(wanted, settings))
    if options.app and len(options.path) > 1:
        raise UsageError("--app: for one path")
    # Parsing makes millions of objects and no garbage: an eighth of the CPU time less. `told` puts
    # it back.
    gc.disable()
    with Conclusion(NAME, options, settings, wanted, looked_for=catalog.load_rules) as conclusion:
        for one in _reports(options):
            conclusion.take(one)
        return conclusion.end(was_interrupted=False, bad_lines=0)


def _reports(options: argparse.Namespace) -> Iterator[Report]:
    """The report on each path in order; those not kept, side by side where there are processors."""
    paths: list[Path] = options.path
    many = workers.processors() if len(paths) > 1 else 1
    if many == 1:
        yield from (_report(path, options) for path in paths)
        return
    known = list(_known(paths, options))
    missing = [
        (path, one) for path, one in zip(paths, known, strict=True) if not isinstance(one, Report)
    ]
    if len(missing) > 1:
        from plainwire.source import kinds, project  # noqa: F401 - once, and not in every copy

        catalog.load_rules()

    def packed_one(number: int) -> bytes:
        path, reading = missing[number]
        return packed.pack(_report(path, options, reading)).encode()

    sizes = [one.raw.size if one is not None else MAX_READ for _, one in missing]
    order = sorted(range(len(missing)), key=lambda number: -sizes[number])
    made = workers.results(packed_one, len(missing), many, order)
    with contextlib.closing(made):
        for path, one in zip(paths, known, strict=True):
            if isinstance(one, Report):
                yield one
            elif (package := next(made)) is not None:
                yield cast("Report", packed.unpack(package.decode()))
            else:
                yield _report(path, options, one)


def _known(paths: Sequence[Path], options: argparse.Namespace) -> Iterator[Report | Reading | None]:
    """What is kept of each path, else what was read of it, while there is room for that."""
    room = MAX_READ
    for path in paths:
        cache = None if options.no_cache else kept.of_user(path)
        one: Report | Reading | None = None
        with contextlib.suppress(TargetError):  # said when its turn comes
            one = recalled(path, options.env, cache)
        if isinstance(one, Reading):
            room -= one.raw.size
        yield one if isinstance(one, Report) or room >= 0 else None


def _report(path: Path, options: argparse.Namespace, reading: Reading | None = None) -> Report:
    environment = cast("Environment", options.env)
    cache = None if options.no_cache else kept.of_user(path)
    facts = _imported(path, options)
    cache = cache if facts is None else None  # what running shows is not in the content
    return audit(path, environment=environment, cache=cache, imported=facts, reading=reading)


def _imported(path: Path, options: argparse.Namespace) -> Imported | None:
    """What importing the application shows, if that was asked for."""
    if not options.app:
        return None
    if not path.is_dir():
        raise TargetError(f"{path}: no directory that can be read")
    from plainwire.source.importing import imported  # nobody else starts processes

    return imported(path, options.app, options.app_python)
