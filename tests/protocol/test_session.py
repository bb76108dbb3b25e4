"""What a session does next: both ways by tables, and whatever comes by a state machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from handstream.errors import FrameError
from handstream.frames import Frame, FrameResult, Output, Stage
from handstream.protocol import wire
from handstream.protocol.control import Hello
from handstream.protocol.numbering import follows
from handstream.protocol.plain import PlainSession
from handstream.protocol.resumption import Ticket
from handstream.protocol.session import Action, Close, Confirm, Offer, Open, Reply, Session, SessionIdentity
from handstream.protocol.settings import Limits, SessionSettings
from handstream.protocol.v1 import MAX_CONTROL_CHARACTERS, V1Session

if TYPE_CHECKING:
    from collections.abc import Sequence

IDENTITY = SessionIdentity(server="handstream/0", engine="fake", session_id="00000000")
HELLO = '{"type": "hello"}'
HELLO_WITH_ACKS = '{"type": "hello", "features": ["ack"]}'
TICKET = Ticket("token", 30)
BURST_TEXTS = 200
SECOND_NS = 10**9


def plain(output: Output = Output.ANNOTATED) -> PlainSession:
    return PlainSession(IDENTITY, SessionSettings(output=output), Limits())


def v1(hello: str | None = HELLO) -> V1Session:
    session = V1Session(IDENTITY, SessionSettings(), Limits())
    if hello is not None:
        (opened,) = session.receive_text(hello, 0)
        assert isinstance(opened, Open)
        session.open(opened.hello, TICKET, resumed=False)
    return session


def frame(frame_id: int, image: bytes = b"image") -> bytes:
    return wire.encode_frame(Frame(frame_id, image, 5))


def error_of(actions: Sequence[Action]) -> Any:
    (reply,) = actions
    assert isinstance(reply, Reply)
    return json.loads(reply.text)["error"]


# --- the plain way


def test_plain_numbers_the_frames_from_0() -> None:
    session = plain()
    offers = [session.receive_binary(b"image", now_ns) for now_ns in (10, 20)]
    assert offers == [
        [Offer(Frame(0, b"image", 0, 10), session.settings)],
        [Offer(Frame(1, b"image", 0, 20), session.settings)],
    ]


def test_plain_counts_a_message_that_cannot_be_used() -> None:
    session = plain()
    error = error_of(session.receive_binary(b"", 0))
    assert (error["code"], error["frame_id"]) == ("empty_message", 0)
    (offer,) = session.receive_binary(b"image", 0)
    assert isinstance(offer, Offer)
    assert offer.frame.frame_id == 1
    assert session.flow.statistics().failed == 1


def test_plain_expects_no_text() -> None:
    assert error_of(plain().receive_text(HELLO, 0))["code"] == "text_not_expected"


def test_plain_tells_drops_only_by_their_number() -> None:
    session = plain()
    session.receive_binary(b"image", 0)
    assert list(session.drop(0, "queue")) == []
    answer = session.encode(FrameResult(1, 0, 4, 3, ()), session.settings, 0)
    assert json.loads(answer.stamped(send_time_ns=0, dropped=session.flow.dropped))["dropped"] == 1


def test_plain_answers_with_the_documents_fields() -> None:
    session = plain()
    result = FrameResult(3, 0, 4, 3, (), b"jpeg", {Stage.TRACK: 1_500_000})
    answer = session.encode(result, session.settings, 1_000_000)
    assert answer.frame_id == 3
    assert json.loads(answer.stamped(send_time_ns=1_250_000, dropped=9)) == {
        "frame_id": 3,
        "image": "anBlZw==",
        "hands": [],
        "timings_ms": {"track": 1.5, "send": 0.25},
        "dropped": 9,
    }


# --- handstream.v1


def test_v1_offers_a_frame_with_the_settings_as_they_were() -> None:
    session = v1()
    (first,) = session.receive_binary(frame(7), 10)
    session.receive_text('{"type": "settings", "settings": {"output": "both"}}', 0)
    (second,) = session.receive_binary(frame(8), 20)
    assert first == Offer(Frame(7, b"image", 5, 10), SessionSettings())
    assert second == Offer(Frame(8, b"image", 5, 20), SessionSettings(output=Output.BOTH))


def test_v1_tells_each_drop() -> None:
    session = v1()
    session.receive_binary(frame(7), 0)
    (reply,) = session.drop(7, "send")
    assert isinstance(reply, Reply)
    assert json.loads(reply.text) == {"type": "dropped", "frame_id": 7, "stage": "send"}


def test_v1_reports_a_failed_frame() -> None:
    session = v1()
    session.receive_binary(frame(7), 0)
    error = error_of(session.fail(7, FrameError("It is damaged.", code="truncated_image")))
    assert error == {"code": "truncated_image", "message": "It is damaged.", "frame_id": 7}


@pytest.mark.parametrize(
    ("frame_id", "other", "does"),
    [
        (1, 0, True),
        (0, 0, False),
        (0, 1, False),
        (2**31 - 1, 0, True),
        (2**31, 0, False),
        (0, 2**32 - 1, True),
        (5, 2**32 - 5, True),
        (2**32 - 1, 0, False),
        (2**32 - 5, 5, False),
    ],
)
def test_a_number_is_greater_than_another_around_the_wrap_too(frame_id: int, other: int, does: bool) -> None:
    assert follows(frame_id, other) is does


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**31 - 1))
def test_of_two_numbers_one_follows(frame_id: int, step: int) -> None:
    later = (frame_id + step) % 2**32
    assert follows(later, frame_id)
    assert not follows(frame_id, later)


def test_v1_takes_frame_numbers_across_the_wrap() -> None:
    session = v1()
    for frame_id in (2**32 - 2, 2**32 - 1, 0, 1):
        (offer,) = session.receive_binary(frame(frame_id), 0)
        assert isinstance(offer, Offer)
    assert error_of(session.receive_binary(frame(2**32 - 1), 0))["code"] == "bad_frame_id"


def test_a_number_that_is_outstanding_is_refused_even_if_the_numbers_went_all_the_way_round() -> None:
    session = v1()
    for frame_id in (0, 2**31 - 1, 2**32 - 2):
        session.receive_binary(frame(frame_id), 0)
    assert error_of(session.receive_binary(frame(0), 0))["code"] == "bad_frame_id"
    session.answer(0, 0)
    (offer,) = session.receive_binary(frame(0), 0)
    assert isinstance(offer, Offer)


def test_a_refused_number_does_not_count_as_the_newest() -> None:
    session = v1()
    session.receive_binary(frame(10), 0)
    session.receive_binary(frame(9), 0)
    (offer,) = session.receive_binary(frame(11), 0)
    assert isinstance(offer, Offer)


def test_a_long_text_is_not_even_parsed() -> None:
    text = json.dumps({"type": "settings", "settings": {}, "x": "y" * MAX_CONTROL_CHARACTERS})
    assert error_of(v1().receive_text(text, 0))["code"] == "bad_json"


def test_deeply_nested_json_is_refused() -> None:
    assert error_of(v1().receive_text("[" * 60_000, 0))["code"] == "bad_json"


@pytest.mark.parametrize(("resume", "resumed", "reason"), [(None, False, None), ("a", True, None), ("a", False, "cannot_resume")])
def test_a_welcome_says_whether_the_session_is_the_one_that_was_asked_for(resume: str | None, resumed: bool, reason: str | None) -> None:
    session = v1()
    session.receive_binary(frame(7), 0)
    (reply,) = session.open(Hello(resume=resume, settings={"max_hands": 1}), Ticket("another", 9), resumed=resumed)
    assert isinstance(reply, Reply)
    welcome = json.loads(reply.text)
    assert (welcome["resumed"], welcome.get("reason"), welcome["last_frame_id"]) == (resumed, reason, 7)
    assert (welcome["resume_token"], welcome["resume_within_s"], welcome["settings"]["max_hands"]) == ("another", 9, 1)


def test_a_probe_is_echoed() -> None:
    (reply,) = v1().receive_text('{"type": "ping", "id": 5}', 77)
    assert reply == Reply('{"type":"pong","id":5,"time_ns":77}')


def test_results_wait_for_acknowledgements_of_a_client_that_sends_them() -> None:
    session = v1(HELLO_WITH_ACKS)
    for frame_id in range(2):
        assert session.may_answer
        session.receive_binary(frame(frame_id), 0)
        session.answer(frame_id, 10 + frame_id)
    assert (session.may_answer, session.awaited_since_ns) == (False, 10)
    assert session.receive_text('{"type": "ack", "frame_id": 0}', 0) == [Confirm()], "who has a result has the welcome"
    assert (session.may_answer, session.awaited_since_ns) == (True, 11)
    assert session.receive_text('{"type": "ack", "frame_id": 0}', 0) == [], "a repetition is ignored"
    assert error_of(session.receive_text('{"type": "ack", "frame_id": 2}', 0))["code"] == "bad_ack"
    session.open(Hello(features=("ack",)), TICKET, resumed=True)
    assert session.awaited_since_ns is None
    assert session.receive_text('{"type": "ack", "frame_id": 1}', 0) == [], "it was sent on the connection before"
    session.receive_binary(frame(2), 0)
    session.answer(2, 20)
    assert [session.receive_text(f'{{"type": "ack", "frame_id": {frame_id}}}', 0) for frame_id in (2, 2)] == [[Confirm()], []]


def test_a_client_that_did_not_say_that_it_acknowledges_is_not_waited_for() -> None:
    session = v1()
    for frame_id in range(20):
        session.receive_binary(frame(frame_id), 0)
        session.answer(frame_id, 0)
        assert session.may_answer
    assert error_of(session.receive_text('{"type": "ack", "frame_id": 0}', 0))["code"] == "bad_ack"


@pytest.mark.parametrize("text", ['{"type": "settings", "settings": {"max_hands": 1}}', "{}", '{"type": "ack", "frame_id": 0}'])
def test_a_flood_of_texts_ends_the_session(text: str) -> None:
    session = v1(HELLO_WITH_ACKS)
    for _ in range(BURST_TEXTS - 1):
        (reply,) = session.receive_text(text, 0)
        assert isinstance(reply, Reply)
    error, close = session.receive_text(text, 0)
    assert error_of([error])["code"] == "too_many_messages"
    assert close == Close(1008, "too_many_messages")


def test_a_flood_of_texts_ends_a_plain_session_too() -> None:
    session = plain()
    closes = [session.receive_text("x", 0)[-1] for _ in range(BURST_TEXTS + 1)]
    assert closes[-1] == Close(1008, "too_many_messages")
    assert Close not in map(type, closes[:-1])


def test_acknowledgements_that_tell_something_are_free() -> None:
    session = v1(HELLO_WITH_ACKS)
    for frame_id in range(5 * BURST_TEXTS):
        now_ns = frame_id * SECOND_NS // 120
        session.receive_binary(frame(frame_id), now_ns)
        session.answer(frame_id, now_ns)
        assert session.receive_text(f'{{"type": "ack", "frame_id": {frame_id}}}', now_ns) == ([] if frame_id else [Confirm()])


def test_frames_beyond_the_rate_are_dropped_and_the_session_goes_on() -> None:
    session = v1()
    offers = [isinstance(session.receive_binary(frame(frame_id), 0)[0], Offer) for frame_id in range(200)]
    assert offers == [True] * 120 + [False] * 80
    assert session.flow.statistics().dropped == {"queue": 80}
    assert session.receive_binary(frame(200), 0) == [Reply('{"type":"dropped","frame_id":200,"stage":"queue"}')]
    (offer,) = session.receive_binary(frame(201), SECOND_NS // 100)
    assert isinstance(offer, Offer)


@pytest.mark.parametrize("message", [frame(0), b"", b"no frame"])
def test_a_flood_of_binary_messages_ends_the_session(message: bytes) -> None:
    for session in (plain(), v1()):
        ends = next(count for count in range(10_000) if Close(1008, "too_many_messages") in session.receive_binary(message, 0))
        assert ends == 4 * 120 * 10, "what a path held up for ten seconds is no flood"


def test_a_second_of_frames_is_no_flood_however_long_it_goes_on() -> None:
    session = plain()
    for count in range(20_000):
        assert not any(isinstance(action, Close) for action in session.receive_binary(b"image", count * SECOND_NS // 400))


# --- whatever comes


class SessionMachine(RuleBasedStateMachine):
    """Messages of all kinds and everything that befalls frames, in any order: the account adds up, and nothing raises."""

    def __init__(self) -> None:
        super().__init__()
        self.session: Session = plain()
        self.outstanding: list[Offer] = []

    @initialize(session=st.sampled_from([plain, v1, lambda: v1(None), lambda: v1(HELLO_WITH_ACKS)]))
    def open(self, session: Any) -> None:
        self.session = session()

    def carry_out(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Offer():
                    self.outstanding.append(action)
                case Open(hello):
                    self.carry_out(self.session.open(hello, TICKET, resumed=False))
                case Reply(text):
                    json.loads(text)
                case Close(code, reason):
                    assert code in {1002, 1008}
                    assert 0 < len(reason.encode()) <= 123, "RFC 6455 allows no longer reason"

    @rule(
        text=st.text(max_size=50)
        | st.sampled_from([HELLO, '{"type": "settings", "settings": {"max_hands": 1}}', '{"type": "settings", "settings": {"a": 1}}', "{}"])
        | st.builds('{{"type": "ack", "frame_id": {}}}'.format, st.integers(-1, 2**32))
    )
    def text(self, text: str) -> None:
        self.carry_out(self.session.receive_text(text, 0))

    @rule(message=st.binary(max_size=40) | st.builds(frame, st.integers(0, 2**32 - 1), st.sampled_from([b"", b"image"])))
    def binary(self, message: bytes) -> None:
        self.carry_out(self.session.receive_binary(message, 1_000))

    @precondition(lambda self: self.outstanding)
    @rule(how=st.sampled_from(["answer", "fail", "drop"]), stage=st.sampled_from(["queue", "send"]))
    def settle(self, how: str, stage: Any) -> None:
        offer = self.outstanding.pop(0)
        match how:
            case "answer":
                result = FrameResult(offer.frame.frame_id, offer.frame.capture_time_ns, 4, 3, ())
                answer = self.session.encode(result, offer.settings, 0)
                assert answer.frame_id == offer.frame.frame_id
                assert answer.stamped(send_time_ns=1, dropped=self.session.flow.dropped)
                self.session.answer(offer.frame.frame_id, 0)
            case "fail":
                self.carry_out(self.session.fail(offer.frame.frame_id, FrameError("bad")))
            case "drop":
                self.carry_out(self.session.drop(offer.frame.frame_id, stage))

    @invariant()
    def adds_up(self) -> None:
        account = self.session.flow.statistics()
        assert account.outstanding == len(self.outstanding)
        assert account.received == account.answered + account.failed + sum(account.dropped.values()) + account.outstanding

    @invariant()
    def every_offer_has_an_image_and_a_number_of_its_own(self) -> None:
        assert all(offer.frame.image for offer in self.outstanding)
        assert len({offer.frame.frame_id for offer in self.outstanding}) == len(self.outstanding)


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(max_examples=60, stateful_step_count=30)
