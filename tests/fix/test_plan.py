"""What is made of proposals: tried, ordered, shared, dropped with the reason."""

import pytest

from fix.fixing import fixed, planned
from fix.samples import PROJECTS
from plainwire.fix import plan as planning
from plainwire.fix.listing import text
from plainwire.model import Edit, Peer, Proposal, Remedy, example_files

APP = (
    "from flask import Flask\napp = Flask(__name__)\n"
    '@app.route("/")\ndef index():\n    a = app.make_response("")\n'
    '    a.set_cookie("one", "1")\n    a.set_cookie("two", "2")\n    return a\n'
)
RULE = "cookie-set-without-secure"


def cookies(edit, level="safe", **more):
    """A remedy for cookies that edits as it is told: a function of the file and the line."""

    def run(finding, project):
        file = project.file("app.py")
        return Proposal("do it", edit(file, finding.locations[0].line), **more)

    return Remedy("it", (RULE,), level, __name__, run)


def in_line(file, line, old, new):
    start = sum(len(text) + 1 for text in file.lines[: line - 1])
    at = file.text.index(old, start)
    return (Edit(file.path, at, at + len(old), new),)


@pytest.fixture
def remedies(monkeypatch):
    """Puts remedies in the place of the real ones."""

    def put(*those):
        monkeypatch.setattr(planning.catalog, "load_remedies", lambda: those)

    return put


def secure(file, line):
    return in_line(file, line, '")', '", secure=True)')


def test_a_good_patch_is_made_for_each_finding(remedies):
    remedies(cookies(secure))
    made = planned({"app.py": APP})
    assert [len(step.files) for step in made.steps] == [1, 1] and not made.advice
    assert [f.locations[0].line for f in made.gone] == [6, 7] and not made.after.findings


def test_a_patch_that_does_not_help_is_dropped(remedies):
    remedies(cookies(lambda file, line: in_line(file, line, "a.", "(a).")))
    made = planned({"app.py": APP})
    assert not made.steps and not made.changes
    assert made.advice[0].proof == f"{RULE} would still be found"


def test_a_patch_that_breaks_a_file_is_dropped(remedies):
    remedies(cookies(lambda file, line: in_line(file, line, '")', '"')))
    assert planned({"app.py": APP}).advice[0].proof == "app.py could not be parsed after it"


def test_a_patch_that_brings_a_flaw_is_dropped(remedies):
    """It answers its finding, and switches verification off elsewhere."""
    worse = 'import requests\nrequests.get("https://a.example/", verify=False)\n'

    def edit(file, line):
        end = len(file.text)
        return (*secure(file, line), Edit("app.py", end, end, worse))

    remedies(cookies(edit))
    made = planned({"app.py": APP})
    assert not made.steps and made.advice[0].proof.startswith("peer-not-verified would come up at")


def test_one_bad_patch_does_not_keep_the_others_back(remedies):
    def edit(file, line):
        is_good = '"two"' in file.lines[line - 1]
        return secure(file, line) if is_good else in_line(file, line, '")', '"')

    remedies(cookies(edit))
    made = planned({"app.py": APP})
    assert [s.patch.finding.locations[0].line for s in made.steps] == [7]
    assert made.advice[0].proof == "app.py could not be parsed after it"


def test_patches_that_touch_each_other_are_made_one_after_the_other(remedies):
    """Both put a line at the top, and different ones: the later waits for the next round."""
    remedies(cookies(lambda f, line: (*secure(f, line), Edit("app.py", 0, 0, f"# {line}\n"))))
    made = planned({"app.py": APP})
    assert len(made.steps) == 2 and not made.after.findings
    assert made.changes[0][1].text.startswith("# 8\n# 6\n")


def test_one_that_waits_is_tried_though_the_one_before_it_is_dropped(remedies):
    def edit(file, line):
        made = secure(file, line) if line > 6 else in_line(file, line, '")', '"')
        return (*made, Edit("app.py", 0, 0, f"# {line}\n"))

    remedies(cookies(edit))
    made = planned({"app.py": APP})
    assert [s.patch.finding.locations[0].line for s in made.steps] == [7]
    assert [patch.proof for patch in made.advice] == ["app.py could not be parsed after it"]


def test_hsts_is_sent_by_one_of_two_remedies():
    """A host must not send the header twice (RFC 6797, section 7.1)."""
    files = PROJECTS["published-port"]
    after = fixed(files, with_unsafe=True)
    assert "TLS_HSTS_SINCE" in after["app.py"]
    assert "Strict-Transport-Security" not in after["nginx.conf"]
    alone = fixed(files, with_unsafe=True, only=frozenset({"hsts-header"}))
    assert "Strict-Transport-Security" in alone["nginx.conf"]


def test_an_edit_that_two_findings_share_is_made_once(remedies):
    remedies(cookies(lambda file, line: (*secure(file, 6), *secure(file, 7))))
    made = planned({"app.py": APP})
    assert [len(step.files) for step in made.steps] == [1, 0]
    assert made.changes[0][1].text.count("secure=True") == 2


def test_a_remedy_that_crashes_is_said(remedies):
    remedies(cookies(lambda file, line: 1 / 0))
    told = planned({"app.py": APP}).advice[0]
    assert told.level == "advice" and "crashed: ZeroDivisionError" in told.proof


def test_a_suppressed_finding_is_left_alone(remedies):
    remedies(cookies(secure))
    text = APP.replace('"1")', f'"1")  # plainwire: ignore[{RULE}] it is public')
    assert fixed({"app.py": text})["app.py"].count("secure=True") == 1


def test_only_what_is_named_is_answered(remedies):
    remedies(cookies(secure))
    assert not planned({"app.py": APP}, only=frozenset({"peer-not-verified"})).steps
    assert planned({"app.py": APP}, only=frozenset({"it"})).steps
    assert planned({"app.py": APP}, only=frozenset({RULE})).steps


def test_a_server_that_verifies_makes_an_unsafe_patch_conditional(remedies):
    asked = []

    def ask(peer):
        asked.append(peer)
        return planning.Condition(peer.host == "good.example", "it was asked")

    for host, level in (("good.example", "conditional"), ("bad.example", "unsafe")):
        remedies(cookies(secure, level="unsafe", peer=Peer(host, 443)))
        made = planned({"app.py": APP}, ask=ask)
        patches = [s.patch for s in made.steps] or made.advice
        assert {(p.level, p.proof) for p in patches} == {(level, "it was asked")}
    assert {peer.host for peer in asked} == {"good.example", "bad.example"}


def test_what_a_patch_brings_to_light_is_answered_with_it():
    """nginx tells the scheme, so that an application which does not listen becomes a finding."""
    files = PROJECTS["nginx-without-forwarded-headers"]
    cautious, consented = planned(files), planned(files, with_unsafe=True)
    said = cautious.advice[0].proof
    assert "forwarded-proto-ignored would come up" in said
    assert "; tls-extension answers that with --unsafe, or --prove --apply: the address" in said
    assert "--unsafe tries" in text(cautious) and "--unsafe tries" not in text(consented)
    assert {"forwarded-proto", "tls-extension"} <= {s.patch.remedy for s in consented.steps}


def test_what_would_answer_that_is_told_where_only_another_was_named():
    files = PROJECTS["nginx-without-forwarded-headers"]
    names = {"forwarded-proto"}
    (left,) = planned(files, with_unsafe=True, only=frozenset(names)).advice
    assert left.proof.endswith("; tls-extension answers that where --only names it too")
    made = planned(files, with_unsafe=True, only=frozenset(names | {"tls-extension"}))
    assert {s.patch.remedy for s in made.steps} == names | {"tls-extension"}


def test_what_answers_it_by_hand_is_told_where_no_patch_can():
    """The application is no plain name there, so that nothing can be written behind it."""
    files = dict(PROJECTS["nginx-without-forwarded-headers"])
    held = (
        "from types import SimpleNamespace\nheld = SimpleNamespace()\nheld.app = Flask(__name__)\n"
    )
    files["app.py"] = files["app.py"].replace("app = Flask(__name__)\n", held + "app = held.app\n")
    made = planned(files, with_unsafe=True, only=frozenset({"forwarded-proto", "tls-extension"}))
    (left,) = [one for one in made.advice if one.remedy == "forwarded-proto"]
    assert "; by hand: add flask-plainwire to the dependencies and TLS(app)" in left.proof


def test_no_remedy_is_said_to_be_unknown_that_was_not_asked_for():
    files = PROJECTS["nginx-without-forwarded-headers"]
    assert not planned(files, only=frozenset({"forwarded-proto"})).unanswered
    (left,) = planned(files, only=frozenset({"credentials-in-clear"})).unanswered
    assert left.id == "credentials-in-clear"


IMAGE = """
--- requirements.txt
flask
--- app.py
from flask import Flask
app = Flask(__name__)
app.run(host="0.0.0.0", port=8000)
--- Dockerfile
FROM python:3.12
CMD ["python", "app.py"]
"""


def test_a_server_that_is_as_plain_as_the_one_before_it_adds_no_flaw():
    """Nobody publishes the port: what was told of the development server is told of gunicorn."""
    made = planned(example_files(IMAGE), with_unsafe=True)
    assert [step.patch.remedy for step in made.steps] == ["wsgi-server"]
    assert [finding.id for finding in made.gone] == ["development-server-deployed"]
    assert [finding.id for finding in made.unanswered] == ["server-bound-plain"]


def test_the_number_of_trials_is_bounded(remedies, monkeypatch):
    """A project with many findings whose patches all fail: each trial is an audit."""
    monkeypatch.setattr(planning, "MAX_TRIALS", 5)
    remedies(cookies(lambda file, line: in_line(file, line, '")', '"')))
    more = APP.replace("    return a", '    a.set_cookie("more", "3")\n' * 30 + "    return a")
    made = planned({"app.py": more})
    assert not made.steps and len(made.advice) == 32
    proofs = {patch.proof for patch in made.advice}
    assert proofs <= {"it was not tried: too many were", "app.py could not be parsed after it"}


def test_what_was_made_in_the_last_round_is_not_told_as_left(remedies, monkeypatch):
    """Three patches that touch each other, and two rounds: the third is left for another call."""
    monkeypatch.setattr(planning, "MAX_ROUNDS", 2)
    remedies(cookies(lambda f, line: (*secure(f, line), Edit("app.py", 0, 0, f"# {line}\n"))))
    more = APP.replace("    return a", '    a.set_cookie("three", "3")\n    return a')
    made = planned({"app.py": more})
    assert [s.patch.finding.locations[0].line for s in made.steps] == [6, 8]
    ((left,), (found,)) = made.advice, made.after.findings
    assert left.finding == found and left.proof == "it was not tried: there were too many rounds"
