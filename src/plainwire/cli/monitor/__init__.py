"""``plainwire monitor``: what is watched, the loop that watches, what it found."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from plainwire import gate
from plainwire.cli.arguments import Parser
from plainwire.cli.monitor import moving, running, telling, watching
from plainwire.cli.monitor.shared import NAME, STORE, Actions
from plainwire.cli.outputs import complain
from plainwire.model import UsageError

EXTRA = "the monitor needs SQLAlchemy and Alembic: pip install 'plainwire[monitor]'"
EXIT_CODES = (
    "exit codes: 0 fine, 1 open alerts of level warning or worse (once, status), 2 usage, "
    "3 the store cannot be used, 4 something was not answered (once), 130 interrupted"
)
ACTIONS: Actions = {
    **watching.ACTIONS,
    **running.ACTIONS,
    **telling.ACTIONS,
    **moving.ACTIONS,
}


def parser() -> Parser:
    """The options of ``plainwire monitor``."""
    p = Parser(
        NAME, "Watch targets: certificates that end, configurations that change.", EXIT_CODES
    )
    common = Parser(NAME, add_help=False, argument_default=argparse.SUPPRESS)
    for one, default in ((p, None), (common, argparse.SUPPRESS)):
        one.add_argument(
            "--store",
            metavar="PLACE",
            default=default,
            help=f"a file, or postgresql://HOST/DATABASE (else {STORE}, else the user's own file)",
        )
        one.add_argument(
            "--format",
            metavar="NAME",
            choices=("text", "json"),
            default="text" if default is None else default,
            help="text or json",
        )
    subs = p.add_subparsers(dest="action", required=True, metavar="ACTION", help=" ".join(ACTIONS))
    for name, (about, fill, _) in ACTIONS.items():
        sub = subs.add_parser(
            name, prog=f"{NAME} {name}", description=about, parents=[common], help=about
        )
        fill(sub)
    return p


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        import alembic  # noqa: F401 (is it there?)
        import sqlalchemy  # noqa: F401 (is it there?)
    except ImportError:
        complain(NAME, EXTRA)
        return gate.USAGE
    from plainwire.monitor.store import StoreError

    try:
        _, _, work = ACTIONS[options.action]
        return work(options)
    except UsageError as error:
        complain(NAME, str(error))
        return gate.USAGE
    except StoreError as error:
        complain(NAME, f"the store failed: {error}")
        return gate.NOT_SCANNED
