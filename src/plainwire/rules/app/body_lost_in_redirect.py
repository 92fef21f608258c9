"""The redirect to https turns a POST into a GET.

Clients follow 301 and 302 with GET (RFC 9110, sections 15.4.2 and 15.4.3): the body of a POST that
came over plain HTTP, already seen by everybody on the way, is dropped, and the answer is that of
another request. 307 and 308 keep method and body.

Remedy:

    Answer 403 to plain HTTP, as flask_plainwire does; a redirect that stays takes 308 (for good) or
    307.

Bad:

    --- app.py
    from flask import Flask, redirect, request
    app = Flask(__name__)
    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://", 1), code=301)
    @app.post("/orders")
    def order():
        return {}

Good:

    --- app.py
    from flask import Flask, redirect, request
    app = Flask(__name__)
    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://", 1), code=308)
    @app.post("/orders")
    def order():
        return {}

Limits:

    A hook that looks at the method is taken to know what it does. Talisman's redirects, which can
    be 301 and 302 only, are not judged, and neither is an application whose views take GET alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import App, Call, Finding, Function, Module, Project, Severity, rule

_REDIRECTS = ("flask.redirect", "werkzeug.utils.redirect")
_VERBS = ("post", "put", "patch", "delete")
_WITH_BODY = {verb.upper() for verb in _VERBS}


@rule(
    kind="no-https-redirect",
    severity=Severity.LOW,
    cwe=(319,),
    references=("RFC 9110, section 15.4", "RFC 7538"),
)
def body_lost_in_redirect(project: Project) -> Iterator[Finding]:
    """The first redirect, with 301 or 302, of the hook that sends everybody to https."""
    for app in project.apps:
        found = _hook(app, project)
        if found is None or not any(_takes_body(m) for m in project.modules if _is_of(m, app)):
            continue
        module, hook = found
        scope = f"{hook.scope}.{hook.name}" if hook.scope else hook.name
        first = next((c for c in module.calls if c.scope == scope and c.name in _REDIRECTS), None)
        status = _status(first) if first is not None else None
        if first is not None and status is not None:
            yield body_lost_in_redirect.finding(
                f"{status}: clients follow with GET and without the body",
                module.span(first.line),
                module.span(hook.line),
            )


def _hook(app: App, project: Project) -> tuple[Module, Function] | None:
    """The hook that sends everybody to https. Returns None if none does, or it asks the method."""
    place = app.redirect_hook
    if place is None:
        return None
    for module in project.modules:
        for function in module.functions if module.file.path == place.path else ():
            if function.line == place.line:
                is_sure = "method" not in function.words
                is_to_https = any("https" in word for word in function.words)
                return (module, function) if is_sure and is_to_https else None
    return None


def _is_of(module: Module, app: App) -> bool:
    is_under = not app.folder or module.file.path.startswith(app.folder + "/")
    return is_under and module.file.environment in ("production", "staging")


def _status(call: Call) -> int | None:
    """301 or 302 where a redirect has it. Returns None if it has another, or one not known."""
    code = call.argument("code", 1)
    status = 302 if code is None and not {"*", "**"} & set(call.keywords) else None
    if code is not None and isinstance(code.literal, int):
        status = code.literal
    return status if status in (301, 302) else None


def _takes_body(module: Module) -> bool:
    """True if a view takes a method that has a body."""
    for function in module.functions:
        if function.name in _VERBS and function.scope:
            return True
        for one in function.decorators:
            if one.name.rpartition(".")[2] in _VERBS:
                return True
            methods = one.argument("methods")
            named = methods.literal if methods is not None else ()
            if isinstance(named, list | tuple) and _WITH_BODY & set(named):
                return True
    return False
