"""``plainwire scan``: words to settings, scans to reports, reports to outputs and an exit code."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plainwire import catalog, gate, report
from plainwire.cli import config, secrets
from plainwire.live import dial
from plainwire.live.credentials import Credentials
from plainwire.live.settings import Settings
from plainwire.live.trace import Trace
from plainwire.model import Report, Target, UsageError
from plainwire.report import clean
from plainwire.scan import scan_async
from plainwire.wire.masking import Masker
from plainwire.wire.target import parse_target

ALLOW = {
    "cleartext-credentials": "send the given credentials over plain HTTP too",
}
OUTPUTS = "text, json, jsonl, sarif, junit, markdown, github"


def parser() -> argparse.ArgumentParser:
    """The options of ``plainwire scan``."""
    p = argparse.ArgumentParser(
        prog="plainwire scan",
        description="Scan live APIs over both schemes, grade them, gate on them.",
        epilog="exit codes: 0 clean, 1 findings or grade, 2 usage, 3 nothing scanned, "
        "4 incomplete, 130 interrupted",
        allow_abbrev=False,
    )
    p.add_argument("target", nargs="*", help="URL, host or host:port; - reads standard input")
    where = p.add_argument_group("targets")
    where.add_argument("--targets", metavar="FILE", help="a file with a target a line (- is stdin)")
    where.add_argument(
        "--resolve", action="append", default=[], metavar="HOST:ADDR", help="use this address"
    )
    where.add_argument("--all-addresses", action="store_true", help="every address of each name")
    where.add_argument("--http-port", type=_port, action="append", default=[], metavar="PORT")
    where.add_argument("--https-port", type=_port, action="append", default=[], metavar="PORT")
    where.add_argument("--paths", metavar="FILE", help="further paths to ask, one a line")
    where.add_argument("--ca", type=Path, metavar="FILE", help="a CA to trust beside the others")
    where.add_argument(
        "--wait-for", type=_duration, default=0.0, metavar="TIME", help="wait until it answers: 60s"
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
    out.add_argument("--format", action="append", default=[], metavar="NAME[:FILE]", help=OUTPUTS)
    out.add_argument("--anchor", metavar="FILE", help="the file that SARIF results point at")
    out.add_argument("--trace", type=Path, metavar="FILE", help="everything sent, mode 0600")
    out.add_argument("--trace-bodies", action="store_true")
    out.add_argument("--dry-run", action="store_true", help="list what would be sent")
    out.add_argument("-q", "--quiet", action="store_true", help="no progress")
    out.add_argument("-v", "--verbose", action="store_true", help="each question as it is sent")
    bound = p.add_argument_group("bounds")
    bound.add_argument("--connect-timeout", type=_duration, metavar="TIME", help="5s")
    bound.add_argument("--timeout", type=_duration, metavar="TIME", help="10s")
    bound.add_argument("--concurrency", type=_count, metavar="N", help="8")
    bound.add_argument("--rate", type=_count, metavar="N", help="50 questions a second")
    bound.add_argument("--max-requests", type=_count, metavar="N", help="500 for a target")
    return p


@dataclass(frozen=True)
class _Plan:
    """What one call is to do."""

    targets: tuple[Target, ...]
    bad_lines: tuple[str, ...]
    settings: Settings
    credentials: Credentials | None
    paths: tuple[str, ...]


def run(arguments: Sequence[str]) -> int:
    """Scan what the arguments name and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except UsageError as error:
        _complain(str(error))
        return 2


def _run(options: argparse.Namespace) -> int:
    rules = config.load(options)
    options.anchor = options.anchor or rules.anchor or _anchor(rules)
    outputs = _outputs(options.format or rules.formats)
    plan = _plan(options, rules)
    for line in plan.bad_lines:
        _complain(line)
    if options.dry_run:
        return _rehearse(plan)
    trace = _trace(options, plan)
    scanned, was_interrupted = asyncio.run(_scan_all(plan, options, trace))
    if options.trace:
        _write(options.trace, trace)
    if rules.baseline_file is not None and rules.update_baseline:
        config.write_baseline(rules.baseline_file, gate.judged(scanned, rules)[0])
        rules = config.load(options)
    reports, notes = gate.judged(scanned, rules)
    for note in notes:
        _complain(note)
    _emit(outputs, reports, options)
    verdict = gate.verdict(
        reports, rules, was_interrupted=was_interrupted, bad_lines=len(plan.bad_lines)
    )
    for reason in verdict.reasons:
        _complain(reason)
    return verdict.exit_code


def _complain(line: str) -> None:
    sys.stderr.write(f"plainwire scan: {clean.visible(line)}\n")


def _anchor(rules: config.Configuration) -> str | None:
    """The repo-relative file that SARIF results point at, where none is named."""
    places = [str(rules.source or "")]
    places += ["openapi.json", "openapi.yaml", "docs/openapi.json", "docs/openapi.yaml"]
    places += [str(path) for path in sorted(Path(".github/workflows").glob("*.y*ml"))]
    return next((place for place in places if place and Path(place).is_file()), None)


# Words to values ---------------------------------------------------------------------------


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"not a time such as 60s or 500ms: {text!r}")
    value = float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}[match[2]]
    if value <= 0:
        raise argparse.ArgumentTypeError("a time is more than nothing")
    return value


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"not a port: {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"not a number from 1 to 100000: {text!r}")
    return int(text)


def _plan(options: argparse.Namespace, rules: config.Configuration) -> _Plan:
    proxies, no_proxy = dial.proxies_from(os.environ)
    settings = Settings(
        connect_timeout_s=options.connect_timeout or rules.connect_timeout_s or 5.0,
        answer_timeout_s=options.timeout or rules.timeout_s or 10.0,
        concurrency=options.concurrency or rules.concurrency or 8,
        rate_per_s=float(options.rate or rules.rate or 50),
        max_questions=options.max_requests or rules.max_requests or 500,
        resolve=_resolve(options.resolve),
        ca_file=options.ca,
        allow=frozenset(options.allow),
        proxies=proxies,
        no_proxy=no_proxy,
    )
    if options.ca is not None:
        dial.verifying_context(
            options.ca
        )  # a CA that cannot be read is told before anything is sent
    targets, bad_lines, userinfo = _targets(options)
    given = secrets.headers(options.bearer, options.basic, options.cookie, options.header, userinfo)
    paths = _paths(options.paths) + tuple(rules.paths)
    return _Plan(targets, bad_lines, settings, _credentials(given, targets), paths)


def _resolve(items: Sequence[str]) -> dict[str, str]:
    import ipaddress

    pinned = {}
    for item in items:
        host, colon, address = item.partition(":")
        try:
            pinned[host.lower()] = str(ipaddress.ip_address(address.strip("[]")))
        except ValueError:
            raise UsageError(f"--resolve: not HOST:ADDR: {item!r}") from None
        if not host or not colon:
            raise UsageError(f"--resolve: not HOST:ADDR: {item!r}")
    return pinned


def _targets(options: argparse.Namespace) -> tuple[tuple[Target, ...], tuple[str, ...], str | None]:
    """The targets: a wrong argument ends the call, a wrong line of a file is told and passed over.

    The second value holds what was wrong, the third the user information of a URL.
    """
    words = [word for word in options.target if word != "-"]
    lines = [
        line.strip()
        for source in ([options.targets] if options.targets else [])
        + ["-"] * ("-" in options.target)
        for line in _lines_of(source)
    ]
    ports = {
        "http_ports": tuple(options.http_port),
        "https_ports": tuple(options.https_port),
    }
    found: dict[Target, None] = {}
    userinfo, bad = None, []
    for number, word in enumerate([*words, *lines]):
        if not word or (number >= len(words) and word.startswith("#")):
            continue
        try:
            target, login = parse_target(word, **ports)
        except UsageError as error:
            if number < len(words):
                raise
            bad.append(f"line {number - len(words) + 1}: {error}")
            continue
        found[target] = None
        userinfo = login or userinfo
    if not found and not bad:
        raise UsageError("no target: name a URL, a host or host:port")
    return tuple(found), tuple(bad), userinfo


def _lines_of(source: str) -> list[str]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"cannot read the targets in {source}: {error.strerror}") from None
    return text.splitlines()


def _paths(source: str | None) -> tuple[str, ...]:
    if source is None:
        return ()
    lines = (line.strip() for line in _lines_of(source))
    paths = tuple(line for line in lines if line and not line.startswith("#"))
    for path in paths:
        if not path.startswith("/") or any(c <= " " or c > "~" for c in path):
            raise UsageError(f"--paths: not a path from / in printable ASCII: {path[:80]!r}")
    return paths


def _credentials(
    given: tuple[tuple[str, str], ...], targets: Sequence[Target]
) -> Credentials | None:
    """The credentials with the one origin that they are for."""
    if not given or not targets:  # every line of a targets file may have been a bad one
        return None
    origins = {target.https[0] for target in targets}
    if len(origins) > 1:
        raise UsageError("a credential is given for one origin, and several targets are named")
    return Credentials(given, origins.pop())


# Scanning ----------------------------------------------------------------------------------


async def _scan_all(
    plan: _Plan, options: argparse.Namespace, trace: Trace
) -> tuple[list[Report], bool]:
    """Scan every target; Ctrl-C ends it with what is known."""
    stop = asyncio.Event()
    _on_interrupt(stop)
    key = secrets.mask_key()
    reports: list[Report] = []
    for target in await _at_addresses(plan, options):
        if stop.is_set():
            break
        if not options.quiet and sys.stderr.isatty():
            sys.stderr.write(f"scanning {target.value} …\n")
        if options.wait_for:
            await _wait_for(target, plan.settings, options.wait_for, stop)
        done = await scan_async(
            target,
            settings=plan.settings,
            credentials=plan.credentials,
            paths=plan.paths,
            trace=trace,
            stop=stop,
            mask_key=key,
        )
        reports.append(done)
    return reports, stop.is_set()


def _on_interrupt(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows' loops have no signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


async def _at_addresses(plan: _Plan, options: argparse.Namespace) -> list[Target]:
    """The targets, each once for every address of its name if asked so."""
    if not options.all_addresses:
        return list(plan.targets)
    found = []
    for target in plan.targets:
        try:
            addresses = await dial.addresses(target.host, plan.settings)
        except dial.ResolveError:
            found.append(target)
            continue
        found += [replace(target, address=address) for address in addresses]
    return found


async def _wait_for(
    target: Target, settings: Settings, limit_s: float, stop: asyncio.Event
) -> None:
    """Wait until a port of the target accepts a connection, the limit is reached, or Ctrl-C."""
    loop = asyncio.get_running_loop()
    end = loop.time() + limit_s
    while loop.time() < end and not stop.is_set():
        for origin in (*target.https, *target.http):
            try:
                address = (await dial.addresses(target.host, settings))[0]
                connection = await dial.tcp(target.address or address, origin.port, settings)
            except (OSError, TimeoutError, dial.ResolveError):
                continue
            connection.abort()
            return
        await asyncio.sleep(0.5)


def _rehearse(plan: _Plan) -> int:
    """Print what would be sent if every question were answered, without sending anything."""
    from plainwire.cli import rehearsal

    for target in plan.targets:
        print(f"{target.value}: at most these, and what documents and links name")
        for line in rehearsal.questions(target, plan.settings, plan.paths):
            print(f"  {line}")
    return 0


# Outputs -----------------------------------------------------------------------------------


def _outputs(words: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    """Format names with their file, or None for standard output.

    Raises:
        UsageError: for an unknown format, or two that write to standard output.
    """
    found = []
    for word in words or ("text",):
        name, colon, file = word.partition(":")
        if name not in report.RENDERERS:
            raise UsageError(f"--format: no format {name!r}; there are {OUTPUTS}")
        if colon and not file:
            raise UsageError(f"--format {name}: no file after the colon")
        found.append((name, file or None))
    if len({name for name, file in found if file is None}) > 1:
        raise UsageError("--format: only one output can go to standard output")
    return tuple(dict.fromkeys(found))


def _trace(options: argparse.Namespace, plan: _Plan) -> Trace:
    given = plan.credentials.secrets if plan.credentials else ()
    masker = Masker(secrets.mask_key(), given) if options.trace else None
    return Trace(masker, options.trace_bodies, _tell if options.verbose else None)


def _tell(line: str) -> None:
    sys.stderr.write(f"{clean.visible(line)}\n")


def _write(path: Path, trace: Trace) -> None:
    try:
        trace.write(path)
    except OSError as error:
        raise UsageError(f"--trace: cannot write {path}: {error.strerror}") from None


def _emit(
    outputs: Sequence[tuple[str, str | None]],
    reports: Sequence[Report],
    options: argparse.Namespace,
) -> None:
    """Render the reports to each output."""
    for name, file in outputs:
        settings: dict[str, Any] = {}
        if name == "text":
            settings = _terminal(file)
        checks = catalog.load() if name in ("sarif", "junit") else ()
        text = report.render(name, reports, anchor=options.anchor, checks=checks, **settings)
        if file is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            continue
        try:
            Path(file).write_text(text, "utf-8")
        except OSError as error:
            raise UsageError(f"--format {name}: cannot write {file}: {error.strerror}") from None


def _terminal(file: str | None) -> dict[str, Any]:
    """Width and colour: colour only on a terminal and without NO_COLOR (no-color.org)."""
    is_terminal = file is None and sys.stdout.isatty()
    width = shutil.get_terminal_size((80, 24)).columns if is_terminal else 80
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return {"width": width, "color": is_terminal and not plain}
