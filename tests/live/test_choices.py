"""What a server takes and in which order: the truth is the configuration of a simulated server."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.live.tls.choices import Unknown, choices


class Server:
    """A server that has `accepted`, in its own order or the client's; counts what it is asked."""

    def __init__(self, accepted, has_order, *, prefers_first=frozenset(), silent_on=frozenset()):
        self.accepted, self.has_order = accepted, has_order
        self.prefers_first, self.silent_on = prefers_first, silent_on
        self.offers = []

    async def __call__(self, offer):
        self.offers.append(offer)
        await asyncio.sleep(0)
        if self.silent_on & set(offer):
            return Unknown("silent")
        if self.has_order and offer[0] in self.prefers_first & set(self.accepted):
            return offer[0]  # a client that puts ChaCha20 first means it
        own, other = (self.accepted, offer) if self.has_order else (offer, self.accepted)
        return next((code for code in own if code in other), None)


def ask(server, families, rest=(), **words):
    families, rest = ([(codes,) for codes in some] for some in (families, rest))
    return asyncio.run(choices(server, families, rest, **words))


codes = st.integers(0, 30)


@given(
    accepted=st.lists(codes, unique=True, max_size=12),
    has_order=st.booleans(),
    guess=st.permutations(range(31)),
    sizes=st.lists(st.integers(1, 5), min_size=1),
    rest=st.integers(0, 10),
)
def test_everything_accepted_is_found_in_the_order_that_decides(
    accepted, has_order, guess, sizes, rest
):
    likely, unlikely = guess[rest:], guess[:rest]
    families, at = [], 0
    while at < len(likely):
        size = sizes[len(families) % len(sizes)]
        families.append(tuple(likely[at : at + size]))
        at += size
    found = ask(Server(accepted, has_order), families, [tuple(unlikely)] if rest else [])
    assert set(found.accepted) == set(accepted)
    assert found.unknown == ()
    if len(accepted) > 1:
        assert found.order == ("server" if has_order else "client")
        if has_order:
            assert list(found.accepted) == accepted


FAMILIES = [(1, 2), (3, 4), (5, 6, 7), (8, 9), (10, 11, 12, 13)]


@pytest.mark.parametrize(
    ("accepted", "has_order", "most"),
    [
        # A family costs a question a code, a refused one a question, and one more tells the order.
        ([1, 2, 5, 6, 7], False, 5 + 3 + 1),
        ([], False, 1),
        ([3], False, 7),
        # The order of a server is proved by the answers that find its codes, if it was guessed.
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], True, 14),
        ([1, 2, 5, 6, 7], True, 10),
    ],
)
def test_it_costs_the_accepted_codes_and_a_refusal_for_each_refused_family(
    accepted, has_order, most
):
    server = Server(accepted, has_order)
    found = ask(server, FAMILIES)
    assert list(found.accepted) == accepted
    assert len(server.offers) <= most


def test_a_server_of_another_order_than_guessed_is_put_right():
    accepted = [9, 1, 13, 2, 5, 10]
    server = Server(accepted, True)
    found = ask(server, FAMILIES)
    assert (list(found.accepted), found.order) == (accepted, "server")


def test_a_code_that_clients_may_put_first_keeps_its_rank():
    server = Server([2, 4, 6, 1], True, prefers_first={1})
    found = ask(server, FAMILIES, never_first=frozenset({1}))
    assert (list(found.accepted), found.order) == ([2, 4, 6, 1], "server")
    assert all(offer[0] != 1 or len(offer) == 1 for offer in server.offers[1:])


def test_two_codes_of_which_one_is_never_first_tell_no_order():
    for has_order in (False, True):
        server = Server([2, 1], has_order, prefers_first={1})
        found = ask(server, [(1, 2)], never_first=frozenset({1}))
        assert (set(found.accepted), found.order) == ({1, 2}, None)


def test_a_question_without_an_answer_is_unknown_and_the_rest_is_found():
    found = ask(Server([1, 2, 9], False, silent_on={10}), FAMILIES)
    assert set(found.accepted) == {1, 2, 9}
    assert {code for offer, _ in found.unknown for code in offer} >= {10, 11, 12, 13}


def test_what_others_may_hide_has_an_offer_to_itself_where_that_costs_none():
    """139 codes need two offers; the 26 that a better rank may hide are not asked a third time."""
    server = Server([1, 2, 3, 4], True)
    seldom = tuple(range(100, 239))
    found = ask(server, [(1, 2, 3, 4)], [seldom], rank=lambda code: 1 if code >= 213 else 0)
    assert (found.accepted, found.unknown) == ((1, 2, 3, 4), ())
    refused = [offer for offer in server.offers if not {1, 2, 3, 4} & set(offer)]
    assert [len(offer) for offer in sorted(refused)] == [113, 26]
    few = Server([1, 2, 3, 4], True)
    found = ask(few, [(1, 2, 3, 4)], [seldom[:30]], rank=lambda code: 1)
    assert [len(offer) for offer in few.offers if set(offer) <= set(seldom)] == [30]


def test_without_order_no_question_is_spent_on_it():
    server = Server([1, 2, 3], True)
    found = ask(server, [(1,), (2,), (3,)], is_ordered=False)
    assert (set(found.accepted), found.order, len(server.offers)) == ({1, 2, 3}, None, 3)


def test_a_server_whose_answers_contradict_each_other_has_no_order():
    class Fickle(Server):
        async def __call__(self, offer):
            answer = await super().__call__(offer)
            mine = [code for code in offer if code in self.accepted]
            return mine[len(self.offers) % len(mine)] if answer is not None else None

    server = Fickle([1, 2, 3, 4, 5, 6, 7, 8], True)
    found = ask(server, FAMILIES)
    assert set(found.accepted) == {1, 2, 3, 4, 5, 6, 7, 8}
    assert (found.order, len(server.offers) < 40) == (None, True)
