"""Which origins and methods are not asked any more: silence must not cost a timeout a question."""

from __future__ import annotations

from plainwire.model import Origin, Request

LIMIT_AT_FIRST = 2  # of an origin that never answered
LIMIT = 3  # of one that did
MOST_SIGNS = 3  # of life that an origin is asked for


class Silence:
    """Counts the questions in a row that a method of an origin let go by without a whole answer.

    Many a server answers GET and lets OPTIONS or HEAD wait for ever, so each method is counted by
    itself. GET stands for the origin: where it falls silent, one that was answered before is asked
    again, since only some paths may hang; without a sign of life nothing more is asked.
    """

    def __init__(self) -> None:
        self._missed: dict[tuple[Origin, str], int] = {}
        self._answered: dict[Origin, Request] = {}
        self._heard: set[Origin] = set()
        self._signs: dict[Origin, int] = {}

    def heard(self, request: Request, *, is_whole: bool = True) -> None:
        """Note an answer; one that broke off half-way cost its time as silence does."""
        self._heard.add(request.origin)
        if not is_whole:
            self.missed(request.origin, request.method)
            return
        self._missed[request.origin, request.method] = 0
        if request.method == "GET" and not request.headers:
            self._answered.setdefault(request.origin, request)

    def missed(self, origin: Origin, method: str = "GET") -> None:
        """Note a question without an answer."""
        self._missed[origin, method] = self._missed.get((origin, method), 0) + 1

    def verdict(self, request: Request, *, is_named: bool = False) -> str | None:
        """Why a question is not asked any more. Returns None if it is.

        The page that the user named is always asked of an origin that says something.
        """
        origin, method = request.origin, request.method
        limit = LIMIT if origin in self._heard else LIMIT_AT_FIRST
        if self.is_in_doubt(origin):
            is_asked = is_named and origin in self._heard
            return None if is_asked else _because(f"{limit} questions")
        if self._missed.get((origin, method), 0) >= limit:
            return _because(f"{limit} questions by {method}")
        return None

    def is_in_doubt(self, origin: Origin) -> bool:
        """True if the origin fell silent."""
        limit = LIMIT if origin in self._heard else LIMIT_AT_FIRST
        return self._missed.get((origin, "GET"), 0) >= limit

    def sign_of_life(self, origin: Origin) -> tuple[Request, int] | None:
        """What to ask a silent origin, and how many times it was asked for a sign before.

        Returns None where it never answered, or was asked often enough.
        """
        number, known = self._signs.get(origin, 0), self._answered.get(origin)
        return (known, number) if known is not None and number < MOST_SIGNS else None

    def judge(self, origin: Origin, *, is_alive: bool) -> None:
        """Note whether a sign of life came."""
        self._signs[origin] = self._signs.get(origin, 0) + 1 if is_alive else MOST_SIGNS
        if is_alive:
            self._missed[origin, "GET"] = 0


def _because(what: str) -> str:
    return f"not asked: {what} before it got no complete answer"
