"""The command line: parse, call, print, exit code. Only this package prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence

COMMANDS = ("scan", "tls", "audit", "fix", "devcert", "monitor", "checks", "explain")
USAGE = """\
usage: plainwire COMMAND ...

commands:
  scan TARGET...    scan live APIs, grade them, gate on them
  tls HOST...       show what TLS listeners reveal, grade them, gate on them
  audit PATH...     read source and deployment files, grade the paths in them
  fix PATH          show or apply patches for what the audit finds
  devcert [NAME...] make certificates for development
  monitor ACTION    watch targets, tell when certificates end or configurations change
  checks            list the checks and rules
  explain ID        print a check's, rule's or remedy's page

plainwire COMMAND --help tells a command's options; plainwire --version the version.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (docs/usage.md, "Exit codes").

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
        case [name] if name in COMMANDS:
            from plainwire.cli.ending import told

            return told(name, words[1:], is_whole_process=arguments is None)
    sys.stderr.write(_wrong(words[0]) if words else USAGE)
    return 2


def _wrong(word: str) -> str:
    """What to say of a word that is no command."""
    import difflib

    from plainwire.report import clean

    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
    if "." in word or "://" in word or word == "localhost":
        hint = "to scan it: plainwire scan TARGET"
    return f"plainwire: no command '{clean.visible(word, 80)}'; {hint}\n"
