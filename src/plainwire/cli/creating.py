"""``plainwire fix PATH --new KIND``: files that were not there, shown or written."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, cast

from plainwire import gate
from plainwire.cli import meeting, outputs
from plainwire.model import Environment
from plainwire.report.clean import json_text

if TYPE_CHECKING:
    from plainwire.fix.new_files.facts import Versions

_ASKED = {
    "nginx": ("nginx", "-V"),
    "apache": ("apache2", "-v"),
    "haproxy": ("haproxy", "-vv"),
    "caddy": ("caddy", "version"),
}
_SERVER = re.compile(r"(?:nginx|Apache|HAProxy version|^v?)[/ ]?(\d+\.\d+[\w.-]*)")
_OPENSSL = re.compile(
    r"(?:built with OpenSSL|Running on OpenSSL version : OpenSSL) (\d+\.\d+[\w.]*)"
)


def add_new(parser: argparse.ArgumentParser) -> None:
    """Add ``--new``."""
    parser.add_argument(
        "--new",
        action="append",
        default=[],
        metavar="KIND[:VERSION[:OPENSSL]]",
        help="show, or with --apply write, a file that is not there: nginx, apache, caddy, "
        "haproxy, gunicorn, compose or workflow; for the version of the server that is named, "
        "or is installed here",
    )


def create(options: argparse.Namespace) -> int:
    """Show or write the new files; 0 if there is nothing in them for an audit to find, else 1.

    Raises:
        UsageError: for an unknown kind, or if one of the files is there.
        TargetError: if the directory cannot be read, or a file not be written.
    """
    from plainwire.fix import disk
    from plainwire.fix.new_files import new_files

    wanted = [(words.partition(":")[0], _versions(words)) for words in options.new]
    made = new_files(options.path, wanted, cast("Environment", options.env))
    if options.apply:
        disk.create(options.path, made.texts)
    if options.format == "json":
        outputs.say(json_text({"files": made.texts, "written": options.apply}) + "\n")
    else:
        for path, text in made.texts.items():
            outputs.say(f"written: {path}\n" if options.apply else f"--- {path}\n{text}\n")
    for finding in made.findings:
        place = finding.locations[0]
        outputs.complain("plainwire fix", f"{place.path}:{place.line}: {finding.id}")
    return gate.FAILED if made.findings else gate.CLEAN


def _versions(words: str) -> Versions:
    """The versions that are named, or those of what is installed, or the usual ones."""
    from plainwire.fix.new_files.facts import Versions

    kind, _, rest = words.partition(":")
    server, _, openssl = rest.partition(":")
    if kind == "compose":
        kind = "nginx"  # that of an image, not the one installed here
        return Versions(server or meeting.VERSIONS[kind], openssl or None)
    if server or kind not in _ASKED:
        return Versions(server or meeting.VERSIONS.get(kind, ""), openssl or None)
    return _installed(kind) or Versions(meeting.VERSIONS[kind])


def _installed(kind: str) -> Versions | None:
    """The versions that an installed server says of itself. Returns None if there is none."""
    from plainwire.fix.new_files.facts import Versions

    name, option = _ASKED[kind]
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 (a server's own program, with one option)
            [program, option],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    said = done.stdout + done.stderr
    server, openssl = _SERVER.search(said), _OPENSSL.search(said)
    return Versions(server[1], openssl[1] if openssl else None) if server else None
