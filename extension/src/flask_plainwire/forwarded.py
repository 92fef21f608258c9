"""The ``Forwarded`` header of RFC 7239, as far as a scheme needs it."""

from __future__ import annotations

import re

# RFC 7239, section 4:
#   Forwarded         = 1#forwarded-element
#   forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
#   forwarded-pair    = token "=" value
#   value             = token / quoted-string
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 (RFC 9110's token)
_PAIR = re.compile(rf'[ \t]*({_TOKEN})=(?:({_TOKEN})|"((?:[^"\\]|\\.)*)")[ \t]*')
LONGEST = 4096


def protos(value: str) -> list[str] | None:
    """The ``proto`` of each element in order, lower case; an element without one gives "".

    Returns None if the header does not obey the grammar, names a parameter twice in an element
    (section 4: "each parameter MUST NOT occur more than once"), or is longer than `LONGEST`.
    """
    if len(value) > LONGEST:
        return None
    found: list[str] = []
    parameters: dict[str, str] = {}
    position = 0
    while True:
        if (pair := _PAIR.match(value, position)) is not None:
            name = pair[1].lower()
            if name in parameters:
                return None
            parameters[name] = pair[2] if pair[2] is not None else _unquoted(pair[3])
            position = pair.end()
        else:
            position = _after_blanks(value, position)
        end = value[position : position + 1]
        if end not in ("", ",", ";"):
            return None
        if end != ";":
            found.append(parameters.get("proto", "").lower())
            parameters = {}
        if not end:
            return found
        position += 1


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _after_blanks(value: str, position: int) -> int:
    while value[position : position + 1] in (" ", "\t"):
        position += 1
    return position
