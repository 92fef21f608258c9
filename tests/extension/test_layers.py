"""What is wrapped around the extension later: it is noticed, said, and believed nothing."""

import pytest
from flask import Flask, jsonify, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.test import Client

from flask_plainwire import TLS, ConfigurationError
from flask_plainwire.layers import layers
from guarded import HOST, PROXIED, application, sent


class SocketLayer:
    """As Flask-SocketIO wraps an application: python-socketio's WSGIApp keeps `wsgi_app`."""

    def __init__(self, inner):
        self.wsgi_app = inner

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"].startswith("/socket.io"):
            start_response("200 OK", [])
            return [b"socket"]
        return self.wsgi_app(environ, start_response)


def test_a_proxy_fix_wrapped_later_is_said_and_not_believed(caplog):
    app = application()
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)
    # From elsewhere, with what would make ProxyFix say https from 127.0.0.1.
    forged = {"X-Forwarded-For": "127.0.0.1"}
    got = sent(app, "https", headers=forged, environ_base={"REMOTE_ADDR": "9.9.9.9"})
    assert got.status_code == 403
    assert "ProxyFix(x_for=1, x_proto=1, x_host=0) was wrapped later" in caplog.text
    assert "around the application" not in caplog.text
    assert sent(app, "https", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 200


def test_a_class_of_ones_own_is_a_proxy_fix_too(caplog):
    class Ours(ProxyFix):
        pass

    app = application()
    app.wsgi_app = Ours(app.wsgi_app)
    sent(app, "https")
    assert "ProxyFix(x_for=1, x_proto=1, x_host=0) was wrapped later" in caplog.text


def test_a_proxy_fix_around_the_application_object_is_said_too(caplog):
    app = application()
    outer = ProxyFix(app, x_for=1)
    environ = app.test_request_context(
        "/", headers={"X-Forwarded-For": "127.0.0.1"}
    ).request.environ
    environ["REMOTE_ADDR"] = "9.9.9.9"
    statuses = []
    list(outer(environ, lambda status, headers: statuses.append(status)))
    assert statuses == ["403 FORBIDDEN"]
    assert "a ProxyFix is around the application" in caplog.text


def test_a_layer_that_answers_itself_is_said(caplog):
    for wrap in (SocketLayer, lambda inner: DispatcherMiddleware(inner, {})):
        app = application()
        app.wsgi_app = wrap(app.wsgi_app)
        sent(app, "https")
    assert "SocketLayer was wrapped later: what it answers itself is served in clear" in caplog.text
    assert "DispatcherMiddleware was wrapped later" in caplog.text


def test_it_is_said_once_and_nothing_is_said_of_what_is_inside(caplog):
    app = Flask("inside")
    app.wsgi_app = ProxyFix(SocketLayer(app.wsgi_app), x_for=1)
    app.config.update(TLS_TERMINATION="proxy", TLS_TRUSTED_PROXIES="127.0.0.1")
    TLS(app)
    app.add_url_rule("/", view_func=lambda: jsonify(request.is_secure))
    for _ in range(3):
        assert sent(app, "https").get_json() is True
    assert "wrapped later" not in caplog.text
    assert sent(app, "http", "/socket.io/").status_code == 403


def test_a_layer_without_a_known_attribute_is_named(caplog):
    app = application()
    gate = app.wsgi_app

    def timed(environ, start_response):
        return gate(environ, start_response)

    app.wsgi_app = timed
    sent(app, "https")
    assert "timed was wrapped later" in caplog.text


def timing(inner):
    def timed(environ, start_response):
        return inner(environ, start_response)

    return timed


def lazily(inner):
    def lazy(environ, start_response):
        yield from inner(environ, start_response)

    return lazy


def passing_on(inner):
    return lambda *words: inner(*words)


class Secretive:
    """Keeps what is inside where nobody looks."""

    def __init__(this, inner):
        this.kept = [inner]

    def __call__(this, environ, start_response):
        return this.kept[0](environ, start_response)

    def method(this, environ, start_response):
        return this.kept[0](environ, start_response)


def around(outer, **headers):
    """The answer of an application object with layers around it."""
    return Client(outer).get(
        "/", base_url=HOST, headers={"X-Forwarded-Proto": "https"} | headers, environ_base=PEER
    )


PEER = {"REMOTE_ADDR": "127.0.0.1"}
AROUND = {
    "timing.<locals>.timed": timing,
    "lazily.<locals>.lazy": lazily,
    "passing_on.<locals>.<lambda>": passing_on,
    "test_layers.Secretive": Secretive,
    "werkzeug.middleware.dispatcher.DispatcherMiddleware": lambda app: DispatcherMiddleware(
        app, {}
    ),
    "werkzeug.middleware.shared_data.SharedDataMiddleware": lambda app: SharedDataMiddleware(
        app, {}
    ),
}


@pytest.mark.parametrize("name", AROUND)
def test_a_layer_around_the_application_object_is_said(name, caplog):
    """As ``application = DispatcherMiddleware(app, {"/metrics": make_wsgi_app()})`` is."""
    outer = AROUND[name](application())
    for _ in range(2):
        assert around(outer).status_code == 200
    assert caplog.text.count("not the outermost layer") == 1
    assert f"{name} is around the application: what it answers itself" in caplog.text


def with_options(inner):
    def optional(*words, trusted=None, secret=None):
        return inner(*words)

    return optional


def test_layers_are_named_from_the_outside_in(caplog):
    around(Secretive(timing(with_options(application()))))
    said = [record.getMessage() for record in caplog.records]
    assert [line.split(" is around")[0].split(".")[-1] for line in said] == [
        *("Secretive", "timed", "optional")
    ]


def test_what_is_called_with_a_dictionary_and_a_function_is_no_layer(caplog):
    """A server's own functions, and those of tests."""

    def retried(options, function):
        return function()

    app = application()
    assert retried({"times": 2}, lambda: around(app)).status_code == 200
    assert "outermost" not in caplog.text


@pytest.mark.parametrize("wrap", [timing, lazily, Secretive, lambda app: Secretive(app).method])
def test_a_layer_that_was_wrapped_later_is_said_once(wrap, caplog):
    """By its attributes, and because it is at work."""
    app = application()
    app.wsgi_app = wrap(app.wsgi_app)
    assert sent(app, "https").status_code == 200
    assert caplog.text.count("was wrapped later") == 1


@pytest.mark.parametrize("between", [lambda app: app, timing, passing_on, Secretive])
@pytest.mark.parametrize("is_later", [True, False])
def test_two_proxy_fixes_leave_nobody_to_trust_wherever_they_are(is_later, between):
    """The second keeps as the original what the first took from a header."""
    app = outer = application()
    if is_later:
        app.wsgi_app = ProxyFix(between(ProxyFix(app.wsgi_app)))
    else:
        outer = ProxyFix(between(ProxyFix(app)))
    elsewhere = PEER | {"REMOTE_ADDR": "192.0.2.9"}
    forged = {"X-Forwarded-For": "127.0.0.1, 127.0.0.1", "X-Forwarded-Proto": "https"}
    app.testing = True  # so that its errors come here
    with pytest.raises(ConfigurationError, match="more than one ProxyFix"):
        Client(outer).get("/", base_url=HOST, headers=forged, environ_base=elsewhere)


def test_who_only_watches_and_the_applications_own_call_are_no_layers(caplog):
    app = application()
    code = "def bridged(environ, start_response): return app(environ, start_response)"
    for module in ("a2wsgi.asgi", "sentry_sdk.integrations.wsgi", "werkzeug.debug"):
        names = {"__name__": module, "app": app}
        exec(code, names)
        app = names["bridged"]
    assert around(app).status_code == 200
    assert "outermost" not in caplog.text


def test_a_call_of_a_flask_of_ones_own_is_a_layer(caplog):
    class Ours(Flask):
        def __call__(self, environ, start_response):
            return super().__call__(environ, start_response)

    app = Ours("ours")
    app.config.update(PROXIED)
    TLS(app)
    app.add_url_rule("/", view_func=lambda: "ok")
    assert around(app).status_code == 200
    assert "Ours.__call__ is around the application" in caplog.text


def test_nothing_is_outside_of_what_is_mounted_in_a_guarded_application(caplog):
    inner, outer = application(), application()
    layer = timing(lazily(inner))
    outer.wsgi_app.inner = DispatcherMiddleware(outer.wsgi_app.inner, {"/inner": layer})
    assert sent(outer, "https", "/inner/").status_code == 200
    assert "outermost" not in caplog.text


def test_a_layer_that_keeps_the_application_too_is_said_once(caplog):
    """As Flask-Sockets' does; the application's outermost layer is that layer again."""

    class Sockets(SocketLayer):
        def __init__(self, inner, app):
            super().__init__(inner)
            self.app = app

    app = application()
    gate = app.wsgi_app
    app.wsgi_app = Sockets(gate, app)
    sent(app, "https")
    assert caplog.text.count("was wrapped later") == 1
    assert layers(app.wsgi_app, until=gate) == [app.wsgi_app]
    inner = SocketLayer(gate)
    app.wsgi_app = Sockets(inner, app)
    assert layers(app.wsgi_app, until=gate) == [app.wsgi_app, inner]


class Wrapper:
    """A layer that keeps what is inside of it under a name of its own."""

    def __init__(self, attribute, inner):
        setattr(self, attribute, inner)

    def __call__(self, environ, start_response):
        return []


@pytest.mark.parametrize(
    "attribute", ["inner", "app", "wsgi_app", "application", "_app", "wrapped_app"]
)
def test_layers_are_followed_by_their_usual_attributes(attribute):
    innermost = Wrapper("app", "a name")
    outer = Wrapper(attribute, innermost)
    assert layers(outer, until=innermost) == [outer]
    assert layers(outer, until=object()) == [outer, innermost]


def test_a_layer_around_itself_is_no_endless_walk():
    def endless():
        return None

    endless.app = endless
    assert 1 < len(layers(endless)) <= 20


def test_a_key_that_is_none_is_said_at_the_first_request(caplog):
    sent(application(TLS_TRUSTED_PROXY="10.0.0.1"), "https")
    assert "no key 'TLS_TRUSTED_PROXY'; TLS_TRUSTED_PROXIES is meant?" in caplog.text
