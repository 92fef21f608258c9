"""Temporary."""

from plainwire.model import Grade


def grade(findings, *, is_upper_bound, scope):  # type: ignore
    return Grade("A", 100, is_upper_bound, scope, (), (), "A")
