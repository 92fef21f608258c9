"""Numbers as files write them."""

MAX_DIGITS = 18  # `int` refuses 4,300, and no port, code or age has as many as these


def whole(text: str) -> int | None:
    """The number that decimal digits are. Returns None if it is anything else, or has too many."""
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else None
