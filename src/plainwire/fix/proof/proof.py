"""A patch proved: the unpatched tree fails where the patched one passes, and nothing else changes.

Nothing of the project runs before `confirm` was asked and said yes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal

from plainwire import __version__
from plainwire.fix.proof import comparison, running, stack, tree
from plainwire.fix.proof.comparison import Compared
from plainwire.fix.proof.expectations import Judgement
from plainwire.fix.proof.ground import Ground
from plainwire.fix.proof.isolation import Kind
from plainwire.fix.proof.matrix import Case, Matrix, matrix
from plainwire.fix.proof.plan import Answer, Question, Stack
from plainwire.fix.proof.running import Job, Run
from plainwire.model import Environment, UsageError
from plainwire.source.project import LocalProject

Verdict = Literal["proved", "refuted", "incomplete"]
MAX_STACKS: Final = 4
SCHEMA: Final = "plainwire-proof/1"
_LINE: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)")


@dataclass(frozen=True)
class Result:
    """One case, before and after."""

    case: Case
    before: Judgement
    after: Judgement


@dataclass(frozen=True)
class Proved:
    """What one deployment showed."""

    name: str
    host: str
    before: Stack
    after: Stack
    runs: tuple[Run, Run] | None
    cases: tuple[Result, ...] = ()
    routes: tuple[Compared, ...] = ()
    left: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

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
                kind: Verdict = (
                    "incomplete" if which == "before" or self.runs[0].failed else "refuted"
                )
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
            yield "refuted", "the unpatched tree passes as well: the patch changes nothing here"
        for route in self.routes:
            words = f"GET {route.path}: {route.judgement.seen}"
            if route.judgement.state == "fail":
                yield "refuted", words
            elif route.judgement.state == "unanswered":
                yield "incomplete", words

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
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def verdict(self) -> Verdict:
        """The worst of its deployments; incomplete if there is none."""
        kinds = [d.verdict for d in self.deployments]
        if "refuted" in kinds:
            return "refuted"
        return "incomplete" if "incomplete" in kinds or not kinds else "proved"

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


def prove(
    before: Path,
    after: Path,
    *,
    confirm: Callable[[Consent], bool],
    python: Path | None = None,
    env_file: Path | None = None,
    test_command: str = "",
    allows_network: bool = False,
    environment: Environment = "production",
    deployment: str | None = None,
    start_command: str = "",
    host: str | None = None,
    patch: bytes | None = None,
) -> Proof:
    """Run the unpatched and the patched tree, ask both the same, and say what that shows.

    ``confirm`` is shown every command first. ``python`` has the project's dependencies (default:
    the tree's own ``.venv``, else the interpreter that runs this). ``start_command`` starts the
    application where the project does not say how. ``patch`` is what led from one tree to the
    other; their difference unless given.

    Raises:
        UsageError: if it is not confirmed, the system has no network namespaces and
            ``allows_network`` is not given, or there is no such deployment. Nothing was run then.
        TargetError: if a tree cannot be read.
    """
    started, at = datetime.now(UTC), monotonic()
    variables = _variables(env_file) if env_file is not None else {}
    kind, folder = _kind(allows_network=allows_network)
    interpreter = _python(before, python)
    job = Job(kind, folder, interpreter, variables, test_command)
    planned = list(_planned(before, after, environment, deployment, job, start_command, host))
    _ask(confirm, planned, job)
    done = tuple(_proved(one, asked, (before, after), job) for one, asked in planned)
    return Proof(
        started,
        monotonic() - at,
        environment,
        _isolation(kind),
        done,
        tree.digest(before),
        tree.digest(after),
        hashlib.sha256(tree.patch(before, after) if patch is None else patch).hexdigest(),
        tuple(v for v in variables.values() if len(v) >= 6),
    )


def _kind(*, allows_network: bool) -> tuple[Kind, str]:
    """The isolation that the system grants, and the folder to run in."""
    if not allows_network:
        why = running.refusal("network")
        if why:
            raise UsageError(
                f"no network of its own: {why}; --allow network lets the project's code use this "
                "machine's network"
            )
        return "network", Ground("network").folder
    if not running.refusal("processes"):
        return "processes", Ground("processes").folder
    return "none", tempfile.mkdtemp(prefix="plainwire-proof-")


def _isolation(kind: Kind) -> str:
    return {
        "network": "a network, processes and a memory disk of its own; the rest is read-only",
        "processes": "this machine's network; processes and a memory disk of its own",
        "none": "this machine's network and file system",
    }[kind]


def _python(before: Path, given: Path | None) -> str:
    if given is not None:
        if not os.access(given, os.X_OK):
            raise UsageError(f"--python {given} cannot be run")
        return str(given.absolute())  # not resolved: a virtual environment is known by its link
    own = before / ".venv" / "bin" / "python"
    return str(own.absolute()) if os.access(own, os.X_OK) else sys.executable


def _variables(path: Path) -> dict[str, str]:
    """The variables of an environment file.

    Raises:
        UsageError: if it cannot be read.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--env-file {path} cannot be read: {error}") from None
    found = {}
    for line in lines[:5000]:
        match = _LINE.fullmatch(line)
        if match is not None:
            value = match[2].strip()
            quoted = value[:1] in "\"'" and value[:1] == value[-1:] and len(value) > 1
            found[match[1]] = value[1:-1] if quoted else value
    return found


# Planning ---------------------------------------------------------------------------------


def _planned(
    before: Path,
    after: Path,
    environment: Environment,
    wanted: str | None,
    job: Job,
    start_command: str,
    host: str | None,
) -> Iterator[tuple[Proved, Matrix]]:
    old, new = LocalProject(before), LocalProject(after)
    found = [stack.deployments(p, environment) for p in (old, new)]
    names = [d.name for d in found[0]]
    names += [d.name for d in found[1] if d.name not in names]
    if wanted is not None:
        names = [name for name in names if name == wanted]
    if not names:
        what = f"no deployment named {wanted}" if wanted else "no deployment of an application"
        raise UsageError(f"{what} is described for {environment}")
    for name in names[:MAX_STACKS]:
        # One ground for both trees: a service has one address, a port one place.
        ground = Ground(job.kind, job.folder, job.python)
        stacks = []
        for project, deployments in zip((old, new), found, strict=True):
            one = next((d for d in deployments if d.name == name), None)
            if one is None:
                gone = f"{name} describes no deployment of an application"
                stacks.append(Stack(name, stack.HOST, missing=(gone,), is_gone=True))
                continue
            built = stack.build(
                project, one, ground, environment=environment, start_command=start_command
            )
            stacks.append(stack.with_host(built, host) if host else built)
        shared = next((s.host for s in reversed(stacks) if s.host != stack.HOST), stack.HOST)
        stacks = [stack.with_host(s, host or shared) for s in stacks]
        routes, left = stack.routes(old, next((d for d in found[0] if d.name == name), None))
        asked = matrix(stacks, routes)
        yield (
            Proved(
                name,
                stacks[0].host,
                stacks[0],
                stacks[1],
                None,
                routes=tuple(
                    Compared(r.path, r.place, "", "", "", Judgement("unanswered", "not asked"))
                    for r in routes
                ),
                left=left,
                questions=asked.questions,
            ),
            asked,
        )


def _ask(
    confirm: Callable[[Consent], bool], planned: Sequence[tuple[Proved, Matrix]], job: Job
) -> None:
    commands: dict[str, None] = {}
    names: dict[str, None] = dict.fromkeys(job.variables)
    for one, _ in planned:
        for each in (one.before, one.after):
            for process in each.processes:
                commands[" ".join(process.words)] = None
                names |= dict.fromkeys(process.variables)
    if job.test_command:
        commands[job.test_command] = None
    missing = tuple(m for one, _ in planned for m in (*one.before.missing, *one.after.missing))
    consent = Consent(
        tuple(commands), tuple(names), _isolation(job.kind), tuple(dict.fromkeys(missing))
    )
    if not confirm(consent):
        raise UsageError("not confirmed: nothing was run")


def _proved(one: Proved, asked: Matrix, trees: tuple[Path, Path], job: Job) -> Proved:
    if one.before.missing or one.after.missing:
        return replace(one, routes=())
    before = running.run(trees[0], one.before, asked.questions, job)
    after = running.run(trees[1], one.after, asked.questions, job)
    done = replace(one, runs=(before, after), routes=())
    if any(run.failed or run.refused for run in (before, after)):
        return done
    cases = tuple(
        Result(case, case.judge(before.seen), case.judge(after.seen)) for case in asked.cases
    )
    entrances = (*one.before.entrances, *one.after.entrances)
    routes = comparison.compared(
        [(route.path, route.place) for route in one.routes],
        before.seen,
        after.seen,
        asked.https,
        sorted({e.number for e in entrances if e.is_public}),
        sorted({e.number for e in entrances if not e.is_public}),
    )
    return replace(done, cases=cases, routes=routes)


# Telling ----------------------------------------------------------------------------------


def to_json(proof: Proof) -> dict[str, Any]:
    """The proof as ``plainwire-proof/1``; values of --env-file are masked wherever they appear."""
    transcript = proof.transcript
    canonical = json.dumps(transcript, sort_keys=True, separators=(",", ":"))
    found = {
        "schema": SCHEMA,
        "tool": {"name": "plainwire", "version": __version__},
        "started_at": proof.started_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "duration_s": round(proof.duration_s, 3),
        "verdict": proof.verdict,
        "environment": proof.environment,
        "isolation": proof.isolation,
        "sha256": {
            "tree_before": proof.tree_before,
            "tree_after": proof.tree_after,
            "patch": proof.patch,
            "transcript": hashlib.sha256(canonical.encode()).hexdigest(),
        },
        "deployments": [_deployment(d) for d in proof.deployments],
        "transcript": transcript,
    }
    return json.loads(masked(json.dumps(found), proof.secrets))  # type: ignore[no-any-return]


def masked(text: str, secrets: Sequence[str]) -> str:
    """Text with the values of --env-file replaced, as they are written in JSON too."""
    for secret in sorted(secrets, key=len, reverse=True):
        for form in (secret, json.dumps(secret)[1:-1]):
            text = text.replace(form, "[masked]")
    return text


def _deployment(one: Proved) -> dict[str, Any]:
    runs = one.runs or ()
    words = ("before", "after")
    return {
        "name": one.name,
        "host": one.host,
        "verdict": one.verdict,
        "reasons": list(one.reasons),
        "stacks": {
            which: {
                "commands": [list(p.words) for p in each.processes],
                "stands_for": [p.stands_for for p in each.processes if p.stands_for],
                "entrances": [asdict(e) for e in each.entrances],
                "missing": list(each.missing),
                "notes": list(each.notes),
            }
            for which, each in zip(words, (one.before, one.after), strict=True)
        },
        "runs": {
            which: {
                "failed": dict(run.failed),
                "refused": run.refused,
                "attempts": list(run.attempts),
                "versions": dict(run.versions),
                "stopped": run.stopped,
                "tests": run.tests and {"exit": run.tests["exit"]},
            }
            for which, run in zip(words, runs, strict=False)
        },
        "cases": [
            {
                "id": r.case.id,
                "group": r.case.group,
                "title": r.case.title,
                "expected": r.case.expected,
                "basis": r.case.basis,
                "required": r.case.is_required,
                "before": asdict(r.before),
                "after": asdict(r.after),
            }
            for r in one.cases
        ],
        "routes": [asdict(route) for route in one.routes],
        "not_asked": list(one.left),
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
