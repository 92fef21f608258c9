"""What is wrapped around the extension later: it is noticed, said, and believed nothing."""

import pytest
from flask import Flask, jsonify, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_plainwire import TLS
from flask_plainwire.layers import layers
from guarded import application, sent


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
