"""Where GraphQL is found: what servers say to a GET, as they say it."""

import json

import pytest

from plainwire import catalog
from served import JSON, Body, served

CHECKS = {check.id: check for check in catalog.load()}
PUBLIC = CHECKS["api-description-public"]
TRACE = CHECKS["stack-trace-shown"]
SCHEMA = {"__schema": {"types": [{"name": "Query", "kind": "OBJECT", "fields": []}]}}
# Apollo Server 4 to a GET without a query, and with one that no preflight went before.
BLOCKED = {
    "errors": [
        {
            "message": "This operation has been blocked as a potential Cross-Site Request Forgery",
            "extensions": {"code": "BAD_REQUEST"},
        }
    ]
}
STACK = ["GraphQLError: Cannot query field", "    at visit (/app/node_modules/graphql/a.js:219:21)"]
UNKNOWN = {"message": "Cannot query field", "extensions": {"stacktrace": STACK}}
REFUSED = Body(json.dumps(BLOCKED), JSON, 400)
NOT_THERE = {"errors": [{"status": "404", "title": "Not Found"}]}  # JSON:API


class Graphql(dict):
    """A server of nothing but GraphQL: it answers at every path, by POST alone."""

    def __init__(self, refusal=REFUSED, mistake=None, only=None):
        super().__init__()
        self.refusal, self.only = refusal, only
        self.mistake = mistake or {"errors": [{"message": "Cannot query field"}]}

    def get(self, path, default=None):
        here = self.only is None or path.partition("?")[0] == self.only
        return self.refusal if here else default

    def post(self, request):
        query = json.loads(request.body)["query"] if request.body.startswith(b"{") else ""
        data = SCHEMA if "__schema" in query else {"__typename": "Query"}
        told = self.mistake if query == "{plainwire}" else {"data": data}
        return Body(json.dumps(told), JSON)


@pytest.mark.parametrize("only", [None, "/", "/graphql"])
def test_a_server_that_is_all_graphql_is_found_and_asked_at_one_place(only):
    seen = served(PUBLIC, Graphql(only=only))
    (one,) = [f for f in seen.findings if "GraphQL" in f.message]
    assert one.operation.path == (only or "/")
    assert {r.path for r in seen.requests if r.method == "POST"} == {only or "/"}


def test_errors_of_another_form_are_not_graphql():
    refusal = Body(json.dumps(NOT_THERE), JSON, 400)
    seen = served(PUBLIC, Graphql(refusal))
    assert not seen.findings
    assert {request.method for request in seen.requests} == {"GET"}


def test_a_name_that_no_schema_has_shows_the_trace_of_the_refusal():
    assert not served(TRACE, Graphql()).findings
    finding = served(TRACE, Graphql(mistake={"errors": [UNKNOWN]})).finding
    assert (finding.operation.method, finding.operation.path) == ("POST", "/")
