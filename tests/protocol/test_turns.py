"""Whose turn it is: by scenes, and by any sequence of wishes."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = "abcd"


def asked_by(names: str) -> Turns[str]:
    turns: Turns[str] = Turns()
    for name in names:
        turns.ask(name)
    return turns


def taken(turns: Turns[str], times: int) -> str:
    """Who is served, where each asks again at once."""
    order = ""
    for _ in range(times):
        name = turns.take()
        assert name is not None
        turns.ask(name)
        order += name
    return order


def test_who_asked_first_goes_first() -> None:
    turns = asked_by("abc")
    assert [turns.take() for _ in range(4)] == ["a", "b", "c", None]


def test_who_asks_anew_goes_ahead() -> None:
    turns = asked_by("abc")
    assert not turns.ask("c"), "it waited before"
    assert len(turns) == 3
    assert turns.take() == "c"


def test_who_was_served_waits_for_the_next_round() -> None:
    turns = asked_by("abc")
    assert taken(turns, 2) == "ab"
    turns.ask("a")
    assert taken(turns, 2) == "ca", "asking anew brings it ahead of the next round's others"


def test_who_comes_during_a_round_has_its_turn_in_it() -> None:
    turns = asked_by("ab")
    assert taken(turns, 1) == "a"
    turns.ask("c")
    assert taken(turns, 2) == "bc"


def test_a_new_round_owes_each_a_turn() -> None:
    turns = asked_by("a")
    assert [turns.take(), turns.ask("b"), turns.take()] == ["a", True, "b"]
    turns.ask("b")
    assert turns.take() == "b", "of a new round"
    turns.ask("b")
    turns.ask("b")
    turns.ask("a")
    assert turns.take() == "a", "it had none in this round"


def test_who_may_not_be_served_keeps_its_place_and_holds_nobody_up() -> None:
    turns = asked_by("abc")
    order = ""
    for _ in range(4):
        name = turns.take(lambda who: who != "a")
        assert name is not None
        turns.ask(name)
        order += name
    assert order == "bcbc", "round after round"
    assert len(turns) == 3
    assert turns.take() == "a", "it had none in this round"
    assert [turns.take(lambda _: False), len(turns)] == [None, 2]


def test_who_is_held_up_is_still_in_the_old_round_when_others_begin_a_new_one() -> None:
    turns = asked_by("abc")
    assert taken(turns, 1) == "a"
    for _ in range(2):
        assert turns.take(lambda who: who == "c") == "c", "a new round for one, as the others may not be served"
        turns.ask("c")
    assert not turns.ask("a"), "it waits for its next turn, once"
    assert len(turns) == 3
    assert turns.take() == "b", "it had none, where the other had one"


def turns_taken(asking: str, steps: int, may_be_served: Callable[[int, str], bool]) -> Counter[str]:
    """How often each of "abcd" is served in so many steps: in each those ask, and who is served wants another turn at once."""
    turns = asked_by("abcd")
    counts: Counter[str] = Counter()
    for step in range(steps):
        for name in asking:
            turns.ask(name)
        served = turns.take(partial(may_be_served, step))
        assert served is not None
        turns.ask(served)
        counts[served] += 1
    return counts


def test_rounds_go_on_beside_one_that_is_held_up_however_often_others_ask() -> None:
    assert turns_taken("bc", 60, lambda _, who: who != "a") == {"b": 20, "c": 20, "d": 20}


def test_those_who_are_held_up_get_as_many_turns_as_each_other_however_often_they_ask() -> None:
    counts = turns_taken("ac", 120, lambda step, who: step % 3 == 0 or who in "cd")
    assert abs(counts["a"] - counts["b"]) <= 1
    assert abs(counts["c"] - counts["d"]) <= 1


def test_newcomers_without_end_keep_nobody_waiting() -> None:
    turns = asked_by("ab")
    waiting_since = {"a": (0, 2), "b": (0, 2)}  # when each asked, and how many wanted a turn then
    for time in range(100):
        turns.enter(f"newcomer {time}")
        turns.ask(f"newcomer {time}")
        served = turns.take()
        if served in waiting_since:
            asked, others = waiting_since[served]
            assert time - asked <= others, "somebody who came later was served before"
            turns.ask(served)
            waiting_since[served] = (time, len(turns))
    assert all(asked for asked, _ in waiting_since.values())


def test_who_has_left_and_comes_again_was_never_there() -> None:
    turns = asked_by("ab")
    assert taken(turns, 1) == "a"
    turns.enter("c")
    turns.leave("c")
    turns.ask("c")
    assert taken(turns, 2) == "bc", "it has its turn in this round"


def test_nothing_is_kept_of_who_has_left() -> None:
    turns = asked_by("abc")
    turns.enter("d")
    assert turns.take() == "a"
    turns.ask("a")
    for name in NAMES:
        turns.leave(name)
    assert turns.take() is None
    assert turns.take(lambda _: False) is None
    turns.ask("a")
    assert turns.take(lambda _: False) is None
    turns.leave("a")
    assert (len(turns), turns.take()) == (0, None)
    assert not turns._served


@given(st.lists(st.tuples(st.sampled_from(["ask", "take", "take but a and b"]), st.sampled_from(NAMES))))
def test_nobody_is_served_more_than_twice_while_another_waits_who_may_be_served(wishes: list[tuple[str, str]]) -> None:
    turns: Turns[str] = Turns()
    seen: dict[str, Counter[str]] = {}  # for each that waits, who was served since
    held_up: set[str] = set()
    for wish, name in wishes:
        if wish == "ask":
            assert turns.ask(name) == (name not in seen)
            seen.setdefault(name, Counter())
        else:
            refused = set() if wish == "take" else {"a", "b"}
            served = turns.take(lambda who, refused=refused: who not in refused)  # type: ignore[misc]  # mypy: the default binds it
            assert (served is None) == (seen.keys() <= refused), "a turn is given where one is wanted"
            held_up |= seen.keys() & refused
            if served is not None:
                assert served not in refused
                del seen[served]
                held_up.discard(served)
                for counts in seen.values():
                    counts[served] += 1
        assert len(turns) == len(seen)
        assert all(max(counts.values(), default=0) <= 2 for who, counts in seen.items() if who not in held_up)


@given(st.lists(st.sampled_from(NAMES), max_size=40), st.integers(1, 40))
def test_who_always_wants_a_turn_gets_as_many_as_any_other_however_often_it_asks(asking: list[str], times: int) -> None:
    turns = asked_by(NAMES)
    counts = Counter(dict.fromkeys(NAMES, 0))
    for step in range(times):
        for name in asking[step : step + 2]:
            turns.ask(name)
        counts.update(taken(turns, 1))
    assert max(counts.values()) - min(counts.values()) <= 1
