"""A program: imports a Flask application and says what it is configured to, as JSON.

Run by ``importing.py`` in a process of its own, by the project's interpreter: nothing of plainwire
and nothing newer than Python 3.8 is used. Values of secrets are never written.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

STRINGS = ("PREFERRED_URL_SCHEME", "SERVER_NAME", "APPLICATION_ROOT", "SESSION_TYPE")
COUNTS = ("x_for", "x_proto", "x_host", "x_port", "x_prefix")
TALISMAN = ("force_https", "strict_transport_security", "session_cookie_secure")
MAX_MEMORY = 2 << 30
MAX_CPU_S = 20
MAX_FILE = 16 << 20
MAX_WRAPPED = 20
MAX_ROUTES = 2000


def main() -> None:
    """Write the facts of ``MODULE:NAME`` to a descriptor: PROGRAM MODULE:NAME ROOT DESCRIPTOR."""
    wanted, root, descriptor = sys.argv[1:4]
    limit()
    sys.path.insert(0, root)
    try:
        found: dict[str, Any] = facts(application(wanted), root)
    except BaseException as error:  # SystemExit too: whatever the project does, its end is said
        found = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
    with os.fdopen(int(descriptor), "w") as out:
        out.write(json.dumps(found) + "\n")
        out.flush()
    os._exit(0)  # threads that the project started are not waited for


def limit() -> None:
    """Bound memory, CPU time and the size of files of this process and what it starts."""
    import resource

    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_CPU_S),
        (resource.RLIMIT_FSIZE, MAX_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def application(wanted: str) -> Any:
    """The application that ``module:name`` or ``module:factory()`` names."""
    module, _, name = wanted.partition(":")
    found: Any = importlib.import_module(module)
    for part in (name or "app").replace("()", "").split("."):
        found = getattr(found, part)
    return found if hasattr(found, "url_map") else found()


def facts(app: Any, root: str) -> dict[str, Any]:
    """What of an application is a fact once it is made."""
    made_by = sys.modules.get(app.import_name)
    path = os.path.realpath(getattr(made_by, "__file__", None) or "")
    inside = os.path.relpath(path, os.path.realpath(root))
    return {
        "path": "" if inside.startswith("..") else inside.replace(os.sep, "/"),
        "config": {
            str(key): value
            for key, value in app.config.items()
            if isinstance(value, bool) or (key in STRINGS and isinstance(value, str))
        },
        "proxy_fix": proxy_fix(app.wsgi_app),
        "talisman": talisman(app),
        "routes": len(list(app.url_map.iter_rules())[:MAX_ROUTES]),
    }


def proxy_fix(wrapped: Any) -> dict[str, int] | None:
    """The counts of ProxyFix around the application. Returns None if it is not there."""
    for _ in range(MAX_WRAPPED):
        if type(wrapped).__name__ == "ProxyFix":
            return {name: int(getattr(wrapped, name, 0) or 0) for name in COUNTS}
        wrapped = getattr(wrapped, "app", None) or getattr(wrapped, "wsgi_app", None)
        if wrapped is None:
            break
    return None


def talisman(app: Any) -> dict[str, bool] | None:
    """What Flask-Talisman is told, if it is among the hooks. Returns None if it is not."""
    for hook in app.before_request_funcs.get(None, ()):
        owner = getattr(hook, "__self__", None)
        if type(owner).__name__ == "Talisman":
            return {name: bool(getattr(owner, name, True)) for name in TALISMAN}
    return None


if __name__ == "__main__":
    main()
