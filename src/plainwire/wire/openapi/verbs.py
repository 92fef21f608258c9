"""Whether a request changes state: by its method, or by a verb in a name of it.

GET is safe by RFC 9110, section 9.2.1, and not in fact: VAmPI's ``GET /createdb`` drops its
database. So words count too, as whole words: "recreated_at" and "deleted items" say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_WORDS = 200


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VERBS = _words(
    """
    accept acknowledge activate add apply approve archive assign ban bump burn buy cancel change
    charge checkout clear confirm consume create deactivate decline decrement delete demote deploy
    dequeue destroy disable dismiss dispatch drop enable enqueue erase exec execute expire fire
    flush follow generate grant impersonate import increment init initialise initialize insert
    install invite invoke join kill leave lock logoff logout mark merge migrate modify notify
    pause pay poke pop populate promote provision publish purchase purge reboot rebuild
    recalculate recreate redeem refresh refund regenerate register reindex reject reload remove
    rename renew replace replay repopulate requeue resend reset restart restore resume retry
    revert revoke rollback rotate run save schedule seed send shutdown signout signup snooze start
    stop submit subscribe suspend swap sync synchronise synchronize terminate toggle transfer
    trash trigger truncate unarchive unassign unban unblock undelete undo unfollow uninstall
    unlink unlock unpublish unregister unsubscribe update upgrade upload upsert vacuum verify
    void vote wipe withdraw write
    """
)
# Two words that make one verb.
_PAIRS = frozenset(
    {("log", "out"), ("log", "off"), ("sign", "out"), ("sign", "up"), ("shut", "down")}
    | {("opt", "out"), ("opt", "in"), ("turn", "off"), ("turn", "on"), ("roll", "back")}
    | {("check", "out"), ("switch", "off"), ("switch", "on")}
)
# What a verb is followed by where it is half of a name: "start_date", "update_history".
_NOUNS = _words("at date history log logs offset time timestamp")
# The verbs that are halves of names; "delete history" deletes it.
_HALVES = _words("change charge expire import run schedule start stop sync transfer update upload")
# Verbs only where they begin a name of several words: a "post" and a "set" are things too.
_FIRST = frozenset({"set", "post", "put", "patch", "make", "do", "store"})
# Written as one word with what they act on: "createdb", "dropdb", "resetall".
_OBJECTS = "db|database|data|all|user|users|table|tables|cache|session|sessions|mail|email|sms"
_JOINED = re.compile(
    rf"(?:create|drop|delete|reset|clear|flush|init|populate|seed|send|wipe|purge|truncate|remove)"
    rf"(?:{_OBJECTS}|password|account|token|tokens|item|items)"
)
# When a phrase begins with one of these, a verb's word is an object ("get updates", "list resets"),
# until "and".
_READING = _words(
    """
    get gets list lists listing read reads retrieve retrieves return returns show shows fetch
    fetches find finds search searches view views display displays describe describes count
    counts query queries lookup is has can export exports download downloads
    """
)
# "api_views.main.populate_db" and "Gets it. Deletes it." are several phrases.
_PHRASE_END = re.compile(r"[.:;,()\n]")
_JOINING = frozenset({"and", "then", "or"})
# What a verb of a sentence may follow, beside adverbs.
_LEADING = _JOINING | _words("api also call endpoint handler it method operation route that this")
# Where a link ends with the value of one of these it is a switch: "/difficulty/hard", "/set/lang".
_CHOICES = _words(
    """
    choose difficulty lang language level locale mode select set skin style switch theme timezone
    """
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PLACEHOLDER = re.compile(r"\{[^{}/]*\}|<[^<>/]*>")


def state_change(
    method: str, path: str, *, names: Iterable[str] = (), tags: Iterable[str] = ()
) -> str | None:
    """Why the request may change state, in words for a reader; None if nothing says so.

    ``path`` may be templated and hold a query. ``names`` are phrases about the operation: its
    operationId and its summary, where "creates" is as good as "create" if it is where a verb is.
    """
    if method.upper() not in SAFE_METHODS:
        return "changes state by its method"
    for phrase in _path_phrases(path):
        if (word := _verb(phrase, is_sentence=False)) is not None:
            return f"changes state by its name: {word}"
    for tag in tags:
        if (word := _verb(tag, is_sentence=False)) is not None:
            return f"changes state by its tag: {word}"
    for name in (phrase for each in names for phrase in _PHRASE_END.split(each[:2048])):
        if (word := _verb(name, is_sentence=True)) is not None:
            return f"changes state by its name: {word}"
    return None


def followed_change(path: str) -> str | None:
    """Why following a link may change state: as `state_change` says, or because it is a switch.

    A described operation of such a path reads: what it is for was written down by somebody.
    """
    segments = [unquote(each).lower() for each in path[:4096].partition("?")[0].split("/") if each]
    if len(segments) > 1 and segments[-2] in _CHOICES:
        return f"may choose a setting by its name: {segments[-2]}"
    return state_change("GET", path)


def _path_phrases(path: str) -> Iterator[str]:
    """Each segment, and each name and value of the query, percent-decoded."""
    way, _, query = path[:4096].partition("?")
    for segment in way.split("/"):
        yield unquote(_PLACEHOLDER.sub("", segment))
    for part in re.split(r"[&;=]", query):
        yield unquote(part.replace("+", " "))


def _verb(phrase: str, *, is_sentence: bool) -> str | None:
    words = [match[0].lower() for match in _WORD.finditer(phrase[:2048])][:MAX_WORDS]
    is_reading = False
    for at, word in enumerate(words):
        after = words[at + 1] if at + 1 < len(words) else ""
        if word in _JOINING:
            is_reading = False
        elif (at == 0 or words[at - 1] in _JOINING) and word in _READING:
            is_reading = True
        elif not is_reading:
            if (word, after) in _PAIRS:
                return f"{word} {after}"
            if word in _HALVES and after in _NOUNS:
                continue
            if word in _VERBS or _JOINED.fullmatch(word) or (at == 0 and after and word in _FIRST):
                return word
            if is_sentence and _begins(words, at) and _third_person(word):
                return word
    return None


def _begins(words: list[str], at: int) -> bool:
    """True where a sentence has its verb: "permanently deletes", not "all recent updates"."""
    before = words[at - 1] if at else ""
    return not before or before in _LEADING or before.endswith("ly")


def _third_person(word: str) -> bool:
    """True for "creates", "flushes" and "modifies": in a path such a word is a collection."""
    return (
        word.removesuffix("s") in _VERBS
        or (word.endswith("es") and word[:-2] in _VERBS)
        or (word.endswith("ies") and word[:-3] + "y" in _VERBS)
    )
