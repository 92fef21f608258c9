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

# What a word with ``!`` takes out where that is more, or less, than the names it is a part of.
_GROUPS = {
    "aNULL": re.compile(r"\bA(EC)?DH\b|aNULL"),
    "eNULL": re.compile(r"\bNULL\b|eNULL"),
    "NULL": re.compile(r"\bNULL\b|eNULL"),
    "AES": re.compile(r"AES"),
    "CAMELLIA": re.compile(r"CAMELLIA"),
    "3DES": re.compile(r"DES-CBC3|3DES"),
    "DES": re.compile(r"\bDES\b(?!-CBC3)"),  # single DES alone
    "EXPORT": re.compile(r"^EXP"),
    # RSA is a key exchange that has no part in names; AEAD suites have a hash that is no MAC.
    **dict.fromkeys(("RSA", "SHA256", "SHA384"), re.compile(r"(?!)")),
}


def broken(text: str) -> list[str]:
    """The words of a list that add a broken suite which no ``!`` word removes for good.

    What HIGH, ALL and DEFAULT stand for depends on the OpenSSL that reads them: not judged.
    """
    words = [word for word in re.split(r"[:,;\s\"']+", text) if word]
    killed = [word[1:] for word in words if word.startswith("!")]
    added = [word for word in words if word[0] not in "!-+@" and _BROKEN.search(word)]
    return [word for word in added if not any(_takes_out(kill, word) for kill in killed)]


def _takes_out(killed: str, word: str) -> bool:
    group = _GROUPS.get(killed)
    if killed == word or group is None:
        return killed == word or killed in re.split(r"[-+]", word)
    return group.search(word) is not None
