"""A collection comes whole, however long it is.

An answer that has every item grows with the data: what takes a millisecond today takes seconds
and megabytes in a year, for every caller, and one caller can ask for it without end.

Remedy:

    Give pages: a limit with a cap and a cursor (or an offset), and a link to the next page.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return [{"id": number} for number in range(150)]

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"items": [{"id": number} for number in range(150)], "next_cursor": "150"}

Limits:

    Counts the items of answers that came anyway: more than 100 in a list, and neither a parameter
    nor a key nor a link speaks of pages. A collection that is still short is not seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import json_body

MANY = 100
WORDS = frozenset(
    {"page", "pages", "limit", "offset", "cursor", "next", "after", "before", "per", "total"}
    | {"paging", "pagination", "skip", "take", "first", "last", "more", "token", "size", "top"}
)


@check(
    severity=Severity.LOW,
    cwe=(770,),
    owasp=("API4:2023",),
    references=("OWASP API Security Top 10 2023, API4", "RFC 8288, section 3"),
)
async def collection_unpaginated(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation with more than 100 items and no word of pages."""
    for operation, answer in await site.answers():
        document = json_body.parsed(answer.body) if 200 <= answer.status < 300 else None
        listing = json_body.listed(document)
        if listing is None or len(listing[0]) <= MANY:
            continue
        if _speaks_of_pages(operation, answer, document):
            continue
        yield collection_unpaginated.finding(
            f"{operation.method} {operation.path} gives {len(listing[0])} items at once",
            answer,
            operation=operation.operation,
        )


def _speaks_of_pages(operation: ApiOperation, answer: Exchange, document: object) -> bool:
    names = [each.name for each in operation.parameters if each.place == "query"]
    if isinstance(document, dict):
        names += [str(key) for key in document]
        names += [str(k) for each in document.values() if isinstance(each, dict) for k in each]
    if answer.header("link") is not None or answer.header("content-range") is not None:
        return True
    return any(word in WORDS for name in names for word in json_body.words(name))
