"""Projects that would rather be proved than be right, and what they reach by it: no proof."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from auditing import laid_out
from fix.proof_samples import APP, GUNICORN, SECURE_COOKIE, app
from plainwire.fix.proof import comparison, expectations, prove, to_json
from plainwire.fix.proof.expectations import Seen
from plainwire.fix.proof.matrix import matrix
from plainwire.fix.proof.plan import Answer, Entrance, Question, Route, Stack
from plainwire.fix.proof.supervisor import answered

PYTHON = Path(sys.executable)


def proof_of(code, folder, **options):
    """The proof of a good patch of an application that begins with some code."""
    before = laid_out({**GUNICORN.before, "app.py": code + APP}, folder / "before")
    after = laid_out({**GUNICORN.after, "app.py": code + app(SECURE_COOKIE)}, folder / "after")
    return prove(before, after, confirm=lambda _: True, python=PYTHON, **options)


# Writes an answer of its own into the supervisor's pipe, and has it end before it says another.
FORGER = """
import glob
import json
import os
import signal

for number in ("1", str(os.getppid())):
    for place in glob.glob(f"/proc/{number}/fd/*"):
        try:
            if os.readlink(place).startswith("pipe:"):
                pipe = os.open(place, os.O_WRONLY | os.O_NONBLOCK)
                os.write(pipe, json.dumps({"answers": {}, "refused": "forged"}).encode())
                print("forged", place)
        except OSError as error:
            print("kept out", place, error)
os.kill(1, signal.SIGTERM)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_project_writes_its_own_proof(tmp_path):
    proof = proof_of(FORGER, tmp_path)
    assert proof.verdict == "incomplete"
    assert "forged" not in json.dumps(to_json(proof)["deployments"])


REACHING = """
import os
import socket

with socket.socket(socket.AF_UNIX) as handle:
    try:
        handle.connect(PLACE)
        print("REACHED")
    except OSError as error:
        print("kept out", error)
for target in ("/proc/1/mem", "/proc/1/environ"):
    try:
        open(target, "rb").read(1)
        print("REACHED", target)
    except OSError as error:
        print("kept out", error)
for line in open("/proc/self/status"):
    if line.startswith(("NoNew", "CapEff")):
        print(line.split())
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_neither_the_supervisor_nor_a_socket_in_tmp_is_reached(tmp_path):
    place = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()
        proof = proof_of(REACHING.replace("PLACE", repr(str(place))), tmp_path)
    log = proof.deployments[0].runs[0].logs["web: gunicorn"]
    assert "REACHED" not in log and "kept out" in log
    assert "['NoNewPrivs:', '1']" in log and "['CapEff:', '0000000000000000']" in log


ASK = """
from plainwire.fix.proof.matrix import matrix
from plainwire.fix.proof.plan import Entrance, Route, Stack

stack = Stack("d", "app.test", entrances=(Entrance("e", 80, "127.0.0.1", 80, False),))
for question in matrix([stack], [Route("/")]).questions:
    print((question.path, question.headers))
"""


def test_the_client_is_not_told_by_its_looks():
    """Nothing that it sends is the same in two proofs, or has a name of ours in it."""
    stack = Stack("d", "app.test", entrances=(Entrance("e", 80, "127.0.0.1", 80, False),))
    asked = matrix([stack], [Route("/")]).questions
    again = subprocess.run((sys.executable, "-c", ASK), capture_output=True, check=True, text=True)
    for question in asked:
        assert "plainwire" not in str(question) and "canary" not in str(question)
    mine = {(q.path, q.headers) for q in asked if ":bearer:" in q.id or q.path != "/"}
    assert mine and not any(str(each) in again.stdout for each in mine)


def test_what_is_answered_is_kept_within_bounds():
    class Talkative:
        def ask(self, question):
            return Answer(200, body=bytes(1_000_000))

    questions = [Question(str(n), 80, "http", "/") for n in range(200)]
    found = answered(Talkative(), questions)
    assert sum(len(a["body"]) for a in found.values()) < 100_000_000
    last = found["199"]
    assert last["status"] == 0 and last["silence"] == "more was answered in all than is kept"


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ((200, 200), (200, 200), "pass"),
        ((200, 500), (200, 200), "unanswered"),
        ((500, 200), (200, 200), "unanswered"),
        ((200, 200), (500, 200), "unanswered"),
        ((200, 200), (200, 500), "unanswered"),
        ((500, 500), (500, 500), "unanswered"),
        ((500, 500), (200, 200), "unanswered"),
        ((200, 200), (500, 500), "fail"),
    ],
)
def test_an_application_that_fails_by_chance_refutes_no_patch(before, after, state):
    first, then = (
        Seen(
            "app.test",
            {
                f"route:https:0:{time}": Answer(code, body=b"x")
                for time, code in zip(("first", "again"), codes, strict=True)
            },
        )
        for codes in (before, after)
    )
    (route,) = comparison.compared([("/", "")], first, then, 443, (), ())
    assert route.judgement.state == state


def test_a_failure_by_chance_is_no_negative_control():
    answers = {"https:443:get:0": Answer(200), "https:443:told-http:0": Answer(500)}
    assert expectations.unmoved(Seen("app.test", answers), 443, 1).state == "unanswered"


def test_a_cookie_is_compared_with_the_one_of_its_name():
    old = Answer(200, (("set-cookie", "a=1; Path=/"), ("set-cookie", "b=1; Path=/; Secure")))
    new = Answer(200, (("set-cookie", "a=1; Path=/; Secure"), ("set-cookie", "b=1; Path=/")))
    seen = [
        Seen("h", {f"route:https:0:{t}": answer for t in ("first", "again")})
        for answer in (old, new)
    ]
    (route,) = comparison.compared([("/", "")], *seen, 443, (), ())
    assert route.judgement.seen == "the cookie b lost Secure"
