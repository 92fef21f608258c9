"""Let Flask-Talisman send HSTS again.

`strict_transport_security=False` switches off what the extension is for, and a max-age of minutes
forgets the host before the user returns (RFC 6797, section 6.1.1).

Condition:

    Talisman then sends the header for a year, subdomains included, unless its arguments say
    otherwise: hosts that are not on https can no longer be reached by browsers. It needs your
    consent.

Before:

    --- app.py
    from flask import Flask
    from flask_talisman import Talisman
    app = Flask(__name__)
    Talisman(
        app,
        strict_transport_security=False,  # for now
        force_https=True,
    )

After:

    --- app.py
    from flask import Flask
    from flask_talisman import Talisman
    app = Flask(__name__)
    Talisman(
        app,
        strict_transport_security=True,  # for now
        force_https=True,
    )

Limits:

    Arguments that are no literals are left as they are.
"""

from __future__ import annotations

from plainwire.fix.python import argument, python
from plainwire.model import Edit, Finding, Project, Proposal, remedy

_SWITCH = "strict_transport_security"
_AGE = "strict_transport_security_max_age"
_YEAR_S = "31536000"


@remedy(answers=("hsts-switched-off",), level="unsafe")
def talisman_hsts(finding: Finding, project: Project) -> Proposal | None:
    """Turns False into True, and a short max-age into a year."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format != "python":
        return None
    source = python(file)
    edits: list[Edit | None] = []
    given = [(argument(c, _SWITCH), argument(c, _AGE)) for c in source.calls(place.line)]
    given += [(value, None) for value in source.assignments(place.line, _SWITCH)]
    given += [(None, value) for value in source.assignments(place.line, _AGE)]
    for switch, age in given:
        if switch is not None and source.written(switch) == "False":
            edits.append(source.with_literal(switch, "True"))
        seconds = source.written(age) if age is not None else ""
        if age is not None and seconds.isdecimal() and int(seconds[:12]) < int(_YEAR_S):
            edits.append(source.with_literal(age, _YEAR_S))
    made = tuple(edit for edit in edits if edit is not None)
    why = "whether every subdomain is on https is not known"
    return Proposal("let Talisman send HSTS", made, proof=why) if made else None
