"""Ways around the decision, each of which once led somewhere: none may."""

import logging
import threading
import time

import pytest
from flask import (
    Blueprint,
    Flask,
    Request,
    current_app,
    jsonify,
    make_response,
    request,
    session,
)
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter
from werkzeug.test import Client, EnvironBuilder

from flask_plainwire import (
    TLS,
    ConfigurationError,
    cleartext_refused,
    credential_exposed,
    require_https,
    tls_exempt,
    tls_redirect,
    tls_required,
    untrusted_forwarded_header,
)
from guarded import PROXIED, application, sent

REFUSED = sent(application(), "http").data
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.9"}
IN_CLEAR = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "http"}


class Receiver:
    """Connected to a signal for as long as a test lasts."""

    def __init__(self, signal, receive):
        self.signal, self.receive = signal, receive

    def __enter__(self):
        self.signal.connect(self.receive)

    def __exit__(self, *error):
        self.signal.disconnect(self.receive)


# An exempt view opens nothing but itself


def site(**config):
    """All paths are those of the exempt static files, but for a mounted application."""
    app = Flask("site", static_folder=None)
    app.add_url_rule("/<path:name>", "static", lambda name: f"file {name}")
    app.config.update(PROXIED | {"TLS_EXEMPT_ENDPOINTS": "static"} | config)
    return app


def of_admin(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"secret"]


def lazily(environ, start_response):
    yield from of_admin(environ, start_response)


def by_write(environ, start_response):
    start_response("200 OK", [])(b"secret")
    return []


@pytest.mark.parametrize("mounted", [of_admin, lazily, by_write])
def test_a_mounted_application_is_not_exempt_with_a_view_of_its_path(mounted):
    app = site()
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/admin": mounted})
    TLS(app)
    for method in ("GET", "HEAD"):
        refused = sent(app, "http", "/admin/users", method)
        assert refused.status_code == 403
        assert refused.data == (REFUSED if method == "GET" else b"")
    assert sent(app, "http", "/site.css").data == b"file site.css"
    assert sent(app, "https", "/admin/users").data == b"secret"


@pytest.mark.parametrize(
    ("config", "headers"),
    [
        ({"TLS_PROXY_HOPS": 2}, {"X-Forwarded-Proto": "https,http"}),
        ({"TLS_PROXY_HEADER": "Forwarded"}, {"Forwarded": "for=_hidden;proto=https"}),
        ({}, {"X-Forwarded-Proto": "wss"}),
    ],
)
def test_an_application_that_is_mounted_in_another_decides_as_if_alone(config, headers):
    """What the outer one has written for those who read headers by hand is not the proxy's word."""
    inner, outer = application(**config), application(**config)
    outer.wsgi_app.inner = DispatcherMiddleware(outer.wsgi_app.inner, {"/inner": inner})
    client = outer.test_client()
    assert client.get("/inner/", headers=headers).data == b"ok"
    untrusted = client.get("/inner/", headers=headers, environ_base=ELSEWHERE)
    assert untrusted.data == REFUSED


def test_an_exempt_view_answers_through_layers_that_are_generators_and_is_closed():
    app, closed = site(), []
    inner = app.wsgi_app

    def layer(environ, start_response):
        body = inner(environ.copy(), start_response)
        try:
            yield from body
        finally:
            closed.append(True)
            body.close()

    app.wsgi_app = layer
    TLS(app)
    assert sent(app, "http", "/a").data == b"file a"
    assert sent(app, "http", "/a", "HEAD").status_code == 200
    assert len(closed) == 2


def test_an_exempt_answer_with_no_piece_is_an_answer():
    """A layer inside that makes a list of it: of HEAD an empty one."""
    app, called = application(), []

    @app.get("/health")
    @tls_exempt
    def health():
        called.append("health")
        session["user"] = 1
        return "up"

    inner = app.wsgi_app.inner
    app.wsgi_app.inner = lambda environ, start_response: list(inner(environ, start_response))
    got = sent(app, "http", "/health", "HEAD")
    assert (got.status_code, got.headers.getlist("Set-Cookie")) == (200, [])
    assert called == ["health"]


def test_a_view_in_clear_gets_nothing_that_looking_for_it_left_behind():
    """A request class of the application's that keeps what it reads in the environ."""
    app = application()

    class Keeping(Request):
        def __init__(self, environ):
            super().__init__(environ)
            environ.setdefault("kept", environ.get("HTTP_AUTHORIZATION"))

    app.request_class = Keeping
    app.add_url_rule("/health", "health", tls_exempt(lambda: str(request.environ["kept"])))
    key = {"Authorization": "Bearer s3cret"}
    assert sent(app, "http", "/health", headers=key).data == b"None"
    assert sent(app, "https", "/health", headers=key).data == b"Bearer s3cret"


def test_an_exempt_view_sets_no_cookie_in_clear():
    app = application()

    @app.get("/health")
    @tls_exempt
    def health():
        session["user"] = 1
        answer = make_response("up")
        answer.set_cookie("token", "s3cret", secure=True)
        return answer

    assert sent(app, "http", "/health").headers.getlist("Set-Cookie") == []
    assert len(sent(app, "https", "/health").headers.getlist("Set-Cookie")) == 2


# Decorators and layers in another order than the one that is meant


@pytest.mark.mission("16")
@pytest.mark.parametrize("mode", ["marked", "report", "refuse"])
def test_require_https_above_the_route_holds_too(mode):
    app = application(TLS_MODE=mode)

    @require_https
    @app.post("/login")
    def login():
        return "in"

    assert sent(app, "http", "/login", "POST").data == REFUSED
    assert sent(app, "https", "/login", "POST").data == b"in"


def test_a_client_certificate_asked_for_above_the_route_is_asked_for():
    app = application(TLS_CLIENT_CERT_HEADER="X-Client-Verify")

    @tls_required(client_cert=True)
    @app.get("/mtls")
    def mtls():
        return "known"

    assert sent(app, "https", "/mtls").status_code == 403
    known = {"X-Client-Verify": "SUCCESS"}
    assert sent(app, "https", "/mtls", headers=known).data == b"known"


def test_a_critical_blueprint_is_not_reached_by_another_method_or_path():
    """A layer inside changes them after the decision; the views have no guard of their own."""
    app = application(TLS_MODE="marked")
    critical = require_https(Blueprint("critical", __name__))
    critical.add_url_rule("/pay", "pay", lambda: "paid", methods=["POST"])
    app.register_blueprint(critical)
    inner = app.wsgi_app.inner

    def overriding(environ, start_response):
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", environ["REQUEST_METHOD"])
        path = environ.get("HTTP_X_ORIGINAL_URL", environ["PATH_INFO"])
        return inner(environ | {"REQUEST_METHOD": method, "PATH_INFO": path}, start_response)

    app.wsgi_app.inner = overriding
    override = {"X-HTTP-Method-Override": "POST"}
    assert sent(app, "http", "/pay", headers=override).data == REFUSED
    original = {"X-Original-Url": "/pay"}
    assert sent(app, "http", method="POST", headers=original).data == REFUSED
    assert sent(app, "https", "/pay", headers=override).data == b"paid"


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "127.0.0.1"},
        {"SERVER_SOFTWARE": "gevent/26.9"},  # by a unix socket
        {"wsgi.multithread": True},  # a bridge from ASGI, by a unix socket
    ],
)
def test_what_was_made_of_the_application_before_serves_nothing(environ):
    """As ``application = ProxyFix(app.wsgi_app)`` and Connexion 3 are: the gate is not in it."""
    app = Flask("captured")
    application, called = ProxyFix(app.wsgi_app), []
    TLS(app)
    app.config.update(PROXIED)
    app.add_url_rule("/", "root", lambda: called.append("root") or "secret")
    app.before_request(lambda: called.append("hook"))
    for scheme in ("http", "https"):
        bare = EnvironBuilder(base_url=f"{scheme}://api.example.com/").get_environ()
        client = Client(lambda *words, bare=bare: application(bare | environ, words[1]))
        with pytest.raises(RuntimeError, match="before TLS"):
            app.config["PROPAGATE_EXCEPTIONS"] = True
            client.get("/")
    assert called == []


def test_a_request_context_of_a_test_or_a_script_is_nobodys_request():
    app = application()
    with app.test_request_context("/"):
        assert app.preprocess_request() is None
    app.testing = True
    with app.test_request_context("/", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}):
        assert app.preprocess_request() is None


def test_two_proxy_fixes_outside_leave_nobody_to_trust():
    """The second keeps as the original what the first took from a header."""
    app = application()
    app.wsgi_app = ProxyFix(ProxyFix(app.wsgi_app))
    forged = {"X-Forwarded-For": "127.0.0.1, 127.0.0.1"}
    with pytest.raises(ConfigurationError, match="more than one ProxyFix"):
        sent(app, "https", headers=forged, environ_base=ELSEWHERE)


class Failing(BaseConverter):
    def to_python(self, value):
        raise KeyError(value)


def test_a_converter_that_fails_is_no_answer_in_clear():
    app = application()
    app.url_map.converters["failing"] = Failing
    app.add_url_rule("/users/<failing:user>", "user", lambda user: "")
    assert sent(app, "http", "/users/1").data == REFUSED


# Headers


def test_the_named_header_of_an_untrusted_peer_is_taken_away_and_told():
    names = {"TLS_PROXY_HEADER": "Fly-Forwarded-Proto", "TLS_CLIENT_CERT_HEADER": "X-Verified"}
    app = application(TLS_MODE="report", **names)
    app.add_url_rule("/seen", "seen", lambda: jsonify(sorted(request.headers.keys())))
    forged = {"Fly-Forwarded-Proto": "https", "X-Verified": "SUCCESS"}
    told = []
    with Receiver(untrusted_forwarded_header, lambda app, headers, **more: told.append(headers)):
        client = app.test_client()
        got = client.get("/seen", headers=forged, environ_base=ELSEWHERE).get_json()
    assert told == [("Fly-Forwarded-Proto", "X-Verified")]
    assert set(got).isdisjoint(forged)


def test_headers_that_an_application_keeps_are_not_written_to():
    app = application(TLS_EXEMPT_ENDPOINTS="root")
    kept = [("Content-Type", "text/plain")]

    def inner(environ, start_response):
        start_response("200 OK", kept)
        return [b""]

    app.wsgi_app.inner = inner
    assert "Strict-Transport-Security" in sent(app, "https").headers
    assert kept == [("Content-Type", "text/plain")]


@pytest.mark.parametrize("path", ["@evil.example", ".evil.example", ":1", "/\u20ac"])
def test_a_path_that_is_none_makes_no_redirect(path):
    """Some servers pass on what a request line brings: it must not become part of the host."""
    app = application(TLS_MODE="redirect", TLS_REDIRECT_HOSTS="api.example.com")
    environ = app.test_request_context("/", base_url="http://api.example.com").request.environ
    environ |= {"PATH_INFO": path} | IN_CLEAR
    told = []
    list(app.wsgi_app(environ, lambda status, headers: told.append(status)))
    assert told == ["403 FORBIDDEN"]


def test_a_peer_is_not_printed_raw(caplog):
    """Where a server takes the peer's address from a header, a client writes it."""
    hostile = {"REMOTE_ADDR": "\x1b[31m\nforged line"}
    assert sent(application(), "https", environ_base=hostile).status_code == 403
    assert "peer-untrusted" in caplog.text
    assert "\x1b" not in caplog.text and "\nforged" not in caplog.text


def test_where_tls_ends_in_the_server_no_header_is_a_proxys():
    app, told = application(TLS_TERMINATION="server"), []
    app.add_url_rule("/seen", "seen", lambda: jsonify(sorted(request.headers.keys())))
    names = {"X-Forwarded-For": "1.2.3.4", "X-Real-Ip": "1.2.3.4", "X-Forwarded-Proto": "http"}
    speaking = {"gunicorn.socket": Speaking(), "wsgi.url_scheme": "https"}
    with Receiver(untrusted_forwarded_header, lambda app, headers, **more: told.append(headers)):
        got = app.test_client().get("/seen", headers=names, environ_overrides=speaking)
    assert told == [tuple(sorted(names))]
    assert set(got.get_json()).isdisjoint(names)


def test_a_proxy_that_sends_other_headers_alone_is_no_error(caplog):
    client = application().test_client()
    assert client.get("/", headers={"X-Forwarded-For": "1.2.3.4"}).data == REFUSED
    assert "header-missing (the proxy sent no X-Forwarded-Proto)" in caplog.text


class Speaking:
    """A server's socket that speaks TLS, as ``ssl.SSLSocket`` is told from others."""

    def getpeercert(self):
        return None


def test_a_forged_header_is_told_where_an_exempt_view_answers():
    app, told = application(TLS_EXEMPT_ENDPOINTS="root"), []
    with Receiver(untrusted_forwarded_header, lambda app, headers, **more: told.append(headers)):
        got = sent(app, "https", headers={"X-Real-Ip": "::1"}, environ_base=ELSEWHERE)
    assert (got.status_code, told) == (200, [("X-Forwarded-Proto", "X-Real-Ip")])


# Receivers


def test_a_receiver_has_the_application_as_in_a_view():
    told = []
    for signal in (cleartext_refused, credential_exposed, untrusted_forwarded_header):
        with Receiver(signal, lambda sender, **more: told.append(current_app.name)):
            sent(application(), "https", headers={"X-Api-Key": "k"}, environ_base=ELSEWHERE)
    with Receiver(credential_exposed, lambda sender, **more: told.append(current_app.name)):
        sent(application(TLS_MODE="report"), "http", headers={"X-Api-Key": "k"})
    assert told == ["guarded"] * 4


def test_a_receiver_that_fails_keeps_no_other_from_hearing(caplog):
    told = []

    def failing(app, **more):
        told.append("failing")
        raise ValueError

    with (
        Receiver(credential_exposed, failing),
        Receiver(credential_exposed, lambda app, **more: told.append("other")),
    ):
        sent(application(), "http", headers={"X-Api-Key": "k"})
    assert sorted(told) == ["failing", "other"]
    assert "a receiver of credential-exposed failed" in caplog.text


def test_forged_headers_are_told_after_the_refusal():
    app, order = application(), []
    environ = (
        app.test_request_context("/", headers={"X-Real-Ip": "::1"}).request.environ | ELSEWHERE
    )
    with Receiver(untrusted_forwarded_header, lambda app, **more: order.append("told")):
        body = app.wsgi_app(environ, lambda status, headers: order.append("answer"))
        list(body)
        body.close()
    assert order == ["answer", "told"]


def test_one_credential_that_comes_again_and_again_is_told_once_and_leaves_room_for_others():
    app, told = application(TLS_EXPOSURES_PER_MINUTE=3), []
    with Receiver(credential_exposed, lambda app, sha256, **more: told.append(sha256)):
        for key in ["same"] * 50 + ["a", "b", "c"]:
            sent(app, "http", headers={"X-Api-Key": key})
    assert len(told) == len(set(told)) == 3


# What is configured


@pytest.mark.parametrize("hosts", ["https://api.example.com", "*", "a/b", "a b@c", "münchen.de"])
def test_what_is_no_host_to_redirect_to(hosts):
    app = application(TLS_MODE="redirect", TLS_REDIRECT_HOSTS=hosts)
    with pytest.raises(ConfigurationError, match="TLS_REDIRECT_HOSTS: not a host"):
        sent(app, "https")


def test_a_misspelt_key_is_named_where_the_right_one_is_missed():
    app = application(TLS_TERMINATION=None, TLS_TERMINATON="proxy")
    with pytest.raises(ConfigurationError, match="'TLS_TERMINATON'; TLS_TERMINATION is meant"):
        sent(app, "https")


def test_a_wrong_list_of_proxies_is_one_mistake_and_says_which():
    with pytest.raises(ConfigurationError) as caught:
        sent(application(TLS_TRUSTED_PROXIES="10.0.0.5/8"), "https")
    said = str(caught.value)
    assert "host bits" in said and "TLS_TRUSTED_PROXIES is not set" not in said


def test_trust_in_everybody_is_said_where_it_runs(caplog):
    with caplog.at_level(logging.WARNING):
        sent(application(TLS_TRUSTED_PROXIES="0.0.0.0/0, ::/0"), "https")
    assert caplog.text.count("whoever reaches the port can claim https") == 2


def test_hosts_of_every_form_are_redirected_to():
    app = application(TLS_MODE="marked", TLS_REDIRECT_HOSTS="api.example.com, [::1], my_api:5000")
    app.add_url_rule("/page", "page", tls_redirect(lambda: "page"))
    for host in ("api.example.com", "[::1]:80", "my_api"):
        assert sent(app, "http", "/page", headers={"Host": host}).status_code == 308


# What is left of the proxy's own words


def test_of_a_trusted_proxys_headers_the_named_one_is_left_and_no_rival():
    rivals = {"X-Forwarded-Ssl": "on", "X-Forwarded-Protocol": "ssl", "X-Forwarded-For": "::1"}
    for name, value, left in (
        ("X-Forwarded-Proto", "WSS", "https"),
        ("Forwarded", "for=192.0.2.1;proto=https", "for=192.0.2.1;proto=https"),
    ):
        app = application(TLS_PROXY_HEADER=name)
        app.add_url_rule("/seen", "seen", lambda: jsonify(dict(request.headers)))
        client = app.test_client()
        seen = client.get("/seen", headers=rivals | {name: value}).get_json()
        assert {key: seen.get(key) for key in (name, *rivals)} == {
            name: left,
            "X-Forwarded-Ssl": None,
            "X-Forwarded-Protocol": None,
            "X-Forwarded-For": "::1",
        }


def test_threads_at_the_first_request_read_the_configuration_once():
    app, said = application(TLS_TYPO=1), []

    class Slow(logging.Handler):
        def emit(self, record):
            said.append(record.getMessage())
            time.sleep(0.05)

    handler, start = Slow(), threading.Barrier(8)

    def ask():
        start.wait()
        sent(app, "https")

    app.logger.addHandler(handler)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.logger.removeHandler(handler)
    assert len([line for line in said if "TLS_TYPO" in line]) == 1


def test_a_flood_is_said_once_and_a_muted_signal_is_not_sent(caplog):
    app, told = application(TLS_EXPOSURES_PER_MINUTE=1), []
    with Receiver(credential_exposed, lambda app, **more: told.append(more)):
        with credential_exposed.muted():
            sent(app, "http", headers={"X-Api-Key": "first"})
        for number in range(20):
            sent(app, "http", headers={"X-Api-Key": str(number)})
    assert told == []
    assert caplog.text.count("exposed and not signalled") == 1


def test_a_receiver_is_called_as_the_application_calls_its_views(monkeypatch):
    """So that an asynchronous one runs, or says that it cannot."""
    app, told = application(), []

    async def receive(sender, **more):
        raise AssertionError

    monkeypatch.setattr(app, "ensure_sync", lambda function: lambda *_, **__: told.append(function))
    with Receiver(cleartext_refused, receive):
        sent(app, "http")
    assert told == [receive]


# What else mutations survived


def test_the_innermost_blueprint_counts():
    app = application()
    outer = tls_exempt(Blueprint("outer", __name__))
    inner = require_https(Blueprint("inner", __name__))
    inner.add_url_rule("/pay", "pay", lambda: "paid")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    assert sent(app, "http", "/pay").status_code == 403


def test_a_critical_view_is_served_to_its_developer():
    app = application(TLS_TERMINATION=None, DEBUG=True)
    app.add_url_rule("/pay", "pay", require_https(lambda: "paid"))
    assert app.test_client().get("/pay").data == b"paid"


def test_a_redirect_of_an_application_below_a_prefix_and_without_a_host():
    app = application(TLS_MODE="redirect", TLS_REDIRECT_HOSTS="api.example.com")
    environ = app.test_request_context("/a", base_url="http://api.example.com/v1").request.environ
    del environ["HTTP_HOST"]
    environ |= IN_CLEAR
    told = []
    list(app.wsgi_app(environ, lambda status, headers: told.append(dict(headers)["Location"])))
    assert told == ["https://api.example.com/v1/a"]
