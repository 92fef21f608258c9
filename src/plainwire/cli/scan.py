"""``plainwire scan``: words to settings, scans to reports, reports to outputs and an exit code."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from plainwire import gate, har
from plainwire.cli import concluding, config, identities, outputs, running, secrets, targets
from plainwire.cli.arguments import (
    EXIT_CODES,
    Parser,
    add_bounds,
    add_gate,
    add_output,
    add_targets,
    address_and_free_port,
    count,
    duration,
    origin,
    port,
    size,
)
from plainwire.cli.concluding import Conclusion
from plainwire.cli.outputs import complain
from plainwire.cli.running import Plan
from plainwire.live import descriptions, dial, sockets
from plainwire.live.credentials import GIVEN, ClientCertificate, Credentials
from plainwire.live.settings import BODY_LIMIT, Settings
from plainwire.live.trace import Trace
from plainwire.model import ApiOperation, Target, TargetError, UsageError
from plainwire.report import clean
from plainwire.wire.masking import Masker
from plainwire.wire.target import parse_target

NAME = "plainwire scan"
ALLOW = {
    "attack-probes": "ask for Heartbleed, ROBOT and their like, with the least that shows them",
    "cleartext-credentials": "send the given credentials over plain HTTP too",
    "default-credentials": "log in with eight usual users and passwords, as --as NAME logs in",
    "injection-probes": "ask GET operations with conditions of SQL behind their values",
    "rate-probes": "where a limit was met, ask as if from another address",
    "ssrf-probes": "let GET operations that take a URL ask a listener of plainwire's own",
    "login-probes": "log in with wrong passwords, fourteen times at most, as --as NAME logs in",
    "trace-probe": "ask with TRACE whether a server shows requests back",
}


def parser() -> Parser:
    """The options of ``plainwire scan``."""
    p = Parser(
        "plainwire scan",
        "Scan live APIs over both schemes, grade them, gate on them.",
        EXIT_CODES,
    )
    where = add_targets(p, "URL, host or host:port")
    for scheme, what in (("http", "plain HTTP"), ("https", "TLS")):
        where.add_argument(
            f"--{scheme}-port",
            type=port,
            action="append",
            default=[],
            metavar="PORT",
            help=f"a further port to try {what} on",
        )
    where.add_argument("--paths", metavar="FILE", help="further paths to ask, one a line")
    where.add_argument(
        "--spec", action="append", default=[], metavar="SOURCE", help="an OpenAPI file or URL"
    )
    where.add_argument(
        "--source", type=Path, metavar="PATH", help="the application's source: its routes are asked"
    )
    where.add_argument(
        "--har", metavar="FILE", help="judge a browser's, ZAP's or Burp's capture, sending nothing"
    )
    where.add_argument(
        "--wait-for", type=duration, default=0.0, metavar="TIME", help="wait for an open port: 60s"
    )
    who = p.add_argument_group("credentials (never literal; " + secrets.SOURCES + ")")
    who.add_argument("--bearer", metavar="SOURCE", help="a bearer token")
    who.add_argument("--basic", metavar="SOURCE", help="user:password")
    who.add_argument("--cookie", metavar="SOURCE", help="a Cookie header's value")
    who.add_argument(
        "--header", action="append", default=[], metavar="'NAME: SOURCE'", help="a further header"
    )
    who.add_argument("--client-cert", type=Path, metavar="FILE", help="a client certificate (PEM)")
    who.add_argument(
        "--client-key", type=Path, metavar="FILE", help="its key, where it is not in that file"
    )
    who.add_argument(
        "--as",
        dest="identities",
        action="append",
        default=[],
        metavar="NAME",
        help="an identity of the configuration; the first one asks everything, others compare",
    )
    who.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=sorted(ALLOW),
        metavar="CLASS",
        help=f"opt in for this run: {', '.join(sorted(ALLOW))}",
    )
    who.add_argument(
        "--no-post", action="store_true", help="no GraphQL and MCP, which know no other way"
    )
    p.add_argument(
        "--deep", action="store_true", help="compute longer: tokens' secrets among all numbers"
    )
    p.add_argument(
        "--trusted-origin",
        type=origin,
        action="append",
        default=[],
        metavar="ORIGIN",
        help="an origin whose pages may ask the API: names like it are tried",
    )
    p.add_argument(
        "--callback",
        type=address_and_free_port,
        metavar="ADDR[:PORT]",
        help="where the target reaches this machine; with --allow ssrf-probes",
    )
    add_gate(p)
    out = add_output(p)
    out.add_argument("--trace", type=Path, metavar="FILE", help="everything sent, mode 0600")
    out.add_argument("--trace-bodies", action="store_true", help="the bodies of answers too")
    out.add_argument("--dry-run", action="store_true", help="list what would be sent")
    bound = add_bounds(p)
    bound.add_argument(
        "--concurrency", type=count, metavar="N", help="questions at a time (default: 8)"
    )
    bound.add_argument("--rate", type=count, metavar="N", help="questions a second (default: 50)")
    bound.add_argument(
        "--max-requests", type=count, metavar="N", help="for a target (default: 500)"
    )
    bound.add_argument(
        "--body-limit", type=size, metavar="SIZE", help="read of a body: 16M, 512K (default: 4M)"
    )
    return p


def run(arguments: Sequence[str]) -> int:
    """Scan what the arguments name and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except UsageError as error:
        complain(NAME, str(error))
        return gate.USAGE


def _run(options: argparse.Namespace) -> int:
    rules = config.load(options)
    options.anchor = options.anchor or rules.anchor or outputs.anchor(rules.source)
    wanted = outputs.chosen(options.format or rules.formats)
    if options.har is not None:
        return _judge(options, rules, wanted)
    sockets.ensure_enough()
    plan = _plan(options, rules)
    for line in plan.bad_lines:
        complain(NAME, line)
    if options.dry_run:
        return _rehearse(plan)
    traced = [("--trace", options.trace)] if options.trace else []
    outputs.ensure_writable([*concluding.files(wanted, rules), *traced])
    trace = _trace(options, plan.masker)
    with Conclusion(NAME, options, rules, wanted) as conclusion:
        was_interrupted = running.scan_all(plan, trace, conclusion.take)
        if options.trace:
            outputs.keep(options.trace, trace)
        return conclusion.end(was_interrupted=was_interrupted, bad_lines=len(plan.bad_lines))


def _judge(
    options: argparse.Namespace, rules: config.Configuration, wanted: Sequence[outputs.Output]
) -> int:
    """Judge a capture; a host of it for each target named, else the one asked most."""
    capture = har.read(options.har)
    named: list[Target | None] = [parse_target(word)[0] for word in options.target]
    outputs.ensure_writable(concluding.files(wanted, rules))
    reports = [
        asyncio.run(har.judge_async(capture, each, specs=options.spec, mask_key=secrets.mask_key()))
        for each in named or [None]
    ]
    with Conclusion(NAME, options, rules, wanted) as conclusion:
        for report in reports:
            conclusion.take(report)
        return conclusion.end(was_interrupted=False, bad_lines=0)


def _plan(options: argparse.Namespace, rules: config.Configuration) -> Plan:
    proxies, no_proxy = dial.proxies_from(os.environ)
    settings = Settings(
        connect_timeout_s=options.connect_timeout or rules.connect_timeout_s or 5.0,
        answer_timeout_s=options.timeout or rules.timeout_s or 10.0,
        probe_limit_s=options.time_limit or rules.time_limit_s or 60.0,
        concurrency=options.concurrency or rules.concurrency or 8,
        rate_per_s=float(options.rate or rules.rate or 50),
        body_limit=options.body_limit or rules.body_limit or BODY_LIMIT,
        max_questions=options.max_requests or rules.max_requests or 500,
        resolve=targets.pinned(options.resolve),
        ca_file=options.ca,
        allow=frozenset(options.allow),
        may_post=not options.no_post,
        is_deep=options.deep,
        trusted_origins=tuple(options.trusted_origin),
        callback=options.callback,
        proxies=proxies,
        no_proxy=no_proxy,
    )
    if options.ca is not None:
        dial.verifying_context(options.ca)  # one that cannot be read is told before all else
    named = targets.named(options.target, options.targets, options.http_port, options.https_port)
    lines = secrets.headers(
        options.bearer, options.basic, options.cookie, options.header, named.userinfo
    )
    chosen = identities.chosen(options.identities, rules.identities, named.targets, rules.source)
    given = _credentials(lines, named.targets, _certificate(options))
    if given is not None:
        chosen = {GIVEN: given, **{who: each for who, each in chosen.items()}}
    elif chosen:  # the first one asks whatever is asked
        first = next(iter(chosen))
        chosen = {GIVEN: chosen.pop(first), **chosen}
    return Plan(
        named.targets,
        named.bad_lines,
        settings,
        chosen,
        targets.paths(options.paths) + tuple(rules.paths),
        Masker(secrets.mask_key(), [s for each in chosen.values() for s in each.secrets]),
        wait_for_s=options.wait_for,
        every_address=options.all_addresses,
        specs=_specs(options.spec),
        source=_source(options.source),
        is_quiet=options.quiet,
    )


def _source(root: Path | None) -> tuple[ApiOperation, ...]:
    """The routes of the application's source, if it is named."""
    if root is None:
        return ()
    from plainwire import correlate  # with every reader of a project

    try:
        return correlate.of_folder(root)
    except TargetError as error:
        raise UsageError(f"--source: {error}") from None


def _specs(named: Sequence[str]) -> tuple[str, ...]:
    """The API descriptions named, seen to be readable before anything is sent."""
    for name in named:
        if "://" in name:
            parse_target(name)
        else:
            descriptions.from_file(name)
    return tuple(named)


def _certificate(options: argparse.Namespace) -> ClientCertificate | None:
    """The client certificate named, seen to be usable before anything is sent."""
    if options.client_cert is None:
        if options.client_key is not None:
            raise UsageError("--client-key: without --client-cert")
        return None
    try:
        dial.show(dial.observing_context(), options.client_cert, options.client_key)
    except TargetError as error:
        raise UsageError(f"--client-cert: {error}") from None
    return ClientCertificate(options.client_cert, options.client_key)


def _credentials(
    given: tuple[tuple[str, str], ...],
    named: Sequence[Target],
    certificate: ClientCertificate | None = None,
) -> Credentials | None:
    """The credentials with the one origin that they are for."""
    # Every line of a targets file may have been a bad one.
    if not (given or certificate) or not named:
        return None
    origins = {target.https[0] for target in named}
    if len(origins) != 1:
        raise UsageError("a credential is given for one origin, and several targets are named")
    return Credentials(given, origins.pop(), certificate)


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
        for line in plan.announced:
            outputs.say(f"  {line}\n")
        for line in rehearsal.questions(target, plan.settings, plan.paths, plan.specs, plan.source):
            outputs.say(f"  {plan.masker.text(line)}\n")
    return gate.INCOMPLETE if plan.bad_lines else gate.CLEAN
