"""``plainwire fix``: a directory to patches, shown or applied, and an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from plainwire import catalog, gate
from plainwire.cli import config, outputs
from plainwire.cli.arguments import Parser, add_gate
from plainwire.cli.audit import GRADED
from plainwire.cli.concluding import Conclusion
from plainwire.cli.creating import add_new, create
from plainwire.cli.proving import Prover, add_prove, code, keep
from plainwire.model import Environment, TargetError, UsageError
from plainwire.report.clean import json_text
from plainwire.report.envelope import as_dict as report_dict

if TYPE_CHECKING:  # what makes patches is imported when it is known to be there
    from plainwire.fix.applying import Outcome
    from plainwire.fix.confirmation import Confirmation
    from plainwire.fix.plan import Choice, Plan
    from plainwire.fix.trial import Step

NAME = "plainwire fix"
EXIT_CODES = (
    "exit codes: with --diff 0 nothing to change, 1 something; with --apply those of the audit "
    "afterwards; with --prove 0 proved, 1 refuted, 4 incomplete, and proved with --apply those of "
    "the audit; 2 usage, or nothing could be written or may be run"
)


def parser() -> Parser:
    """The options of ``plainwire fix``."""
    p = Parser(NAME, "Show or apply patches for what an audit finds.", EXIT_CODES)
    p.add_argument("path", type=Path, help="a project's directory; nothing in it is run")
    how = p.add_mutually_exclusive_group()
    how.add_argument("--diff", action="store_true", help="show the patches (default)")
    how.add_argument("--apply", action="store_true", help="write them, and audit again")
    p.add_argument(
        "--prove", action="store_true", help="run the project without and with them, and compare"
    )
    p.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="only this remedy, or the remedies of this rule",
    )
    p.add_argument("--interactive", action="store_true", help="apply, asking for each patch")
    p.add_argument(
        "--unsafe", action="store_true", help="also patches whose condition is not shown"
    )
    p.add_argument(
        "--probe", action="store_true", help="ask the servers that the project talks to over TLS"
    )
    p.add_argument("--ca", type=Path, metavar="FILE", help="a CA to trust beside the others")
    p.add_argument("--force", action="store_true", help="apply though git could not undo it")
    p.add_argument(
        "--env",
        choices=GRADED,
        default="production",
        metavar="NAME",
        help=f"the environment that is graded: {', '.join(GRADED)} (default: production)",
    )
    add_new(p)
    add_prove(p)
    add_gate(p)
    p.add_argument_group("output").add_argument(
        "--format", choices=("text", "json"), default="text", metavar="NAME", help="text, json"
    )
    p.set_defaults(anchor=None)
    return p


def run(arguments: Sequence[str]) -> int:
    """Show or apply what helps a project and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except (UsageError, TargetError) as error:
        outputs.complain(NAME, str(error))
        return gate.USAGE


def _run(options: argparse.Namespace) -> int:
    if options.interactive and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--interactive asks, and there is no terminal to answer from")
    if options.interactive and options.prove:
        raise UsageError("--interactive applies what is agreed to; it does not go with --prove")
    if options.interactive and options.diff:
        raise UsageError("--interactive applies what is agreed to; it does not go with --diff")
    _ensure_known(options.only)
    if options.new:
        if options.prove or options.interactive or options.only:
            raise UsageError("--new goes with --apply alone: patches are for another call")
        return create(options)
    from plainwire.fix import listing, plan

    ask = None
    if options.probe:
        from plainwire.fix import peers

        ask = peers.asker(options.ca)
    choice = plan.Choice(
        cast("Environment", options.env),
        frozenset(options.only),
        options.unsafe,
        _is_wanted if options.interactive else None,
        ask,
    )
    if options.prove:
        return _prove(options, choice)
    made = plan.plan(options.path, choice)
    if options.apply or options.interactive:
        return _apply(options, made)
    if options.format == "json":
        outputs.say(json_text(listing.as_dict(made)) + "\n")
    else:
        outputs.say(listing.text(made))
    return 1 if made.changes else 0


def _prove(options: argparse.Namespace, choice: Choice) -> int:
    """Run the project without and with what is planned; with --apply, write what is proved."""
    from plainwire.fix import applying, confirmation, listing, proof

    made, left_open = confirmation.proposed(
        options.path, choice, deployment=options.deployment, start_command=options.start
    )
    if not made.changes and options.apply:
        return _apply(options, made)
    if not made.changes:
        sys.stderr.write("".join(listing.left(made)))
        raise UsageError("there is nothing to prove: no patch is proposed")
    if options.apply:  # before anything runs
        applying.ensure_recoverable(options.path, made, is_forced=options.force)
    is_json = options.format == "json"
    if not is_json:
        outputs.say(listing.text(made))
    found = confirmation.confirmed(made, left_open, Prover(options.path, options))
    if not is_json:
        outputs.say(proof.rendered(found.proof) + listing.confirmation(found))
    keep(found.proof, options)
    if options.apply and found.is_proved:
        return _apply(options, made, found)
    if is_json:
        told = listing.confirmed(found) | {"proof": proof.to_json(found.proof)}
        outputs.say(json_text(told) + "\n")
    elif options.apply:
        outputs.say("nothing was written\n")
    return code(found.proof)


def _ensure_known(only: list[str]) -> None:
    """Load the remedies.

    Raises:
        UsageError: for an id that nothing has, or if LibCST is not installed.
    """
    try:
        remedies = {remedy.id for remedy in catalog.load_remedies()}
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "libcst":
            raise
        raise UsageError("LibCST is not installed; pip install 'plainwire[fix]'") from None
    rules = {rule.id for rule in catalog.load_rules()} if only else set()
    for name in only:
        if name not in remedies | rules:
            known = ", ".join(sorted(remedies))
            raise UsageError(f"--only: no remedy or rule {name!r}; the remedies are {known}")


def _is_wanted(step: Step) -> bool:
    """Show a patch and ask whether to make it; an end of the input is a no."""
    from plainwire.fix import listing

    outputs.say("".join(listing.heading(step.patch)) + listing.diff(step))
    try:
        answer = input("apply this patch? [y/N] ")
    except EOFError:
        answer = ""
        outputs.say("\n")
    return answer.strip().lower() in ("y", "yes")


def _apply(options: argparse.Namespace, made: Plan, found: Confirmation | None = None) -> int:
    """Write the plan, say what came of it, and return the exit code of the audit afterwards."""
    from plainwire.fix import applying, listing

    settings = config.load(options)
    done = applying.apply(
        options.path,
        made,
        environment=cast("Environment", options.env),
        is_forced=options.force,
        proof=found.proof if found is not None else None,
    )
    told = listing.as_dict(made)
    if found is not None:
        told = _kept(options, found, done)
    for note in done.notes:
        outputs.complain(NAME, note)
    is_json = options.format == "json"
    if not is_json:
        shown = listing.text(made) if found is None else ""  # else it was shown before the proof
        outputs.say(shown + listing.outcome(made, done))
    wanted = () if is_json else (("text", None),)
    with Conclusion(NAME, options, settings, wanted, looked_for=catalog.load_rules) as conclusion:
        conclusion.take(done.report)
        if is_json:
            report = report_dict(gate.judged_one(done.report, settings))
            outputs.say(json_text(told | {"report": report}) + "\n")
        return conclusion.end(was_interrupted=False, bad_lines=0)


def _kept(options: argparse.Namespace, found: Confirmation, done: Outcome) -> dict[str, Any]:
    """Write the proof where --proof says, and return plan and proof as dictionaries."""
    from plainwire.fix import listing, proof

    keep(found.proof, options, done.tree)
    return listing.confirmed(found) | {"proof": proof.to_json(found.proof, done.tree)}
