"""OpenAPI 3 and Swagger 2 documents, read tolerantly: what may be asked, and with what."""

from plainwire.wire.openapi.api import Api, ApiOperation, Parameter, changes_state
from plainwire.wire.openapi.document import parse
from plainwire.wire.openapi.reader import read
from plainwire.wire.openapi.verbs import state_change

__all__ = ["Api", "ApiOperation", "Parameter", "changes_state", "parse", "read", "state_change"]
