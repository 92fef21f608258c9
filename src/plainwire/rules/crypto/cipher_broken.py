"""Data is encrypted with a broken cipher or mode.

DES and RC4 are broken, 3DES has blocks too small, and ECB shows which blocks are equal
(RFC 7465, RFC 8429; CWE-327).

Remedy:

    Use AES-GCM or ChaCha20-Poly1305, or Fernet of the cryptography package.

Bad:

    --- vault.py
    from Crypto.Cipher import DES
    def seal(key, data):
        return DES.new(key, DES.MODE_CBC).encrypt(data)

Good:

    --- vault.py
    from cryptography.fernet import Fernet
    def seal(key, data):
        return Fernet(key).encrypt(data)

Limits:

    PyCryptodome and cryptography only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule

_BROKEN = re.compile(
    r"(Crypto|Cryptodome)\.Cipher\.(DES3?|ARC4|ARC2|Blowfish|XOR)\.new$"
    r"|algorithms\.(ARC4|TripleDES|Blowfish|IDEA|SEED|CAST5)$|modes\.ECB$"
)


@rule(
    kind="cipher-weak",
    severity=Severity.MEDIUM,
    cwe=(327,),
    references=("RFC 7465", "RFC 8429"),
)
def cipher_broken(project: Project) -> Iterator[Finding]:
    """Broken ciphers and ECB."""
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for call in module.calls:
            mode = call.named("mode", 1)
            if _BROKEN.search(call.name) or mode.endswith("MODE_ECB"):
                yield cipher_broken.finding(f"{call.name} protects nothing", module.span(call.line))
