from __future__ import annotations

import numpy as np

from handstream.frames import Hand
from handstream.vision.engines.identity import HandIdentities


def hand_at(x: float, y: float, size: float = 0.2) -> Hand:
    """A hand whose joints fill a square with that top left corner."""
    joints = np.linspace(0, size, 21)
    return Hand(handedness="Left", score=0.9, landmarks=np.stack([x + joints, y + joints, np.zeros(21)], axis=1))


def numbers(hands: list[Hand]) -> dict[float, int]:
    """Each hand's number by where its box begins."""
    return {round(float(hand.landmarks[0, 0]), 3): hand.hand_id for hand in hands}


def test_a_hand_keeps_its_number_and_place_whatever_the_order_it_comes_in() -> None:
    identities = HandIdentities()
    identities.assign([hand_at(0.1, 0.1), hand_at(0.6, 0.1)])
    moved = identities.assign([hand_at(0.65, 0.1), hand_at(0.15, 0.1)])
    assert [hand.hand_id for hand in moved] == [0, 1]
    assert numbers(moved) == {0.15: 0, 0.65: 1}


def test_a_hand_that_comes_back_is_a_new_one() -> None:
    identities = HandIdentities()
    identities.assign([hand_at(0.1, 0.1)])
    assert identities.assign([]) == []
    assert numbers(identities.assign([hand_at(0.1, 0.1)])) == {0.1: 1}


def test_a_hand_far_from_the_last_one_is_a_new_one() -> None:
    identities = HandIdentities()
    identities.assign([hand_at(0.1, 0.1)])
    assert numbers(identities.assign([hand_at(0.6, 0.6)])) == {0.6: 1}


def test_of_two_that_overlap_the_closest_keeps_the_number() -> None:
    identities = HandIdentities()
    identities.assign([hand_at(0.1, 0.1)])
    assert numbers(identities.assign([hand_at(0.2, 0.1), hand_at(0.11, 0.1)])) == {0.11: 0, 0.2: 1}


def test_numbers_are_not_used_again_after_forgetting() -> None:
    identities = HandIdentities()
    identities.assign([hand_at(0.1, 0.1)])
    identities.forget()
    assert numbers(identities.assign([hand_at(0.1, 0.1)])) == {0.1: 1}


def test_hands_without_area_are_told_apart() -> None:
    identities = HandIdentities()
    identities.assign([hand_at(0.1, 0.1, size=0.0)])
    assert len({hand.hand_id for hand in identities.assign([hand_at(0.1, 0.1, size=0.0), hand_at(0.5, 0.5)])}) == 2
