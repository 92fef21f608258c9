"""The members of JSON answers, and what their names stand for: secrets, rights, owners, people."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from plainwire.model import Exchange


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_OBJECTS = 20_000  # and lists
MAX_DEPTH = 12

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
# Names of a function and not of a person (RFC 2142 and common use).
_ROLES = _set(
    """
    info sales support contact help helpdesk admin administrator office press media
    privacy security abuse billing hello hi team jobs careers hr marketing noreply no-reply
    donotreply postmaster webmaster hostmaster service services customerservice legal feedback
    api dev developer developers apiteam orders news newsletter shop imprint dpo datenschutz
    accounts enquiries git mail noc partners root tech usenet
    """
)
# A value of these is worth stealing whoever reads it.
_SECRET = frozenset(
    {
        ("password",), ("passwd",), ("pwd",), ("passphrase",), ("passcode",), ("cvv",), ("cvc",),
        ("ssn",), ("pin",), ("secret",), ("session",), ("otp",), ("salt",), ("apikey",),
        ("api", "key"), ("private", "key"), ("secret", "key"), ("access", "key"),
        ("social", "security", "number"), ("card", "pin"), ("pin", "code"),
        ("reset", "token"), ("refresh", "token"), ("access", "token"), ("auth", "token"),
        ("session", "token"), ("session", "id"), ("client", "secret"), ("mfa", "secret"),
        ("totp", "secret"), ("otp", "secret"), ("jwt", "secret"), ("app", "secret"),
        ("webhook", "secret"), ("signing", "secret"), ("hashed", "password"),
        ("password", "hash"), ("pwd", "hash"), ("pass", "hash"), ("passwd", "hash"),
        ("password", "digest"), ("encrypted", "password"), ("hash", "password"),
        ("plain", "password"), ("plaintext", "password"), ("user", "password"),
        ("db", "password"), ("database", "password"), ("smtp", "password"), ("old", "password"),
        ("password", "salt"), ("security", "answer"), ("secret", "answer"), ("recovery", "code"),
        ("reset", "code"), ("reset", "password", "code"), ("password", "reset", "token"),
        ("reset", "password", "token"), ("verification", "token"), ("confirmation", "token"),
    }
)  # fmt: skip
# One's own may be shown to oneself: the page of one's keys, the key of a webhook.
_ONES_OWN = frozenset(
    {
        ("secret",), ("session",), ("pin",), ("otp",), ("apikey",), ("api", "key"),
        ("access", "key"), ("secret", "key"), ("private", "key"), ("client", "secret"),
        ("webhook", "secret"), ("signing", "secret"), ("access", "token"), ("auth", "token"),
        ("refresh", "token"), ("session", "token"), ("session", "id"), ("recovery", "code"),
        ("totp", "secret"), ("mfa", "secret"), ("otp", "secret"), ("pin", "code"), ("ssn",),
        ("social", "security", "number"), ("app", "secret"),
    }
)  # fmt: skip
_PRIVILEGED = _set(
    """
    admin role roles permissions permission privileges privilege scopes balance credit
    credits verified superuser staff isadmin isstaff issuperuser isverified groups
    """
)
_PRIVILEGED_PAIRS = frozenset(
    {("is", "admin"), ("is", "staff"), ("is", "superuser"), ("is", "verified"), ("user", "role")}
    | {("is", "moderator"), ("is", "owner"), ("email", "verified"), ("account", "type")}
    | {("is", "active"), ("is", "approved"), ("is", "premium"), ("access", "level")}
)
# A shop has a phone and an address; these are of a person.
_OF_PEOPLE = frozenset(
    {("delivery", "address"), ("shipping", "address"), ("billing", "address"), ("home", "address")}
    | {("date", "of", "birth"), ("birth", "date"), ("birthdate",), ("dob",), ("birthday",)}
)
_FLAGS = {("admin",), ("is", "admin"), ("isadmin",), ("is", "superuser"), ("superuser",)}
_OWNER = frozenset(
    {
        ("user", "id"), ("owner",), ("owner", "id"), ("author", "id"), ("customer", "id"),
        ("account", "id"), ("username",), ("user",), ("user", "name"), ("owner", "name"),
        ("created", "by"), ("creator", "id"), ("customer",), ("member", "id"), ("client", "id"),
        ("patient", "id"), ("userid",), ("ownerid",),
    }
)  # fmt: skip
# Placeholders of documentation, and what Stripe and Mapbox call their publishable keys.
_EXAMPLE = re.compile(
    r"(?i)example|placeholder|change[-_ ]?me|^your[-_ ]|^<.*>$|^\$\{.*\}$|^\{\{.*\}\}$|^pk[_.]"
)
# How a value looks whose name alone does not say that it is a secret.
_TOKEN = re.compile(r"(?=\S*\d)[\w+/=.:$~-]{8,}")
_LOOKS = {
    ("pin",): re.compile(r"\d{4,12}"),
    ("pin", "code"): re.compile(r"\d{4,12}"),
    ("otp",): re.compile(r"(?=\D*\d)[A-Za-z0-9]{4,12}"),
    ("cvv",): re.compile(r"\d{3,4}"),
    ("cvc",): re.compile(r"\d{3,4}"),
    ("ssn",): re.compile(r"\d{3}-?\d{2}-?\d{4}|\S*[*xX]\S*\d{4}"),
    ("session",): _TOKEN,
    ("session", "id"): _TOKEN,
    ("salt",): _TOKEN,
}
_MAY_HAVE_SPACES = {("secret",), ("passphrase",), ("security", "answer"), ("secret", "answer")}
# What a form or a documentation says that a password is.
_LABELS = frozenset({"string", "text", "required", "optional", "str", "Password", "PASSWORD"})
_MASK = re.compile(
    r"[*•xX.…#-]{2,}\S{0,4}|\S{0,4}[*•…]{2,}\S{0,4}"
    r"|\[?<?\(?(?:redacted|hidden|masked|filtered|removed|secret|none|null|n/a)\)?>?\]?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: the names that lead to it, its value, and the object it is in."""

    names: tuple[str, ...]
    value: Any = field(repr=False)
    within: dict[str, Any] = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        """Its own name."""
        return self.names[-1]


def load(body: bytes) -> Any:
    """The JSON value in a body. Returns None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def members(document: Any) -> Iterator[Member]:
    """Every member below a value, breadth first, within bounds; list indexes are left out."""
    yield from _walked(document)


def left_out(exchange: Exchange) -> str:
    """Why `members` leaves some of a JSON body out. Returns an empty string if it does not."""
    body = exchange.body
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH or (document := load(body)) is None:
        return ""
    walk = _walked(document)
    while True:
        try:
            next(walk)
        except StopIteration as end:
            return str(end.value)


def _walked(document: Any) -> Generator[Member, None, str]:
    """What `members` gives; it returns why some was left out, or an empty string."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), document)]
    why = ""
    for names, value in waiting:  # which grows meanwhile
        inner: list[tuple[tuple[str, ...], Any]] = []
        if len(names) > MAX_DEPTH:
            why = f"its JSON is nested deeper than {MAX_DEPTH} members"
        elif isinstance(value, list):
            inner = [(names, each) for each in value if isinstance(each, dict | list)]
        elif isinstance(value, dict):
            for key, each in value.items():
                place = (*names, str(key))
                yield Member(place, each, value)
                if isinstance(each, dict | list):
                    inner.append((place, each))
        if len(waiting) + len(inner) > MAX_OBJECTS:
            why = f"its JSON has more than {MAX_OBJECTS:,} objects and lists"
        waiting += inner[: MAX_OBJECTS - len(waiting)]
    return why


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Every object in a value that has members, itself included, each once."""
    seen: set[int] = set()
    for each in members(document):
        if id(each.within) not in seen:
            seen.add(id(each.within))
            yield each.within


def own_names(document: Any) -> frozenset[str]:
    """What stands for somebody in data, told by a page about them: ids, a user name, an address."""
    keys = ("id", "user_id", "userId", "uuid", "username", "email", "name")
    told = [each.get(key) for each in list(objects(document))[:3] for key in keys]
    return frozenset(str(v) for v in told if isinstance(v, int | str) and str(v))


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: "isAdmin" and "is_admin" are ("is", "admin")."""
    return tuple(word.lower() for word in _WORD.findall(name[:256]))


def is_secret(name: str) -> bool:
    """True for the name of a member whose value is a secret. "password_hint" and "has_pin" are
    none: the whole name has to say so."""
    return words(name) in _SECRET


def may_be_shown_to_its_owner(name: str) -> bool:
    """True for the name of a secret that an API may rightly show to the one whose it is."""
    return words(name) in _ONES_OWN


def is_privileged(name: str) -> bool:
    """True for the name of a member that gives its object rights or money."""
    found = words(name)
    return (len(found) == 1 and found[0] in _PRIVILEGED) or found in _PRIVILEGED_PAIRS


def secrets(document: Any) -> Iterator[Member]:
    """The members that hold a secret: a text that is there and is not masked.

    Schemas are none: their members hold what a member is to be, not what it is. Nor are
    examples, and keys that are made for publishing.
    """
    for each in members(document):
        if not is_secret(each.key) or not is_told(each.value) or _is_schema(each.within):
            continue
        if not _EXAMPLE.search(str(each.value)[:200]) and _is_value_of(each):
            yield each


def _is_value_of(secret: Member) -> bool:
    """False for a value that its name's other meaning explains: the pin on a map, the session of
    a conference, the salt of a recipe, the label of a field."""
    name, text = words(secret.key), str(secret.value).strip()
    if (proof := _LOOKS.get(name)) is not None:
        return bool(proof.fullmatch(text))
    if name in _MAY_HAVE_SPACES:
        return True
    return not re.search(r"\s", text) and text not in _LABELS and text != secret.key.title()


def telling(document: Any) -> Iterator[Member]:
    """The secrets and the personal data by their names, as a token should not hold them."""
    for each in members(document):
        is_personal = words(each.key) in {("email",), ("phone",), ("phone", "number"), ("address",)}
        if is_told(each.value) and (is_secret(each.key) or is_personal):
            yield each


def is_told(value: Any) -> bool:
    """True for a text or a number that is there and not masked."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value).strip()
    return bool(text) and text != "0" and not _MASK.fullmatch(text[:200])


def _is_schema(within: dict[str, Any]) -> bool:
    return "$schema" in within or (
        "type" in within and ("properties" in within or "format" in within)
    )


def owners(found: dict[str, Any]) -> dict[str, str]:
    """Who an object belongs to, by the name that says so; an object of a user's own has its id."""
    told: dict[str, str] = {}
    for key, value in found.items():
        if words(str(key)) not in _OWNER:
            continue
        inner = value.get("id", value.get("username")) if isinstance(value, dict) else value
        if isinstance(inner, int | str) and not isinstance(inner, bool) and str(inner):
            told[str(key)] = str(inner)[:256]
    return told


def people(document: Any) -> dict[str, str]:
    """What tells people apart in a list of two or more objects: e-mail addresses in lower case,
    and values such as a home address or a date of birth, each once with its name.

    Addresses of a function ("support@…") are no people's.
    """
    found: dict[str, tuple[int, str]] = {}
    for each in members(document):
        value = each.value
        if not isinstance(value, str) or not 0 < len(value) <= 254:
            continue
        is_address = _EMAIL.fullmatch(value) and _is_persons(value)
        if is_address or words(each.key) in _OF_PEOPLE:
            found.setdefault(value.lower(), (id(each.within), each.key[:64]))
    is_list = len({within for within, _ in found.values()}) > 1
    return {value: key for value, (_, key) in found.items()} if is_list else {}


def _is_persons(address: str) -> bool:
    return address.partition("@")[0].partition("+")[0].lower() not in _ROLES


def says_admin(found: dict[str, Any]) -> bool | None:
    """Whether an object says of its user that it is an administrator. None if it does not say."""
    for key, value in found.items():
        name = words(str(key))
        if name in _FLAGS and isinstance(value, bool):
            return value
        if name in {("role",), ("roles",), ("user", "role"), ("user", "type"), ("groups",)}:
            told = value if isinstance(value, list) else [value]
            texts = [each.lower() for each in told if isinstance(each, str)]
            if texts:
                high = ("admin", "root", "super", "owner", "staff", "manager", "chef", "operator")
                return any(word in text for text in texts for word in high)
    return None
