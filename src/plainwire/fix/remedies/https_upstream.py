"""Ask another server by https.

What is asked over plain HTTP, and what comes back, can be read and changed on the way (RFC 9110,
section 17). The address's scheme is changed, and nothing else of it.

Condition:

    Right if the host speaks TLS with a certificate that verifies, which `--probe` asks it. Whether
    it answers the same there is for your tests to say; without the probe it needs your consent.

Before:

    --- weather.py
    import requests
    BASE_URL = 'http://api.openweathermap.org/data/2.5'
    def weather(place):
        return requests.get(f"http://api.openweathermap.org/data/2.5/weather?q={place}").json()

After:

    --- weather.py
    import requests
    BASE_URL = 'https://api.openweathermap.org/data/2.5'
    def weather(place):
        return requests.get(f"https://api.openweathermap.org/data/2.5/weather?q={place}").json()

Limits:

    Addresses with a port, and those whose host is put together, are left to you.
"""

from __future__ import annotations

import re

from plainwire.fix.text import span_of
from plainwire.model import Edit, Finding, Peer, Project, Proposal, remedy

_ADDRESS = re.compile(r"(?<=[\"'])http(?=://(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*)(?=[/?\"']))")


@remedy(answers=("upstream-asked-plain",), level="unsafe")
def https_upstream(finding: Finding, project: Project) -> Proposal | None:
    """Turns http into https at the beginning of a string on the finding's line."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format != "python":
        return None
    found = list(_ADDRESS.finditer(file.text, *span_of(file.text, place.line)))
    hosts = {match["host"].lower() for match in found}
    if len(hosts) != 1 or hosts.pop() not in finding.message.lower():
        return None
    edits = tuple(Edit(file.path, match.end(), match.end(), "s") for match in found)
    peer = Peer(found[0]["host"], 443)
    why = f"whether {peer.host} speaks TLS was not asked (--probe)"
    return Proposal("ask by https", edits, proof=why, peer=peer)
