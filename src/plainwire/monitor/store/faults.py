"""What a store does when it fails."""

from __future__ import annotations

from plainwire.model import PlainwireError


class StoreError(PlainwireError):
    """The store failed; ``is_passing`` says whether to try again may help."""

    def __init__(self, words: str, *, is_passing: bool) -> None:
        super().__init__(words)
        self.is_passing = is_passing


def is_passing(error: BaseException) -> bool:
    """False for what the store will not take however often it is tried: its data is wrong.

    SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation) of PostgreSQL's
    documentation, appendix A; the same of SQLite by DB-API's names.
    """
    original = getattr(error, "orig", None) or error
    arguments = original.args[0] if original.args else None
    if isinstance(arguments, dict):
        return str(arguments.get("C", ""))[:2] not in ("22", "23")
    return type(original).__name__ not in ("IntegrityError", "DataError")


def told(error: BaseException) -> str:
    """What a driver's error says, in one line and without statements, parameters and passwords."""
    original = getattr(error, "orig", None) or error
    arguments = original.args[0] if original.args else original
    if isinstance(original, OSError):
        arguments = getattr(original, "verify_message", None) or original.strerror or original
    if isinstance(arguments, dict):  # pg8000: the fields of an ErrorResponse, M is the message
        arguments = f"{arguments.get('M', 'no message')} ({arguments.get('C', '?')})"
    return str(arguments).splitlines()[0][:300] if str(arguments) else type(original).__name__
