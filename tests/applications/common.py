"""What every right application here does: tells of its limits, and lets nobody guess types."""


def sound(app):
    """Headers that a correct API sends with each answer."""

    @app.after_request
    def headers(response):
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["RateLimit-Policy"] = '"default";q=100;w=60'
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def parameter(name, place="query", **more):
    return {"name": name, "in": place, "schema": {"type": "string"}, **more}


def described(app, paths, **more):
    """Serve a description of ``paths`` at the usual place."""

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths, **more}

    return app
