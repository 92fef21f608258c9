"""From a command to the server that it really starts: through scripts, modules and wrappers."""

from plainwire.source.starting.commands import Starter
from plainwire.source.starting.context import Context

__all__ = ["Context", "Starter"]
