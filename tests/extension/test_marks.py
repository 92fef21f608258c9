"""Marks of methods and classes, hidden ones, those that would do nothing; what a guard tells."""

import asyncio
import functools
import inspect
from unittest.mock import Mock

import pytest
from flask import Blueprint, Flask, request
from flask.views import MethodView, View
from test_ways_around import Receiver
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from flask_plainwire import (
    TLS,
    cleartext_refused,
    credential_exposed,
    require_https,
    tls_exempt,
    tls_redirect,
    tls_required,
)
from flask_plainwire.findings import check
from guarded import PROXIED, application, sent

MARKS = {tls_exempt: 200, tls_redirect: 308, require_https: 403}
REDIRECTS = {"TLS_REDIRECT_HOSTS": "api.example.com"}


def by_method(mark):
    class It(MethodView):
        @mark
        def get(self):
            return "it"

    return It


def by_dispatch(mark):
    class It(View):
        @mark
        def dispatch_request(self):
            return "it"

    return It


def by_class(mark):
    @mark
    class It(MethodView):
        def get(self):
            return "it"

    return It


def by_inheritance(mark):
    class It(by_class(mark)):
        decorators = ()  # so that a guard among those of the class above is lost

        def get(self):
            return "it"

    return It


def by_static_method(mark):
    class It(View):
        @mark
        @staticmethod
        def dispatch_request():
            return "it"

    return It


# Views of classes


@pytest.mark.parametrize("mode", ["refuse", "marked"])
@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("made", [by_method, by_dispatch, by_class, by_inheritance])
def test_a_mark_of_a_class_or_its_method_holds(made, mark, mode):
    app = application(TLS_MODE=mode, **REDIRECTS)
    app.add_url_rule("/it", view_func=made(mark).as_view("it"))
    for method in ("GET", "HEAD"):
        assert sent(app, "http", "/it", method).status_code == MARKS[mark]
        assert sent(app, "https", "/it", method).status_code == 200


def test_a_mark_of_a_static_method_is_the_functions():
    app = application()
    app.add_url_rule("/it", view_func=by_static_method(tls_exempt).as_view("it"))
    assert sent(app, "http", "/it").data == b"it"


def test_each_method_of_a_class_has_its_own_mark():
    app = application(TLS_MODE="marked")

    class It(MethodView):
        @tls_exempt
        def get(self):
            return str(request.headers.get("Authorization"))

        @require_https
        def post(self):
            return "posted"

        def put(self):
            return "put"

    app.add_url_rule("/it", view_func=It.as_view("it"))
    key = {"Authorization": "Bearer s3cret"}
    assert sent(app, "http", "/it", headers=key).data == b"None"
    assert sent(app, "http", "/it", "POST").status_code == 403
    assert sent(app, "http", "/it", "PUT").data == b"put"
    app.config["TLS_MODE"] = "refuse"
    assert {(one.id, one.message) for one in check(app) if one.id in ("tls.I001", "tls.W006")} == {
        ("tls.I001", "it answers GET and HEAD in clear")
    }


def test_a_head_of_its_own_has_no_mark_of_get():
    app = application()

    class It(MethodView):
        @tls_exempt
        def get(self):
            return "it"

        def head(self):
            return ""

    app.add_url_rule("/it", view_func=It.as_view("it"))
    assert sent(app, "http", "/it", "GET").status_code == 200
    assert sent(app, "http", "/it", "HEAD").status_code == 403


def test_the_question_which_methods_there_are_is_no_get():
    app = application(TLS_MODE="marked")
    app.add_url_rule("/it", view_func=by_method(require_https).as_view("it"))
    assert sent(app, "http", "/it", "OPTIONS").status_code == 200
    assert sent(app, "http", "/it", "HEAD").status_code == 403


def test_an_exempt_method_that_is_refused_all_the_same_is_said():
    class It(MethodView):
        @tls_exempt
        def post(self):
            return "it"

    app = application()
    app.add_url_rule("/it", view_func=It.as_view("it"))
    assert sent(app, "http", "/it", "POST").status_code == 403
    said = [one.message for one in check(app) if one.id == "tls.W006"]
    assert said == ["it is exempt and takes POST, which are refused in clear"]


def test_a_class_that_requires_counts_before_its_exempt_method():
    """The guard around the class is called in any case; `flask tls check` says no other thing."""

    @require_https
    class It(MethodView):
        @tls_exempt
        def get(self):
            return "it"

    app = application(TLS_EXEMPT_ENDPOINTS="it")
    app.add_url_rule("/it", view_func=It.as_view("it"))
    assert sent(app, "http", "/it").status_code == 403
    assert "tls.I001" not in {one.id for one in check(app)}


def test_a_class_that_requires_is_an_error_without_the_extension():
    app = Flask("bare")
    app.testing = True
    app.add_url_rule("/it", view_func=by_class(require_https).as_view("it"))
    with pytest.raises(RuntimeError, match="call TLS"):
        app.test_client().get("/it", base_url="https://localhost")


def test_classes_above_are_not_marked_with_one_below():
    class Below(by_method(lambda view: view)):
        pass

    above = Below.__mro__[1]
    require_https(Below)
    app = application(TLS_MODE="marked")
    for kind in (above, Below):
        app.add_url_rule(f"/{kind.__name__}", view_func=kind.as_view(kind.__name__))
    assert sent(app, "http", "/It").status_code == 200
    assert sent(app, "http", "/Below").status_code == 403


@pytest.mark.parametrize("made", [by_method, by_class, by_inheritance])
def test_a_class_may_ask_for_a_client_certificate(made):
    app = application(TLS_CLIENT_CERT_HEADER="X-Verified")
    view = made(tls_required(client_cert=True)).as_view("it")
    app.add_url_rule("/it", view_func=view)
    assert sent(app, "https", "/it").get_json()["title"] == "Client certificate required"
    assert sent(app, "https", "/it", headers={"X-Verified": "SUCCESS"}).data == b"it"


# Asynchronous views


def by_asyncio(view):
    """As asgiref does it, which Flask[async] brings."""
    if not inspect.iscoroutinefunction(view):
        return view
    return lambda *args, **kwargs: asyncio.run(view(*args, **kwargs))


def test_an_asynchronous_view_stays_one(monkeypatch):
    """So that what stands above, and awaits it, still may."""
    app = application(TLS_MODE="marked")

    def awaiting(view):
        @functools.wraps(view)
        async def around():
            return f"around {await view()}"

        return around

    @awaiting
    @require_https
    async def later():
        return "later"

    assert inspect.iscoroutinefunction(later.__wrapped__)
    app.add_url_rule("/later", "later", later)
    monkeypatch.setattr(app, "ensure_sync", by_asyncio)
    assert sent(app, "https", "/later").data == b"around later"
    assert sent(app, "http", "/later").status_code == 403


def test_an_asynchronous_guard_refuses_by_itself():
    """Where its mark is not seen."""
    app = application(TLS_MODE="marked")

    @require_https
    async def later():
        return "later"

    app.add_url_rule("/hidden", "hidden", lambda: asyncio.run(later()))
    assert sent(app, "https", "/hidden").data == b"later"
    assert sent(app, "http", "/hidden").status_code == 403


# What would do nothing


class Slotted:
    __slots__ = ()

    def __call__(self):
        return ""


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(
    ("marked", "why"),
    [
        (Flask("app"), "no view, no view class and no blueprint"),
        ("health", "no view, no view class and no blueprint"),
        (type("Namespace", (), {})(), "no view, no view class and no blueprint"),
        (type("FlaskView", (), {}), "mark its methods"),
        (Slotted(), "takes no attributes"),
        (len, "takes no attributes"),
    ],
)
def test_what_no_request_is_answered_by_cannot_be_marked(marked, why, mark):
    with pytest.raises(TypeError, match=why):
        mark(marked)


def test_two_marks_of_one_view_contradict_each_other():
    for inner in MARKS:
        for outer in MARKS:
            view = inner(lambda: "it")
            if inner is outer:
                outer(view)
                continue
            with pytest.raises(TypeError, match="is marked twice"):
                outer(view)
    with pytest.raises(TypeError, match=r"Blueprint 'part'.* is marked twice: required and exempt"):
        tls_exempt(require_https(Blueprint("part", __name__)))
    with pytest.raises(TypeError, match=r"by_class\.<locals>\.It is marked twice"):
        tls_exempt(by_class(require_https))


def opaque(view):
    def wrapper(*args, **kwargs):
        return view(*args, **kwargs)

    return wrapper


class Decorating:
    def __init__(self, view):
        self.view = view

    def __call__(self):
        return self.view()


def updating_nothing(view):
    return functools.wraps(view, updated=())(lambda: view())


class Opaque(MethodView):
    @opaque
    @opaque
    @tls_exempt
    def get(self):
        return "it"


class OpaqueInPart(Opaque):
    @tls_exempt
    def delete(self):
        return ""


def marked_health():
    return tls_exempt(lambda: "up")


@pytest.mark.parametrize(
    "made",
    [
        lambda: opaque(marked_health()),
        lambda: opaque(opaque(marked_health())),
        lambda: updating_nothing(marked_health()),
        lambda: functools.partial(opaque(marked_health())),
        lambda: Decorating(opaque(marked_health())),
        lambda: opaque(tls_redirect(lambda: "up")),
        lambda: Opaque.as_view("it"),
        lambda: OpaqueInPart.as_view("it"),
    ],
)
def test_a_mark_that_another_decorator_hides_is_said(made, caplog):
    app = application(**REDIRECTS)
    app.add_url_rule("/it", "it", made())
    said = [one.message for one in check(app) if one.id == "tls.W011"]
    assert len(said) == 1 and "has taken its place as the view of it; mark above" in said[0]
    assert sent(app, "http", "/it").status_code == 403
    assert said[0] in caplog.text


def test_a_view_that_calls_another_one_hides_nothing(caplog):
    app = application(**REDIRECTS)
    health, page = tls_exempt(lambda: "up"), tls_redirect(lambda: "page")
    app.add_url_rule("/health", "health", health)
    app.add_url_rule("/page", "page", page)
    app.add_url_rule("/both", "both", lambda: health() + page())
    app.add_url_rule("/seen", "seen", tls_exempt(opaque(health)))
    app.add_url_rule("/pay", "pay", opaque(require_https(lambda: "paid")))  # its guard is called
    app.add_url_rule("/slotted", "slotted", Slotted())

    @tls_exempt
    class It(MethodView):
        def get(self):
            return __class__.__name__  # a cell that holds the class

    app.add_url_rule("/it", view_func=It.as_view("it"))
    assert "tls.W011" not in {one.id for one in check(app)}
    sent(app, "http", "/both")
    assert "does nothing" not in caplog.text


class Lazy:
    """A callable that is made when somebody looks at it: a connection, a proxy of a context."""

    def __getattr__(self, name):
        raise RuntimeError("looked at")

    def __call__(self):
        return ""


def test_what_a_view_holds_and_is_no_function_is_not_looked_at():
    """At the first request there is no context yet, and a lazy object would be made."""
    lazy, user = Lazy(), request

    def view():
        return f"{user.path}{lazy()}"

    app = application()
    app.add_url_rule("/it", "it", view)
    assert sent(app, "https", "/it").data == b"/it"
    assert "tls.W011" not in {one.id for one in check(app)}


def test_a_view_class_may_be_anything():
    """A stand-in of a test's, which has every attribute; a class with `as_view` of its own."""
    app = application()
    stand_in = Mock(return_value="stood in", required_methods=())
    app.add_url_rule("/it", "it", stand_in, methods=["GET"], provide_automatic_options=False)

    def own():
        return "own"

    own.view_class = type("Own", (), {"get": own})
    app.add_url_rule("/own", "own", own)
    for path, body in (("/it", b"stood in"), ("/own", b"own")):
        assert sent(app, "https", path).data == body
        assert sent(app, "http", path).status_code == 403
    assert "tls.W011" not in {one.id for one in check(app)}


@pytest.mark.parametrize(("around", "is_said"), [(50, True), (150, False)])
def test_a_hidden_mark_is_looked_for_as_far_as_it_is_sane(around, is_said):
    view = marked_health()
    for _ in range(around):
        view = opaque(view)
    app = application()
    app.add_url_rule("/it", "it", view)
    assert ("tls.W011" in {one.id for one in check(app)}) == is_said


def test_looking_for_hidden_marks_ends():
    """Functions that hold each other, and an empty cell."""

    def first():
        return second()

    def second():
        return first() if later else None

    app = application()
    app.add_url_rule("/first", "first", first)
    assert "tls.W011" not in {one.id for one in check(app)}
    later = True


# What a guard refuses is told


def test_what_a_guard_refuses_is_told_as_of_the_gate(caplog):
    """A guard whose mark is not seen: called from another function, or below another decorator."""
    app = application(TLS_MODE="marked")
    app.add_url_rule("/pay", "pay", opaque(require_https(lambda: "paid")), methods=["POST"])
    refused, exposed = [], []
    with (
        Receiver(cleartext_refused, lambda app, **told: refused.append(told)),
        Receiver(credential_exposed, lambda app, kind, **more: exposed.append(kind)),
    ):
        sent(app, "http", "/pay", "POST", headers={"Authorization": "Bearer s3cret"})
        sent(app, "https", "/pay", "POST", headers={"Authorization": "Bearer other"})
    expected = {"reason": "cleartext", "method": "POST", "path": "/pay", "peer": "127.0.0.1"}
    assert (refused, exposed) == ([expected], ["bearer"])
    assert "refused: 'POST' '/pay' from '127.0.0.1': cleartext" in caplog.text


def test_what_an_exempt_view_did_not_answer_is_told():
    app = Flask("site", static_folder=None)
    app.add_url_rule("/<path:name>", "static", lambda name: name)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/admin": lambda environ, start: []})
    app.config.update(PROXIED | {"TLS_EXEMPT_ENDPOINTS": "static"})
    TLS(app)
    refused = []
    with Receiver(cleartext_refused, lambda app, path, **told: refused.append(path)):
        sent(app, "http", "/admin/users")
        sent(app, "http", "/site.css")
    assert len(refused) == 1


def test_a_guard_inside_of_an_application_without_the_extension_is_of_the_one_around_it():
    inner, outer = Flask("inner"), application(TLS_MODE="marked")
    inner.testing = True
    inner.add_url_rule("/", "root", require_https(lambda: "in"))
    outer.wsgi_app.inner = DispatcherMiddleware(outer.wsgi_app.inner, {"/inner": inner})
    assert sent(outer, "http", "/inner/").status_code == 403
    assert sent(outer, "https", "/inner/").data == b"in"
