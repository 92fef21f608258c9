"""A Node https server, with the same for cleartext beside it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from .process import Certificate, Http, Server, listened, place, required, running

SCRIPT = """\
const fs = require('fs'), http = require('http'), https = require('https');
const serve = (headers) => (request, response) => {
  response.writeHead(200, {'content-type': 'application/json', ...headers});
  response.end('{"server": "node"}');
};
const redirect = (request, response) => {
  const host = request.headers.host.split(':')[0];
  response.writeHead(@{status}, {location: `https://${host}:@{https_port}${request.url}`});
  response.end();
};
const refuse = (request, response) => { response.writeHead(403); response.end(); };
@{tls_server}
@{cleartext_server}
"""
TLS_SERVER = """\
https.createServer({
  cert: fs.readFileSync('@{chain}'), key: fs.readFileSync('@{key}'),
  minVersion: '@{min_version}', maxVersion: '@{max_version}', ciphers: '@{ciphers}',
  @{options}
}, serve(@{headers})).listen(@{https_port}, '127.0.0.1');
"""
CLEARTEXT_SERVER = "http.createServer(@{in_clear}).listen(@{http_port}, '127.0.0.1');\n"


@contextmanager
def node(
    https: Certificate | None = None,
    http: Http = "closed",
    hsts: str | None = None,
    protocols: str = "TLSv1.2 TLSv1.3",
    ciphers: str = "DEFAULT",
    options: str = "",
    program: str = "node",
) -> Iterator[Server]:
    """Node with TLS on `https_port` (if there is a certificate) and cleartext on `http_port`.

    The protocols are a range: the first named is the lowest and the last the highest. ``options``
    are further ones of ``https.createServer``; ``program`` "node24" is Node with OpenSSL 3.5.
    """
    executable = required(program)
    in_clear, _, status = http.partition("-")
    with place() as where:
        script = where.write(
            "server.js",
            SCRIPT,
            headers=json.dumps({"strict-transport-security": hsts} if hsts else {}),
            tls_server=TLS_SERVER if https else "",
            cleartext_server=CLEARTEXT_SERVER if http != "closed" else "",
            chain=https and https.chain,
            key=https and https.key,
            min_version=protocols.split()[0],
            max_version=protocols.split()[-1],
            ciphers=ciphers,
            options=options,
            in_clear={"serve": "serve({})"}.get(in_clear, in_clear),
            status=status or "0",
        )
        with running("node", where, [executable, script], listened(where, https, http)) as server:
            yield server
