"""What other projects than the first ones showed: other spellings, and what is right in them."""

from time import monotonic  # noqa: F401

import pytest

from auditing import audited, project
from plainwire.model import Severity, example_files

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- requirements.txt
flask==3.1.0
"""
GUNICORN = """
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""


def kinds(text, severity=Severity.LOW):
    return {f.kind for f in audited(text).findings if f.severity >= severity}


def the(kind, text):
    return next(f for f in audited(text).findings if f.kind == kind)


def places(finding):
    return [f"{p.path}:{p.line}" for p in finding.locations]


def paths_of(text, tmp_path):
    return project(example_files(text), tmp_path).paths


def test_names_that_refer_to_each_other_are_evaluated_once_each():
    """Doubling names: 2**60 evaluations, were each looked up anew."""
    lines = ["a0 = open('x')"]
    lines += [f"a{n} = a{n - 1} if (a{n - 1} == a{n - 1}) else a{n - 1}" for n in range(1, 60)]
    lines += [f"b{n} = b{(n + 1) % 60} or b{(n + 7) % 60} or b{(n + 9) % 60}" for n in range(60)]
    text = "--- app.py\n" + "\n".join([*lines, "requests.get('https://a', verify=(a59, b3))"])
    assert not audited(text).unanswered


@pytest.mark.parametrize(
    ("production", "is_on"),
    [("DEBUG = False", False), ("TESTING = False", True), ("DEBUG = True", True)],
)
def test_what_a_base_class_says_counts_where_production_does_not_say_otherwise(production, is_on):
    text = f"""
--- app.py
from flask import Flask
import config
app = Flask(__name__)
app.config.from_object(config.BY_NAME["production"])
--- config.py
class Config:
    DEBUG = True
class Development(Config):
    ENV = "development"
class Production(Config):
    {production}
BY_NAME = {{"production": Production}}
"""
    assert ("debug-exposed" in kinds(text)) is is_on


@pytest.mark.parametrize(("otherwise", "is_on"), [("False", False), ("True", True)])
def test_the_else_of_the_main_test_is_what_a_server_imports(otherwise, is_on):
    text = f"""
--- run.py
from flask import Flask
if __name__ == "__main__":
    app = Flask(__name__)
    app.config["DEBUG"] = True
    app.run(host="0.0.0.0")
else:
    app = Flask(__name__)
    app.config["DEBUG"] = {otherwise}
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:5000", "run:app"]
"""
    assert ("debug-exposed" in kinds(text)) is is_on


def test_long_branches_and_chains_cost_no_square_of_their_length():
    body = "if x:\n" + "    a = 1\n" * 60_000
    chain = "if x == 0:\n    pass\n" + "".join(f"elif x == {n}:\n    b = {n}\n" for n in range(900))
    assert not audited(f"--- app.py\n{body}\n--- other.py\n{chain}").unanswered
