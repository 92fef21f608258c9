"""Options of the command line as Python declares them: what text one is if nobody says."""

from __future__ import annotations

import ast

from plainwire.source.python.expressions import Expression

_DECLARES = ("add_argument", "add_option", "option")
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def declared(node: ast.expr) -> tuple[str, Expression] | None:
    """An option's name in the program and its text, which the command line may replace.

    ``parser.add_argument("--host", default="0.0.0.0")`` of argparse and ``@click.option`` of Click.
    Returns None for what declares none, has no text as its default, or this machine, which is for
    who develops the program: a deployment says another address.
    """
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
        return None
    called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
    if called not in _DECLARES:
        return None
    given = {part.arg: part.value for part in node.keywords}
    default = given.get("default", node)
    text = _text(default)
    name = _text(given.get("dest")) or _name([_text(word) for word in node.args])
    if not text or not name or text in _THIS_MACHINE:
        return None
    option = Expression("constant", node.lineno, "", (), f"--{name}")
    value = Expression("constant", default.lineno, "", (), text)
    return name, Expression("variable", value.line, "", (option, value), True)


def _name(words: list[str]) -> str:
    """What the option is called in the program: by a plain word, or by its first long one."""
    plain = [word for word in words if word.isidentifier()]
    long = [word[2:] for word in words if word.startswith("--")]
    found = (plain or long)[:1] if long else []  # none: a short word alone, or by its place
    return found[0].partition("/")[0].replace("-", "_") if found else ""


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
