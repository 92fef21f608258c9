"""What a cipher suite of TLS 1.2 and older stands for: its cipher, its MAC, the hash of its PRF.

The names of IANA's registry say it all: ``TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256`` and so on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from plainwire.policy.suites import suite_name

Mode = Literal["GCM", "CCM", "CCM_8", "POLY1305", "CBC", "stream"]

# Key length of the ciphers that have one alone; "" is the NULL cipher.
KEY_SIZES = {"3DES_EDE": 24, "RC4_128": 16, "SEED": 16, "IDEA": 16, "NULL": 0, "CHACHA20": 32}
BLOCK_SIZES = {"3DES_EDE": 8, "IDEA": 8}
MACS = {"MD5": "md5", "SHA": "sha1", "SHA256": "sha256", "SHA384": "sha384"}
NAME = re.compile(
    r"TLS_\w+_WITH_(?P<cipher>(?:AES|CAMELLIA)_(?P<bits>128|256)|3DES_EDE|RC4_128|SEED|IDEA|NULL"
    r"|CHACHA20)(?:_(?P<mode>GCM|CCM_8|CCM|CBC|POLY1305))?(?:_(?P<hash>MD5|SHA|SHA256|SHA384))?"
)


@dataclass(frozen=True, slots=True)
class Cipher12:
    """How a suite protects records; sizes in bytes.

    ``name`` is the cipher's, such as ``AES``. ``mac`` is the HMAC's hash, None with an AEAD;
    ``iv_size`` is the part of the nonce (the block, with CBC) that the key block gives.
    """

    name: str
    mode: Mode
    key_size: int
    mac: str | None
    prf: str
    block_size: int = 16

    @property
    def iv_size(self) -> int:
        """Of the fixed IV: RFC 5288, section 3; RFC 6655, section 3; RFC 7905, section 2."""
        return {"POLY1305": 12, "CBC": self.block_size, "stream": 0}.get(self.mode, 4)

    @property
    def is_aead(self) -> bool:
        """True if the cipher authenticates by itself."""
        return self.mac is None


@cache
def cipher_12(suite: int) -> Cipher12 | None:
    """The cipher of a suite; None if it is not one of those that are understood."""
    found = NAME.fullmatch(suite_name(suite))
    if found is None or "EXPORT" in suite_name(suite):
        return None
    cipher, bits = found["cipher"], found["bits"]
    key_size = int(bits) // 8 if bits else KEY_SIZES[cipher]
    mode: Mode = found["mode"] or "stream"  # type: ignore[assignment]  # as in NAME
    name = cipher.partition("_")[0] if bits else cipher
    is_aead = mode not in ("CBC", "stream")
    if is_aead and name not in ("AES", "CHACHA20"):
        return None
    return Cipher12(
        name,
        mode,
        key_size,
        None if is_aead else MACS[found["hash"]],
        "sha384" if found["hash"] == "SHA384" else "sha256",
        BLOCK_SIZES.get(cipher, 16),
    )
