"""The command line: parse, call, print, exit code. Only this package prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence

USAGE = """\
usage: plainwire COMMAND ...

commands:
  scan TARGET...    scan live APIs, grade them, gate on them
  audit PATH...     read source and deployment files, grade the paths in them
  checks            list the checks and rules
  explain ID        print a check's or rule's page

plainwire COMMAND --help tells a command's options; plainwire --version the version.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (docs/report.md, "Exit codes").

    Only what the command needs is imported: `--version` must stay quick.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    match words[:1]:
        case ["--version" | "-V"]:
            from plainwire import __version__

            print(f"plainwire {__version__}")
            return 0
        case ["-h" | "--help" | "help"]:
            print(USAGE, end="")
            return 0
        case [("scan" | "audit" | "checks" | "explain") as name]:
            from plainwire.cli.ending import told

            return told(name, words[1:])
    wrong = f"plainwire: no command {words[0]!r}\n" if words else ""
    sys.stderr.write(wrong + USAGE)
    return 2
