"""What a list of suites in OpenSSL's words names that is broken: ciphers(1), CIPHER LIST FORMAT.

The flaws are those of `suite_flaws.BROKEN`, which knows suites by their IANA names.
"""

from __future__ import annotations

import re

# Parts of OpenSSL's names and its words for groups of suites. MD5 stands in suites with RC4, DES
# or no encryption alone; LOW are those of 56 bits.
_BROKEN = re.compile(
    r"RC4|RC2|3DES|DES-CBC3|(^|-|\+)DES(-|$)|\bEXP(ORT)?(40|56|1024)?(-|$)|NULL|ADH|AECDH"
    r"|MD5|IDEA|^LOW$"
)


def broken(text: str) -> list[str]:
    """The words of a list that add a broken suite which no ``!`` word removes for good.

    What HIGH, ALL and DEFAULT stand for depends on the OpenSSL that reads them: not judged.
    """
    words = [word for word in re.split(r"[:,;\s\"']+", text) if word]
    killed = [word[1:] for word in words if word.startswith("!")]
    added = [word for word in words if word[0] not in "!-+@" and _BROKEN.search(word)]
    return [word for word in added if not any(_takes_out(kill, word) for kill in killed)]


def _takes_out(killed: str, word: str) -> bool:
    if killed == "3DES":
        return "DES-CBC3" in word or "3DES" in word
    if killed == "DES":  # single DES alone
        return "CBC3" not in word and "3DES" not in word and "DES" in word
    return killed in word or (killed == "EXPORT" and word.startswith("EXP"))
