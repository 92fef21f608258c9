"""What a store does when it fails."""

from __future__ import annotations

from plainwire.model import PlainwireError


class StoreError(PlainwireError):
    """The store failed; ``is_passing`` says whether to try again may help."""

    def __init__(self, words: str, *, is_passing: bool) -> None:
        super().__init__(words)
        self.is_passing = is_passing


def told(error: BaseException) -> str:
    """What a driver's error says, in one line and without statements, parameters and passwords."""
    original = getattr(error, "orig", None) or error
    arguments = original.args[0] if original.args else original
    if isinstance(arguments, dict):  # pg8000: the fields of an ErrorResponse, M is the message
        arguments = f"{arguments.get('M', 'no message')} ({arguments.get('C', '?')})"
    return str(arguments).splitlines()[0][:300] if str(arguments) else type(original).__name__
