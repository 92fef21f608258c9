"""Which check was left without an answer, and how many answers each got."""

from __future__ import annotations

import contextvars

from plainwire.model import Exchange, Unanswered

# The id of the check that is asking; "scan" where the engine asks for itself.
asking: contextvars.ContextVar[str] = contextvars.ContextVar("asking", default="scan")


class Notes:
    """Kept by the site itself, so that no author of a check can forget it."""

    def __init__(self) -> None:
        self.unanswered: dict[tuple[str, str], Unanswered] = {}
        self.read: dict[tuple[str, str], Exchange] = {}
        self.answered: dict[str, int] = {}
        self.untested: dict[str, str] = {}
        self.inapplicable: dict[str, str] = {}
        self.places: dict[str, set[tuple[str, str]]] = {}

    def take(self, answer: object) -> None:
        """Remember for the asking check whether its question was answered."""
        who = asking.get()
        if isinstance(answer, Unanswered):
            entry = Unanswered(who, answer.question, answer.reason)
            self.unanswered.setdefault((who, answer.question), entry)
        else:
            self.answered[who] = self.answered.get(who, 0) + 1
        if isinstance(answer, Exchange):
            place = answer.request.method, answer.request.path.partition("?")[0]
            self.places.setdefault(who, set()).add(place)
            self.read.setdefault((who, str(answer.request)), answer)

    def leave_inapplicable(self, reason: str) -> None:
        """Remember that there is nothing of the kind the asking check is about."""
        self.inapplicable.setdefault(asking.get(), reason)

    def leave_untested(self, reason: str) -> None:
        """Remember that the asking check has nothing to ask with, and why: the first reason."""
        self.untested.setdefault(asking.get(), reason)
