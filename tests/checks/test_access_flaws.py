"""What the pages of the checks of access do not show: above all what looks like the flaw.

Small applications of our own, asked in process as several users; the right ones are full of
temptations.
"""

import asyncio
from dataclasses import replace

import pytest
from flask import Flask, request

from examples import HOST, identities, made_token, wsgi_send
from plainwire import catalog
from plainwire.live.settings import Settings
from plainwire.model import Severity, TlsEndpoint
from plainwire.scan import scan_async
from plainwire.wire.target import parse_target

CHECKS = {check.id: check for check in catalog.load()}
USERS = {"ann": "token-of-ann-4711", "bob": "token-of-bob-0815"}
BEARER = {"components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}}}
NEEDS = {"security": [{"b": []}]}
ONE = {"parameters": [{"name": "id", "in": "path"}]}


def report_on(name, app, users=None, *, is_deep=False):
    space = {"app": app, "users": users or {}}
    target = replace(parse_target(f"https://{HOST}/")[0], address="127.0.0.1")
    known = identities(space, target.https[0])

    async def look(site, origin):
        return TlsEndpoint(origin.host, origin.port, speaks_tls=True)

    return asyncio.run(
        scan_async(
            target,
            checks=[CHECKS[name]],
            settings=Settings(is_deep=is_deep),
            send=wsgi_send(space, known),
            identities=known,
            look=look,
        )
    )


def found(name, app, users=None, **options):
    report = report_on(name, app, users, **options)
    assert not report.unanswered, report.unanswered
    return report.findings


def status(name, app, users=None):
    report = report_on(name, app, users)
    check = CHECKS[name]
    return next(each.status for each in report.categories if each.id == check.category)


def api(paths, answers, **document):
    """An application that answers by path: a value, or a function of the user's name."""
    app = Flask("api")

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", **BEARER, "paths": paths, **document}

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def serve(path):
        known = {f"Bearer {token}": name for name, token in USERS.items()}
        user = known.get(request.headers.get("Authorization", ""))
        answer = answers.get(f"/{path}", ({"error": "not found"}, 404))
        return answer(user) if callable(answer) else answer

    return app


def guarded(value):
    """What is given to whoever is logged in."""
    return lambda user: value if user else ({"error": "token required"}, 401)


def own(**by_user):
    """What each user is given of its own."""
    return lambda user: by_user.get(user) or ({"error": "not found"}, 404 if user else 401)


def described(user):
    document = {"openapi": "3.0.0", **BEARER, "paths": {"/offers": {"get": {}}}}
    return document if user else ({"error": "token required"}, 401)


def test_a_description_for_those_who_have_a_login_is_not_public():
    ann = {"ann": USERS["ann"]}
    app = api({}, {"/swagger.json": described})
    app.view_functions["openapi"] = lambda: ({"error": "token required"}, 401)
    assert report_on("api-description-public", app, ann).coverage.known == 2, "it was read"
    assert not found("api-description-public", app, ann)
    (one,) = found("api-description-public", api({}, {}), ann)
    assert one.message.endswith("to anybody")


def reflecting(app, cookie=None):
    @app.after_request
    def reflect(response):
        if origin := request.headers.get("Origin"):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
        if cookie is not None:
            response.set_cookie("session", cookie, secure=True, httponly=True)
        return response

    return app


def test_what_answers_is_shown_an_origin_before_what_refuses():
    paths = {f"/{name}": {"get": NEEDS} for name in "abcdefghij"} | {"/offers": {"get": {}}}
    app = reflecting(api(paths, dict.fromkeys(paths, guarded([])) | {"/offers": {"offers": []}}))
    (one,) = [f for f in found("cors-reflects-origin", app) if f.operation.path == "/offers"]
    assert one.severity == Severity.MEDIUM, "the API takes bearer tokens, which no browser adds"


def test_where_cookies_are_set_or_nothing_says_what_is_taken_an_origin_matters_more():
    paths, answers = {"/offers": {"get": {}}}, {"/offers": {"offers": []}}
    apps = [reflecting(api(paths, answers), cookie="q8Zr5mXw"), reflecting(api(paths, answers))]
    apps[1].view_functions["openapi"] = lambda: {"openapi": "3.0.0", "paths": paths}
    for app in apps:
        assert {each.severity for each in found("cors-reflects-origin", app)} == {Severity.HIGH}


PUBLIC = {
    "optional": {"/offers": {"get": {"security": [{}, {"b": []}]}}},
    "no security": {"/offers": {"get": {"security": []}}},
    "not said": {"/offers": {"get": {}}},
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_what_is_public_by_its_description_needs_no_authentication(kind):
    app = api(PUBLIC[kind], {"/offers": {"offers": [{"id": 1}]}})
    assert not found("authentication-not-enforced", app, USERS)


DENIALS = {
    "a word": {"ok": False, "data": None},
    "errors": {"errors": [{"message": "not authenticated"}], "data": None},
    "fail": {"status": "fail", "message": "Provide a valid auth token."},
    "nothing": {},
}


@pytest.mark.parametrize("kind", DENIALS)
def test_a_denial_inside_a_200_is_none_of_its_data(kind):
    app = api(
        {"/me": {"get": NEEDS}},
        {"/me": lambda user: {"id": 1, "plan": "pro"} if user else DENIALS[kind]},
    )
    for users in (USERS, None):
        assert not found("authentication-not-enforced", app, users)


def test_another_answer_than_a_users_is_no_missing_authentication():
    app = api(
        {"/start": {"get": NEEDS}},
        {"/start": lambda user: {"id": 1, "orders": [1]} if user else {"welcome": "all"}},
    )
    assert not found("authentication-not-enforced", app, USERS)


def test_a_catch_all_is_no_missing_authentication():
    app = Flask("shell")

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", **BEARER, "paths": {"/orders": {"get": NEEDS}}}

    @app.get("/<path:anything>")
    def shell(anything):
        return {"page": "the shell of the application"}

    assert not found("authentication-not-enforced", app)


def test_without_a_user_it_is_not_certain_and_the_health_of_the_service_is_for_all():
    everything = {"/orders": {"get": NEEDS}, "/health": {"get": NEEDS}}
    app = api(everything, {"/orders": {"orders": [1]}, "/health": {"status": "ok"}})
    (one,) = found("authentication-not-enforced", app)
    assert one.operation.path == "/orders" and one.severity == Severity.HIGH
    (one, other) = found("authentication-not-enforced", app, USERS)
    assert one.severity == other.severity == Severity.CRITICAL


def test_a_user_who_is_refused_shows_that_the_token_is_looked_at():
    app = api({"/me": {"get": NEEDS}}, {"/me": guarded({"id": 1})})
    assert not found("random-token-accepted", app, USERS)
    loose = api(
        {"/me": {"get": NEEDS}},
        {"/me": lambda _: {"id": 1} if "Authorization" in request.headers else ({}, 401)},
    )
    (one,) = found("random-token-accepted", loose)
    assert one.operation.path == "/me"


TOKEN = {"ann": made_token("no-word-of-a-list-8c1f", sub="ann", iat=1, exp=3601)}


def test_without_a_token_the_checks_of_tokens_are_not_tested():
    app = api({"/me": {"get": NEEDS}}, {"/me": guarded({"id": 1})})
    for users in ({}, USERS):
        assert status("jwt-signature-unchecked", app, users) == "not-tested"
        assert status("jwt-secret-weak", app, users) == "not-tested"


def test_a_page_that_is_the_same_for_all_shows_nothing_of_the_signature():
    app = api({"/offers": {"get": {}}}, {"/offers": {"offers": [1]}})
    assert not found("jwt-signature-unchecked", app, TOKEN)
    assert not found("jwt-alg-none-accepted", app, TOKEN)


def test_a_numeric_secret_is_found_when_asked_for():
    app = api({}, {})
    users = {"ann": made_token("0482", sub="ann", exp=4102444800)}
    assert not found("jwt-secret-weak", app, users)
    assert found("jwt-secret-weak", app, users, is_deep=True)
    assert not found("jwt-secret-weak", app, TOKEN)


def test_the_secret_and_the_token_are_in_no_finding():
    users = {"ann": made_token("changeme", sub="ann", exp=4102444800)}
    (one,) = found("jwt-secret-weak", api({}, {}), users)
    assert "changeme" not in repr(one) and users["ann"] not in repr(one)


@pytest.mark.parametrize("claims", [{"sub": "ann", "jti": "8c1f"}, {"token": "q8Zr5mXw"}])
def test_a_token_of_a_session_may_have_no_expiry(claims):
    app = api({}, {})
    token = made_token("x" * 40, **claims)
    (one,) = found("jwt-lives-too-long", app, {"ann": token})
    assert one.severity == Severity.INFO
    assert not found("jwt-lives-too-long", app, TOKEN)


@pytest.mark.parametrize("name", ["next_page_token", "token", "key", "password_hint", "sort_key"])
def test_a_query_that_only_sounds_like_a_credential(name):
    query = [{"name": name, "in": "query", "schema": {"type": "string"}}]
    assert not found("credential-in-url", api({"/a": {"get": {"parameters": query}}}, {}))


def test_each_operation_with_a_credential_in_its_query_is_named():
    query = [{"name": "api_key", "in": "query", "schema": {"type": "string"}}]
    takes = {"get": {"parameters": query}, "delete": {"parameters": query}}
    every = found("credential-in-url", api({"/a": takes, "/b": takes, "/c": {"get": {}}}, {}))
    named = {(each.operation.method, each.operation.path) for each in every}
    assert named == {("GET", "/a"), ("DELETE", "/a"), ("GET", "/b"), ("DELETE", "/b")}
    assert len(every) == 4
    many = found("credential-in-url", api({f"/a{n}": takes for n in range(50)}, {}))
    assert len(many) == 60
    (last,) = [each.message for each in many if "more" in each.message]
    assert last.endswith(" takes its credential in the query, as api_key; so do 40 more operations")


def test_each_answer_that_leads_to_a_credential_in_a_query_is_named():
    link = {"next": f"https://{HOST}/home?api_key=51c02f7ba9", "again": "/home?api_key=51c02f7ba9"}
    paths = {"/a": {"get": {}}, "/b": {"get": {}}, "/c": {"get": {}}}
    every = found("credential-in-url", api(paths, {"/a": link, "/b": link, "/c": {"next": "/a"}}))
    assert [each.operation.path for each in every] == ["/a", "/b"]


@pytest.mark.parametrize(
    ("location", "is_found"),
    [
        ("/home?token={jwt}", True),
        ("https://{host}/home?api_key=51c02f7ba9", True),
        ("/home?token=next-page-7", False),
        ("https://login.example.net/home?token={jwt}", False),
        ("/home#access_token={jwt}", False),
    ],
)
def test_a_redirect_with_a_credential_in_its_query(location, is_found):
    where = location.format(jwt=made_token("x" * 40, sub="ann"), host=HOST)
    app = api({"/a": {"get": {}}}, {"/a": ({}, 302, {"Location": where})})
    assert bool(found("credential-in-url", app)) == is_found


ORDERS = {"/orders": {"get": {}}, "/orders/{id}": {"get": ONE}}
ANNS, BOBS = {"id": 1, "owner": "ann", "total": 3}, {"id": 2, "owner": "bob", "total": 4}
LISTS = {"/orders": own(ann={"orders": [ANNS]}, bob={"orders": [BOBS]})}
SHARED = {"/orders": guarded({"orders": [ANNS, BOBS]})}
BOLA = "object-of-another-user-readable"


def test_an_object_of_another_is_found_and_one_without_an_owner_is_mentioned():
    app = api(ORDERS, {**LISTS, "/orders/1": guarded(ANNS), "/orders/2": guarded(BOBS)})
    (one,) = found(BOLA, app, USERS)
    assert one.severity == Severity.HIGH and one.parameter == "id"
    nameless = {"id": 1, "total": 3}
    lists = {"/orders": own(ann={"orders": [nameless]}, bob={"orders": [{"id": 2}]})}
    (one,) = found(BOLA, api(ORDERS, {**lists, "/orders/1": guarded(nameless)}), USERS)
    assert one.severity == Severity.INFO


RIGHT = {
    "public": {**LISTS, "/orders/1": ANNS, "/orders/2": BOBS},
    "shared": {**SHARED, "/orders/1": guarded(ANNS), "/orders/2": guarded(BOBS)},
    "scoped": {**LISTS, "/orders/1": own(ann=ANNS), "/orders/2": own(bob=BOBS)},
    "denied in a 200": {
        **LISTS,
        "/orders/1": lambda u: ANNS if u == "ann" else {"ok": False, "error": "not yours"},
        "/orders/2": lambda u: BOBS if u == "bob" else {"ok": False, "error": "not yours"},
    },
    "each its own at one path": {
        "/orders": own(ann={"orders": [{"id": 1}]}, bob={"orders": [{"id": 2}]}),
        "/orders/1": own(ann=ANNS, bob={"id": 1, "owner": "bob", "total": 9}),
        "/orders/2": own(ann={"id": 2, "owner": "ann", "total": 9}, bob=BOBS),
    },
}


@pytest.mark.parametrize("kind", RIGHT)
def test_what_another_may_see_is_no_finding(kind):
    assert not found(BOLA, api(ORDERS, RIGHT[kind]), USERS)
    assert not found("neighbouring-object-readable", api(ORDERS, RIGHT[kind]), USERS)


BELOW = {"/me": {"get": {}}, **{f"/users/{{id}}/{w}": {"get": ONE} for w in ("orders", "posts")}}
ANNS_PAGE = {"/me": own(ann={"id": 7, "email": "ann@corp.example"}, bob={"id": 8})}


def test_what_is_below_another_user_is_found_by_the_names_of_that_one():
    given = {"/users/7/orders": guarded([{"total": 3}]), "/users/7/posts": guarded([{"text": "x"}])}
    (one,) = found(BOLA, api(BELOW, {**ANNS_PAGE, **given}), USERS)
    assert (one.operation.path, one.severity) == ("/users/{id}/orders", Severity.HIGH)


@pytest.mark.parametrize(
    "orders",
    [
        own(ann=[{"total": 3}]),
        [{"total": 3}],
        guarded([]),
        lambda user: [{"total": user or "none"}],
    ],
    ids=["scoped", "public", "empty", "each its own"],
)
def test_what_is_below_oneself_alone_or_for_all_is_no_finding(orders):
    assert not found(BOLA, api(BELOW, {**ANNS_PAGE, "/users/7/orders": orders}), USERS)


def test_what_an_administrator_reads_of_another_is_no_finding(monkeypatch):
    boss = made_token("x" * 40, sub="bob", role="admin", exp=4102444800)
    pages = {"/users/7/orders": guarded([{"total": 3}]), "/orders/1": guarded(ANNS)}
    lists = {"/orders": own(ann={"orders": [ANNS]}, bob={"orders": []})}
    app = api({**BELOW, **ORDERS}, {**ANNS_PAGE, **pages, **lists})
    assert len(found(BOLA, app, USERS)) == 2
    monkeypatch.setitem(USERS, "bob", boss)
    assert not found(BOLA, app, dict(USERS))


def test_one_identity_is_not_enough_to_compare():
    app = api(ORDERS, {**LISTS})
    assert status(BOLA, app, {"ann": USERS["ann"]}) == "not-tested"


def test_a_neighbour_that_is_not_there_or_ones_own_is_no_finding():
    mine = [{"id": n, "owner_id": 5} for n in (7, 8)]
    answers = {"/orders": guarded({"orders": mine}), "/orders/7": guarded(mine[0])}
    name = "neighbouring-object-readable"
    assert not found(name, api(ORDERS, answers), USERS)
    archived = {"id": 6, "owner_id": 5}
    assert not found(name, api(ORDERS, {**answers, "/orders/6": guarded(archived)}), USERS)
    foreign = {"id": 6, "owner_id": 4}
    assert found(name, api(ORDERS, {**answers, "/orders/6": guarded(foreign)}), USERS)


def test_a_page_of_a_feed_is_no_listing_of_ones_own():
    """All of it by one author, who is not the user: the next page has others."""
    feed = [{"id": n, "author_id": 5} for n in (7, 8)]
    paths = {**ORDERS, "/me": {"get": {}}}
    answers = {"/orders": guarded({"posts": feed}), "/orders/7": guarded(feed[0])}
    answers |= {"/orders/6": guarded({"id": 6, "author_id": 4}), "/me": guarded({"id": 9})}
    assert not found("neighbouring-object-readable", api(paths, answers), USERS)


def test_a_secret_of_somebody_whom_the_listing_names():
    token = {"ann": made_token("x" * 40, sub="ann", exp=4102444800)}
    books = {"/books": {"get": {}}, "/books/{title}": {"get": {}}}
    rows = [{"title": "A", "user": "ann"}, {"title": "B", "user": "bob"}]

    def app(one):
        answers = {"/books": {"books": rows}, "/books/B": one}
        site = Flask("books")

        @site.get("/openapi.json")
        def openapi():
            return {"openapi": "3.0.0", "paths": books}

        @site.get("/<path:path>")
        def serve(path):
            if path != "books" and request.headers.get("Authorization") != f"Bearer {token['ann']}":
                return {"error": "token required"}, 401
            return answers.get(f"/{path}", ({"error": "no such book"}, 404))

        return site

    name = "neighbouring-object-readable"
    assert found(name, app({"title": "B", "user": "bob", "secret": "q7R!x"}), token)
    assert not found(name, app({"title": "B", "user": "bob", "text": "for all"}), token)


ADMIN = {"/admin/users": {"get": {}}}


@pytest.mark.parametrize(
    "value",
    [
        ({"error": "forbidden"}, 403),
        {"status": "fail", "message": "forbidden"},
        "<h1>Administration</h1>",
    ],
)
def test_a_refusal_of_an_ordinary_user_is_none_of_its_findings(value):
    app = api(ADMIN, {"/admin/users": guarded(value), "/admin": "<h1>shell</h1>"})
    assert not found("admin-operation-open-to-users", app, USERS)


def test_who_may_be_an_administrator_makes_it_tentative_and_who_is_one_is_not_asked():
    def app(me):
        paths = {**ADMIN, "/me": {"get": {}}}
        return api(paths, {"/admin/users": guarded({"users": [1]}), "/me": guarded(me)})

    name = "admin-operation-open-to-users"
    (one,) = found(name, app({"id": 1}), {"ann": USERS["ann"]})
    assert (str(one.confidence), one.severity) == ("tentative", Severity.MEDIUM)
    (one,) = found(name, app({"id": 1, "role": "customer"}), {"ann": USERS["ann"]})
    assert (str(one.confidence), one.severity) == ("firm", Severity.HIGH)
    assert not found(name, app({"id": 1, "is_admin": True}), {"ann": USERS["ann"]})


def test_hal_and_health_are_no_management():
    app = api(
        {"/internal/health": {"get": {}}},
        {
            "/actuator": {"_links": {"self": {"href": "https://h/actuator"},
                                     "health": {"href": "https://h/actuator/health"}}},
            "/manage": {"_links": {"self": {"href": "https://h/manage/1"}, "next": {}}},
            "/internal/health": {"status": "up", "db": "up", "queue": "up"},
            "/_cluster/health": {"status": "green"},
        },
    )  # fmt: skip
    assert not found("management-endpoint-open", app)


OPEN = ["/login", "/users/v1/register", "/auth/token", "/password/reset", "/webhooks/stripe",
        "/orders/search", "/graphql", "/users"]  # fmt: skip


@pytest.mark.parametrize("path", OPEN)
def test_what_takes_those_without_an_account_is_open_by_design(path):
    paths = {"/orders": {"get": NEEDS}, path: {"post": {}}}
    assert not found("state-change-without-security", api(paths, {}))


@pytest.mark.parametrize("path", ["/orders", "/createdb", "/users/{id}/promote"])
def test_what_changes_things_is_not(path):
    paths = {"/account": {"get": NEEDS}, path: {"post": {}}}
    assert found("state-change-without-security", api(paths, {}))


def test_a_document_that_speaks_of_no_security_says_nothing():
    assert not found("state-change-without-security", api({"/orders": {"post": {}}}, {}))


def test_a_path_that_is_refused_however_it_is_written_is_no_bypass():
    app = api({"/reports": {"get": {}}}, {"/reports": guarded({"reports": [1]})})
    assert not found("path-spelling-bypasses-access", app)


SENSITIVE = "sensitive-property-returned"


@pytest.mark.parametrize(
    "value",
    [
        {"user": {"password": None, "has_password": True, "password_hint": "a pet"}},
        {"key": {"api_key": "sk_****1234"}},
        {"swagger": "2.0", "definitions": {"password": {"type": "string", "format": "password"}}},
        {"form": [{"name": "password", "label": "Your password"}]},
        {"stripe": {"api_key": "pk_live_77ab12cd34ef5690"}},
        {"docs": {"api_key": "YOUR-API-KEY", "secret": "example-secret", "password": "${DB_PW}"}},
    ],
)
def test_what_only_speaks_of_secrets_is_none(value):
    assert not found(SENSITIVE, api({"/a": {"get": {}}}, {"/a": value}))


def test_ones_own_key_may_be_shown_to_oneself_and_a_hash_may_not():
    def answers(value):
        return api({"/me": {"get": {}}}, {"/me": guarded(value)})

    assert not found(SENSITIVE, answers({"id": 1, "api_key": "k-77ab12cd34ef"}), USERS)
    (one,) = found(SENSITIVE, answers({"id": 1, "password_hash": "$2b$12$abcdefgh"}), USERS)
    assert one.severity == Severity.HIGH
    several = [{"user_id": n, "api_key": f"k-{n}7ab12cd34ef"} for n in (1, 2)]
    assert found(SENSITIVE, answers(several), USERS)
    (one,) = found(SENSITIVE, api({"/me": {"get": {}}}, {"/me": {"password": "q7R!x"}}))
    assert one.severity == Severity.CRITICAL, "anybody gets it"


def test_ones_own_page_may_show_more_than_a_public_one():
    paths = {"/users": {"get": {}}, "/me": {"get": {}}, "/staff/users": {"get": {}}}
    ann = {"username": "ann", "email": "ann@example.com"}
    full = {**ann, "role": "user"}
    answers = {"/users": {"users": [ann]}, "/me": guarded(full)}
    answers["/staff/users"] = guarded({"users": [full]})
    assert not found("sibling-exposes-more", api(paths, answers), USERS)


def test_the_page_of_one_may_show_the_role_that_the_list_leaves_out():
    paths = {"/users": {"get": {}}, "/users/{id}": {"get": ONE}}
    ann = {"id": "ann", "username": "ann", "email": "ann@example.com"}
    answers = {"/users": guarded({"users": [ann]}), "/users/ann": guarded({**ann, "role": "x"})}
    assert not found("sibling-exposes-more", api(paths, answers), USERS)
    answers["/users/ann"] = guarded({**ann, "password_hash": "$2b$12$abcdefgh"})
    (one,) = found("sibling-exposes-more", api(paths, answers), USERS)
    assert one.severity == Severity.HIGH


def test_a_login_and_what_changes_roles_are_no_surface():
    def schema(*names):
        properties = {name: {"type": "string"} for name in names}
        whole = {"type": "object", "properties": properties}
        return {"content": {"application/json": {"schema": whole}}}

    read = {"responses": {"200": schema("username", "email", "role")}}
    paths = {
        "/users": {"get": read, "post": {"requestBody": schema("username", "email")}},
        "/login": {"post": {"requestBody": schema("username", "password")}},
        "/users/{id}/role": {"put": {"requestBody": schema("username", "email", "role")}},
    }
    (one,) = found("mass-assignment-surface", api(paths, {}))
    assert one.operation.path == "/users" and one.severity == Severity.INFO
    seen = {"/users": {"users": [{"username": "a", "email": "a@example.com", "role": "x"}]}}
    (one,) = found("mass-assignment-surface", api(paths, seen))
    assert one.severity == Severity.INFO, "what frameworks leave out by default"
    seen["/users"]["users"][0]["password"] = "p4ss"
    (one,) = found("mass-assignment-surface", api(paths, seen))
    assert one.severity == Severity.LOW, "an object that is sent whole"
