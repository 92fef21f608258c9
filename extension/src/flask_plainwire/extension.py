"""``TLS(app)``, or ``TLS().init_app(app)``: puts the gate around an application."""

from __future__ import annotations

from flask import Flask

from flask_plainwire.gate import Gate

NAME = "plainwire"


class TLS:
    """The extension. It holds nothing: one object serves any number of applications."""

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Put the gate around ``app.wsgi_app``, outside of all that is there now.

        The configuration is read at the first request, so that a factory's caller can still set it.

        Raises:
            RuntimeError: if the application has it already.
        """
        if NAME in app.extensions:
            raise RuntimeError("TLS(app) was called before for this application")
        gate = Gate(app, app.wsgi_app)
        app.extensions[NAME] = gate
        app.wsgi_app = gate  # type: ignore[method-assign]
        # Before the hooks that are there already.
        app.before_request_funcs.setdefault(None, []).insert(0, gate.check_view)
