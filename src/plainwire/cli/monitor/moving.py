"""Everything declared, out of a store and into one: export, import, apply."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from plainwire import gate
from plainwire.cli import outputs
from plainwire.cli.monitor import shared
from plainwire.model import UsageError


def _export(options: argparse.Namespace) -> int:
    from plainwire.monitor.exporting import exported
    from plainwire.report import clean

    outputs.say(clean.json_text(shared.opened(options).read(exported)) + "\n")
    return gate.CLEAN


def _fill_file(p: argparse.ArgumentParser) -> None:
    p.add_argument("file", type=Path, help="what monitor export wrote")


def _import(options: argparse.Namespace) -> int:
    from plainwire.monitor import declared

    try:
        told = json.loads(options.file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot read {options.file}: {error}") from None
    if not isinstance(told, dict) or told.get("schema") != shared.SCHEMA:
        raise UsageError(f"{options.file}: not what monitor export writes")
    kept = {key: told.get(key) for key in ("targets", "channels", "windows")}
    wanted = declared.of_dictionary(kept, options.file.name, options.file.parent)
    return _applied(options, wanted, "import", prunes=False)


def _fill_apply(p: argparse.ArgumentParser) -> None:
    p.add_argument("file", type=Path, help="targets, channels and windows in YAML or TOML")
    p.add_argument("--yes", action="store_true", help="do it; else the plan is shown")
    p.add_argument("--prune", action="store_true", help="remove what the file declared before")


def _apply(options: argparse.Namespace) -> int:
    from plainwire.monitor import declared
    from plainwire.report.clean import visible

    wanted = declared.read(options.file)
    source = options.file.name
    if options.yes:
        return _applied(options, wanted, source, prunes=options.prune)
    steps = shared.opened(options).read(
        lambda c: declared.plan(c, wanted, source, prunes=options.prune)
    )
    text = "".join(f"would {visible(str(step))}\n" for step in steps) + (
        "nothing was done; --yes does it\n" if steps else "nothing to do\n"
    )
    shared.say(options, {"plan": [str(step) for step in steps], "done": False}, text)
    return gate.CLEAN


def _applied(options: argparse.Namespace, wanted: Any, source: str, *, prunes: bool) -> int:
    from plainwire.monitor import declared
    from plainwire.report.clean import visible

    now = shared.now()

    def work(connection: Any) -> list[Any]:
        steps = declared.plan(connection, wanted, source, prunes=prunes)
        for step in steps:
            step.work(connection, now)
        return steps

    steps = shared.opened(options).run(work)
    text = "".join(f"{visible(str(step))}\n" for step in steps) or "nothing to do\n"
    shared.say(options, {"plan": [str(step) for step in steps], "done": True}, text)
    return gate.CLEAN


ACTIONS: shared.Actions = {
    "export": ("Everything declared, with its history, as JSON.", shared.fill_nothing, _export),
    "import": ("Take in what export wrote.", _fill_file, _import),
    "apply": ("Targets, channels and windows from a file.", _fill_apply, _apply),
}
