"""OpenAPI 3 and Swagger 2 documents, read tolerantly: what may be asked, and with what."""

from plainwire.wire.openapi.api import Api, changes_state, credential_fields, credentials
from plainwire.wire.openapi.document import load, parse
from plainwire.wire.openapi.lines import line_of
from plainwire.wire.openapi.reader import read
from plainwire.wire.openapi.references import MAX_FILES, companions
from plainwire.wire.openapi.verbs import followed_change, state_change

__all__ = [
    "MAX_FILES",
    "Api",
    "changes_state",
    "companions",
    "credential_fields",
    "credentials",
    "followed_change",
    "line_of",
    "load",
    "parse",
    "read",
    "state_change",
]
