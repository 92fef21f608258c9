"""APIs that are large, circular, explosive, throttling, banning or falling over, on real sockets:
a clear report each time, within bounds, and nothing changed."""

import json
import resource
import threading
from dataclasses import replace

import pytest

from plainwire.live import transport
from plainwire.live.settings import Settings
from plainwire.scan import scan
from plainwire.wire.target import parse_target
from servers.recording import recording, response

HELLO = b"\x16\x03"  # TLS is tried on the same port
JSON = [("Content-Type", "application/json")]
YAML = [("Content-Type", "application/yaml")]
MAX_CPU_S = 60  # what an explosion takes is hours


def path_of(request):
    return request.split(b" ")[1].decode().partition("?")[0]


def scanned(answer, **options):
    """The report on a server that answers so, and the requests that it got in clear."""

    def quiet(request):
        return response(400) if request.startswith(HELLO) else answer(request)

    settings = Settings(answer_timeout_s=10, **options.pop("settings", {}))
    began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    with recording(quiet) as server:
        target, _ = parse_target(f"http://api.plainwire.test:{server.port}/")
        report = scan(replace(target, address="127.0.0.1"), settings=settings, **options)
        requests = [each for each in server.requests if not each.startswith(HELLO)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - began < MAX_CPU_S
    methods = {request.split(b" ")[0] for request in requests}
    assert methods <= {b"GET", b"HEAD", b"OPTIONS"}, methods
    return report, requests


def describing(document, headers=JSON, others=lambda path: response(404, b"{}", JSON)):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()

    def answer(request):
        if path_of(request) == "/openapi.json":
            return response(200, body, headers)
        return others(path_of(request))

    return answer


def test_a_description_of_40_mb_is_not_read_and_that_is_said():
    filler = b'{"openapi": "3.0.0", "paths": {"/a": {"get": {"summary": "' + b"x" * (40 << 20)
    report, _ = scanned(describing(filler + b'"}}}}'))
    assert any("larger than" in note and "/openapi.json" in note for note in report.notes)
    assert report.coverage.known == 1


def test_circles_and_references_elsewhere_end_and_nothing_elsewhere_is_asked():
    schemas = {"Node": {"properties": {"next": {"$ref": "#/components/schemas/Node"}}}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}
    document = {
        "openapi": "3.0.0",
        "components": {"schemas": schemas},
        "paths": {
            "/node": {"get": {"responses": {"200": {"content": content}}}},
            "/self": {"$ref": "#/paths/~1self"},
            "/far": {"$ref": "http://169.254.169.254/latest/meta-data"},
            "/file": {"$ref": "file:///etc/passwd"},
        },
    }
    node = json.dumps({"next": {"next": {"next": {}}}}).encode()
    report, requests = scanned(
        describing(document, others=lambda path: response(200 if path == "/node" else 404, node))
    )
    assert any(path_of(request) == "/node" for request in requests)
    assert not [r for r in requests if b"meta-data" in r or b"etc/passwd" in r]
    assert report.notes, "what was not read is said"


def test_aliases_that_explode_are_refused():
    lines = ["openapi: 3.0.0", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    report, _ = scanned(describing("\n".join([*lines, "paths: *a11"]).encode(), YAML))
    assert any("/openapi.json" in note for note in report.notes)


def test_an_api_that_throttles_is_asked_less_and_has_a_limit():
    lock, seen = threading.Lock(), [0]

    def answer(request):
        with lock:
            seen[0] += 1
            if seen[0] % 40 == 0:
                return response(429, b'{"error": "slow down"}', [*JSON, ("Retry-After", "0")])
        known = path_of(request) in ("/", "/items")
        body = json.dumps({"items": [{"n": 1}], "href": "/items"}).encode()
        return response(200 if known else 404, body if known else b"{}", JSON)

    report, _ = scanned(answer)
    assert "rate-limit-missing" not in {f.id for f in report.findings}
    assert report.grade is not None


def test_an_api_that_bans_is_left_alone_and_its_checks_are_unanswered(monkeypatch):
    monkeypatch.setattr(transport, "BANNED_AFTER_S", 1.0)
    lock, seen = threading.Lock(), [0]

    def answer(request):
        with lock:
            seen[0] += 1
            if seen[0] > 15:
                return response(429, b'{"error": "banned"}', [*JSON, ("Retry-After", "0")])
        return response(200 if path_of(request) == "/" else 404, b'{"a": 1}', JSON)

    report, requests = scanned(answer)
    assert any("429" in each.reason for each in report.unanswered)
    assert report.grade is not None and report.grade.is_upper_bound
    assert any("left alone" in each.reason for each in report.unanswered)
    assert len(requests) < 60, "who bans is not asked on and on"


def test_of_10_000_operations_a_fair_sample_is_asked_and_that_is_said():
    paths = {f"/part{n % 100}/thing{n}": {"get": {}, "delete": {}} for n in range(5000)}
    document = {"openapi": "3.0.0", "paths": paths}
    report, requests = scanned(
        describing(document, others=lambda path: response(200, b'{"a": 1}', JSON))
    )
    assert report.coverage.known >= 10_000
    assert 0 < report.coverage.exercised <= 61
    reasons = {each.reason for each in report.coverage.skipped}
    assert {"changes state by its method", "more than 60 endpoints"} <= reasons
    parts = {path_of(r).split("/")[1] for r in requests if path_of(r).startswith("/part")}
    assert len(parts) >= 55, "a part after the other"


@pytest.mark.parametrize("how", ["closes", "fails"])
def test_an_application_that_falls_over_half_way_is_no_pass(how):
    lock, seen = threading.Lock(), [0]

    def answer(request):
        with lock:
            seen[0] += 1
            is_down = seen[0] > 30
        if is_down and how == "closes":
            raise ConnectionResetError("down")
        if is_down:
            return response(502, b"bad gateway", [("Content-Type", "text/plain")])
        return response(200 if path_of(request) == "/" else 404, b'{"a": 1}', JSON)

    report, _ = scanned(answer)
    high = [f for f in report.findings if f.category != "encryption" and f.severity >= 3]
    assert not high, high
    if how == "closes":
        assert report.unanswered
        assert report.grade is None or report.grade.is_upper_bound
