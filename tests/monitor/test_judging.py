"""Confirmation, drift, states: tables of what was seen and what follows."""

import pytest

from monitor.test_expiry import certificate
from plainwire.monitor import snapshot
from plainwire.monitor.conditions import conditions
from plainwire.monitor.judging import judge
from plainwire.monitor.seen import Look
from plainwire.monitor.standing import Standing, as_json, from_json
from plainwire.monitor.times import DAY, HOUR, MINUTE

AT = "192.0.2.1"
A = {"tls": {"h:443": {"protocols": {"TLSv1.0": False, "TLSv1.2": True}}}, "grade": "A"}
B = {"tls": {"h:443": {"protocols": {"TLSv1.0": True, "TLSv1.2": True}}}, "grade": "B"}
C = {"tls": {"h:443": {"protocols": {"TLSv1.0": False, "TLSv1.2": False}}}, "grade": "A"}
NAMES = {"A": A, "B": B, "C": C}


class Watch:
    """A target's standings, looked at again and again."""

    def __init__(self):
        self.standings, self.bodies, self.now = {}, {}, 0
        self.events, self.last = [], None

    def look(self, body=None, *, full=True, status="answered", address=AT, version="1", **more):
        expected = more.pop("expected", False)
        look = Look(address, status, self.now, body=body, tool_version=version, **more)
        self.last = judge(
            self.standings,
            self.bodies,
            [look],
            is_full=full,
            is_expected=expected,
            now=self.now,
        )
        # As a store keeps them: what JSON cannot hold would be lost between two looks.
        self.standings = {a: from_json(as_json(one)) for a, one in self.last.standings.items()}
        self.bodies |= self.last.snapshots
        self.events += [e for e in self.last.events if e.kind != "baseline"]
        self.now += MINUTE
        return self.last

    @property
    def alarms(self):
        return [c for c in conditions(1, "h", self.standings, None, self.now) if not c.is_held]


@pytest.mark.parametrize(
    ("seen", "confirmed_at"),
    [
        ("A", None),
        ("AAAA", None),
        ("AB", None),
        ("ABB", 3),
        ("ABA", None),
        ("ABAB", 4),  # of the three looks since the first difference two agree
        ("ABAA", None),
        ("ABAAB", None),
        ("ABCB", 4),  # two of three
        ("ABCAB", None),
        ("ABCC", 4),
    ],
)
def test_two_of_three_full_looks_confirm_a_change(seen, confirmed_at):
    watch = Watch()
    for number, name in enumerate(seen, 1):
        watch.look(NAMES[name])
        assert bool(watch.events) == (confirmed_at is not None and number >= confirmed_at), number


def test_a_change_is_looked_at_again_after_one_and_five_minutes():
    watch = Watch()
    watch.look(A)
    assert watch.look(B).again == {"full-again": 1 * MINUTE}
    assert watch.look(C).again == {"full-again": 5 * MINUTE}


def test_a_confirmed_change_says_what_changed_and_lasts_until_it_is_as_before():
    watch = Watch()
    for body in (A, B, B):
        watch.look(body)
    (event,) = watch.events
    assert [str(c) for c in event.changes] == ["TLSv1.0: off -> on", "grade: A -> B"]
    assert event.direction == "worse"
    (alarm,) = watch.alarms
    assert alarm.title == "h: TLSv1.0: off -> on and 1 more"
    assert alarm.rule == "configuration-worse"
    for body in (A, A):
        watch.look(body)
    assert [e.direction for e in watch.events] == ["worse", "better"]
    assert watch.alarms == []


def test_a_further_change_for_the_better_does_not_end_an_older_alarm():
    watch = Watch()
    extra = {"http": {"https://h/": {"status": 200, "hsts": {"max-age": 31536000}}}}
    weak = {"http": {"https://h/": {"status": 200, "hsts": {"max-age": 300}}}}
    for body in (A | weak, B | weak, B | weak, B | extra, B | extra):
        watch.look(body)
    assert [e.direction for e in watch.events] == ["worse", "better"]
    assert str(watch.events[1].changes[0]) == "HSTS max-age (https://h/): 300 -> 31536000"
    assert len(watch.alarms) == 1


def test_the_way_back_from_another_issuer_is_no_alarm():
    watch = Watch()
    one, two = ({"issuers": {"h:443": {"RSA": name}}} for name in ("One", "Two"))
    for body in (one, two, two):
        watch.look(body)
    assert [c.rule for c in watch.alarms] == ["configuration-worse"]
    for body in (one, one):
        watch.look(body)
    assert watch.alarms == []


def test_what_was_not_answered_is_no_change():
    watch = Watch()
    for body in (A, {"grade": "A"}, {"tls": {"h:443": {}}}, A):
        verdict = watch.look(body)
        assert (verdict.again == {} and not verdict.events) or body is A
    assert watch.events == []


def test_a_failed_look_overwrites_nothing_and_three_in_a_row_are_told():
    watch = Watch()
    watch.look(A)
    confirmed = watch.standings[AT].confirmed
    for count in (1, 2, 3):
        verdict = watch.look(status="unreachable", full=False, error="refused")
        assert watch.standings[AT].confirmed == confirmed
        assert [c.rule for c in watch.alarms] == (["unreachable"] if count == 3 else [])
        assert ("light-again" in verdict.again) == (count < 3)
    (alarm,) = watch.alarms
    assert alarm.level == "critical" and "refused" in alarm.body
    watch.look(A)
    assert [c.rule for c in watch.alarms] == ["unreachable"]  # one answer may be luck
    watch.look(A)
    assert watch.alarms == [] and watch.events == []


def test_failures_at_one_moment_are_one():
    watch = Watch()
    watch.look(A)
    for _ in range(5):
        watch.look(status="unreachable", full=False)
        watch.now -= MINUTE
    assert watch.alarms == [] and watch.standings[AT].fails == 1


def test_some_addresses_down_is_a_warning():
    watch = Watch()
    watch.look(A, address="192.0.2.2")
    for _ in range(3):
        watch.look(status="unreachable", full=False)
    (alarm,) = watch.alarms
    assert alarm.level == "warning" and "1 of 2 addresses" in alarm.title


def test_an_unknown_outcome_is_neither_down_nor_up():
    watch = Watch()
    watch.look(A)
    for _ in range(5):
        watch.look(status="unknown", error="not done in 60 s")
    assert watch.standings[AT].state == "ok"
    assert [c.rule for c in watch.alarms] == ["unknown"]


def test_three_full_looks_that_came_to_nothing_are_told():
    watch = Watch()
    watch.look(A)
    asked = []
    for _ in range(3):
        assert watch.alarms == []
        asked.append(watch.look(status="unknown", error="env:TOKEN: there is no secret").again)
        watch.look(A, full=False)  # needs no token, and answers
    assert asked == [{"full-again": MINUTE}, {"full-again": 5 * MINUTE}, {}]
    (alarm,) = watch.alarms
    assert alarm.title == "h could not be looked at whole" and "env:TOKEN" in alarm.body
    assert (alarm.rule, alarm.level) == ("unknown", "warning")
    watch.look(A)
    assert watch.alarms == []


def test_a_light_look_that_came_to_nothing_is_not_told_where_the_full_one_answers():
    watch = Watch()
    for _ in range(4):
        watch.look(A)
        watch.look(status="unknown", error="not done in 60 s", full=False)
    assert watch.alarms == []


def test_who_answered_before_and_is_mute_now_is_down():
    # A proxy whose server is gone takes connections, and closes or keeps them.
    watch = Watch()
    mute = {"status": "unknown", "error": "no hello was answered", "is_mute": True, "full": False}
    for _ in range(4):
        watch.look(**mute)
    assert watch.alarms == []  # it may speak something else
    watch.look(A)
    for count in (1, 2, 3):
        watch.look(**mute)
        assert [c.rule for c in watch.alarms] == (["unreachable"] if count == 3 else [])
    assert watch.alarms[0].level == "critical" and "no hello" in watch.alarms[0].body
    for _ in range(2):
        watch.look(A, full=False)
    assert watch.alarms == []


def test_what_light_looks_do_not_see_a_full_one_is_asked_for_hourly():
    watch = Watch()
    watch.look(A)
    watch.now += DAY // 2
    asked = []
    for _ in range(3):
        asked.append(watch.look(status="unknown", full=False, error="not done in 60 s").again)
        watch.look(status="unknown", error="not done in 600 s")
    assert asked == [{"full-again": MINUTE}, {}, {}]
    assert [c.rule for c in watch.alarms] == ["unknown"]
    watch.now += HOUR
    assert watch.look(A, full=False).again == {"full-again": MINUTE}  # it is there again
    watch.look(A)
    assert watch.alarms == []
    assert watch.look(A, full=False).again == {}


def test_a_name_without_an_address_is_down_at_every_address():
    watch = Watch()
    watch.look(A)
    for _ in range(3):
        watch.look(status="unreachable", address="", full=False, error="no address")
    assert [c.rule for c in watch.alarms] == ["unreachable"]
    assert set(watch.standings) == {AT}


def test_an_alarm_is_over_when_what_it_told_is():
    strict, lax = (
        {"http": {"https://h/": {"status": 200, "hsts": {"max-age": n}}}} for n in (2, 1)
    )
    watch = Watch()
    for body in ({**A, **strict}, {**B, **strict}, {**B, **strict}, {**B, **lax}, {**B, **lax}):
        watch.look(body)
    tls, headers = watch.alarms
    assert "TLSv1.0: off -> on" in tls.title and "HSTS max-age" in headers.title
    for _ in range(2):
        watch.look({**A, **lax})
    assert [c.key for c in watch.alarms] == [headers.key]
    watch.now += DAY
    for _ in range(2):  # one ends and another begins at the same time
        watch.look({**B, **strict})
    (again,) = watch.alarms
    assert "TLSv1.0: off -> on" in again.title


def test_back_at_the_first_issuer_no_alarm_of_another_is_left():
    watch = Watch()
    for name in ("First", "Second", "Second", "Third", "Third"):
        watch.look({"issuers": {"h:443": {"RSA": name}}})
    assert len(watch.alarms) == 2
    for _ in range(2):
        watch.look({"issuers": {"h:443": {"RSA": "First"}}})
    assert watch.alarms == []


def test_what_a_new_version_finds_keeps_no_alarm_open():
    new = {"x": {"id": "new-check", "severity": "low", "words": "new-check"}}
    watch = Watch()
    for body in (A, B, B):
        watch.look({**body, "findings": {}})
    watch.look({**B, "findings": new}, version="2")
    assert len(watch.alarms) == 1
    for _ in range(2):
        watch.look({**A, "findings": new}, version="2")
    assert watch.alarms == []


def test_a_new_version_takes_what_it_sees_as_normal():
    watch = Watch()
    watch.look(A)
    verdict = watch.look(B, version="2")
    assert [e.kind for e in verdict.events] == ["baseline"]
    watch.look(B, version="2")
    assert watch.events == [] and watch.alarms == []


def test_an_announced_change_alarms_nobody_and_is_used_up():
    watch = Watch()
    watch.look(A)
    watch.look(B, expected=True)
    verdict = watch.look(B, expected=True)
    assert verdict.used_expectation
    assert [(e.direction, e.is_expected) for e in watch.events] == [("worse", True)]
    assert watch.alarms == []


def test_a_light_look_asks_for_a_full_one_and_confirms_nothing():
    watch = Watch()
    watch.look(A)
    partial = {"tls": {"h:443": {"protocols": {"TLSv1.0": True}}}}
    assert watch.look(partial, full=False).again == {"full-again": 0}
    assert watch.look(partial, full=False).again == {}  # it was asked for
    watch.now += HOUR
    assert watch.look(partial, full=False).again == {"full-again": 0}
    assert watch.events == []


def test_flapping_is_one_alert_until_six_hours_are_quiet():
    watch = Watch()
    watch.look(A)
    rules = []
    for body in (B, A, B, A, B):
        watch.look(body)
        watch.look(body)
        rules.append([c.rule for c in watch.alarms])
    worse = ["configuration-worse"]
    assert rules == [worse, [], worse, ["flapping"], ["flapping"]]
    watch.now += 5 * HOUR
    watch.look(B)
    assert [c.rule for c in watch.alarms] == ["flapping"]
    watch.now += 2 * HOUR
    watch.look(B)
    assert [c.rule for c in watch.alarms] == worse  # it is worse still: now somebody hears of it


def test_a_certificate_in_the_place_of_another_is_a_renewal():
    watch = Watch()
    old = certificate(90, fingerprint="old", key_sha256="k1")
    new = certificate(150, fingerprint="new", not_before=60 * DAY, key_sha256="k1")
    watch.look(A, certificates={"443 ECDSA": old})
    watch.now = 60 * DAY
    (renewal,) = watch.look(A, certificates={"443 ECDSA": new}).renewals
    assert renewal.fraction == pytest.approx(60 / 90)
    assert renewal.is_same_key is True
    # While it is rolled out the old one is seen again: no renewal.
    assert watch.look(A, certificates={"443 ECDSA": old}).renewals == []


def test_a_certificate_that_ends_while_nobody_answers_is_still_told():
    watch = Watch()
    watch.look(A, certificates={"443 ECDSA": certificate(90)})
    watch.now = 80 * DAY
    watch.look(status="unreachable", full=False)
    assert [c.rule for c in watch.alarms] == ["certificate-ends"]


def test_a_revoked_certificate_is_critical_at_once():
    watch = Watch()
    watch.look(A, certificates={"443 RSA": certificate(90)}, revoked=frozenset({"aa"}))
    (alarm,) = watch.alarms
    assert (alarm.rule, alarm.level) == ("certificate-revoked", "critical")


def test_an_address_that_is_gone_is_forgotten_after_a_day():
    watch = Watch()
    watch.look(A, address="192.0.2.2")
    watch.look(A)
    assert set(watch.standings) == {AT, "192.0.2.2"}
    watch.now += 25 * HOUR
    watch.look(A)
    assert set(watch.standings) == {AT}


def test_what_a_standing_holds_survives_the_store():
    one = Standing(AT, "ok", "h", certificates={"443 RSA": certificate(9)}, pending=("x",))
    assert from_json(as_json(one)) == one


def test_a_finding_is_gone_unless_its_check_was_not_answered():
    found = {"f": {"id": "weak-hsts", "severity": "medium", "words": "weak-hsts at GET /"}}
    old = {"findings": found, "unsure": []}
    asked, unanswered = {"findings": {}, "unsure": []}, {"findings": {}, "unsure": ["weak-hsts"]}
    assert snapshot.overlaid(old, asked)["findings"] == {}
    assert snapshot.overlaid(old, unanswered)["findings"] == found


def ends_alarms(watch):
    return [c.title for c in watch.alarms if c.rule == "certificate-ends"]


def test_a_certificate_that_a_load_balancer_shows_by_turns_is_one_alert():
    old = certificate(90, fingerprint="old")
    new = certificate(150, fingerprint="new", not_before=60 * DAY)
    watch = Watch()
    watch.now = 80 * DAY
    told = []
    for at in range(48):  # every quarter of an hour, by turns
        shown = old if at % 2 == 0 else new
        watch.look(A, full=at == 0, certificates={"443 ECDSA": shown})
        watch.now += 14 * MINUTE
        told.append(len(ends_alarms(watch)))
    assert told[0] == 1 and told[3:] == [1] * 45  # once over, once again, and it stays
    watch.now += 5 * HOUR
    watch.look(A, certificates={"443 ECDSA": new})
    assert len(ends_alarms(watch)) == 1
    watch.now += 1 * HOUR
    watch.look(A, certificates={"443 ECDSA": new})
    assert ends_alarms(watch) == []


def test_two_certificates_for_one_key_in_one_look_are_both_watched():
    old = certificate(90, fingerprint="old")
    new = certificate(150, fingerprint="new", not_before=60 * DAY)
    watch = Watch()
    watch.now = 80 * DAY
    watch.look(A, certificates={"443 ECDSA": new}, beside=(old,))
    assert len(ends_alarms(watch)) == 1


def test_a_certificate_that_could_not_be_asked_for_is_not_renewed():
    rsa = certificate(90, fingerprint="rsa")
    other = certificate(150, fingerprint="ecdsa", not_before=60 * DAY)
    watch = Watch()
    watch.now = 80 * DAY
    watch.look(A, certificates={"443 RSA": rsa, "443 ECDSA": other})
    watch.look(A, certificates={"443 ECDSA": other}, is_partial=True)
    assert len(ends_alarms(watch)) == 1
    watch.look(A, certificates={"443 ECDSA": other}, is_partial=True)
    assert len(ends_alarms(watch)) == 1
    watch.look(A, certificates={"443 ECDSA": other})
    assert ends_alarms(watch) == []


def test_a_look_in_the_moment_of_a_renewal_holds_no_alert_up():
    old = certificate(90, fingerprint="old")
    new = certificate(150, fingerprint="new", not_before=60 * DAY)
    watch = Watch()
    watch.now = 80 * DAY
    watch.look(A, certificates={"443 ECDSA": old})
    watch.look(A, certificates={"443 ECDSA": new}, beside=(old,))
    assert len(ends_alarms(watch)) == 1
    watch.look(A, certificates={"443 ECDSA": new})
    assert ends_alarms(watch) == []
    watch.look(A, certificates={"443 ECDSA": new}, beside=(old,))  # it was no such moment
    watch.look(A, certificates={"443 ECDSA": new})
    assert len(ends_alarms(watch)) == 1


def test_a_revoked_certificate_stays_it_until_a_staple_says_good_or_another_is_served():
    watch = Watch()
    served = {"443 RSA": certificate(90)}
    rules = []
    for said in ({"revoked": frozenset({"aa"})}, {}, {"good": frozenset({"aa"})}, {}):
        watch.look(A, certificates=served, **said)
        rules.append([c.rule for c in watch.alarms])
    assert rules == [["certificate-revoked"], ["certificate-revoked"], [], []]
    watch.look(A, certificates=served, revoked=frozenset({"aa"}))
    watch.look(A, certificates={"443 RSA": certificate(90, fingerprint="bb")})
    assert watch.alarms == []


def test_an_alarm_is_over_at_the_first_look_of_a_new_version_too():
    watch = Watch()
    for body in (A, B, B):
        watch.look(body)
    assert len(watch.alarms) == 1
    watch.look(A, version="2")
    assert watch.alarms == []
