"""Which origins are not asked any more: a silent target must not cost a timeout a question."""

from __future__ import annotations

from plainwire.model import Origin

LIMIT_AT_FIRST = 2  # of an origin that never answered
LIMIT = 3  # of one that did


class Silence:
    """Counts the questions in a row that an origin let go by without a complete answer."""

    def __init__(self) -> None:
        self._missed: dict[Origin, int] = {}
        self._heard: set[Origin] = set()

    def heard(self, origin: Origin, *, is_whole: bool = True) -> None:
        """Note an answer; one that broke off half-way cost its time as silence does."""
        self._heard.add(origin)
        self._missed[origin] = 0 if is_whole else self._missed.get(origin, 0) + 1

    def missed(self, origin: Origin) -> None:
        """Note a question without an answer."""
        self._missed[origin] = self._missed.get(origin, 0) + 1

    def verdict(self, origin: Origin, *, is_named: bool = False) -> str | None:
        """Why the origin is not asked any more. Returns None if it is.

        The page that the user named is always asked of an origin that says something.
        """
        was_heard = origin in self._heard
        limit = LIMIT if was_heard else LIMIT_AT_FIRST
        if self._missed.get(origin, 0) < limit or (is_named and was_heard):
            return None
        return f"not asked: {limit} questions before it got no complete answer"
