"""The vote on handedness: the first answer counts, single contradictions do not, lasting ones do."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from handstream.vision.handedness import HandednessVote

probabilities = st.floats(0, 1)


def labels(first: float, *answers: float) -> str:
    vote = HandednessVote(first)
    seen = vote.label[0]
    for answer in answers:
        vote.add(answer)
        seen += vote.label[0]
    return seen


def test_the_first_answer_decides() -> None:
    assert labels(0.51) == "L"
    assert labels(0.49) == "R"


def test_single_contradictions_do_not_flip() -> None:
    assert labels(1.0, 0.0, 1.0, 0.0, 1.0, 0.0) == "LLLLLL"


def test_five_pictures_that_agree_flip_a_firm_label() -> None:
    assert labels(1.0, 0.0, 0.0, 0.0, 0.0, 0.0) == "LLLLLR"


def test_doubt_does_not_flip() -> None:
    assert labels(1.0, *[0.4] * 50) == "L" * 51


@given(st.lists(probabilities, min_size=1, max_size=50))
def test_the_score_is_one_and_the_mirrored_answers_give_the_mirrored_vote(answers: list[float]) -> None:
    assume(answers[0] != 0.5)
    vote, mirrored = HandednessVote(answers[0]), HandednessVote(1 - answers[0])
    for answer in answers[1:]:
        vote.add(answer)
        mirrored.add(1 - answer)
    assert 0.5 <= vote.score <= 1
    assert abs(vote.score - mirrored.score) < 1e-6
