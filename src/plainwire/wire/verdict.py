"""What the answers to the hellos of one version come to: accepted, refused, or not known."""

from __future__ import annotations

from dataclasses import dataclass, field

from plainwire.policy.versions import Version
from plainwire.wire.alerts import PROTOCOL_VERSION, REFUSALS, Alert
from plainwire.wire.answer import Answer, NoAnswer, describe
from plainwire.wire.hello import ServerHello
from plainwire.wire.not_tls import NotTls


def is_refusal(answer: object) -> bool:
    """True for an alert that says that the hello's offer will not do."""
    return isinstance(answer, Alert) and answer.description in REFUSALS


def is_drop(answer: object) -> bool:
    """True for an end that is a refusal, provided that it can be told from throttling.

    That is closing or resetting without a word (IIS does so), any alert, or another protocol.
    """
    match answer:
        case NoAnswer(kind="closed" | "reset") | Alert():
            return True
        case NotTls(kind=kind):
            return kind != "binary"
    return False


@dataclass
class VersionAnswers:
    """The answers that one version got, each with the number of the hello it is to.

    ``hello_count`` is how many hellos it takes to offer everything that the version knows.
    """

    version: Version
    hello_count: int
    answers: list[tuple[int, Answer]] = field(default_factory=list)

    @property
    def accepting(self) -> tuple[int, ServerHello] | None:
        """The number of a hello that was accepted and its ServerHello, or None."""
        for number, answer in self.answers:
            if isinstance(answer, ServerHello) and answer.version == self.version:
                return number, answer
        return None

    @property
    def refusing(self) -> Answer | None:
        """The answer that refuses the version in so many words, or None."""
        for _, answer in self.answers:
            if isinstance(answer, ServerHello) and answer.version != self.version:
                return answer
            if isinstance(answer, Alert) and answer.description == PROTOCOL_VERSION:
                return answer
        return None

    @property
    def is_refused(self) -> bool:
        """True if every hello of the version got a refusing alert."""
        refused = {number for number, answer in self.answers if is_refusal(answer)}
        return len(refused) == self.hello_count

    @property
    def is_silent_last(self) -> bool:
        """True if nothing came in time when it was asked last."""
        last = self.answers[-1][1] if self.answers else None
        return isinstance(last, NoAnswer) and last.kind == "silent"

    @property
    def is_dropped(self) -> bool:
        """True if it was asked, and every hello was dropped."""
        return bool(self.answers) and all(is_drop(answer) for _, answer in self.answers)

    @property
    def is_dropped_again(self) -> bool:
        """True if every hello was dropped every time, one of them at least twice."""
        drops = [answer for _, answer in self.answers if is_drop(answer)]
        return len(drops) == len(self.answers) > self.hello_count

    def verdict(self, *, accepts_another: bool, is_sound: bool) -> bool | None:
        """Whether the version is accepted; None if that is not known.

        ``accepts_another`` says that some version of the server is; ``is_sound`` that a good
        hello was answered just before and just after this version was asked again.
        """
        if self.accepting:
            return True
        if self.refusing:
            return False
        if accepts_another and (self.is_refused or (is_sound and self.is_dropped_again)):
            return False
        return None

    @property
    def words(self) -> str:
        """The deciding answer in readable words: the last one, if none decides."""
        if self.accepting:
            return describe(self.accepting[1])
        if self.refusing:
            return describe(self.refusing)
        if not self.answers:
            return "not asked: the server spoke no TLS to another hello"
        return describe(self.answers[-1][1])
