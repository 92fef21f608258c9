"""``flask tls check``, and ``flask tls probe`` and ``devcert`` where plainwire is installed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from flask.cli import AppGroup, ScriptInfo

from flask_plainwire.findings import LEVELS, Finding, check

SCHEMA = "flask-plainwire-check/1"
# Words and options are plainwire's own, --help too, and no application is needed.
_PASSED_ON: dict[str, Any] = {
    "context_settings": {"ignore_unknown_options": True},
    "add_help_option": False,
    "with_appcontext": False,
}

tls = AppGroup("tls", help="How TLS reaches this application.")


@tls.command("check", with_appcontext=False)
@click.option(
    "--fail-level",
    type=click.Choice([*LEVELS, "never"]),
    default="error",
    show_default=True,
    help="Exit with 1 from this level on.",
)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.pass_obj
def check_command(info: ScriptInfo, fail_level: str, style: str) -> None:
    """Look at the configuration and the layers around the application; nothing is sent."""
    found = check(info.load_app())
    click.echo(_json(found) if style == "json" else _text(found))
    if fail_level != "never":
        failing = LEVELS[LEVELS.index(fail_level) :]
        raise SystemExit(1 if any(one.level in failing for one in found) else 0)


@tls.command("probe", **_PASSED_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def probe_command(words: Sequence[str]) -> None:
    """Ask the deployed application: `plainwire scan URL`, with its options."""
    _plainwire("scan", words)


@tls.command("devcert", **_PASSED_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def devcert_command(words: Sequence[str]) -> None:
    """Make certificates for development: `plainwire devcert`, with its options."""
    _plainwire("devcert", words)


def _plainwire(command: str, words: Sequence[str]) -> None:
    try:
        from plainwire.cli import main
    except ModuleNotFoundError as error:
        if error.name != "plainwire":
            raise
        raise click.UsageError("plainwire is not installed: pip install plainwire") from None
    raise SystemExit(main([command, *words]))


def _json(found: Sequence[Finding]) -> str:
    told = {"schema": SCHEMA, "findings": [asdict(one) for one in found]}
    return json.dumps(told, indent=1)


def _text(found: Sequence[Finding]) -> str:
    lines = []
    for one in found:
        lines.append(f"{one.level}: {one.id}: {one.message}")
        if one.hint:
            lines.append(f"    {one.hint}")
    counts = ", ".join(f"{sum(f.level == level for f in found)} {level}" for level in LEVELS)
    return "\n".join([*lines, counts])
