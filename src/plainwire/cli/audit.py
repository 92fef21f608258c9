"""``plainwire audit``: directories to reports, reports to outputs and an exit code."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from plainwire import catalog, gate, report
from plainwire.audit import audit
from plainwire.cli import config, outputs
from plainwire.cli.arguments import Parser
from plainwire.model import Environment, Report, TargetError, UsageError

FORMATS = (*report.RENDERERS, *report.PICTURES)


def parser() -> Parser:
    """The options of ``plainwire audit``."""
    p = Parser(
        "plainwire audit",
        "Read source and deployment files, and judge the path from the client to the application.",
        "exit codes: 0 clean, 1 findings or grade, 2 usage, 3 nothing read, 4 incomplete",
    )
    p.add_argument("path", nargs="+", type=Path, help="a project's directory; nothing in it is run")
    p.add_argument(
        "--env",
        choices=get_args(Environment)[:4],
        default="production",
        help="the environment that is graded (production)",
    )
    judge = p.add_argument_group("gate")
    judge.add_argument("--fail-below", metavar="LETTER", help="fail below this grade: A to E")
    judge.add_argument("--fail-on", metavar="SEVERITY", help="fail on findings from here (high)")
    judge.add_argument("--allow-incomplete", action="store_true", default=None)
    judge.add_argument("--exit-zero", action="store_true", default=None)
    judge.add_argument("--baseline", type=Path, metavar="FILE", help="findings that are known")
    judge.add_argument("--update-baseline", action="store_true", help="write the baseline anew")
    judge.add_argument("--config", type=Path, metavar="FILE", help="instead of plainwire.toml")
    out = p.add_argument_group("output")
    out.add_argument(
        "--format", action="append", default=[], metavar="NAME[:FILE]", help=", ".join(FORMATS)
    )
    return p


def run(arguments: Sequence[str]) -> int:
    """Audit what the arguments name and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except (UsageError, TargetError) as error:
        outputs.complain(str(error), "audit")
        return gate.USAGE


def _run(options: argparse.Namespace) -> int:
    rules = config.load(options)
    wanted = outputs.chosen(options.format or rules.formats, FORMATS)
    outputs.ensure_writable((f"--format {n}", Path(f)) for n, f in wanted if f is not None)
    environment = cast("Environment", options.env)
    known = catalog.load_rules()
    found: list[Report] = [
        audit(path, environment=environment, rules=known) for path in options.path
    ]
    if rules.baseline_file is not None and rules.update_baseline:
        config.write_baseline(rules.baseline_file, gate.judged(found, rules)[0])
        rules = config.load(options)
    reports, notes = gate.judged(found, rules)
    verdict = gate.verdict(reports, rules)
    for line in (*notes, *verdict.reasons):
        outputs.complain(line, "audit")
    outputs.emit(wanted, reports, rules.anchor, known)
    return verdict.exit_code
