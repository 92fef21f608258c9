"""What a proof makes of a plan: levels, what spoils it, and what is never written."""

import json
import math
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from auditing import laid_out
from fix.samples import APPLICATION, BEHIND, LINKING, NGINX, PROJECTS
from plainwire.fix import applying
from plainwire.fix.confirmation import Confirmation, changes, confirmed, proposed
from plainwire.fix.listing import confirmation
from plainwire.fix.plan import Choice
from plainwire.fix.proof import Proof
from plainwire.model import TargetError, example_files

PROVABLE = example_files(LINKING + BEHIND + NGINX)  # the extension lacks its proxy's address


class Settled(Proof):
    """A proof that came out as it is told, to see what follows from it."""

    said = "proved"

    @property
    def verdict(self):
        return self.said


class Spoilt(Settled):
    """A proof by which something is worse with the patches, or nothing."""

    def __init__(self, is_spoilt):
        super().__init__(datetime.now(UTC), 0.0, "production", "", (), "", "", "")
        object.__setattr__(self, "said", "refuted" if is_spoilt else "proved")

    @property
    def is_spoilt(self):
        return self.said == "refuted"


def proof(tree="", verdict="proved"):
    made = Settled(datetime.now(UTC), 0.0, "production", "", (), tree, "", "")
    object.__setattr__(made, "said", verdict)
    return made


def levels(made, **confirmation):
    found = Confirmation(made, proof(**confirmation))
    return {s.patch.remedy: found.level(s.patch) for s in made.steps}


def test_what_a_run_shows_is_conditional_once_it_is_proved(tmp_path):
    made, left_open = proposed(laid_out(PROVABLE, tmp_path), Choice())
    assert left_open == ()
    assert levels(made)["tls-extension"] == "conditional"
    assert levels(made, verdict="refuted")["tls-extension"] == "unsafe"
    assert levels(made)["tls-versions"] == "safe"


def test_what_is_a_matter_of_taste_stays_unsafe_though_proved(tmp_path):
    made, _ = proposed(laid_out(PROVABLE, tmp_path), Choice(with_unsafe=True))
    assert levels(made)["hsts-header"] == "unsafe"
    told = confirmation(Confirmation(made, proof(verdict="refuted")))
    assert "hsts-header at compose.yaml:9: unsafe by your consent\n" in told
    assert "tls-extension at app.py:2: unsafe, which the run does not show\n" in told


def test_nothing_follows_from_an_edge_that_is_assumed(tmp_path):
    """Who publishes the server is in no file: a proxy with TLS is our own invention."""
    project = laid_out(example_files(APPLICATION), tmp_path)
    made, left_open = proposed(project, Choice())
    assert left_open == ("no file says who publishes the server of Dockerfile",) and not any(
        step.patch.is_provable for step in made.steps
    )
    (left,) = [p for p in made.advice if p.remedy == "secure-session-cookie"]
    assert "a run would not show it: no file says who" in left.proof
    consented, left_open = proposed(project, Choice(with_unsafe=True))
    found = Confirmation(consented, proof(), unshown=left_open)
    (cookie,) = [s.patch for s in consented.steps if s.patch.remedy == "secure-session-cookie"]
    assert cookie.is_provable and found.level(cookie) == "unsafe"


def test_nothing_follows_for_a_deployment_that_is_not_run(tmp_path):
    """The cookie is the application's, whichever way it is reached by."""
    procfile = "--- Procfile\nweb: gunicorn app:app\n"
    project = laid_out(example_files(LINKING + BEHIND + NGINX + procfile), tmp_path)
    made, left_open = proposed(project, Choice(), deployment="compose.yaml")
    assert left_open == ("Procfile is not run",)
    assert not any(step.patch.is_provable for step in made.steps)


@pytest.mark.parametrize(
    ("files", "remedy"),
    [
        (PROJECTS["plain-gunicorn"], "loopback-port"),
        (PROJECTS["kubernetes-ingress"], "ingress-tls"),
        (PROJECTS["kubernetes-ingress"], "tls-extension"),
    ],
)
def test_what_may_lock_somebody_out_is_for_no_run_to_show(files, remedy, tmp_path):
    made, _ = proposed(laid_out(files, tmp_path), Choice(with_unsafe=True))
    (patch,) = [s.patch for s in made.steps if s.patch.remedy == remedy]
    assert patch.level == "unsafe" and not patch.is_provable


def test_a_tree_that_changed_while_it_was_proved_is_left_alone(tmp_path):
    project = laid_out(PROVABLE, tmp_path)
    made, _ = proposed(project, Choice())
    good = proof(applying.tree_digest(project))
    (project / "new.py").write_text("x = 1\n")
    with pytest.raises(TargetError, match="changed while it was proved"):
        applying.apply(project, made, proof=good)
    assert (project / "app.py").read_text() == PROVABLE["app.py"]
    (project / "new.py").unlink()
    assert applying.apply(project, made, proof=good).tree == applying.tree_digest(project)
    assert (project / "app.py").read_text() != PROVABLE["app.py"]


def run(project, *words):
    command = (sys.executable, "-W", "error", "-m", "plainwire", "fix", str(project), "--prove")
    whole = (*command, "--python", sys.executable, *words)
    return subprocess.run(whole, capture_output=True, text=True, timeout=400, check=False)


@pytest.mark.parametrize("spoiler", range(6))
def test_the_patch_that_spoils_it_is_found_by_halving(spoiler, tmp_path):
    """The files hold its change from there on, whatever is made after it."""
    project = laid_out(PROJECTS["nginx-without-forwarded-headers"], tmp_path)
    made, left_open = proposed(project, Choice(with_unsafe=True))
    steps = [step for step in made.steps if step.files]
    assert len(steps) == 6
    spoilt = [changes(steps[: count + 1]) for count in range(spoiler, len(steps))]
    asked = []

    def prove(tree):
        asked.append(tree)
        return Spoilt(tree in spoilt)

    found = confirmed(made, left_open, prove)
    named, place = steps[spoiler].patch, steps[spoiler].patch.finding.locations[0]
    assert found.spoiler == f"it breaks with {named.remedy} at {place.path}:{place.line}"
    assert len(asked) <= 1 + math.ceil(math.log2(len(steps)))


@pytest.mark.slow
@pytest.mark.server("nginx")
@pytest.mark.timeout(500)
def test_a_refuted_proof_writes_nothing_and_names_what_spoils_it(tmp_path):
    """One of the patches changes what a page says."""
    flag = '@app.get("/flag")\ndef flag():\n    return str(app.config["SESSION_COOKIE_SECURE"])\n'
    files = dict(PROJECTS["published-port"])
    files["app.py"] = files["app.py"] + flag
    project = laid_out(files, tmp_path / "shop")
    words = ("--only", "secure-session-cookie", "--only", "tls-versions")
    done = run(project, "--apply", "--yes", "--proof", str(tmp_path / "proof.json"), *words)
    assert done.returncode == 1, done.stderr
    assert "it breaks with secure-session-cookie at app.py:3" in done.stdout
    assert done.stdout.endswith("nothing was written\n")
    assert {path: (project / path).read_text() for path in files} == files
    told = json.loads((tmp_path / "proof.json").read_text())
    assert told["verdict"] == "refuted" and told["sha256"]["tree_written"] is None


def test_what_git_could_not_give_back_is_not_even_run(tmp_path):
    project = laid_out(PROVABLE, tmp_path / "shop")
    subprocess.run(("git", "init", "-q", str(project)), check=True)
    done = run(project, "--apply", "--yes")
    assert done.returncode == 2 and "--force" in done.stderr
    assert "runs the project's code" not in done.stderr
