"""The proof of a patch: the stack that the audit found, run before and after on loopback."""

from plainwire.fix.proof.document import to_json
from plainwire.fix.proof.proof import Consent, Proof, Proved
from plainwire.fix.proof.proving import prove, unshown
from plainwire.fix.proof.table import rendered

__all__ = ["Consent", "Proof", "Proved", "prove", "rendered", "to_json", "unshown"]
