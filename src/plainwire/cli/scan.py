"""``plainwire scan``: words to settings, scans to reports, reports to outputs and an exit code."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from plainwire import gate, report
from plainwire.cli import config, outputs, running, secrets, targets
from plainwire.cli.arguments import Parser, count, duration, port
from plainwire.cli.outputs import complain
from plainwire.cli.running import Plan
from plainwire.live import descriptions, dial
from plainwire.live.credentials import Credentials
from plainwire.live.settings import Settings
from plainwire.live.trace import Trace
from plainwire.model import Report, Target, UsageError
from plainwire.report import clean
from plainwire.wire.masking import Masker
from plainwire.wire.target import parse_target

ALLOW = {
    "cleartext-credentials": "send the given credentials over plain HTTP too",
}


def parser() -> Parser:
    """The options of ``plainwire scan``."""
    p = Parser(
        "plainwire scan",
        "Scan live APIs over both schemes, grade them, gate on them.",
        "exit codes: 0 clean, 1 findings or grade, 2 usage, 3 nothing scanned, "
        "4 incomplete, 130 interrupted",
    )
    p.add_argument("target", nargs="*", help="URL, host or host:port; - reads standard input")
    where = p.add_argument_group("targets")
    where.add_argument("--targets", metavar="FILE", help="a file with a target a line (- is stdin)")
    where.add_argument(
        "--resolve", action="append", default=[], metavar="HOST:ADDR", help="use this address"
    )
    where.add_argument("--all-addresses", action="store_true", help="every address of each name")
    where.add_argument("--http-port", type=port, action="append", default=[], metavar="PORT")
    where.add_argument("--https-port", type=port, action="append", default=[], metavar="PORT")
    where.add_argument("--paths", metavar="FILE", help="further paths to ask, one a line")
    where.add_argument(
        "--spec", action="append", default=[], metavar="FILE|URL", help="an OpenAPI description"
    )
    where.add_argument("--ca", type=Path, metavar="FILE", help="a CA to trust beside the others")
    where.add_argument(
        "--wait-for", type=duration, default=0.0, metavar="TIME", help="wait until it answers: 60s"
    )
    who = p.add_argument_group("credentials (never literal; " + secrets.SOURCES + ")")
    who.add_argument("--bearer", metavar="SOURCE", help="a bearer token")
    who.add_argument("--basic", metavar="SOURCE", help="user:password")
    who.add_argument("--cookie", metavar="SOURCE", help="a Cookie header's value")
    who.add_argument(
        "--header", action="append", default=[], metavar="'NAME: SOURCE'", help="a further header"
    )
    who.add_argument(
        "--allow", action="append", default=[], choices=sorted(ALLOW), help="opt in for this run"
    )
    judge = p.add_argument_group("gate")
    judge.add_argument("--fail-below", metavar="LETTER", help="fail below this grade: A to E")
    judge.add_argument("--fail-on", metavar="SEVERITY", help="fail on findings from here (high)")
    judge.add_argument("--require", action="append", default=[], metavar="CATEGORY")
    judge.add_argument("--allow-incomplete", action="store_true", default=None)
    judge.add_argument("--exit-zero", action="store_true", default=None)
    judge.add_argument("--baseline", type=Path, metavar="FILE", help="findings that are known")
    judge.add_argument("--update-baseline", action="store_true", help="write the baseline anew")
    judge.add_argument("--config", type=Path, metavar="FILE", help="instead of plainwire.toml")
    out = p.add_argument_group("output")
    out.add_argument(
        "--format", action="append", default=[], metavar="NAME[:FILE]", help=outputs.NAMES
    )
    out.add_argument("--anchor", metavar="FILE", help="the file that SARIF results point at")
    out.add_argument("--trace", type=Path, metavar="FILE", help="everything sent, mode 0600")
    out.add_argument("--trace-bodies", action="store_true")
    out.add_argument("--dry-run", action="store_true", help="list what would be sent")
    out.add_argument("-q", "--quiet", action="store_true", help="no progress")
    out.add_argument("-v", "--verbose", action="store_true", help="each question as it is sent")
    bound = p.add_argument_group("bounds")
    bound.add_argument("--connect-timeout", type=duration, metavar="TIME", help="5s")
    bound.add_argument("--timeout", type=duration, metavar="TIME", help="10s")
    bound.add_argument("--concurrency", type=count, metavar="N", help="8")
    bound.add_argument("--rate", type=count, metavar="N", help="50 questions a second")
    bound.add_argument("--max-requests", type=count, metavar="N", help="500 for a target")
    return p


def run(arguments: Sequence[str]) -> int:
    """Scan what the arguments name and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except UsageError as error:
        complain(str(error))
        return gate.USAGE


def _run(options: argparse.Namespace) -> int:
    rules = config.load(options)
    options.anchor = options.anchor or rules.anchor or _anchor(rules)
    wanted = outputs.chosen(options.format or rules.formats)
    plan = _plan(options, rules)
    for line in plan.bad_lines:
        complain(line)
    if options.dry_run:
        return _rehearse(plan)
    outputs.ensure_writable(_files(wanted, options, rules))
    trace = _trace(options, plan.masker)
    is_streamed = ("jsonl", None) in wanted and not rules.update_baseline
    found, was_interrupted = running.scan_all(
        plan, trace, (lambda one: _stream(one, rules)) if is_streamed else None
    )
    if options.trace:
        outputs.keep(options.trace, trace)
    if rules.baseline_file is not None and rules.update_baseline:
        config.write_baseline(rules.baseline_file, gate.judged(found, rules)[0])
        rules = config.load(options)
    reports, notes = gate.judged(found, rules)
    verdict = gate.verdict(
        reports, rules, was_interrupted=was_interrupted, bad_lines=len(plan.bad_lines)
    )
    for line in (*notes, *verdict.reasons):
        complain(line)
    rest = [output for output in wanted if output != ("jsonl", None) or not is_streamed]
    outputs.emit(rest, reports, options.anchor)
    return verdict.exit_code


def _stream(one: Report, rules: config.Configuration) -> None:
    """Print one target's line as soon as it is known."""
    outputs.say(report.render("jsonl", gate.judged([one], rules)[0]))


def _files(
    wanted: Sequence[outputs.Output], options: argparse.Namespace, rules: config.Configuration
) -> Iterator[tuple[str, Path]]:
    """The files that are to be written, each with the option that says so."""
    for name, file in wanted:
        if file is not None:
            yield f"--format {name}", Path(file)
    if options.trace:
        yield "--trace", options.trace
    if rules.update_baseline and rules.baseline_file is not None and rules.baseline_file.exists():
        yield "--baseline", rules.baseline_file


def _anchor(rules: config.Configuration) -> str | None:
    """The repo-relative file that SARIF results point at, where none is named."""
    places = [str(rules.source or "")]
    places += ["openapi.json", "openapi.yaml", "docs/openapi.json", "docs/openapi.yaml"]
    places += [str(path) for path in sorted(Path(".github/workflows").glob("*.y*ml"))]
    return next((place for place in places if place and Path(place).is_file()), None)


def _plan(options: argparse.Namespace, rules: config.Configuration) -> Plan:
    proxies, no_proxy = dial.proxies_from(os.environ)
    settings = Settings(
        connect_timeout_s=options.connect_timeout or rules.connect_timeout_s or 5.0,
        answer_timeout_s=options.timeout or rules.timeout_s or 10.0,
        concurrency=options.concurrency or rules.concurrency or 8,
        rate_per_s=float(options.rate or rules.rate or 50),
        max_questions=options.max_requests or rules.max_requests or 500,
        resolve=targets.pinned(options.resolve),
        ca_file=options.ca,
        allow=frozenset(options.allow),
        proxies=proxies,
        no_proxy=no_proxy,
    )
    if options.ca is not None:
        dial.verifying_context(options.ca)  # one that cannot be read is told before all else
    named = targets.named(options.target, options.targets, options.http_port, options.https_port)
    lines = secrets.headers(
        options.bearer, options.basic, options.cookie, options.header, named.userinfo
    )
    given = _credentials(lines, named.targets)
    return Plan(
        named.targets,
        named.bad_lines,
        settings,
        given,
        targets.paths(options.paths) + tuple(rules.paths),
        Masker(secrets.mask_key(), given.secrets if given else ()),
        wait_for_s=options.wait_for,
        every_address=options.all_addresses,
        specs=_specs(options.spec),
        is_quiet=options.quiet,
    )


def _specs(named: Sequence[str]) -> tuple[str, ...]:
    """The API descriptions named, seen to be readable before anything is sent."""
    for name in named:
        if "://" in name:
            parse_target(name)
        else:
            descriptions.from_file(name)
    return tuple(named)


def _credentials(given: tuple[tuple[str, str], ...], named: Sequence[Target]) -> Credentials | None:
    """The credentials with the one origin that they are for."""
    if not given or not targets:  # every line of a targets file may have been a bad one
        return None
    origins = {target.https[0] for target in named}
    if len(origins) != 1:
        raise UsageError("a credential is given for one origin, and several targets are named")
    return Credentials(given, origins.pop())


def _trace(options: argparse.Namespace, masker: Masker) -> Trace:
    def tell(line: str) -> None:
        running.note(clean.visible(line))

    return Trace(
        masker,
        with_bodies=options.trace_bodies,
        tell=tell if options.verbose else None,
        is_kept=options.trace is not None,
    )


def _rehearse(plan: Plan) -> int:
    """Print what would be sent whatever the answers are, without sending anything."""
    from plainwire.cli import rehearsal

    for target in plan.targets:
        named = plan.masker.text(target.value)
        outputs.say(f"{named}: at most these, and what documents and links name\n")
        for line in rehearsal.questions(target, plan.settings, plan.paths, plan.specs):
            outputs.say(f"  {plan.masker.text(line)}\n")
    return gate.INCOMPLETE if plan.bad_lines else gate.CLEAN
