"""Marks of views, view classes and blueprints; modes; what a served view gets to see."""

import io
from wsgiref.validate import validator

import pytest
from flask import Blueprint, Flask, abort, jsonify, redirect, request
from flask.views import MethodView
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder

from flask_plainwire import TLS, require_https, tls_exempt, tls_redirect, tls_required
from flask_plainwire.client_certificates import is_verified
from flask_plainwire.marks import marked
from flask_plainwire.settings import read
from guarded import HOST, PROXIED, application, sent

SECRETS = {
    "Authorization": "Bearer s3cret",
    "Cookie": "session=s3cret; other=s3cret",
    "X-Api-Key": "s3cret",
    "Proxy-Authorization": "Basic s3cret",
    "Authentication-Token": "s3cret",  # Flask-Security's
    "X-Mine": "s3cret",
}


def with_health(**config):
    app = application(TLS_CREDENTIAL_HEADERS="X-Mine", **config)

    @app.route("/health", methods=["GET", "POST"])
    @tls_exempt
    def health():
        seen = {name: str(value) for name, value in request.environ.items()}
        return jsonify(seen=str(seen), query=request.args.to_dict(), user=request.remote_user)

    return app


def test_an_exempt_view_answers_get_and_head_in_clear():
    app = with_health()
    assert sent(app, "http", "/health").status_code == 200
    assert sent(app, "http", "/health", "HEAD").status_code == 200
    assert sent(app, "https", "/health", "POST").status_code == 200
    for method in ("POST", "PUT", "OPTIONS", "TRACE"):
        assert sent(app, "http", "/health", method).status_code == 403


def test_an_exempt_view_gets_no_credential():
    seen = sent(
        with_health(),
        "http",
        "/health?access_token=s3cret&q=1&API_KEY=s3cret&jwt=s3cret&auth_token=s3cret",
        headers=SECRETS,
        environ_base={"REMOTE_USER": "alice"},
    ).get_json()
    assert "s3cret" not in seen["seen"]
    assert (seen["query"], seen["user"]) == ({"q": "1"}, None)
    over_tls = sent(with_health(), "https", "/health?access_token=s3cret", headers=SECRETS)
    assert over_tls.get_json()["seen"].count("s3cret") >= 6


def test_a_query_of_too_many_parameters_is_taken_away_whole():
    query = "&".join(f"p{n}=1" for n in range(2000))
    seen = sent(with_health(), "http", f"/health?{query}&token=s3cret").get_json()
    assert "s3cret" not in seen["seen"]


def test_an_exempt_view_is_no_door_to_another():
    """A layer inside that changes method or path after the decision."""
    app = with_health()
    inner = app.wsgi_app.inner

    def overriding(environ, start_response):
        if override := environ.get("HTTP_X_HTTP_METHOD_OVERRIDE"):
            environ["REQUEST_METHOD"] = override
        if to := environ.get("HTTP_X_ORIGINAL_URL"):
            environ["PATH_INFO"] = to
        return inner(environ, start_response)

    app.wsgi_app.inner = overriding
    assert sent(app, "http", "/health").status_code == 200
    override = {"X-HTTP-Method-Override": "POST"}
    assert sent(app, "http", "/health", headers=override).status_code == 403
    assert sent(app, "http", "/health", headers={"X-Original-Url": "/"}).status_code == 403
    assert sent(app, "https", "/health", headers=override).status_code == 200


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_a_request_to_upgrade_is_never_exempt(protocol):
    upgrade = {"Connection": "Upgrade", "Upgrade": protocol}
    assert sent(with_health(), "http", "/health", headers=upgrade).status_code == 403


def test_endpoints_can_be_exempt_by_configuration():
    app = application(TLS_EXEMPT_ENDPOINTS="root")
    assert sent(app, "http").status_code == 200
    assert sent(app, "http", method="POST").status_code == 403


def test_hooks_that_are_registered_before_do_not_see_a_refused_request():
    app = Flask("hooks")
    seen = []
    app.before_request(lambda: seen.append(request.path))
    app.config.update(PROXIED)
    TLS(app)
    app.add_url_rule("/", view_func=lambda: "ok")
    assert sent(app, "http").status_code == 403
    assert seen == []
    assert sent(app, "https").status_code == 200
    assert seen == ["/"]


@pytest.mark.mission("16")
def test_static_files_missing_pages_and_mounted_applications_are_covered(tmp_path):
    (tmp_path / "site.css").write_text("body {}")
    app = Flask("covered", static_folder=str(tmp_path), static_url_path="/static")

    def mounted(environ, start_response):
        start_response("200 OK", [("Set-Cookie", "a=1")])
        return [environ["wsgi.url_scheme"].encode()]

    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/mounted": mounted})
    app.config.update(PROXIED)
    TLS(app)
    for path, status in (("/static/site.css", 200), ("/none", 404), ("/mounted", 200)):
        assert sent(app, "http", path).status_code == 403
        assert sent(app, "https", path).status_code == status
    answer = sent(app, "https", "/mounted")
    assert (answer.data, answer.headers["Set-Cookie"]) == (b"https", "a=1; Secure")


def test_a_refusal_is_constant():
    app = application()
    answers = [
        sent(app, "http", headers=headers)
        for headers in ({}, {"Authorization": "Bearer good"}, {"Authorization": "Basic YTpi"})
    ]
    assert len({(a.status_code, a.data, str(a.headers)) for a in answers}) == 1
    first = answers[0]
    assert first.mimetype == "application/problem+json"
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["Connection"] == "close"
    assert first.get_json()["status"] == 403
    head = sent(app, "http", method="HEAD")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(first.data)))


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "close"),
        ({"SERVER_SOFTWARE": "gunicorn/27.0.1"}, "close"),
        ({"SERVER_SOFTWARE": "waitress"}, None),
        ({"SERVER_SOFTWARE": "WSGIServer/0.2"}, None),
        ({"SERVER_PROTOCOL": "HTTP/2"}, None),
        ({"SERVER_PROTOCOL": "HTTP/3"}, None),
        ({"SERVER_SOFTWARE": "Apache/2.4", "wsgi.run_once": True}, None),
    ],
)
def test_the_connection_is_left_to_servers_that_raise_an_error_for_it(environ, said):
    got = sent(application(), "http", environ_overrides=environ)
    assert (got.status_code, got.headers.get("Connection")) == (403, said)


def test_wsgis_own_validator_finds_nothing():
    app = application(TLS_EXEMPT_ENDPOINTS="root")
    app.wsgi_app.inner = validator(app.wsgi_app.inner)
    client = validator(app)
    for scheme in ("http", "https"):
        for path, method in (("/", "GET"), ("/none", "GET"), ("/", "HEAD")):
            environ = EnvironBuilder(
                path=path, method=method, headers={"X-Forwarded-Proto": scheme}
            ).get_environ() | {"REMOTE_ADDR": "127.0.0.1"}
            environ["wsgi.input"] = io.BytesIO()
            body = client(environ, lambda status, headers, exc_info=None: lambda data: None)
            list(body)  # the validator raises AssertionError
            body.close()


# Redirects


def with_page(**config):
    app = application(**config)
    app.add_url_rule("/page/<path:name>", "page", tls_redirect(lambda name: name))
    return app


def test_a_marked_view_redirects_get_and_head_and_nothing_else():
    app = with_page(TLS_REDIRECT_HOSTS="api.example.com")
    for method in ("GET", "HEAD"):
        got = sent(app, "http", "/page/a b/ä?x=%2F&y", method)
        assert got.status_code == 308
        assert got.headers["Location"] == f"https{HOST[4:]}/page/a%20b/%C3%A4?x=%2F&y"
        assert got.headers["Cache-Control"] == "no-store"
    assert sent(app, "http", "/page/a", "POST").status_code == 403
    assert sent(app, "http").status_code == 403


@pytest.mark.parametrize(
    ("hosts", "host", "location"),
    [
        ("api.example.com", "api.example.com:8080", "https://api.example.com/page/a"),
        ("api.example.com", "API.example.com.", "https://api.example.com/page/a"),
        (".example.com", "b.example.com", "https://b.example.com/page/a"),
        (".example.com", "evil-example.com", None),
        ("api.example.com", "evil.example", None),
        ("api.example.com", "api.example.com@evil.example", None),
        (".example.com", "evil.example/.example.com", None),
        (".example.com", "a\\.example.com", None),
        ("", "api.example.com", None),
    ],
)
def test_a_redirect_goes_to_an_allow_listed_host_or_is_a_refusal(hosts, host, location):
    app = with_page(TLS_REDIRECT_HOSTS=hosts)
    got = sent(app, "http", "/page/a", headers={"Host": host, "X-Forwarded-Host": "evil.example"})
    assert got.headers.get("Location") == location
    assert got.status_code == (308 if location else 403)


def test_a_port_of_its_own_and_trusted_hosts_for_want_of_others():
    app = with_page(TRUSTED_HOSTS=["api.example.com"], TLS_REDIRECT_PORT=8443)
    got = sent(app, "http", "/page/a")
    assert got.headers["Location"] == "https://api.example.com:8443/page/a"


def test_redirect_as_a_mode():
    app = application(TLS_MODE="redirect", TLS_REDIRECT_HOSTS="api.example.com")
    app.add_url_rule("/pay", "pay", require_https(lambda: "paid"))
    assert sent(app, "http").status_code == 308
    assert sent(app, "http", "/none").status_code == 308
    assert sent(app, "http", method="POST").status_code == 403
    assert sent(app, "http", headers={"Upgrade": "websocket"}).status_code == 403
    assert sent(app, "http", "/pay").status_code == 403
    assert sent(app, "https").status_code == 200


@pytest.mark.parametrize(
    ("config", "headers", "environ", "reason"),
    [
        ({}, {"X-Forwarded-Proto": ""}, {}, "header-missing"),
        ({}, {"X-Forwarded-Proto": "https,http"}, {}, "hop-count"),
        ({}, {"X-Forwarded-Proto": "on"}, {}, "scheme-unknown"),
        ({"TLS_PROXY_HEADER": "Forwarded"}, {"Forwarded": "proto"}, {}, "header-malformed"),
        ({}, {}, {"REMOTE_ADDR": "192.0.2.9"}, "peer-untrusted"),
        ({"TLS_TERMINATION": "server"}, {}, {"wsgi.url_scheme": "https"}, "scheme-forged"),
    ],
)
def test_what_may_have_come_over_tls_is_not_sent_round_in_a_loop(
    config, headers, environ, reason, caplog
):
    """Only of what certainly came in clear is the https URL another one."""
    for mode in ("redirect", "marked"):
        app = with_page(TLS_MODE=mode, TLS_REDIRECT_HOSTS="api.example.com", **config)
        got = sent(app, "https", "/page/a", headers=headers, environ_overrides=environ)
        assert (got.status_code, got.headers.get("Location")) == (403, None)
    assert caplog.text.count(reason) == 2


# Critical endpoints


def with_critical(mode):
    app = application(TLS_MODE=mode)
    called = []

    @app.post("/login")
    @require_https
    def login():
        called.append("login")
        return "in"

    app.before_request(lambda: called.append("hook"))
    return app, called


@pytest.mark.mission("16")
@pytest.mark.parametrize("mode", ["marked", "report"])
def test_critical_endpoints_alone(mode):
    app, called = with_critical(mode)
    assert sent(app, "http").status_code == 200
    called.clear()
    refused = sent(app, "http", "/login", "POST")
    assert (refused.status_code, called) == (403, [])
    assert refused.data == sent(application(), "http").data
    assert sent(app, "https", "/login", "POST").status_code == 200


def test_a_critical_view_refuses_even_where_its_mark_is_not_found():
    """Another decorator around it that hides it."""
    app = application(TLS_MODE="marked")
    inner = require_https(lambda: "secret")
    app.add_url_rule("/hidden", "hidden", lambda: inner())
    assert sent(app, "http", "/hidden").status_code == 403
    assert sent(app, "https", "/hidden").data == b"secret"


def test_require_https_without_the_extension_is_an_error_and_not_a_pass():
    app = Flask("bare")
    app.testing = True
    app.add_url_rule("/", view_func=require_https(lambda: "ok"))
    with pytest.raises(RuntimeError, match="call TLS"):
        app.test_client().get("/", base_url="https://localhost")


def test_an_asynchronous_view(monkeypatch):
    app = application(TLS_MODE="marked")

    @app.get("/later")
    @require_https
    async def later():
        return "later"

    called = []
    monkeypatch.setattr(app, "ensure_sync", lambda view: lambda: called.append(view) or "sync")
    assert sent(app, "https", "/later").data == b"sync"
    assert sent(app, "http", "/later").status_code == 403
    assert called


def test_blueprints_their_views_and_what_is_inside_them():
    app = application()
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    outer.add_url_rule("/a", "a", lambda: "a")
    outer.add_url_rule("/b", "b", require_https(lambda: "b"))
    inner.add_url_rule("/c", "c", lambda: "c")
    outer.register_blueprint(inner)
    app.register_blueprint(tls_exempt(outer))
    assert [sent(app, "http", path).status_code for path in ("/a", "/b", "/c")] == [200, 403, 200]
    assert list(marked(app, "exempt")) == ["outer.a", "outer.inner.c"]


@pytest.mark.mission("16")
def test_a_critical_blueprint():
    app = application(TLS_MODE="marked")
    critical = require_https(Blueprint("critical", __name__))
    critical.add_url_rule("/a", "a", lambda: "a")
    app.register_blueprint(critical)
    assert sent(app, "http", "/a").status_code == 403
    assert sent(app, "https", "/a").status_code == 200
    with pytest.raises(TypeError, match="not for a blueprint"):
        tls_required(client_cert=True)(critical)


def test_view_classes():
    app = application()

    @tls_exempt
    class Health(MethodView):
        def get(self):
            return "up"

    class Login(MethodView):
        decorators = (require_https,)

        def post(self):
            return "in"

    app.add_url_rule("/health", view_func=Health.as_view("health"))
    app.add_url_rule("/login", view_func=Login.as_view("login"))
    assert sent(app, "http", "/health").status_code == 200
    assert sent(app, "http", "/login", "POST").status_code == 403
    assert sent(app, "https", "/login", "POST").status_code == 200


# Client certificates


class Tls:
    def __init__(self, certificate):
        self.certificate = certificate

    def getpeercert(self):
        return self.certificate


def with_certificate(**config):
    app = application(**config)
    app.add_url_rule("/mtls", "mtls", tls_required(client_cert=True)(lambda: "known"))
    return app


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"gunicorn.socket": Tls({"subject": ()})}, 200),
        ({"gunicorn.socket": Tls({})}, 403),  # not validated
        ({"gunicorn.socket": Tls(None)}, 403),
        ({"SSL_CLIENT_VERIFY": "SUCCESS"}, 200),
        ({"SSL_CLIENT_VERIFY": "NONE"}, 403),
        ({"HTTP_SSL_CLIENT_VERIFY": "SUCCESS", "HTTP_X_CLIENT_VERIFY": "SUCCESS"}, 403),
    ],
)
def test_a_client_certificate_that_the_server_verified(environ, status):
    app = with_certificate(TLS_TERMINATION="server", TLS_CLIENT_CERT_HEADER="X-Client-Verify")
    base = {"wsgi.url_scheme": "https", **environ}
    got = app.test_client().get("/mtls", base_url="https://api.example.com", environ_overrides=base)
    assert got.status_code == status
    if status == 403:
        assert got.get_json()["title"] == "Client certificate required"


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("X-Client-Verify", "SUCCESS", 200),
        ("X-Client-Verify", "FAILED:expired", 403),
        ("X-Client-Verify", "SUCCESS, SUCCESS", 403),
        ("X-Client-Verify", "", 403),
        ("Client-Cert", ":MIIB:", 200),
        ("Client-Cert", "MIIB", 403),
        ("Client-Cert", "::", 403),
    ],
)
def test_a_client_certificate_that_the_proxy_verified(name, value, status):
    app = with_certificate(TLS_CLIENT_CERT_HEADER=name)
    assert sent(app, "https", "/mtls", headers={name: value}).status_code == status
    assert sent(app, "http", "/mtls", headers={name: value}).status_code == 403
    unnamed = with_certificate()
    assert sent(unnamed, "https", "/mtls", headers={name: value}).status_code == 403


@pytest.mark.parametrize(
    ("peer", "name", "is_believed"),
    [
        ("127.0.0.1", "X-Client-Verify", True),
        ("192.0.2.1", "X-Client-Verify", False),
        ("127.0.0.1", None, False),
    ],
)
def test_a_client_certificate_is_told_by_a_trusted_proxy_alone(peer, name, is_believed):
    rules = read(PROXIED | {"TLS_CLIENT_CERT_HEADER": name}, may_be_silent=False)
    environ = {"REMOTE_ADDR": peer, "HTTP_X_CLIENT_VERIFY": "SUCCESS"}
    assert is_verified(environ, rules) is is_believed


# Reports, several applications


def test_a_report_serves_and_says_what_would_be_refused(caplog):
    app = application(TLS_MODE="report")
    got = sent(app, "http", method="POST")
    assert got.status_code == 200
    assert "would be refused: 'POST' '/' from '127.0.0.1': cleartext" in caplog.text
    assert "Strict-Transport-Security" not in sent(app, "https").headers


def test_one_object_for_two_applications_keeps_them_apart():
    tls = TLS()
    first, second = Flask("first"), Flask("second")
    for app in (first, second):
        tls.init_app(app)
        app.add_url_rule("/", view_func=lambda: "ok")
    first.config.update(PROXIED)
    second.config.update(TLS_TERMINATION="server", TLS_MODE="report")
    second.debug = True
    assert sent(first, "http").status_code == 403
    assert sent(second, "http").status_code == 200
    assert sent(first, "https").status_code == 200
    assert vars(tls) == {}


def test_an_application_is_guarded_once():
    app = application()
    with pytest.raises(RuntimeError, match="before"):
        TLS(app)


def test_redirects_and_links_are_https():
    app = application()
    app.add_url_rule("/old", view_func=lambda: redirect(request.host_url + "new"))
    app.add_url_rule("/slash/", "slash", view_func=lambda: abort(418))
    assert sent(app, "https", "/old").headers["Location"] == f"https{HOST[4:]}/new"
    assert sent(app, "https", "/slash").headers["Location"].startswith("https://")


def test_a_proxy_fix_inside_cannot_turn_the_decision_round():
    """It reads what is left of the headers: one scheme, the decided one."""
    app = Flask("inside")
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)
    app.config.update(PROXIED)
    TLS(app)
    app.add_url_rule(
        "/", view_func=lambda: jsonify(request.scheme, request.remote_addr, request.host)
    )
    headers = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Host": "public.example"}
    for scheme in ("https", "wss"):
        told = sent(app, scheme, headers=headers).get_json()
        assert told == ["https", "1.2.3.4", "public.example"]
    app.config["TLS_MODE"] = "report"


def test_headers_of_an_untrusted_peer_reach_no_view():
    app = application(TLS_MODE="report")
    app.add_url_rule("/seen", "seen", lambda: jsonify(sorted(request.environ.keys())))
    forged = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=1.2.3.4",
        "X-Real-Ip": "1.2.3.4",
    }
    got = sent(app, "https", "/seen", headers=forged, environ_base={"REMOTE_ADDR": "9.9.9.9"})
    assert [key for key in got.get_json() if "FORWARDED" in key or "REAL" in key] == []
