"""The process that everything of a proof runs under: ``python -m plainwire.fix.proof.supervisor``.

It reads a job from stdin, goes into a place of its own, starts a stack, asks it, and writes what
it saw to stdout. When it or its parent ends, for whatever reason, what it started ends with it.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import signal
import socket
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from plainwire.fix.proof import certificates, isolation, processes, tree
from plainwire.fix.proof.client import Client
from plainwire.fix.proof.plan import OUTSIDE, Answer, Entrance, Process, Question, Stack
from plainwire.fix.proof.watching import Watch

PACKAGES = "flask werkzeug gunicorn uvicorn waitress hypercorn granian gevent flask-talisman"
MAX_BODIES: Final = 64 * 1024**2
_VERSIONS = (
    "import importlib.metadata as m, json, sys\n"
    "found = {'python': sys.version.split()[0]}\n"
    "for name in sys.argv[1:]:\n"
    "    try: found[name] = m.version(name)\n"
    "    except m.PackageNotFoundError: pass\n"
    "print(json.dumps(found))"
)


def main() -> int:
    """Do the job on stdin and return 0; what went wrong is in the result."""
    isolation.die_with(int(sys.argv[1]))
    job = json.load(sys.stdin)
    output = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        isolation.enter(job["kind"])
    except isolation.IsolationError as error:
        result: dict[str, Any] = {"refused": str(error)}
    else:
        signal.signal(signal.SIGTERM, lambda *_: _leave(job))
        result = {} if job.get("is_trial") else _done(job)
    with os.fdopen(output, "w") as file:
        json.dump(result, file)
    _leave(job)
    return 0


def _leave(job: Mapping[str, Any]) -> None:
    """End this process, and with it all that it started."""
    if job["kind"] == "none":
        processes.end_below(os.getpid())
        shutil.rmtree(job["folder"], ignore_errors=True)
    os._exit(0)


def _done(job: Mapping[str, Any]) -> dict[str, Any]:
    processes.bound()
    stack = read_stack(job["stack"])
    folder = Path(job["folder"])
    try:
        authority = certificates.Authority(stack.certificates)
        variables = _lay_out(job, stack, folder)
        authority.issue(folder / "tls")
        _write(stack, folder)
    except (OSError, ValueError, tree.TooLargeError, isolation.IsolationError) as error:
        return {"refused": f"the tree cannot be laid out: {error}"}
    watch = Watch() if job["kind"] == "network" else None
    guard = processes.Guard(folder / "log")
    started: list[processes.Running] = []
    failed: dict[str, str] = {}
    for process in stack.processes:
        mine = {**variables, **process.variables, **job["given"]}
        one = processes.Running(process, folder / "log", mine)
        started.append(one)
        why = one.wait_ready()
        if why:
            failed[process.label] = why
            break
    result: dict[str, Any] = {"failed": failed, "answers": {}, "tls": {}}
    if not failed:
        result |= _asked(job, stack, folder, started, authority)
    result["tests"] = None if guard.why else _tested(job, folder, variables)
    result["versions"] = _versions(job, stack, folder, variables)
    result["logs"] = {one.process.label: one.tail() for one in started}
    result["attempts"] = _attempts(stack, watch)
    result["stopped"] = guard.why
    return result


def _lay_out(job: Mapping[str, Any], stack: Stack, folder: Path) -> dict[str, str]:
    folder.mkdir(mode=0o700)  # nobody else's: in the none kind it lies among others' files
    for name in ("tree", "conf", "log", "home", "tmp", "root"):
        (folder / name).mkdir()
    changes = {path: base64.b64decode(data) for path, data in job["changes"].items()}
    tree.Source(Path(job["tree"]), changes).copy(folder / "tree")
    if job["kind"] == "network":
        lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
        lines.append(f"127.0.1.1 {socket.gethostname()}")
        lines += [f"{address} {name}" for name, address in stack.names.items()]
        isolation.cover("/etc/hosts", "\n".join(lines) + "\n")
        isolation.cover("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    return {
        **job["variables"],
        **job["given"],
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
    }


def _write(stack: Stack, folder: Path) -> None:
    for path, text in stack.files.items():
        into = Path(path)
        into.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("@"):  # a certificate where the project's code expects it
            shutil.copyfile(folder / "tls" / text[1:], into)
        else:
            into.write_text(text, "utf-8")


def _asked(
    job: Mapping[str, Any],
    stack: Stack,
    folder: Path,
    started: Sequence[processes.Running],
    authority: certificates.Authority,
) -> dict[str, Any]:
    ca_file = str(folder / "tls" / "ca.pem")
    source = OUTSIDE if job["kind"] == "network" else None
    client = Client(stack.host, stack.entrances, ca_file, source, job["denied"])
    questions = [
        Question(**{**each, "headers": tuple((n, v) for n, v in each["headers"])})
        for each in job["questions"]
    ]
    answers = answered(client, questions)
    found = {str(e.number): _probed(e, stack.host, ca_file) for e in stack.entrances if e.has_tls}
    reload = _reloaded(stack, folder, started, authority)
    return {"answers": answers, "tls": found, "reload": reload}


def answered(client: Client, questions: Sequence[Question]) -> dict[str, dict[str, Any]]:
    """The answers by the id of their question, with `MAX_BODIES` bytes of body in all."""
    found, total = {}, 0
    for question in questions:
        answer = client.ask(question)
        total += len(answer.body)
        if total > MAX_BODIES:
            answer = Answer(silence="more was answered in all than is kept")
        found[question.id] = _written(answer)
    return found


def _written(answer: Answer) -> dict[str, Any]:
    return asdict(answer) | {"body": base64.b64encode(answer.body).decode("ascii")}


def _probed(entrance: Entrance, host: str, ca_file: str) -> dict[str, Any]:
    """What the handshake tells: versions and suites, by the TLS probe."""
    from plainwire.live.settings import Settings
    from plainwire.tls import probe

    settings = Settings(ca_file=Path(ca_file))
    found = probe(
        f"{host}:{entrance.port}",
        address=entrance.address,
        parts={"versions", "ciphers", "certificates"},
        settings=settings,
    )
    return {
        "protocols": dict(found.protocols) if found.protocols is not None else None,
        "ciphers": {v: list(c) for v, c in found.ciphers.items()} if found.ciphers else None,
        "gaps": [f"{gap.question}: {gap.reason}" for gap in found.inconclusive],
        "connections": found.connections,
    }


def _reloaded(
    stack: Stack,
    folder: Path,
    started: Sequence[processes.Running],
    authority: certificates.Authority,
) -> dict[str, Any] | None:
    """Whether a new certificate is served after a reload; None where no nginx has the TLS."""
    entrance = next((e for e in stack.entrances if e.has_tls and e.is_public), None)
    proxy = next(
        (
            one
            for one in started
            if entrance is not None
            and (entrance.address, entrance.port) in one.process.listens
            and one.process.tests[:1]
            and "nginx" in one.process.tests[0]
        ),
        None,
    )
    if entrance is None or proxy is None:
        return None
    wanted = authority.issue(folder / "tls-new")
    for name in certificates.FILES:
        (folder / "tls-new" / name).replace(folder / "tls" / name)
    proxy.reload()
    seen = _serial(entrance, stack.host, str(folder / "tls" / "ca.pem"), wanted)
    return {"wanted": wanted, "seen": seen}


def _serial(entrance: Entrance, host: str, ca_file: str, wanted: str) -> str:
    context = ssl.create_default_context(cafile=ca_file)
    seen = ""
    for _ in range(60):
        try:
            with (
                socket.create_connection((entrance.address, entrance.port), 5) as raw,
                context.wrap_socket(raw, server_hostname=host) as stream,
            ):
                certificate = stream.getpeercert() or {}
                seen = f"{int(str(certificate.get('serialNumber', '0')), 16):x}"
        except (OSError, ValueError) as error:
            seen = f"{type(error).__name__}"
        if seen == wanted:
            break
        time.sleep(0.2)
    return seen


def _tested(
    job: Mapping[str, Any], folder: Path, variables: Mapping[str, str]
) -> dict[str, Any] | None:
    if not job["test_command"]:
        return None
    words = shlex.split(job["test_command"])
    code, text = processes.run(
        words, str(folder / "tree"), variables, job["test_timeout_s"], folder / "log" / "tests"
    )
    return {"exit": code, "output": text}


def _versions(
    job: Mapping[str, Any], stack: Stack, folder: Path, variables: Mapping[str, str]
) -> dict[str, str]:
    log = folder / "log" / "versions"
    words = [job["python"], "-I", "-c", _VERSIONS, *PACKAGES.split()]
    code, text = processes.run(words, str(folder / "home"), variables, 30, log)
    found: dict[str, str] = json.loads(text) if code == 0 else {}
    for name, option in {
        "nginx": "-v",
        "haproxy": "-v",
        "caddy": "version",
        "apache2": "-v",
    }.items():
        program = next((p.words[0] for p in stack.processes if Path(p.words[0]).name == name), None)
        if program is not None:
            _, text = processes.run([program, option], str(folder / "home"), variables, 30, log)
            found[name] = text.strip().splitlines()[0][:120] if text.strip() else "unknown"
    return found


def _attempts(stack: Stack, watch: Watch | None) -> list[str]:
    if watch is None:
        return []
    own = {at for process in stack.processes for at in process.listens}
    own |= {(e.address, e.port) for e in stack.entrances}
    return list(watch.words(own, {*stack.names.values(), *(host for host, _ in own)}))


def read_stack(found: Mapping[str, Any]) -> Stack:
    """The stack that a job holds, as `dataclasses.asdict` and JSON left it."""
    processes_ = tuple(
        Process(
            **{
                **p,
                "words": tuple(p["words"]),
                "tests": tuple(p["tests"]),
                "listens": tuple((host, port) for host, port in p["listens"]),
            }
        )
        for p in found["processes"]
    )
    entrances = tuple(Entrance(**e) for e in found["entrances"])
    names = {kind: tuple(found[kind]) for kind in ("certificates", "others")}
    return Stack(**{**found, "processes": processes_, "entrances": entrances, **names})


if __name__ == "__main__":
    sys.exit(main())
