"""The proof of a patch, top to bottom: plan both stacks, ask the user, run both, compare.

Nothing of the project runs before `confirm` was asked and said yes.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any, Final

from plainwire.fix.compose import subnet
from plainwire.fix.proof import comparison, entrances, running, stack, tree
from plainwire.fix.proof import routes as paths
from plainwire.fix.proof.ground import Ground
from plainwire.fix.proof.isolation import Kind
from plainwire.fix.proof.matrix import Matrix, matrix
from plainwire.fix.proof.plan import Stack
from plainwire.fix.proof.proof import Consent, Proof, Proved, Result
from plainwire.fix.proof.running import Job
from plainwire.fix.proof.tree import Source
from plainwire.model import Deployment, Environment, SourceFile, UsageError
from plainwire.source.deploy import envfile
from plainwire.source.project import LocalProject

MAX_STACKS: Final = 4


@dataclass(frozen=True)
class _Planned:
    """One deployment of both trees, ready to be run, with what is asked of it."""

    name: str
    before: Stack
    after: Stack
    routes: paths.Routes
    asked: Matrix


def prove(
    before: Path,
    after: Path | Mapping[str, bytes],
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

    ``after`` is a tree of its own, or what is otherwise in ``before``: the bytes of changed and
    new files by their paths. ``confirm`` is shown every command first. ``python`` has the
    project's dependencies (default: the tree's own ``.venv``, else the interpreter that runs
    this). ``start_command`` starts the application where the project does not say how. ``patch``
    is what led from one tree to the other; their difference unless given.

    Raises:
        UsageError: if it is not confirmed, the system has no network namespaces and
            ``allows_network`` is not given, or there is no such deployment. Nothing was run then.
        TargetError: if a tree cannot be read.
    """
    started, at = datetime.now(UTC), monotonic()
    variables = _variables(env_file, environment) if env_file is not None else {}
    kind, folder = _kind(allows_network=allows_network)
    interpreter = _python(before, python)
    job = Job(kind, folder, interpreter, variables, test_command)
    old = Source(before)
    new = Source(after) if isinstance(after, Path) else Source(before, after)
    projects = old.project(), new.project()
    names = _names(projects, environment, deployment)
    few = names[:MAX_STACKS]
    planned = list(_planned(projects, few, environment, job, start_command, host))
    _ask(confirm, planned, job)
    done = tuple(_proved(one, (old, new), job) for one in planned)
    return Proof(
        started,
        monotonic() - at,
        environment,
        _isolation(kind),
        done,
        old.digest(),
        new.digest(),
        hashlib.sha256(tree.patch(old, new) if patch is None else patch).hexdigest(),
        tuple(names[MAX_STACKS:]),
        tuple(v for v in variables.values() if len(v) >= 6),
    )


def unshown(
    before: Path,
    changes: Mapping[str, bytes],
    environment: Environment,
    wanted: str | None = None,
    start_command: str = "",
) -> tuple[str, ...]:
    """What a proof of a changed tree would not show of the ways in, in words. Nothing is run.

    That is a deployment before which an edge would have to be assumed, and one that is not run.

    Raises:
        TargetError: if the tree cannot be read.
    """
    project = Source(before, changes).project()
    options = {"environment": environment, "start_command": start_command}
    found = stack.deployments(project, environment)
    run = [d for d in found if wanted in (None, d.name)][:MAX_STACKS]
    said = [f"{d.name} is not run" for d in found if d not in run]
    for one in run:
        made = _stack(one.name, project, one, Ground("network"), options)
        if any(process.stands_for == entrances.ASSUMED for process in made.processes):
            said.append(f"no file says who publishes the server of {one.name}")
    return tuple(said)


def _kind(*, allows_network: bool) -> tuple[Kind, str]:
    """The isolation that the system grants, and the folder to run in, which a run makes."""
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
    return "none", str(Path(tempfile.gettempdir(), f"plainwire-proof-{token_hex(16)}"))


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


def _variables(path: Path, environment: Environment) -> dict[str, str]:
    """The variables of an environment file, as the audit reads one.

    Raises:
        UsageError: if it cannot be read.
    """
    try:
        file = SourceFile(str(path), "env", environment, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--env-file {path} cannot be read: {error}") from None
    return {setting.name: setting.value or "" for setting in envfile.read(file)}


def _names(
    projects: Sequence[LocalProject], environment: Environment, wanted: str | None
) -> list[str]:
    """The deployments that either tree describes.

    Raises:
        UsageError: if there is none, or not the one that is wanted.
    """
    found = (d.name for p in projects for d in stack.deployments(p, environment))
    names = [name for name in dict.fromkeys(found) if wanted in (None, name)]
    if not names:
        what = f"no deployment named {wanted}" if wanted else "no deployment of an application"
        raise UsageError(f"{what} is described for {environment}")
    return names


def _planned(
    projects: tuple[LocalProject, LocalProject],
    names: Sequence[str],
    environment: Environment,
    job: Job,
    start_command: str,
    host: str | None,
) -> Iterator[_Planned]:
    found = [stack.deployments(p, environment) for p in projects]
    for name in names:
        # One ground for both trees: a service has one address, a port one place.
        ground = Ground(job.kind, job.folder, job.python, _network(name, projects))
        both = tuple(
            (project, next((d for d in deployments if d.name == name), None))
            for project, deployments in zip(projects, found, strict=True)
        )
        made = {"environment": environment, "start_command": start_command}
        stacks = [_stack(name, *pair, ground, made) for pair in both]
        if any(p.stands_for == entrances.ASSUMED for s in stacks for p in s.processes):
            # An edge that is assumed for one tree is there for the other.
            stacks = [_stack(name, *pair, ground, made | {"assumes_edge": True}) for pair in both]
        shared = next((s.host for s in reversed(stacks) if s.host != stack.HOST), stack.HOST)
        first, then = (stack.with_host(s, host or shared) for s in stacks)
        routes = paths.routes(projects[0], next((d for d in found[0] if d.name == name), None))
        yield _Planned(name, first, then, routes, matrix((first, then), routes.asked))


def _network(name: str, projects: Sequence[LocalProject]) -> str | None:
    """The network that a compose file gives its services, which a setting may trust by name."""
    files = [project.file(name) for project in projects]
    found = (subnet(file) for file in files if file is not None and file.format == "compose")
    return next(filter(None, found), None)


def _stack(
    name: str,
    project: LocalProject,
    deployment: Deployment | None,
    ground: Ground,
    options: dict[str, Any],
) -> Stack:
    if deployment is None:
        gone = f"{name} describes no deployment of an application"
        return Stack(name, stack.HOST, missing=(gone,), is_gone=True)
    return stack.build(project, deployment, ground, **options)


def _ask(confirm: Callable[[Consent], bool], planned: Sequence[_Planned], job: Job) -> None:
    stacks = [each for one in planned for each in (one.before, one.after)]
    started = [process for each in stacks for process in each.processes]
    commands = [shlex.join(process.words) for process in started]
    names = [*job.variables, *(name for process in started for name in process.variables)]
    consent = Consent(
        _once([*commands, job.test_command] if job.test_command else commands),
        _once(names),
        _isolation(job.kind),
        _once(missing for each in stacks for missing in each.missing),
    )
    if not confirm(consent):
        raise UsageError("not confirmed: nothing was run")


def _once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _proved(one: _Planned, trees: tuple[Source, Source], job: Job) -> Proved:
    proved = Proved(one.name, one.before, one.after, one.routes.left)
    if one.before.missing or one.after.missing:
        return proved
    questions, denied = one.asked.questions, one.routes.denied
    before = running.run(trees[0], one.before, questions, job, denied)
    after = running.run(trees[1], one.after, questions, job, denied)
    proved = replace(proved, runs=(before, after))
    if any(run.failed or run.refused for run in (before, after)):
        return proved
    entrances = (*one.before.entrances, *one.after.entrances)
    return replace(
        proved,
        cases=tuple(
            Result(case, case.judge(before.seen), case.judge(after.seen))
            for case in one.asked.cases
        ),
        routes=comparison.compared(
            [(route.path, route.place) for route in one.routes.asked],
            before.seen,
            after.seen,
            one.asked.https,
            sorted({e.number for e in entrances if e.is_public}),
            sorted({e.number for e in entrances if not e.is_public}),
        ),
    )
