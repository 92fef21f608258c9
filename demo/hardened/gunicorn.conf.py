"""How gunicorn serves the demo: TLS 1.2 and later, and no proxy that is believed."""

import os
import ssl

workers = 2
accesslog = None
control_socket_disable = True

# By default gunicorn takes X-Forwarded-Proto: https from any client on loopback for the truth.
# Nothing stands in front of this one, so nobody is believed; "*" is the mistake of many containers.
forwarded_allow_ips = "*" if os.environ.get("DEMO_BREAK") == "forwarded" else ""


def ssl_context(config, default_ssl_context_factory):
    """The only place that sets a lowest version: `ssl_version` has no effect since gunicorn 21."""
    context = default_ssl_context_factory()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
