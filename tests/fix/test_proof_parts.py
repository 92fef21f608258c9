"""What a proof expects, compares and notes, without starting anything."""

from __future__ import annotations

import socket
import struct
import threading
from textwrap import indent

import pytest

from auditing import project
from fix.proof_samples import COMPOSE, DOCKERFILE, GUNICORN, HEADERS, app
from plainwire.fix.proof import comparison, routes, stack
from plainwire.fix.proof import expectations as expect
from plainwire.fix.proof.client import Client
from plainwire.fix.proof.expectations import Seen
from plainwire.fix.proof.ground import Ground
from plainwire.fix.proof.matrix import matrix
from plainwire.fix.proof.plan import Answer, Entrance, Question, Stack
from plainwire.fix.proof.processes import reason
from plainwire.fix.proof.proof import Proved, Result
from plainwire.fix.proof.running import Run
from plainwire.fix.proof.watching import Seen as Heard
from plainwire.fix.proof.watching import note
from plainwire.model import UsageError

HOST = "shop.example.org"


def told(status, *headers, body=b"", visited=()):
    return Answer(status, headers, body, visited=visited)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(refused=True, silence="nobody listens"), "pass"),
        (told(403), "pass"),
        (told(400), "pass"),
        (told(308, ("Location", f"https://{HOST}/")), "pass"),
        (told(301, ("location", f"https://{HOST}:8443/x")), "pass"),
        (told(200), "fail"),
        (told(101), "fail"),
        (told(401), "fail"),  # the application has spoken
        (told(302, ("Location", "/login")), "fail"),
        (told(301, ("Location", f"http://{HOST}/x")), "fail"),
        (told(301, ("Location", "https://evil.example/")), "fail"),
        (told(301, ("Location", f"https://{HOST}.evil.example/")), "fail"),
        (told(301, ("Location", "http://[")), "fail"),
        (told(301, ("Location", f"HTTPS://{HOST.title()}/")), "pass"),
        (told(304), "fail"),
        (told(502), "unanswered"),
        (Answer(silence="no answer in 30 s"), "unanswered"),
        (Answer(), "unanswered"),
    ],
)
def test_what_serves_nothing_in_clear(answer, state):
    assert expect.in_clear(answer, HOST).state == state


def clear(*answers, https=()):
    names = [f"clear:80:get:{n}" for n in range(len(answers))]
    over = {f"https:443:get:{n}": a for n, a in enumerate(https)}
    seen = Seen(HOST, dict(zip(names, answers, strict=True)) | over)
    return expect.not_served(seen, names, 443 if https else None).state


def test_a_refusal_is_one_for_every_path():
    no = told(403, body=b"no")
    assert clear(no, no, no) == "pass"
    assert clear(no, no, told(403, body=b"not /x either")) == "fail"
    assert clear(no, told(404, body=b"no"), no) == "fail"
    assert clear(no, told(308, ("Location", f"https://{HOST}/")), no) == "fail"
    assert clear(no, told(500), no) == "unanswered"


def test_the_same_404_everywhere_says_nothing_where_https_gives_it_too():
    gone = told(404, body=b"not found")
    assert clear(gone, gone, gone, https=[told(200)]) == "pass"
    assert clear(gone, gone, gone, https=[gone]) == "unanswered"


@pytest.mark.parametrize(
    ("answer", "https", "state"),
    [
        (told(200), 200, "fail"),
        (told(301, ("Location", f"https://{HOST}/")), 200, "pass"),  # www to the bare name
        (told(301, ("Location", f"https://www.{HOST}/")), 200, "pass"),
        (told(301, ("Location", "https://evil.example/")), 200, "fail"),
        (told(302, ("Location", "/login")), 200, "fail"),
        (told(404), 200, "pass"),
        (told(404), 404, "unanswered"),
        (Answer(), 200, "unanswered"),
    ],
)
def test_what_serves_nothing_by_another_name(answer, https, state):
    seen = Seen(HOST, {"a": answer, "https:443:get:0": told(https)})
    assert expect.not_served_as(seen, ["a"], [f"www.{HOST}", HOST], 443).state == state


@pytest.mark.parametrize(
    ("suite", "state"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "pass"),
        ("TLS_RSA_WITH_NULL_SHA256", "fail"),
        ("TLS_DH_anon_WITH_AES_128_CBC_SHA", "fail"),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "fail"),
        ("TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", "fail"),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "fail"),
        ("TLS_RSA_WITH_DES_CBC_SHA", "fail"),
        ("TLS_SHA256_SHA256", "fail"),  # integrity alone: RFC 9150
    ],
)
def test_suites_that_nobody_should_take(suite, state):
    """RFC 9325, section 4.1: no NULL, no RC4, none under 112 bits; no anonymous one."""
    seen = Seen(HOST, tls={"443": {"ciphers": {"TLSv1.2": [suite, "TLS_AES_128_GCM_SHA256"]}}})
    assert expect.suites(seen, 443).state == state


def every_case(folder):
    sample = project(HEADERS.before, folder)
    (deployment,) = stack.deployments(sample, "production")
    built = stack.build(sample, deployment, Ground("network"))
    return matrix([built, built], routes.routes(sample).asked), built


def test_silence_passes_no_case(tmp_path):
    asked, _ = every_case(tmp_path)
    assert len(asked.cases) > 20
    for case in asked.cases:
        assert case.judge(Seen(HOST)).state in ("unanswered", "not-applicable"), case.id


def test_only_get_and_head_are_asked_and_nothing_that_changes_state(tmp_path):
    asked, built = every_case(tmp_path)
    assert {q.method for q in asked.questions} == {"GET", "HEAD"}
    assert not {q.path for q in asked.questions} & {"/reset"}
    assert built.host == "shop.example.org"
    assert len({q.id for q in asked.questions}) == len(asked.questions)
    assert len({c.id for c in asked.cases}) == len(asked.cases)


def test_a_root_that_changes_something_is_not_asked(tmp_path):
    text = app(('@app.get("/")\ndef index():\n', '@app.get("/")\ndef drop_all():\n'))
    sample = project({**GUNICORN.before, "app.py": text}, tmp_path)
    found = routes.routes(sample)
    assert {route.path for route in found.asked} == {"/orders/", "/links", "/theme"}
    assert "GET /: changes state by its name: drop" in found.left


@pytest.mark.parametrize(
    ("location", "is_denied"),
    [
        ("/orders/", False),
        ("/logout", True),
        ("/me/7/edit", True),
        ("/x?action=delete", True),
        ("/k%c3%bcche", True),
    ],
)
def test_no_redirect_leads_to_what_changes_state(location, is_denied):
    client = Client(HOST, (), "", None, ["/me/{id}/edit", "/küche"])
    asked = []
    client._once = lambda question, url: (  # type: ignore[method-assign]
        asked.append(url) or told(302, ("Location", location))
    )
    client.ask(Question("q", 80, "http", "/", hops=1))
    assert len(asked) == (1 if is_denied else 2)


@pytest.mark.parametrize(
    ("location", "paths"),
    [
        ("http://[", ["/"]),  # no URL: RFC 3986, section 3.2.2
        ("/\xc3\xbc?a=\xc3\x9f", ["/", "/%C3%BC?a=%C3%9F"]),  # as nginx sends UTF-8 of its files
        ("/a b", ["/", "/a%20b"]),
        ("//other.example/", ["/"]),
        ("https://app.test:x/", ["/"]),
    ],
)
def test_no_redirect_ends_the_client(location, paths):
    """Whatever Location says; a request's target is in ASCII (RFC 9112, section 3.2)."""
    asked = []

    def answering(listening):
        while True:
            try:
                stream, _ = listening.accept()
            except OSError:
                return
            with stream:
                asked.append(stream.recv(4096).split()[1].decode())
                head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
                stream.sendall(head.encode("latin-1"))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answering, args=(listening,), daemon=True).start()
        entrance = Entrance("e", 80, *listening.getsockname(), has_tls=False)
        answer = Client("app.test", [entrance], "", None).ask(
            Question("q", 80, "http", "/", hops=1)
        )
    assert answer.status == 302 and asked == paths


# Comparison -------------------------------------------------------------------------------


def judged(old, new, old_again=None, new_again=None):
    def seen(first, again):
        names = {"route:https:0:first": first, "route:https:0:again": again or first}
        return Seen(HOST, names)

    (one,) = comparison.compared(
        [("/", "app.py:1")], seen(old, old_again), seen(new, new_again), 443, [], []
    )
    return one.judgement.state


JSON = ("Content-Type", "application/json")


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        (told(200, JSON, body=b"1"), told(200, JSON, body=b"1"), "pass"),
        (told(200, JSON, body=b"1"), told(200, JSON, body=b"2"), "fail"),
        (told(200, JSON), told(404, JSON), "fail"),
        (told(200, JSON), told(200), "fail"),
        (told(200, JSON), Answer(refused=True, silence="closed"), "fail"),
        (told(200, JSON), Answer(silence="no answer in 30 s"), "unanswered"),
        (told(500), told(500), "unanswered"),
        (told(200), told(500), "fail"),
        (Answer(), told(200), "unanswered"),
        # What a patch for TLS is meant to change.
        (told(200, body=b"http://shop.example.org/x"), told(200, body=b"https://shop.example.org/x"), "pass"),
        (told(200, body=b"http://other.example/x"), told(200, body=b"https://other.example/x"), "fail"),
        (told(302, ("Location", f"http://{HOST}/a")), told(302, ("Location", f"https://{HOST}/a")), "pass"),
        (told(302, ("Location", f"https://{HOST}/a")), told(302, ("Location", f"https://{HOST}/b")), "fail"),
        (told(200, ("Set-Cookie", "a=1; Path=/")), told(200, ("Set-Cookie", "a=2; Secure; Path=/")), "pass"),
        (told(200, ("Set-Cookie", "a=1; Secure")), told(200, ("Set-Cookie", "a=1")), "fail"),
        (told(200, ("Set-Cookie", "a=1; HttpOnly")), told(200, ("Set-Cookie", "a=1")), "fail"),
        (told(200, ("Set-Cookie", "a=1")), told(200), "fail"),
        (told(200), told(200, ("Strict-Transport-Security", "max-age=300")), "pass"),
        # What varies by itself: ids, times, tokens.
        (told(200, body=b"id 0123456789abcdef0123"), told(200, body=b"id ffffffffffffffffff"), "pass"),
    ],
)  # fmt: skip
def test_what_is_the_same(old, new, state):
    assert judged(old, new) == state


def test_lines_that_vary_by_themselves_are_left_out():
    def page(count, title=b"shop"):
        return told(200, body=title + b"\n" + b"visits: %d\n" % count)

    assert judged(page(1), page(3), page(2), page(4)) == "pass"
    assert judged(page(1), page(3, b"shut"), page(2), page(4, b"shut")) == "fail"
    ragged = told(200, body=b"1\n2\n3")
    assert judged(page(1), ragged, page(2), told(200, body=b"1")) == "unanswered"


def test_a_loop_is_compared_with_what_the_application_says_itself():
    """Before, https led to itself; asked inside, the application answered."""
    loop = told(302, ("Location", f"https://{HOST}/"), visited=(f"https://{HOST}/",))
    page = told(200, body=b"shop")
    before = Seen(
        HOST,
        {f"route:{way}:0:{n}": a for n in ("first", "again") for way, a in
         (("https", loop), ("inside-8000", page))},
    )  # fmt: skip
    after = Seen(HOST, {f"route:https:0:{n}": page for n in ("first", "again")})
    (one,) = comparison.compared([("/", "")], before, after, 443, [], [8000])
    assert (one.base, one.judgement.state) == ("inside-8000", "pass")
    # What looped and loops still is no worse: what is asked of redirects says that it fails.
    (left,) = comparison.compared([("/", "")], before, before, 443, [], [8000])
    assert left.judgement.state == "unanswered"
    (broken,) = comparison.compared([("/", "")], after, before, 443, [], [8000])
    assert broken.judgement.state == "fail"


@pytest.mark.parametrize(
    ("asked", "goes_to", "is_loop"), [("/a", "/a/", False), ("/a", "/a", True), ("/", "", True)]
)
def test_a_redirect_that_adds_a_slash_is_no_loop(asked, goes_to, is_loop):
    moved = told(308, ("Location", f"https://{HOST}{goes_to}"), visited=(f"https://{HOST}{asked}",))
    seen = Seen(HOST, {f"route:https:0:{n}": moved for n in ("first", "again")})
    (one,) = comparison.compared([(asked, "")], seen, seen, 443, [], [])
    assert one.judgement.state == ("unanswered" if is_loop else "pass")


# Where it stands -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "first"),
    [
        (None, "172.31.250.2"),
        ("172.28.0.0/16", "172.28.0.2"),
        ("10.9.8.0/24", "10.9.8.2"),
        ("192.168.1.0/30", "172.31.250.2"),  # too small
        ("198.51.100.0/24", "172.31.250.2"),  # the client's
        ("127.0.0.0/8", "172.31.250.2"),
        ("0.0.0.0/0", "172.31.250.2"),
        ("fd00::/64", "172.31.250.2"),
        ("no network", "172.31.250.2"),
    ],
)
def test_machines_stand_in_the_network_that_the_project_names(network, first):
    """Where a setting trusts that network, no other address shows what it does."""
    ground = Ground("network", network=network)
    assert ground.machine("web") == first and ground.machine("proxy") != first
    assert ground.machine("web") == first


def test_there_is_room_for_so_many_machines():
    ground = Ground("network")
    addresses = {ground.machine(str(number)) for number in range(249)}
    assert len(addresses) == 249 and ground.machine("0") == "172.31.250.2"
    with pytest.raises(UsageError, match="249 machines"):
        ground.machine("one more")


# What goes over loopback ------------------------------------------------------------------


def ip4(protocol, target, payload, source="172.31.250.2"):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, protocol, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(target) + payload


def tcp(port, flags, source_port=40000):
    return struct.pack("!HHIIBBHHH", source_port, port, 0, 0, 0x50, flags, 0, 0, 0)


def test_connections_refusals_and_names_are_noted():
    heard = Heard()
    note(ip4(6, "203.0.113.9", tcp(443, 0x02)), heard)
    note(ip4(6, "127.0.0.1", tcp(80, 0x12)), heard)  # SYN-ACK: an answer
    note(ip4(6, "172.31.250.2", tcp(40000, 0x14, 5432), source="127.0.0.1"), heard)
    query = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x02db\x07example\x00\0\1\0\1"
    note(ip4(17, "127.0.0.1", struct.pack("!HHHH", 5000, 53, 0, 0) + query), heard)
    v6 = struct.pack("!IHBB", 0x60000000, 20, 6, 64) + socket.inet_pton(socket.AF_INET6, "::1")
    note(v6 + socket.inet_pton(socket.AF_INET6, "2001:db8::1") + tcp(80, 0x02), heard)
    assert heard.begun == {("203.0.113.9", 443), ("2001:db8::1", 80)}
    assert heard.refused == {("127.0.0.1", 5432)}
    assert heard.names == {"db.example"}


def test_no_packet_is_too_short(tmp_path):
    query = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x02db\x07example\x00\0\1\0\1"
    for packet in (
        ip4(6, "203.0.113.9", tcp(443, 0x02)),
        ip4(17, "127.0.0.1", struct.pack("!HHHH", 5000, 53, 0, 0) + query),
    ):
        for end in range(len(packet)):
            note(packet[:end], Heard())


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("ModuleNotFoundError: No module named 'celery'\n", "module celery is missing"),
        ('  K = os.environ["K"]\n  raise KeyError(key)\nKeyError: \'API_KEY\'\n', "variable API_KEY"),
        ("a\n[2026-11-26] [ERROR] Worker failed to boot\n", "ended with 3: [2026-11-26] [ERROR]"),
        ("", "ended with 3: it wrote nothing"),
    ],
)  # fmt: skip
def test_why_something_did_not_start(log, told):
    assert told in reason(log, 3)


@pytest.mark.parametrize(("had_https", "is_spoilt"), [(True, True), (False, False)])
def test_what_fails_after_and_did_not_apply_before(had_https, is_spoilt):
    """Two HSTS fields where there was none break what worked; where no https was, nothing did."""
    entrances = (Entrance("e", 443, "127.0.0.1", 443, had_https),)
    (case,) = (
        c for c in matrix([Stack("d", HOST, (), entrances)], []).cases if c.id == "https:hsts-once"
    )
    twice = told(200, *(("Strict-Transport-Security", "max-age=1"),) * 2)
    answers = (told(200) if had_https else Answer(refused=True), twice)
    seen = [Seen(HOST, {"https:443:get:0": answer}) for answer in answers]
    result = Result(case, *map(case.judge, seen))
    assert (result.before.state, result.after.state) == ("not-applicable", "fail")
    stacks = [Stack("d", HOST, (), entrances)] * 2
    proved = Proved("d", *stacks, runs=(Run(seen[0]), Run(seen[1])), cases=(result,))
    assert proved.is_spoilt is is_spoilt


# What would be started --------------------------------------------------------------------


def planned(files, folder):
    sample = project(files, folder)
    (deployment,) = stack.deployments(sample, "production")
    return stack.build(sample, deployment, Ground("network", "/f", "/v/bin/python"))


def test_what_an_older_nginx_does_not_know_and_no_question_is_about_is_left_out(tmp_path):
    """``http2`` came with 1.25.1, brotli is another's module; the client speaks HTTP/1.1."""
    more = "listen 443 ssl;\n    http2 on;\n    brotli_types text/css;\n    gzip on;"
    text = HEADERS.before["nginx.conf"].replace("listen 443 ssl;", more)
    found = planned({**HEADERS.before, "nginx.conf": text}, tmp_path)
    (written,) = [text for path, text in found.files.items() if path.endswith("nginx.conf")]
    assert "http2" not in written and "brotli" not in written and "gzip on;" in written
    assert {"http2 on", "brotli_types text/css"} == {
        note.removeprefix("left out: ").partition(",")[0]
        for note in found.notes
        if "left out" in note
    }


def test_it_is_said_where_nobody_knows_which_main_file_holds_a_server(tmp_path):
    include = "http {{ keepalive_timeout {}; include conf.d/*.conf; }}\n"
    nginx = {f"{name}/nginx.conf": include.format(name) for name in ("1", "2")}
    told = planned({**HEADERS.before, **nginx}, tmp_path / "none").notes
    assert not any("which is not known" in note for note in told)
    moved = {p: t for p, t in HEADERS.before.items() if p != "nginx.conf"}
    moved["conf.d/default.conf"] = HEADERS.before["nginx.conf"]
    moved["compose.yaml"] = moved["compose.yaml"].replace(
        "./nginx.conf:/etc/nginx/conf.d/default.conf", "./conf.d:/etc/nginx/conf.d"
    )
    (note,) = [n for n in planned({**moved, **nginx}, tmp_path / "two").notes if "nginx" in n]
    assert "1/nginx.conf, 2/nginx.conf" in note and note.endswith("which is not known")


@pytest.mark.parametrize(
    ("command", "started"),
    [
        ("gunicorn -b 0.0.0.0:8000 app:app", "-b 172.31.250.2:8000 app:app"),
        ("gunicorn --bind=:9000 -w 2 app:app", "--bind=172.31.250.2:9000 -w 2 app:app"),
        ("gunicorn -b 127.0.0.1:8000 app:app", "-b 127.0.0.1:8000 app:app"),
        ("gunicorn --user www --pid /run/x.pid -D -b :8000 app:app", "-b 172.31.250.2:8000 app:app"),
        ("gunicorn -b unix:/run/app.sock app:app", "-b unix:/f/root/run/app.sock app:app"),
        (
            "gunicorn --certfile /e/a.pem --keyfile /e/k.pem -b :8443 app:app",
            "--certfile /f/tls/chain.pem --keyfile /f/tls/key.pem -b 172.31.250.2:8443 app:app",
        ),
        ("uvicorn --host 0.0.0.0 --port 80 app:asgi", "--host 172.31.250.2 --port 80 app:asgi"),
        ("flask run -h 0.0.0.0 -p 5000", "run -h 172.31.250.2 -p 5000"),
        ("flask run --cert adhoc -h 0.0.0.0", "run --cert adhoc -h 172.31.250.2"),
        ("waitress-serve --listen=*:8080 app:app", "--listen=172.31.250.2:8080 app:app"),
    ],
)  # fmt: skip
def test_commands_are_moved_and_nothing_else_of_them(command, started, tmp_path):
    files = {"app.py": app(), "Dockerfile": f"FROM python\nCOPY . /srv\nCMD {command}\n"}
    files["compose.yaml"] = 'services:\n  web:\n    build: .\n    ports: ["80:8000"]\n'
    (process, *_) = planned(files, tmp_path).processes
    assert process.words[:3] == ("/v/bin/python", "-m", command.split()[0].partition("-")[0])
    assert " ".join(process.words[3:]) == started
    assert process.folder == "/f/tree"


PYPROJECT = '[project]\nname = "shop"\nversion = "1"\n'


@pytest.mark.parametrize(
    ("files", "folder", "searched"),
    [
        # setuptools, "src-layout": pip installs what lies in src, the command runs beside it.
        ({"pyproject.toml": PYPROJECT}, "/f/tree", "/f/tree/src"),
        ({}, "/f/tree/src", None),  # nothing installs it: it was copied to where it runs
    ],
)
def test_a_package_below_src_is_found(files, folder, searched, tmp_path):
    docker = "FROM python\nWORKDIR /srv\nCOPY . .\nCMD gunicorn -b :8000 shop:create_app()\n"
    compose = 'services:\n  web:\n    build: .\n    ports: ["80:8000"]\n'
    code = f"def create_app():\n{indent(app(), '    ')}\n    return app\n"
    more = {"src/shop/__init__.py": code, "Dockerfile": docker, "compose.yaml": compose}
    (process, *_) = planned(files | more, tmp_path).processes
    assert (process.folder, process.variables.get("PYTHONPATH")) == (folder, searched)


@pytest.mark.parametrize(
    ("path", "put"),
    [
        ("tls/cert.pem", {"/f/tree/tls/cert.pem"}),
        ("/etc/cert.pem", set()),
        ("../../etc/cert.pem", set()),
        ("tls/../../tree-of-another/cert.pem", set()),
    ],
)
def test_a_certificate_is_put_into_the_tree_alone(path, put, tmp_path):
    code = f"{app()}\napp.run(host='0.0.0.0', port=8000, ssl_context=({path!r}, {path!r}))\n"
    docker = "FROM python\nCOPY . .\nCMD python app.py\n"
    compose = 'services:\n  web:\n    build: .\n    ports: ["443:8000"]\n'
    built = planned({"app.py": code, "Dockerfile": docker, "compose.yaml": compose}, tmp_path)
    written = {at for at, text in built.files.items() if text.startswith("@")}
    assert written == put
    assert any("cannot be put" in said for said in built.missing) is not bool(put)


def test_environment_files_give_no_variables(tmp_path):
    text = COMPOSE.replace(
        "    environment:\n", "    env_file: .env\n    environment:\n      MODE: on\n"
    )
    files = {**HEADERS.before, "compose.yaml": text, ".env": "TOKEN=secret\nMODE=off\n"}
    process = planned(files, tmp_path).processes[0]
    assert dict(process.variables) == {"MODE": "on", "FORWARDED_ALLOW_IPS": "172.16.0.0/12"}


def test_what_is_missing_is_said_and_not_started(tmp_path):
    files = {
        "app.py": app(),
        "Dockerfile": DOCKERFILE.replace('"gunicorn"', '"/usr/bin/no-such-server"'),
        "compose.yaml": COMPOSE,
        "nginx.conf": "server { listen 80; auth_basic_user_file /etc/nginx/htpasswd; "
        "location / { proxy_pass http://web:8000; } }\n",
    }
    built = planned(files, tmp_path)
    said = " | ".join((*built.missing, *built.notes))
    assert "/etc/nginx/htpasswd, the passwords of a location, is not in the tree" in said
    assert "nothing says what starts in web: say it by --start" in said
