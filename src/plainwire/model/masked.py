"""Lines of a project without the secrets in them: what a finding may show."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"secret|passw|pwd|token|api_?key|private_?key|signing|hmac|credential|session_key|_salt",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(\w://[^\s:/@\"']*:)([^\s@\"'/]+)(?=@)")
# A string that is given, compared or a fallback; names of variables and formats are no secrets.
_QUOTED = re.compile(r"((?:[=:,]|\bor)\s*[bruf]{0,2})([\"'])((?:\\.|(?!\2)[^\\])+)\2")
_BARE = re.compile(
    r"^(\s*(?:-\s+|ENV\s+|ARG\s+|export\s+)?[\"']?[\w.-]+[\"']?\s*(?:[=:]\s*|\s))([^\s\"'(#][^\"'()#]*)$"
)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*|\$.*")


def masked_line(text: str) -> str:
    """A line with what may be a secret cut to its first and last two characters and its length."""
    text = _IN_URL.sub(lambda m: m[1] + masked_value(m[2]), text)
    if not _NAME.search(text):
        return text
    text = _QUOTED.sub(
        lambda m: m[0] if _VARIABLE.fullmatch(m[3]) else f"{m[1]}{m[2]}{masked_value(m[3])}{m[2]}",
        text,
    )
    bare = _BARE.match(text)
    if bare and not _VARIABLE.fullmatch(bare[2]) and "…" not in bare[2]:
        return bare[1] + masked_value(bare[2].strip())
    return text


def masked_value(value: str) -> str:
    """A value by its ends and its length; a short one by its length alone."""
    if len(value) < 8:
        return f"… ({len(value)})"
    return f"{value[:2]}…{value[-2:]} ({len(value)})"
