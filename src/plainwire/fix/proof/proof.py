"""What a proof is: cases and routes before and after, and the verdict that follows from them.

Proved: the unpatched tree fails where the patched one passes, and nothing else changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from plainwire.fix.proof.comparison import Compared
from plainwire.fix.proof.expectations import Judgement
from plainwire.fix.proof.matrix import Case
from plainwire.fix.proof.plan import Answer, Stack
from plainwire.fix.proof.processes import is_uninstalled
from plainwire.fix.proof.running import Run
from plainwire.model import Environment

UNSEEN = "the unpatched tree passes as well: nothing that was asked shows what the patch changes"
Verdict = Literal["proved", "refuted", "incomplete"]


@dataclass(frozen=True)
class Result:
    """One case, before and after."""

    case: Case
    before: Judgement
    after: Judgement


@dataclass(frozen=True)
class Proved:
    """What one deployment showed. ``left`` are the routes that were not asked, with the reason."""

    name: str
    before: Stack
    after: Stack
    left: tuple[str, ...] = ()
    runs: tuple[Run, Run] | None = None
    cases: tuple[Result, ...] = ()
    routes: tuple[Compared, ...] = ()

    @property
    def host(self) -> str:
        """The name that clients use."""
        return self.before.host

    @property
    def verdict(self) -> Verdict:
        """proved, refuted or incomplete; the reasons are in `reasons`."""
        kinds = {kind for kind, _ in self._reasons()}
        return "refuted" if "refuted" in kinds else "incomplete" if kinds else "proved"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not proved; empty if it is."""
        return tuple(words for _, words in self._reasons())

    def _reasons(self) -> Iterator[tuple[Verdict, str]]:
        yield from (("incomplete", f"before: {m}") for m in self.before.missing)
        gone: Verdict = "refuted" if self.after.is_gone else "incomplete"
        yield from ((gone, f"after: {m}") for m in self.after.missing)
        if self.runs is None:
            return
        for which, run in zip(("before", "after"), self.runs, strict=True):
            for label, why in run.failed.items():
                is_told = which == "after" and not self.runs[0].failed and not is_uninstalled(why)
                kind: Verdict = "refuted" if is_told else "incomplete"
                yield kind, f"{which}: {label} does not start: {why}"
            for why in (run.refused, run.stopped):
                if why:
                    yield "incomplete", f"{which}: {why}"
        if any(run.failed or run.refused for run in self.runs):
            return
        yield from self._judged()
        yield from self._tests()

    def _judged(self) -> Iterator[tuple[Verdict, str]]:
        required = [r for r in self.cases if r.case.is_required]
        for one in required:
            words = f"{one.case.title}: expected {one.case.expected}, seen {one.after.seen}"
            if one.after.state == "fail":
                yield "refuted", words
            elif one.after.state == "unanswered":
                yield "incomplete", words
        if not any(one.before.state == "fail" for one in required):
            yield "incomplete", UNSEEN
        for route in self.routes:
            words = f"GET {route.path}: {route.judgement.seen}"
            if route.judgement.state == "fail":
                yield "refuted", words
            elif route.judgement.state == "unanswered":
                yield "incomplete", words

    @property
    def is_spoilt(self) -> bool:
        """True if something is worse than before, which is more than a flaw that is left."""
        if self.after.is_gone:
            return True
        if self.runs is None:
            return False
        first, then = self.runs
        if not first.failed and then.failed:
            return not all(map(is_uninstalled, then.failed.values()))
        is_case = any(self._is_worse(r) for r in self.cases if r.case.is_required)
        is_route = any(route.judgement.state == "fail" for route in self.routes)
        return is_case or is_route or any(kind == "refuted" for kind, _ in self._tests())

    def _is_worse(self, one: Result) -> bool:
        """True if a case fails after alone; one that did not apply counts where https was there.

        Two HSTS fields are worse than none; a cookie without Secure is not worse than no https.
        """
        had_https = any(e.has_tls and e.is_public for e in self.before.entrances)
        good = ("pass", "not-applicable") if had_https else ("pass",)
        return one.after.state == "fail" and one.before.state in good

    def _tests(self) -> Iterator[tuple[Verdict, str]]:
        before, after = (run.tests for run in self.runs or ())
        if after is None or after["exit"] == 0:
            return
        code = "no end in time" if after["exit"] is None else f"exit {after['exit']}"
        also = before is not None and before["exit"] != 0
        yield (
            ("incomplete", f"the project's own tests fail before and after: {code}")
            if also
            else ("refuted", f"the project's own tests fail after the patch: {code}")
        )


@dataclass(frozen=True)
class Consent:
    """What would be run, for the user to say yes or no to."""

    commands: tuple[str, ...]
    variables: tuple[str, ...]
    isolation: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """What a proof showed, for one or more deployments of a project."""

    started_at: datetime
    duration_s: float
    environment: Environment
    isolation: str
    deployments: tuple[Proved, ...]
    tree_before: str
    tree_after: str
    patch: str
    not_run: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def verdict(self) -> Verdict:
        """The worst of its deployments; incomplete if there is none."""
        kinds = [d.verdict for d in self.deployments]
        if "refuted" in kinds:
            return "refuted"
        is_whole = kinds and not self.not_run and "incomplete" not in kinds
        return "proved" if is_whole else "incomplete"

    @property
    def is_spoilt(self) -> bool:
        """True if something of a deployment is worse than before."""
        return any(one.is_spoilt for one in self.deployments)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the verdict rests on beside what the project describes, each once."""
        return tuple(
            dict.fromkeys(
                f"nginx in the place of {process.stands_for}"
                for one in self.deployments
                for process in (*one.before.processes, *one.after.processes)
                if process.stands_for
            )
        )

    @property
    def transcript(self) -> dict[str, Any]:
        """Every answer by deployment, run and question; bodies by their SHA-256, cookies masked."""
        return {
            d.name: {
                which: {name: _shown(a) for name, a in run.seen.answers.items()}
                for which, run in zip(("before", "after"), d.runs or (), strict=False)
            }
            for d in self.deployments
        }


def _shown(answer: Answer) -> dict[str, Any]:
    headers = [
        [name, f"{value.partition('=')[0]}=[masked]" if name.lower() == "set-cookie" else value]
        for name, value in answer.headers
    ]
    return {
        "status": answer.status,
        "headers": headers,
        "body_sha256": hashlib.sha256(answer.body).hexdigest(),
        "body_bytes": len(answer.body),
        "silence": answer.silence,
        "tls": answer.tls,
        "unverified": answer.unverified,
        "visited": list(answer.visited),
    }
