"""What of a document could not be read, each reason once and bounded."""

from __future__ import annotations

MAX_SKIPPED = 200


class Skipped:
    """Appends to a list of reasons in words."""

    def __init__(self, reasons: list[str]) -> None:
        self._reasons = reasons

    def note(self, words: str) -> None:
        """Note a reason, unless it is there or there are `MAX_SKIPPED`."""
        if len(self._reasons) < MAX_SKIPPED and words[:300] not in self._reasons:
            self._reasons.append(words[:300])
