"""The paths of a deployment and their verdicts: pure functions over its facts.

A path is a way from outside to an application or a store. Its verdicts: is every hop that a
client's network sees encrypted, is http redirected, is HSTS emitted, does the application learn
of https, can the edge be passed by? What cannot be told is None, with the reason in ``unknowns``.
"""

from plainwire.deployment.paths import all_paths, leaves_http_to_application, paths
from plainwire.deployment.relays import loops, stands_behind

__all__ = ["all_paths", "leaves_http_to_application", "loops", "paths", "stands_behind"]
