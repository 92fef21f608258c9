"""What answers come to: the rule that `live/prober.py` states, case by case."""

import pytest

from plainwire.policy.versions import Version
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.hello import ServerHello
from plainwire.wire.not_tls import NotTls
from plainwire.wire.verdict import VersionAnswers

CLOSED = NoAnswer("closed", "closed without an alert")
RESET = NoAnswer("reset", "reset the connection without an alert")
SILENT = NoAnswer("silent", "no answer within 5 s")
GARBAGE = NoAnswer("garbage", "RFC 8446, section 5.1: no record header")
CUT_OFF = NoAnswer("cut off", "closed inside a record or a message")
PLAIN = NotTls("http", "answered in plain HTTP")
BINARY = NotTls("binary", "answered in something that is neither TLS nor text")
FAILURE, VERSION, INTERNAL = Alert(2, 40), Alert(2, 70), Alert(2, 80)


def verdict(*answers, hello_count=1, accepts_another=True, is_sound=True):
    numbered = [(min(n, hello_count - 1), answer) for n, answer in enumerate(answers)]
    asked = VersionAnswers(Version.TLS_1_1, hello_count, numbered)
    return asked.verdict(accepts_another=accepts_another, is_sound=is_sound)


@pytest.mark.parametrize("is_sound", [True, False])
@pytest.mark.parametrize("accepts_another", [True, False])
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([ServerHello(0x0302, 0x002F)], True),
        ([CLOSED, ServerHello(0x0302, 0x002F)], True),
        ([ServerHello(0x0301, 0x002F)], False),
        ([VERSION], False),
        ([SILENT, VERSION], False),
        ([], None),
        ([SILENT, SILENT], None),
        ([GARBAGE, GARBAGE], None),
        ([CUT_OFF, CUT_OFF], None),
        ([BINARY, BINARY], None),
        ([SILENT, CLOSED, CLOSED], None),
        ([CLOSED, SILENT], None),
        ([CLOSED], None),
    ],
)
def test_some_answers_mean_the_same_whatever_else_is_known(
    answers, expected, accepts_another, is_sound
):
    assert verdict(*answers, accepts_another=accepts_another, is_sound=is_sound) is expected


@pytest.mark.parametrize(
    "answers",
    [[CLOSED, CLOSED], [RESET, RESET], [CLOSED, RESET], [INTERNAL, INTERNAL], [PLAIN, PLAIN]],
)
def test_a_drop_again_is_a_refusal_only_by_a_server_known_to_be_well(answers):
    assert verdict(*answers) is False
    assert verdict(*answers, is_sound=False) is None
    assert verdict(*answers, accepts_another=False) is None


def test_a_refusing_alert_counts_where_another_version_is_accepted():
    assert verdict(FAILURE, is_sound=False) is False
    assert verdict(FAILURE, accepts_another=False) is None


def test_every_hello_of_the_version_must_be_refused():
    assert verdict(FAILURE, hello_count=2, is_sound=False) is None
    assert verdict(FAILURE, FAILURE, hello_count=2, is_sound=False) is False
    assert verdict(CLOSED, CLOSED, hello_count=2) is None
    assert verdict(CLOSED, CLOSED, CLOSED, hello_count=2) is False
