"""The audit over a folder of projects, beside bandit in the same sitting, and over a large tree.

`python bench/run.py audit [FOLDER]`: FOLDER holds a project a folder, for instance public ones that
are checked out there; without it, and in `make bench`, small projects are written on the spot.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from measure import Run, run

ROUNDS = 3
PEER = "bandit==1.9.4"
MODULES = 7_000  # of 95 lines each
PLAINWIRE = (sys.executable, "-m", "plainwire", "audit")
OPTIONS = ("--format", "json", "--exit-zero")
Row = dict[str, object]

_VIEW = '''
@blueprint.route("/orders/<int:number>/{n}", methods=["GET", "POST"])
@login_required
def order_{n}(number):
    """One order of a customer, with its lines."""
    order = Order.query.filter_by(id=number, kind="{n}").first_or_404()
    if request.method == "POST" and order.is_open:
        for line in request.get_json().get("lines", []):
            order.add(line["article"], amount=int(line.get("amount", 1)))
        db.session.commit()
        log.info("order %s has %d lines now", order.id, len(order.lines))
        return redirect(url_for("orders.order_{n}", number=order.id))
    answer = client.get(f"{{STOCK_URL}}/articles", params={{"order": order.id}}, timeout=5)
    stock = {{one["article"]: one["left"] for one in answer.json()}}
    return render_template("order.html", order=order, stock=stock, total=order.total())
'''
_HEAD = '''"""Views of part {m}."""

import logging
import os

import requests
from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import login_required

from shop.models import Order, db

STOCK_URL = os.environ.get("STOCK_URL", "https://stock.internal")
blueprint = Blueprint("part_{m}", __name__)
client = requests.Session()
log = logging.getLogger(__name__)
'''


def table(say: Callable[[str], None], words: Sequence[str] = ()) -> list[Row]:
    """Print the rows: a folder of projects cold, warm and by bandit, then a large tree."""
    say("\n| audit | CPU, s | wall, s | MiB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        folder = Path(words[0]).resolve() if words else _small(place / "projects")
        names = sorted(one.name for one in folder.iterdir() if one.is_dir())
        rows = list(_rows(say, f"{len(names)} projects", folder, names, place))
        rows += _bandit(say, folder, place)
        big = _large(place / "large")
        rows += _rows(say, "a tree of 665,000 lines, one run", big, ["."], place, 1)
    return rows


def _rows(
    say: Callable[[str], None],
    what: str,
    folder: Path,
    names: Sequence[str],
    place: Path,
    rounds: int = ROUNDS,
) -> Iterator[Row]:
    command = (*PLAINWIRE, *names, *OPTIONS)
    cold = _median([*command, "--no-cache"], folder, place, rounds)
    _median(command, folder, place, 1)  # fills the cache
    warm = _median(command, folder, place, rounds)
    yield _said(say, f"plainwire, {what}", cold)
    ratio = (
        f" ({warm.wall_s / cold.wall_s:.0%} of the wall, {warm.cpu_s / cold.cpu_s:.0%} of the CPU)"
    )
    is_whole = not (cold.was_stopped or warm.was_stopped)
    yield _said(say, f"the same again, from the cache{ratio if is_whole else ''}", warm)


def _median(command: Sequence[str], folder: Path, place: Path, rounds: int = ROUNDS) -> Run:
    """The run of the median wall time, with Python's compiled files as pip installs them."""
    variables = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    runs = sorted(
        (run(command, folder=folder, variables=variables) for _ in range(rounds)),
        key=lambda one: one.wall_s,
    )
    return runs[len(runs) // 2]


def _bandit(say: Callable[[str], None], folder: Path, place: Path) -> Iterator[Row]:
    venv = [sys.executable, "-m", "venv", str(place / "venv")]
    pip = [f"{place}/venv/bin/python", "-m", "pip", "install", "--quiet", PEER]
    if any(subprocess.run(c, capture_output=True).returncode for c in (venv, pip)):
        say(f"| {PEER} | not installed: no package index | | |")
        return
    command = [f"{place}/venv/bin/bandit", "-q", "-r", ".", "-f", "json"]
    yield _said(say, f"{PEER}, the same folder", _median(command, folder, place))


def _said(say: Callable[[str], None], what: str, one: Run) -> Row:
    if one.was_stopped:  # what it had taken until then is no figure
        say(f"| {what} | stopped at {one.wall_s:.0f} s of wall time | | |")
        return {"case": what, "was_stopped": True}
    say(f"| {what} | {one.cpu_s:.2f} | {one.wall_s:.2f} | {one.peak_mib:.0f} |")
    return {"case": what, "cpu_s": one.cpu_s, "wall_s": one.wall_s, "peak_mib": one.peak_mib}


def _small(folder: Path) -> Path:
    """Twelve projects, each with the examples of all rules' pages in folders of its own."""
    from plainwire import catalog
    from plainwire.model import example_files

    for number in range(12):
        for rule in catalog.load_rules():
            for path, text in example_files(rule.page.bad).items():
                _write(folder / f"project_{number}" / rule.id / path, text)
        for part in range(15):
            _write(folder / f"project_{number}/shop/views_{part}.py", _module(part))
    return folder


def _large(folder: Path) -> Path:
    for number in range(MODULES):
        _write(folder / f"shop/part_{number // 100}/views_{number}.py", _module(number))
    _write(folder / "app.py", "from flask import Flask\n\napp = Flask(__name__)\n")
    return folder


def _module(number: int) -> str:
    head = _HEAD.format(m=number)
    return head + "".join("\n" + _VIEW.format(n=f"{number}_{n}") for n in range(5))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
