"""What the words of an operation say of who it is for: oneself, administrators, machines, all."""

from __future__ import annotations

import re

from plainwire.model import ApiOperation


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ONESELF = _set(
    """
    me profile whoami account self userinfo current myself user
    """
)
_ADMIN = _set(
    """
    admin admins administrator administrators administration internal
    """
)
_MANAGING = _ADMIN | _set("actuator backoffice")
_SERVICE = _set(
    """
    health healthz healthcheck livez readyz status ping version ready live alive liveness
    readiness info about docs doc swagger openapi redoc robots favicon index home ui spec
    schema terms legal privacy manifest
    """
)
# Kinds of organisations and offices, which want to be written to.
_ORGANISATIONS = _set(
    """
    shop shops store stores seller sellers vendor vendors supplier suppliers merchant merchants
    branch branches office offices company companies organization organizations organisation
    organisations department departments contact contacts location locations hotel hotels
    restaurant restaurants school schools provider providers partner partners
    """
)
_PEOPLE = _set(
    """
    user users account accounts customer customers member members patient patients client clients
    profile profiles employee employees person people student students owner owners
    """
)
# What is below somebody for nobody else; posts, followers and the like may be for all.
_PRIVATE = _set(
    """
    order orders address addresses card cards payment payments invoice invoices transaction
    transactions message messages cart carts basket wallet balance notification notifications
    statement statements subscription subscriptions prescription prescriptions session sessions
    token tokens key keys secret secrets setting settings bill bills booking bookings reservation
    reservations appointment appointments purchase purchases transfer transfers loan loans
    salary paycheck paychecks beneficiary beneficiaries creditcard creditcards mfa device devices
    """
)
# What anybody must be able to do before having an account, or that has a check of its own.
_OPEN = _set(
    """
    register registration signup login signin logon token tokens auth authenticate oauth
    oauth2 authorize sso saml openid oidc callback webhook webhooks hook hooks reset
    forgot recover recovery password verify verification confirm activate activation
    resend health healthz ping graphql search query contact feedback subscribe unsubscribe
    newsletter csrf logout signout session sessions refresh otp mfa captcha track tracking
    analytics events event metrics log logs telemetry beacon report csp validate preview
    calculate quote estimate convert consent onboarding invite invitation demo echo
    waitlist users user accounts account customers
    """
)
_OPEN_ANYWHERE = _set(
    "login register signup signin webhook webhooks hooks callback callbacks oauth"
)


def words(operation: ApiOperation) -> frozenset[str]:
    """The words of an operation's path without variables, and of its tags."""
    path = re.sub(r"\{[^{}/]*\}", "", operation.path)
    return frozenset(w.lower() for each in (path, *operation.tags) for w in _WORD.findall(each))


def is_of_oneself(operation: ApiOperation) -> bool:
    """True for an operation that tells the asker who it is: its path ends with such a word."""
    return operation.path.rstrip("/").rpartition("/")[2].lower() in _ONESELF


def is_for_admins(operation: ApiOperation) -> bool:
    """True if the path, a tag or the summary says that it is for administrators."""
    summary = {word.lower() for word in _WORD.findall(operation.summary[:500])}
    return bool(_ADMIN & (words(operation) | summary))


def gives_rights(operation: ApiOperation) -> bool:
    """True for an operation that is there to change rights, or is for administrators."""
    told = words(operation)
    return is_for_admins(operation) or bool(
        told & {"role", "roles", "permission", "permissions", "groups", "group"}
    )


def is_of_organisations(operation: ApiOperation) -> bool:
    """True for an operation that lists shops, offices and the like: its path's last word."""
    path = re.sub(r"/?\{[^{}/]*\}", "", operation.path).rstrip("/")
    return bool(_ORGANISATIONS & {w.lower() for w in _WORD.findall(path.rpartition("/")[2])})


def is_private_of_one(operation: ApiOperation) -> bool:
    """True for what is below one person and for nobody else: ``/users/{id}/orders``."""
    before, _, after = operation.path.partition("{")
    somebody = before.rstrip("/").rpartition("/")[2]
    thing = after.rstrip("/").rpartition("}")[2].rpartition("/")[2]
    return (
        len(operation.variables) == 1
        and bool(_PEOPLE & {word.lower() for word in _WORD.findall(somebody)})
        and bool(_PRIVATE & {word.lower() for word in _WORD.findall(thing)})
    )


def is_for_managing(operation: ApiOperation) -> bool:
    """True if the path or a tag says that it manages the service itself."""
    return bool(_MANAGING & words(operation))


def is_about_service(path: str) -> bool:
    """True for a path that tells how the service does, or describes it: open to all by design."""
    last = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    return not last or bool(_SERVICE & {word.lower() for word in _WORD.findall(last)})


def is_open_by_design(operation: ApiOperation) -> bool:
    """True for an operation that takes those who have no account yet: its last words say so."""
    path = re.sub(r"/?\{[^{}/]*\}", "", operation.path).rstrip("/")
    last = path.rpartition("/")[2]
    found = {word.lower() for word in _WORD.findall(last)}
    is_new_account = operation.method == "POST" or not found & {"users", "user", "accounts"}
    told = {word.lower() for word in _WORD.findall(f"{path} {operation.operation_id}")}
    return (bool(_OPEN & found) and is_new_account) or bool(_OPEN_ANYWHERE & told)
