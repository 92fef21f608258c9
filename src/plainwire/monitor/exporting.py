"""The whole of what was declared, out of a store and into another: ``monitor export|import``.

The document is one that ``monitor apply`` reads, with the history of alerts and changes beside it
for a reader; secrets are references in it as in the store.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from plainwire.monitor.messages import SCHEMA
from plainwire.monitor.store import reading, watched
from plainwire.monitor.targets import interval_words

if TYPE_CHECKING:
    import sqlalchemy as sa

HISTORY = 10_000


def exported(connection: sa.Connection) -> dict[str, Any]:
    """Targets, channels and windows, with alerts and confirmed changes."""
    targets = watched.targets(connection)
    return {
        "schema": SCHEMA,
        "targets": [
            {
                "url": one.name,
                "tags": list(one.tags),
                "light": interval_words(one.light_ms),
                "full": interval_words(one.full_ms),
                **one.options,
            }
            for one in targets
        ],
        "channels": [
            {
                "name": one.name,
                "kind": one.kind,
                "level": one.least_level,
                **({"digest": one.digest} if one.digest else {}),
                **json.loads(one.only.as_json()),
                **one.options,
            }
            for one in watched.channels(connection)
        ],
        "windows": [
            {
                "name": row["name"],
                "cron": row["cron"],
                "minutes": row["duration_min"],
                "zone": row["zone"],
                **json.loads(row["only"]),
            }
            for row in watched.windows(connection)
        ],
        "alerts": reading.alerts(connection, is_open=False, limit=HISTORY),
        "changes": [
            {"target": one.name, **event}
            for one in targets
            for event in reading.events(connection, one.id, HISTORY)
        ],
    }
