"""``plainwire devcert``: names to certificates for development, and what to do with them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from plainwire import devcert, gate
from plainwire.cli import outputs, trusting
from plainwire.cli.arguments import Parser
from plainwire.devcert import Devcert
from plainwire.model import UsageError
from plainwire.report import clean

NAME = "plainwire devcert"


def parser() -> Parser:
    """The options of ``plainwire devcert``."""
    p = Parser(
        NAME,
        "Make, or renew, certificates for development: localhost, 127.0.0.1, ::1 and named hosts.",
        "exit codes: 0 the certificates are there, 2 they cannot be made",
    )
    p.add_argument("name", nargs="*", help="a further host or address; *.HOST is possible")
    p.add_argument("--dir", type=Path, metavar="DIR", help="keep them here")
    p.add_argument("--new-ca", action="store_true", help="make another authority, to be trusted")
    p.add_argument(
        "--all-systems", action="store_true", help="how to trust it on every system, not this one"
    )
    p.add_argument("-q", "--quiet", action="store_true", help="print the folder alone")
    return p


def run(arguments: Sequence[str]) -> int:
    """Make what is missing, renew what nears its end; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        folder = options.dir or devcert.usual_folder()
        made = devcert.ensure(folder, options.name, wants_new_ca=options.new_ca)
    except (UsageError, RuntimeError) as error:  # RuntimeError: there is no home folder
        outputs.complain(NAME, str(error))
        return gate.USAGE
    outputs.say(f"{made.folder}\n" if options.quiet else _told(made, options))
    return gate.CLEAN


def _told(made: Devcert, options: argparse.Namespace) -> str:
    ends = f"{made.not_after:%Y-%m-%d}"
    key, certificate = shlex.quote(str(made.key)), shlex.quote(str(made.certificate))
    lines = [
        f"{made.done}: a certificate for {', '.join(made.names)}, until {ends}",
        f"  certificate  {made.certificate}",
        f"  key          {made.key}",
        f"  authority    {made.ca}{' (new: trust it)' if made.is_new_authority else ''}",
        "",
        "Serve with it (run this again at any time: what nears its end is renewed):",
        f"  flask run --cert {certificate} --key {key}",
        f"  gunicorn --certfile {certificate} --keyfile {key} app:app",
        "",
        "Trust the authority:",
        *(f"  {line}" for line in trusting.lines(made.ca, options.all_systems)),
    ]
    return "".join(f"{clean.visible(line)}\n" for line in lines)
