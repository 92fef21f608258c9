"""The management of the service is open to anybody.

Endpoints for running a service (Spring Boot's actuator, an administration API, a list of queues)
answer without a credential. They show the inside of the application, and many of them change it.

Remedy:

    Serve management on an address of its own that is not reachable from outside, and require an
    administrator's credential there too.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/actuator")
    def actuator():
        return {"_links": {"self": {"href": "http://api.example.com/actuator"},
                           "beans": {"href": "http://api.example.com/actuator/beans"}}}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/actuator/health")
    def health():
        return {"status": "UP"}

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {"/internal/users": {"get": {}},
                                              "/admin": {"get": {}}}}

    @app.get("/internal/users")
    def internal():
        return {"error": "forbidden"}

    @app.get("/admin")
    def admin():
        return "<form><input name=user><input type=password name=password></form>"

Limits:

    Well-known places whose content says what they are, and described operations with a word such
    as admin, internal or management in their path that give objects with more than a state.
    Debugging and settings are looked for by checks of data exposure.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

from plainwire.model import Exchange, Finding, Operation, Request, Severity, Site, check
from plainwire.wire import denials, members, places

# Where it is, what it is, and the members at the top that nothing else has.
SIGNS = (
    ("/actuator", "Spring Boot's actuator", ("_links",)),
    ("/manage", "Spring Boot's actuator", ("_links",)),
    ("/jolokia", "Jolokia, which calls the JVM's management", ("request", "value", "timestamp")),
    ("/__admin/mappings", "WireMock's administration", ("mappings", "meta")),
    ("/_cat/indices?format=json", "Elasticsearch's indices", ("index", "health", "docs.count")),
    ("/_cluster/health", "Elasticsearch's cluster", ("cluster_name", "number_of_nodes")),
    ("/v1/agent/self", "Consul's agent", ("Config", "Member")),
    ("/api/overview", "RabbitMQ's management", ("rabbitmq_version", "cluster_name")),
    ("/solr/admin/info/system?wt=json", "Solr's administration", ("lucene", "jvm")),
)

LEAST = 3  # members


@check(
    severity=Severity.CRITICAL,
    cwe=(306,),
    owasp=("API5:2023", "API8:2023"),
    references=("OWASP API Security Top 10 2023, API5",),
)
async def management_endpoint_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for each place of management that gives its data to nobody in particular."""
    seen: set[str] = set()
    answers = await site.answers(None)
    for operation, answer in answers:
        if not places.is_for_managing(operation) or places.is_about_service(operation.path):
            continue
        if not _tells_much(answer) or await site.is_missing(answer):
            continue
        seen.add(operation.path)
        yield management_endpoint_open.finding(
            f"{operation.method} {operation.path} is for running the service by its name, and "
            "gives its data without any credential",
            answer,
            operation=operation.operation,
        )
    for _, first in answers[:1]:
        requests = [Request(first.request.origin, "GET", path, identity=None) for path, *_ in SIGNS]
        shown = await asyncio.gather(*(site.ask(request) for request in requests))
        for (path, what, names), there in zip(SIGNS, shown, strict=True):
            way = path.partition("?")[0]
            if way in seen or not isinstance(there, Exchange) or not _has(there, names):
                continue
            yield management_endpoint_open.finding(
                f"{way} is {what} and answers without any credential",
                there,
                operation=Operation("GET", way),
            )


def _tells_much(answer: Exchange) -> bool:
    """True for objects with several members, in an answer that is no refusal."""
    if not denials.gives_data(answer):
        return False
    return len(list(islice(members.members(members.load(answer.body)), LEAST))) == LEAST


def _has(answer: Exchange, names: tuple[str, ...]) -> bool:
    if answer.status != 200:
        return False
    document: Any = members.load(answer.body)
    if isinstance(document, list):
        document = document[0] if document else None
    if not isinstance(document, dict) or not all(name in document for name in names):
        return False
    links = document.get("_links")
    return names != ("_links",) or (
        isinstance(links, dict) and "self" in links and _leads_to_more(links)
    )


def _leads_to_more(links: dict[str, Any]) -> bool:
    """True if more than the state of the service is there: HAL has _links everywhere."""
    href = links["self"].get("href") if isinstance(links["self"], dict) else None
    is_own = isinstance(href, str) and href.rstrip("/").endswith(("/actuator", "/manage"))
    return is_own and bool(set(links) - {"self", "health", "health-path", "info"})
