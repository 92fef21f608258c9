"""Which alerts something is about."""

import pytest

from plainwire.monitor.matching import Only, fitting


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("https://[::1]:8443/", "https://[::1]:8443/", True),
        ("https://h.test/a?b=c", "https://h.test/a?b=c", True),
        ("https://h.test/a?b=c", "https://h.test/axb=c", False),
        ("https://*.h.test/", "https://api.h.test/", True),
        ("https://*.h.test/", "https://api.i.test/", False),
        ("*", "https://[::1]/", True),
        ("https://H.test", "https://h.test/", True),  # as it was added, and as it is listed
        ("mail.h.test", "mail.h.test:443", True),
    ],
)
def test_a_star_stands_for_anything_and_nothing_else_does(pattern, name, fits):
    assert fitting(Only(targets=(pattern,))).fits(name, (), "unreachable") is fits
