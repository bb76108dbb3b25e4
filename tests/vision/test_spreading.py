"""When an inference spreads over several threads: where that was measured to pay."""

from __future__ import annotations

import itertools

import pytest

from handstream.vision.spreading import AWAKE_MS, HOLD_S, TRIAL_PICTURES, Spreading


class Machine:
    """A machine on which an inference takes so long, spread or not, as the test sets it."""

    def __init__(self, spread_ms: float, narrow_ms: float) -> None:
        self.now_ms = 0.0
        self.spread_ms, self.narrow_ms = spread_ms, narrow_ms
        self.spreading = Spreading(lambda: round(self.now_ms * 1e6))

    def picture(self, *, disturbed_ms: float = 0.0, pause_ms: float = 33.0) -> bool:
        """One picture after a pause; gives whether it was spread."""
        self.now_ms += pause_ms
        with self.spreading.inference() as spreads:
            self.now_ms += (self.spread_ms if spreads else self.narrow_ms) + disturbed_ms
        return spreads

    def trial(self) -> list[bool]:
        return [self.picture() for _ in range(2 * TRIAL_PICTURES)]


@pytest.mark.parametrize(("spread_ms", "narrow_ms", "pays"), [(2.5, 5, True), (4.2, 5, True), (4.3, 5, False), (5, 5, False)])
def test_the_way_that_was_faster_is_held(spread_ms: float, narrow_ms: float, pays: bool) -> None:
    machine = Machine(spread_ms, narrow_ms)
    assert machine.trial() == [True, False] * TRIAL_PICTURES
    assert [machine.picture() for _ in range(100)] == [pays] * 100


def test_what_pays_back_to_back_need_not_pay_after_a_pause() -> None:
    machine = Machine(6, 5)
    machine.trial()
    machine.spread_ms = 2.5
    assert [machine.picture(pause_ms=0) for _ in range(2 * TRIAL_PICTURES)] == [True, False] * TRIAL_PICTURES
    assert machine.picture(pause_ms=AWAKE_MS / 2)
    assert not machine.picture(pause_ms=AWAKE_MS)


def test_a_machine_that_changes_is_tried_again() -> None:
    machine = Machine(2.5, 5)
    machine.trial()
    machine.spread_ms = 6
    assert machine.picture()
    machine.now_ms += HOLD_S * 1e3
    assert machine.trial() == [True, False] * TRIAL_PICTURES
    assert not machine.picture()


def test_a_few_disturbed_pictures_do_not_decide() -> None:
    machine = Machine(2.5, 5)
    for number in range(2 * TRIAL_PICTURES):
        machine.picture(disturbed_ms=100 if number < TRIAL_PICTURES - 1 else 0)
    assert machine.picture()


def test_a_picture_that_fails_says_nothing() -> None:
    machine = Machine(2.5, 5)
    for _ in range(50):
        with pytest.raises(OSError, match="x"), machine.spreading.inference():
            raise OSError("x")
    assert list(itertools.islice(machine.trial(), 4)) == [True, False, True, False]
