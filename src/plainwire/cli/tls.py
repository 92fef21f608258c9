"""``plainwire tls``: words to endpoints, probes to reports, reports to outputs and an exit code."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from plainwire import gate
from plainwire.cli import concluding, config, outputs, probing, targets
from plainwire.cli.arguments import (
    EXIT_CODES,
    Parser,
    add_bounds,
    add_gate,
    add_output,
    add_targets,
    count,
)
from plainwire.cli.concluding import Conclusion
from plainwire.cli.outputs import complain
from plainwire.cli.probing import Plan
from plainwire.live import dial
from plainwire.live.settings import Settings
from plainwire.model import UsageError
from plainwire.tls import CONNECTIONS
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
    add_gate(p)
    out = add_output(p)
    out.add_argument(
        "--resume", type=Path, metavar="FILE", help="leave out what this jsonl output holds"
    )
    bound = add_bounds(p)
    bound.add_argument(
        "--connections", type=count, metavar="N", help=f"{CONNECTIONS} at a time for a host"
    )
    bound.add_argument("--hosts", type=count, metavar="N", help=f"{probing.HOSTS} hosts at a time")
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
    rules = config.load(options)
    options.anchor = options.anchor or rules.anchor or outputs.anchor(rules.source)
    wanted = outputs.chosen(options.format or rules.formats)
    plan = _plan(options, rules)
    if options.resume and rules.update_baseline:
        raise UsageError("--resume: a baseline is written from a whole run only")
    for line in plan.bad_lines:
        complain(NAME, line)
    outputs.ensure_writable(concluding.files(wanted, rules))
    with Conclusion(NAME, options, rules, wanted, grows=options.resume) as conclusion:
        was_interrupted = probing.probe_all(plan, conclusion)
        conclusion.sort([target.value for target in plan.targets])
        return conclusion.end(was_interrupted=was_interrupted, bad_lines=len(plan.bad_lines))


def _plan(options: argparse.Namespace, rules: config.Configuration) -> Plan:
    proxies, no_proxy = dial.proxies_from(os.environ)
    settings = Settings(
        connect_timeout_s=options.connect_timeout or rules.connect_timeout_s or 5.0,
        answer_timeout_s=options.timeout or rules.timeout_s or 10.0,
        resolve=targets.pinned(options.resolve),
        ca_file=options.ca,
        proxies=proxies,
        no_proxy=no_proxy,
    )
    named, bad_lines = targets.endpoints(options.target, options.targets, parse_endpoint)
    return Plan(
        named,
        bad_lines,
        settings,
        connections=options.connections or CONNECTIONS,
        hosts=options.hosts or probing.HOSTS,
        probes_attacks=not options.polite,
        every_address=options.all_addresses,
        resume=options.resume,
        is_quiet=options.quiet,
        is_verbose=options.verbose,
    )
