"""``plainwire tls``: words to endpoints, probes to reports, reports to outputs and an exit code."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from plainwire import gate
from plainwire.cli import comparing, concluding, config, meeting, outputs, probing, targets
from plainwire.cli.arguments import (
    EXIT_CODES,
    Parser,
    add_bounds,
    add_gate,
    add_output,
    add_targets,
    address_and_port,
    count,
)
from plainwire.cli.comparing import Comparison
from plainwire.cli.concluding import Conclusion
from plainwire.cli.outputs import complain
from plainwire.cli.probing import Plan
from plainwire.live import dial, dns
from plainwire.live.settings import Settings
from plainwire.model import Report, UsageError
from plainwire.policy import profiles, server_configs
from plainwire.tls import CONNECTIONS
from plainwire.wire.starttls import PROTOCOLS
from plainwire.wire.target import parse_endpoint

NAME = "plainwire tls"


def parser() -> Parser:
    """The options of ``plainwire tls``."""
    p = Parser(
        NAME, "Show everything that a TLS listener reveals; grade it, gate on it.", EXIT_CODES
    )
    add_targets(p, "HOST[:PORT]")
    ask = p.add_argument_group("questions")
    ask.add_argument(
        "--polite",
        action="store_true",
        help="leave out what resembles an attack: Heartbleed, ROBOT",
    )
    ask.add_argument(
        "--starttls",
        choices=tuple(PROTOCOLS),
        metavar="PROTOCOL",
        help=f"ask for TLS in this protocol, on its port: {', '.join(PROTOCOLS)}",
    )
    ask.add_argument("--dns", action="store_true", help="look for CAA, TLSA and HTTPS records")
    ask.add_argument(
        "--resolver", type=address_and_port, metavar="ADDR[:PORT]", help="ask this one; with --dns"
    )
    judge = add_gate(p)
    judge.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help=f"fail if not met: {', '.join(profiles.names())}",
    )
    out = add_output(p)
    out.add_argument(
        "--against", type=Path, metavar="FILE", help="tell what changed since this JSON report"
    )
    out.add_argument(
        "--emit",
        metavar="SERVER[:VERSION[:OPENSSL]]",
        help=f"print a configuration that meets the profile: {', '.join(server_configs.SERVERS)}",
    )
    out.add_argument(
        "--resume", type=Path, metavar="FILE", help="leave out what this jsonl output holds"
    )
    bound = add_bounds(p)
    bound.add_argument(
        "--connections", type=count, metavar="N", help=f"for a host (default: {CONNECTIONS})"
    )
    bound.add_argument(
        "--hosts", type=count, metavar="N", help=f"at a time (default: {probing.HOSTS})"
    )
    return p


def run(arguments: Sequence[str]) -> int:
    """Probe what the arguments name and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except UsageError as error:
        complain(NAME, str(error))
        return gate.USAGE


def _run(options: argparse.Namespace) -> int:
    if options.emit and not (options.target or options.targets):
        outputs.say(_emitted(options))
        return gate.CLEAN
    rules = config.load(options)
    options.anchor = options.anchor or rules.anchor or outputs.anchor(rules.source)
    wanted = outputs.chosen(options.format or rules.formats)
    wanted_profiles = meeting.gating(options.profile)
    emitted = _emitted(options) if options.emit else ""
    if emitted and any(file is None and name != "text" for name, file in wanted):
        raise UsageError("--emit prints on standard output: send the other output to a file")
    if options.resume and rules.update_baseline:
        raise UsageError("--resume: a baseline is written from a whole run only")
    plan = _plan(options, rules)
    for line in plan.bad_lines:
        complain(NAME, line)
    outputs.ensure_writable(concluding.files(wanted, rules))
    comparison = Comparison(options.against, wanted) if options.against else None
    if comparison is not None:
        wanted = tuple(output for output in wanted if output[0] not in comparing.TOLD)
    with Conclusion(NAME, options, rules, wanted, grows=options.resume) as conclusion:

        def take(report: Report) -> None:
            meeting.gate(report, wanted_profiles, conclusion.tally)
            if comparison is not None:
                comparison.take(report, conclusion.tally)
            conclusion.take(report)

        was_interrupted = probing.probe_all(plan, conclusion.tally, take, conclusion.revise)
        conclusion.sort([target.value for target in plan.targets])
        if comparison is not None:
            comparison.tell()
        code = conclusion.end(was_interrupted=was_interrupted, bad_lines=len(plan.bad_lines))
    if emitted:
        outputs.say(f"\n{emitted}")
    return code


def _emitted(options: argparse.Namespace) -> str:
    if len(options.profile) > 1:
        raise UsageError("--emit: a configuration is for one profile")
    return meeting.emitted(options.emit, next(iter(options.profile), None))


def _plan(options: argparse.Namespace, rules: config.Configuration) -> Plan:
    proxies, no_proxy = dial.proxies_from(os.environ)
    settings = Settings(
        connect_timeout_s=options.connect_timeout or rules.connect_timeout_s or 5.0,
        answer_timeout_s=options.timeout or rules.timeout_s or 10.0,
        probe_limit_s=options.time_limit or rules.time_limit_s or 60.0,
        resolve=targets.pinned(options.resolve),
        ca_file=options.ca,
        proxies=proxies,
        no_proxy=no_proxy,
        asks_dns=options.dns or options.resolver is not None,
        resolver=options.resolver,
    )
    if settings.asks_dns:
        dns.ensure_installed()
    port = PROTOCOLS[options.starttls].port if options.starttls else 443
    named, bad_lines = targets.endpoints(
        options.target, options.targets, lambda words: parse_endpoint(words, port)
    )
    return Plan(
        named,
        bad_lines,
        settings,
        connections=options.connections or CONNECTIONS,
        hosts=options.hosts or probing.HOSTS,
        probes_attacks=not options.polite,
        starttls=options.starttls,
        every_address=options.all_addresses,
        resume=options.resume,
        is_quiet=options.quiet,
        is_verbose=options.verbose,
    )
