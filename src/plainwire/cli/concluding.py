"""What becomes of reports as they come: judged, streamed, kept if need be; then the exit code."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from plainwire import catalog, gate, report
from plainwire.cli import config, outputs, resuming
from plainwire.cli.config import Configuration
from plainwire.cli.outputs import LookedFor, Output
from plainwire.model import Report


class Conclusion:
    """The outputs and the verdict of one call; a context manager that closes what it opened.

    ``jsonl`` is written as reports come, and added to the file ``grows`` if it goes there; reports
    are kept only where another output, or a baseline, needs them all. ``tally`` is the verdict so
    far; ``looked_for`` gives the checks or rules that ran.
    """

    def __init__(
        self,
        name: str,
        options: argparse.Namespace,
        rules: Configuration,
        wanted: Sequence[Output],
        *,
        grows: Path | None = None,
        looked_for: LookedFor = catalog.load,
    ) -> None:
        self._looked_for = looked_for
        self._name, self._options, self._rules, self._wanted = name, options, rules, wanted
        self._grows = grows and grows.resolve()
        self._kept: list[Report] = []
        self.tally = gate.Tally(rules)
        self._waived = gate.Waived(rules.suppress)
        self._files: list[IO[str]] = []
        self._opened = ExitStack()
        self._lost: OSError | None = None

    def __enter__(self) -> Conclusion:
        if not self._rules.update_baseline:
            self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _open(self) -> None:
        for name, file in self._wanted:
            if name == "jsonl" and file is not None:
                is_growing = self._grows is not None and Path(file).resolve() == self._grows
                if is_growing:
                    resuming.cut_broken_end(Path(file))
                mode = "a" if is_growing else "w"
                stream = Path(file).open(mode, encoding="utf-8", newline="\n")  # noqa: SIM115 (closed below)
                self._files.append(self._opened.enter_context(stream))

    def take(self, one: Report) -> None:
        """Take a report as soon as it is known."""
        if self._rules.update_baseline:
            self._kept.append(one)  # nothing is judged before all are known
        else:
            self._judge(one)

    def _judge(self, one: Report) -> None:
        self._waived.add(one)
        judged = gate.judged_one(one, self._rules)
        self.tally.add(judged)
        if any(name != "jsonl" for name, _ in self._wanted):
            self._kept.append(judged)
        if any(name == "jsonl" for name, _ in self._wanted):
            line = report.render("jsonl", [judged])
            for file in self._files:
                file.write(line)
                file.flush()
            if ("jsonl", None) in self._wanted and self._lost is None:
                self._stream(line)

    def _stream(self, line: str) -> None:
        """Print a line. Where its reader left, the run goes on for what else is written."""
        try:
            outputs.say(line)
        except OSError as error:
            if len(self._wanted) == 1 and not getattr(self._options, "trace", None):
                raise
            self._lost = error

    async def revise(self, change: Callable[[Report], Awaitable[Report]]) -> None:
        """Put into the reports that are kept what was learned after them; lines are written."""
        for at, one in enumerate(self._kept):
            changed = await change(one)
            if changed is not one and not self._rules.update_baseline:
                changed = gate.judged_one(changed, self._rules)
            self._kept[at] = changed

    def sort(self, targets: Sequence[str]) -> None:
        """Put what is kept in the order that the targets were named in."""
        at = {target: number for number, target in enumerate(targets)}
        self._kept.sort(key=lambda report: at.get(report.target, len(at)))

    def end(self, *, was_interrupted: bool, bad_lines: int) -> int:
        """Write what is left to write, say why, and return the exit code."""
        if self._rules.baseline_file is not None and self._rules.update_baseline:
            self._with_new_baseline(self._rules.baseline_file)
        verdict = self.tally.verdict(was_interrupted=was_interrupted, bad_lines=bad_lines)
        rest = [output for output in self._wanted if output[0] != "jsonl"]
        try:
            outputs.emit(rest, self._kept, self._options.anchor, self._looked_for)
        finally:  # last, where a terminal still shows them, and also where the reader left
            for line in (*self._waived.notes(), *verdict.reasons):
                outputs.complain(self._name, line)
        if self._lost is not None:
            raise self._lost
        return verdict.exit_code

    def _with_new_baseline(self, path: Path) -> None:
        found, self._kept = self._kept, []
        judged = tuple(gate.judged_one(one, self._rules) for one in found)
        config.write_baseline(path, judged)
        self._rules = config.load(self._options)
        self._open()
        for one in found:
            self._judge(one)


def files(wanted: Sequence[Output], rules: Configuration) -> Iterator[tuple[str, Path]]:
    """The files that are to be written, each with the option that says so."""
    for name, file in wanted:
        if file is not None:
            yield f"--format {name}", Path(file)
    if rules.update_baseline and rules.baseline_file is not None and rules.baseline_file.exists():
        yield "--baseline", rules.baseline_file
