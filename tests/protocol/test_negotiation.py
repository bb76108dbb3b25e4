"""Which session a client gets, and when it gets none."""

from __future__ import annotations

import pytest

from handstream.errors import MessageError
from handstream.frames import Output
from handstream.protocol.negotiation import negotiate
from handstream.protocol.plain import PlainSession
from handstream.protocol.session import Session, SessionIdentity
from handstream.protocol.settings import Limits, SessionSettings
from handstream.protocol.v1 import V1Session

IDENTITY = SessionIdentity(server="handstream/0", engine="fake", session_id="00000000")


def ask(offered: list[str], query: list[tuple[str, str]]) -> Session:
    return negotiate(offered, query, identity=IDENTITY, settings=SessionSettings(jpeg_quality=33), limits=Limits())


@pytest.mark.parametrize(
    ("offered", "kind", "subprotocol"),
    [
        ([], PlainSession, None),
        (["handstream.v1"], V1Session, "handstream.v1"),
        (["handstream.v9", "handstream.v1"], V1Session, "handstream.v1"),
    ],
)
def test_the_way_of_talking_is_chosen_by_what_is_offered(offered: list[str], kind: type[Session], subprotocol: str | None) -> None:
    session = ask(offered, [])
    assert type(session) is kind
    assert session.subprotocol == subprotocol
    assert session.settings == SessionSettings(jpeg_quality=33)


@pytest.mark.parametrize("offered", [["handstream.v2"], [""], ["Handstream.V1"], ["x" * 5_000]])
def test_what_is_not_spoken_is_refused_and_what_is_spoken_is_told(offered: list[str]) -> None:
    with pytest.raises(MessageError, match=r"handstream\.v1") as refused:
        ask(offered, [])
    assert refused.value.code == "unknown_subprotocol"
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("offered", [[], ["handstream.v1"]])
def test_the_query_changes_what_the_session_begins_with(offered: list[str]) -> None:
    session = ask(offered, [("output", "landmarks"), ("jpeg_quality", "77"), ("resume", "true")])
    assert session.settings == SessionSettings(output=Output.LANDMARKS, jpeg_quality=77)


@pytest.mark.parametrize(
    "query",
    [
        [("max_hands", "1")],
        [("x" * 5_000, "")],
        [("output", "video")],
        [("output", "both"), ("output", "both")],
        [("jpeg_quality", "101")],
        [("jpeg_quality", "-1")],
        [("jpeg_quality", "5e1")],
        [("jpeg_quality", "")],
        [("jpeg_quality", "9" * 5_000)],
        [("resume", "1")],
        [("resume", "true"), ("resume", "true")],
    ],
)
def test_a_query_that_is_not_understood_is_refused(query: list[tuple[str, str]]) -> None:
    with pytest.raises(MessageError) as refused:
        ask([], query)
    assert refused.value.code == "bad_query"
    assert len(str(refused.value)) < 300
