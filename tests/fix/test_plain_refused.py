"""The refusal of what comes in clear leaves ACME its way: nginx itself is asked (RFC 8555, 8.3)."""

import pytest

import servers
from fix.fixing import planned
from plainwire import catalog
from plainwire.model import example_files
from test_servers import curl

(REMEDY,) = [r for r in catalog.load_remedies() if r.id == "plain-refused"]
FILES = example_files(REMEDY.page.before)
PATH = "deployment/nginx.conf"
ACME = "  location /.well-known/acme-challenge/ { root /srv/acme; }\n"
REDIRECT = "return 301 https://$host$request_uri;"
PLAIN = FILES[PATH][: FILES[PATH].index("server {\n  listen 443")]


def planned_for(plain):
    """The plan for the page's project with another server block for plain HTTP."""
    assert PLAIN in FILES[PATH] and "return" in plain
    files = FILES | {PATH: FILES[PATH].replace(PLAIN, plain)}
    return planned(files, with_unsafe=True, only=frozenset({REMEDY.id}))


def block(inside):
    return f"server {{\n  listen 80;\n  {inside}\n}}\n"


def statuses(text, folder):
    """What nginx with a file's first server block answers to ACME and to everybody else."""
    plain = text[: text.index("server {\n  listen 443")].replace("80", f"unix:{folder}/front")
    with servers.nginx(http="serve", extra_general=plain):
        paths = ("/.well-known/acme-challenge/token", "/orders")
        with_socket = ("--unix-socket", f"{folder}/front")
        return [curl(f"http://api.test:80{path}", *with_socket).status for path in paths]


@pytest.mark.server("nginx")
@pytest.mark.parametrize(
    "inside", [REDIRECT, f"{REDIRECT}  # to TLS", f"location / {{ {REDIRECT} }}"]
)
def test_acme_is_redirected_as_before(inside, tmp_path):
    (change,) = planned_for(block(inside)).changes
    assert statuses(change[1].text, tmp_path) == [301, 403]


@pytest.mark.server("nginx")
def test_acme_is_answered_where_it_was(tmp_path):
    text = block(f"{ACME}  location / {{\n    {REDIRECT}\n  }}").replace("/srv", str(tmp_path))
    challenge = tmp_path / "acme" / ".well-known" / "acme-challenge" / "token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("key")
    (change,) = planned_for(text).changes
    assert statuses(change[1].text, tmp_path) == [200, 403]


@pytest.mark.parametrize(
    "inside",
    [
        f'location /status {{ return 200 "up"; }}\n  {REDIRECT}',
        f"{ACME}  {REDIRECT}",
        f"if ($host = shop.example) {{ {REDIRECT} }}\n  return 404;",
    ],
)
def test_a_location_behind_a_redirect_is_not_brought_to_life(inside):
    made = planned_for(block(inside))
    assert not made.changes and [a.level for a in made.advice] == ["advice"]
