"""Which session a token names: by tables, and by a state machine against a model that is plain."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from handstream.protocol.resumption import Resumptions

SECOND_NS = 10**9


def resumptions(within_s: float = 30, max_parked: int = 2) -> Resumptions[str]:
    numbers = count()
    return Resumptions(within_s=within_s, max_parked=max_parked, new_token=lambda: f"token {next(numbers)}")


def test_a_token_names_its_session_whether_it_is_parked_or_not() -> None:
    sessions = resumptions()
    live, parked = sessions.issue("live"), sessions.issue("parked")
    assert sessions.park("parked", 0) == []
    assert sessions.claim(live.token, 0) == "live"
    assert sessions.claim(parked.token, 29 * SECOND_NS) == "parked"
    assert sessions.statistics().resumed == 2


def test_a_presented_token_is_good_until_the_client_has_the_next() -> None:
    sessions = resumptions()
    first = sessions.issue("a").token
    assert sessions.claim(first, 0) == "a"
    lost = sessions.issue("a").token
    assert sessions.claim(first, 5 * SECOND_NS) == "a", "the welcome with the new one was lost"
    second = sessions.issue("a").token
    assert sessions.claim(lost, 5 * SECOND_NS) is None
    sessions.confirm("a")
    sessions.confirm("a")
    assert sessions.claim(first, 5 * SECOND_NS) is None
    assert sessions.claim(second, 5 * SECOND_NS) == "a"


def test_the_next_token_uses_the_presented_one_up() -> None:
    sessions = resumptions()
    first = sessions.issue("a").token
    sessions.claim(first, 0)
    second = sessions.issue("a").token
    assert sessions.claim(second, 0) == "a"
    sessions.issue("a")
    assert sessions.claim(first, 0) is None


def test_a_presented_token_is_good_no_longer_than_a_parked_session() -> None:
    sessions = resumptions(within_s=30)
    token = sessions.issue("a").token
    sessions.claim(token, 0)
    sessions.issue("a")
    assert sessions.claim(token, 30 * SECOND_NS + 1) is None


def test_another_ticket_takes_the_place_of_the_last() -> None:
    sessions = resumptions()
    old, new = sessions.issue("a"), sessions.issue("a")
    assert sessions.claim(old.token, 0) is None
    assert sessions.claim(new.token, 0) == "a"


@pytest.mark.parametrize("token", ["", "token 1", "token", "token 0 ", "\ud800"])
def test_a_token_that_was_never_issued_names_nothing(token: str) -> None:
    sessions = resumptions()
    sessions.issue("a")
    assert sessions.claim(token, 0) is None
    assert sessions.statistics().refused == 1


def test_a_parked_session_expires() -> None:
    sessions = resumptions(within_s=1)
    token = sessions.issue("a").token
    sessions.park("a", 0)
    assert sessions.expire(SECOND_NS - 1) == []
    assert sessions.claim(token, SECOND_NS + 1) is None, "even if nobody has looked at the clock yet"
    assert sessions.expire(SECOND_NS) == ["a"]
    assert sessions.expire(SECOND_NS) == []
    assert sessions.statistics().resumable == 0


def test_the_one_parked_longest_makes_room() -> None:
    sessions = resumptions(max_parked=2)
    tokens = {name: sessions.issue(name).token for name in "abc"}
    assert [sessions.park(name, 0) for name in "bca"] == [[], [], ["b"]]
    assert {name: sessions.claim(token, 0) for name, token in tokens.items()} == {"a": "a", "b": None, "c": "c"}


def test_nothing_is_parked_where_there_is_no_room_at_all() -> None:
    sessions = resumptions(max_parked=0)
    sessions.issue("a")
    assert sessions.park("a", 0) == ["a"]


class ResumptionMachine(RuleBasedStateMachine):
    """Sessions come, lose their connections, come back and end, in any order, on a clock that may jump."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions = resumptions(within_s=10, max_parked=3)
        self.tokens: dict[str, str] = {}
        self.presented: dict[str, tuple[str, int]] = {}
        self.used: list[str] = []
        self.parked: dict[str, int] = {}
        self.now_ns = 0

    def ended(self, names: list[str]) -> None:
        for name in names:
            assert name in self.parked, "only a parked session ends by itself"
            del self.parked[name]
            self.is_over(name)

    def is_over(self, name: str) -> None:
        self.used.append(self.tokens.pop(name))
        self.used.extend(token for token, _ in [self.presented.pop(name, ("", 0))] if token)

    @rule(seconds=st.integers(-5, 8))
    def time_passes(self, seconds: int) -> None:
        self.now_ns = max(0, self.now_ns + seconds * SECOND_NS)
        self.ended(self.sessions.expire(self.now_ns))

    @rule(name=st.sampled_from("abcdef"))
    def begin(self, name: str) -> None:
        if name in self.tokens:
            self.used.append(self.tokens[name])
            self.parked.pop(name, None)
        self.tokens[name] = self.sessions.issue(name).token

    @rule(name=st.sampled_from("abcdef"))
    def lose(self, name: str) -> None:
        if name in self.tokens and name not in self.parked:
            self.parked[name] = self.now_ns
            self.ended(self.sessions.park(name, self.now_ns))

    @rule(name=st.sampled_from("abcdef"))
    def come_back(self, name: str) -> None:
        if name in self.tokens:
            token = self.tokens[name]
            assert self.sessions.claim(token, self.now_ns) == name
            self.parked.pop(name, None)
            self.is_over(name)
            self.used.remove(token)
            self.presented[name] = token, self.now_ns
            self.tokens[name] = self.sessions.issue(name).token

    @rule(name=st.sampled_from("abcdef"))
    def come_back_without_having_been_welcomed(self, name: str) -> None:
        token, since_ns = self.presented.get(name, ("", 0))
        if token:
            is_good = self.now_ns <= since_ns + 10 * SECOND_NS
            assert self.sessions.claim(token, self.now_ns) == (name if is_good else None)
            if is_good:
                self.parked.pop(name, None)
                self.presented[name] = token, self.now_ns
                self.used.append(self.tokens[name])
                self.tokens[name] = self.sessions.issue(name).token

    @rule(name=st.sampled_from("abcdef"))
    def know_the_welcome(self, name: str) -> None:
        self.sessions.confirm(name)
        self.used.extend(token for token, _ in [self.presented.pop(name, ("", 0))] if token)

    @rule(name=st.sampled_from("abcdef"))
    def end(self, name: str) -> None:
        self.sessions.forget(name)
        if name in self.tokens:
            self.is_over(name)
            self.parked.pop(name, None)

    @invariant()
    def is_bounded_and_agrees(self) -> None:
        statistics = self.sessions.statistics()
        assert statistics.parked == len(self.parked) <= 3
        assert statistics.resumable == len(self.tokens)

    @invariant()
    def what_was_used_names_nothing(self) -> None:
        assert all(self.sessions.claim(token, self.now_ns) is None for token in self.used)


TestResumptionMachine = ResumptionMachine.TestCase
TestResumptionMachine.settings = settings(max_examples=60, stateful_step_count=30)
