"""``--prove``: the options, the question whether to run the project's code, and the result."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from plainwire import gate
from plainwire.cli import outputs
from plainwire.cli.arguments import Parser
from plainwire.cli.audit import GRADED
from plainwire.model import Environment, TargetError, UsageError
from plainwire.report.clean import json_text, visible

if TYPE_CHECKING:  # the proof is imported when one is asked for
    from plainwire.fix.proof import Consent, Proof

NAME = "plainwire prove"
EXIT_CODES = "exit codes: 0 proved, 1 refuted, 2 usage or not agreed to, 4 incomplete"
MAX_SHOWN = 20_000  # characters of one command, all of which are shown before it is agreed to


def add_prove(p: argparse.ArgumentParser) -> None:
    """The options of a proof."""
    group = p.add_argument_group(
        "proof", "Starts the project's own stack on loopback, without and with the patch."
    )
    group.add_argument("--yes", action="store_true", help="run the commands without asking")
    group.add_argument(
        "--python", type=Path, metavar="FILE", help="the interpreter that has the dependencies"
    )
    group.add_argument(
        "--env-file", type=Path, metavar="FILE", help="variables that the application is given"
    )
    group.add_argument(
        "--test-command", default="", metavar="COMMAND", help="the project's own tests"
    )
    group.add_argument(
        "--start", default="", metavar="COMMAND", help="starts the application where no file says"
    )
    group.add_argument(
        "--deployment", metavar="NAME", help="prove this one only: the file that describes it"
    )
    group.add_argument("--host", metavar="NAME", help="the name that clients use")
    group.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=("network",),
        help="network: let the project's code use this machine's network",
    )
    group.add_argument(
        "--proof", type=Path, metavar="FILE", help="write the proof there as plainwire-proof/1"
    )


def two_trees() -> Parser:
    """The options of a proof of two trees."""
    p = Parser(NAME, "Run two trees of a project and compare what they answer.", EXIT_CODES)
    p.add_argument("before", type=Path, help="the tree without the patch")
    p.add_argument("after", type=Path, help="the tree with it")
    p.add_argument("--env", choices=GRADED, default="production", metavar="NAME")
    add_prove(p)
    return p


def run(arguments: Sequence[str]) -> int:
    """Prove what led from one tree to another and return the exit code."""
    options = two_trees().parse_args(arguments)
    try:
        return _proved(options)
    except (UsageError, TargetError) as error:
        outputs.complain(NAME, str(error))
        return gate.USAGE


def _proved(options: argparse.Namespace) -> int:
    from plainwire.fix import proof

    found = Prover(options.before, options)(options.after)
    outputs.say(proof.rendered(found))
    keep(found, options)
    return code(found)


class Prover:
    """Proves what becomes of a tree, by the options of `add_prove`.

    The user is asked once, and again only for commands that were not among those agreed to.
    """

    def __init__(self, before: Path, options: argparse.Namespace) -> None:
        if options.proof is not None:
            outputs.ensure_writable([("--proof", options.proof)])
        self._before, self._options = before, options
        self._agreed: set[str] = set()

    def __call__(self, after: Path | Mapping[str, bytes]) -> Proof:
        """The proof of a tree, or of the files that are otherwise in the first.

        Raises:
            UsageError: if it may not be run, or not as asked.
            TargetError: if a tree cannot be read.
        """
        from plainwire.fix import proof

        options = self._options
        return proof.prove(
            self._before,
            after,
            confirm=self._is_agreed,
            python=options.python,
            env_file=options.env_file,
            test_command=options.test_command,
            allows_network="network" in options.allow,
            environment=cast("Environment", options.env),
            deployment=options.deployment,
            start_command=options.start,
            host=options.host,
        )

    def _is_agreed(self, consent: Consent) -> bool:
        if self._agreed and set(consent.commands) <= self._agreed:
            return True
        is_agreed = _is_agreed(consent, is_given=self._options.yes)
        if is_agreed:
            self._agreed.update(consent.commands)
        return is_agreed


def keep(found: Proof, options: argparse.Namespace, written: str | None = None) -> None:
    """Write a proof where --proof says; ``written`` is the digest of the tree that was written."""
    from plainwire.fix import proof

    if options.proof is not None:
        text = json_text(proof.to_json(found, written))
        options.proof.write_text(text + "\n", "utf-8")


def code(found: Proof) -> int:
    """The exit code of a proof."""
    return {"proved": 0, "refuted": 1, "incomplete": gate.INCOMPLETE}[found.verdict]


def _is_agreed(consent: Consent, *, is_given: bool) -> bool:
    """Show what would run and ask, unless the user has agreed before.

    Raises:
        UsageError: if there is no terminal to ask at, or a line is too long to be read by who is
            asked.
    """
    lines = ["A proof runs the project's code:"]
    lines += [f"  {command}" for command in consent.commands]
    lines.append(f"with variables: {', '.join(consent.variables) or 'none of the project'}")
    lines.append(f"in: {consent.isolation}")
    lines += [f"missing: {what}" for what in consent.missing]
    sys.stderr.write("".join(f"{visible(line, MAX_SHOWN)}\n" for line in lines))
    if is_given:
        return True
    longest = max(map(len, lines))
    if longest > MAX_SHOWN:
        raise UsageError(
            f"a line of {longest} characters cannot be agreed to by reading it: agree by --yes"
        )
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("it runs the project's code, and nobody can be asked: agree by --yes")
    sys.stderr.write("run this? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
