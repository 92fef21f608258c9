"""Files made to take long: what reading them costs grows as they do, counted in lines executed."""

import sys

import pytest

from auditing import audited
from plainwire.model import SourceFile
from plainwire.source.deploy import nginx
from plainwire.source.python.module import parse
from plainwire.source.python.serving import servers


def steps(function):
    """How many lines of Python a call executes."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def passes(many):
    pools = "".join(f"upstream u{n} {{ server a:1; }}\n" for n in range(many))
    places = "".join(f"location /{n} {{ proxy_pass http://u{n}; }}\n" for n in range(many))
    return f"{pools}server {{ listen 80;\n{places}}}\n"


def roots(many):
    return "server { listen 80;\n" + "location ~ / { return 200; }\n" * many + "}\n"


@pytest.mark.parametrize("text_of", [passes, roots])
def test_nginx_with_many_locations(text_of):
    cost = [
        steps(lambda n=n: nginx.sites(SourceFile("a.conf", "nginx", "production", text_of(n))))
        for n in (100, 200)
    ]
    assert cost[1] < 2.5 * cost[0]


def test_many_names_that_are_run():
    def cost(many):
        lines = "".join(f"app{n} = Flask(__name__)\n" for n in range(many)) + "app.run(port=1)\n"
        text = lines + "app.run(port=1)\n" * many
        module = parse(SourceFile("a.py", "python", "production", text), "a")
        return steps(lambda: list(servers(module)))

    assert cost(200) < 2.5 * cost(100)


def test_more_servers_than_are_followed_are_said():
    many = "from flask import Flask\napp = Flask(__name__)\n" + "app.run(host='0.0.0.0')\n" * 201
    (skip,) = audited(f"--- app.py\n{many}").skipped
    assert (skip.path, skip.reason) == ("app.py", "starts more than 200 servers")
