"""What a `Site` that sends nothing says to every check that would have something sent."""

from __future__ import annotations

from datetime import datetime

from plainwire.live.notes import Notes
from plainwire.model import (
    ApiOperation,
    Exchange,
    GraphqlEndpoint,
    Identity,
    McpServer,
    Target,
)


class PassiveSite:
    """The part of the `Site` protocol that asks more than is known already.

    ``reason`` is why: what a check that wanted to ask is left untested with.
    """

    reason: str

    def __init__(self, target: Target, now: datetime) -> None:
        self._target, self._now = target, now
        self.notes = Notes()

    @property
    def target(self) -> Target:
        """What the user named."""
        return self._target

    def now(self) -> datetime:
        """The time of the judgement, aware and in UTC."""
        return self._now

    @property
    def trusted_origins(self) -> tuple[str, ...]:
        """None: nothing is asked with an Origin."""
        return ()

    async def identity(self, name: str) -> Identity:
        """Nothing but a name."""
        return Identity(name)

    async def secret_is_known(self, name: str) -> bool | None:
        """Not known."""
        return None

    async def guarded(self, who: str) -> tuple[tuple[ApiOperation, Exchange], ...]:
        """None: what others would get is not asked."""
        return ()

    async def failed_logins(self, times: int, *, as_nobody: bool) -> tuple[Exchange, ...]:
        """None: nothing is sent."""
        self.notes.leave_untested(self.reason)
        return ()

    async def default_logins(self) -> tuple[Exchange, ...]:
        """None: nothing is sent."""
        self.notes.leave_untested(self.reason)
        return ()

    async def callback(self, token: str) -> str | None:
        """None: nothing is sent."""
        self.notes.leave_untested(self.reason)
        return None

    async def was_called_back(self, token: str) -> bool:
        """False: nothing was sent."""
        return False

    def allows(self, what: str) -> bool:
        """False: nothing is sent."""
        self.notes.leave_untested(self.reason)
        return False

    async def refuses(self, exchange: Exchange) -> bool:
        """False: what is answered to everything is not asked."""
        return False

    async def graphql(self) -> tuple[GraphqlEndpoint, ...]:
        """None: nothing is asked."""
        return ()

    async def mcp(self) -> tuple[McpServer, ...]:
        """None: nothing is asked."""
        return ()

    def leave_untested(self, reason: str) -> None:
        """Note that a check has nothing to ask with."""
        self.notes.leave_untested(reason)

    def leave_inapplicable(self, reason: str) -> None:
        """Note that there is nothing of the kind a check is about."""
        self.notes.leave_inapplicable(reason)
