"""Clients that read late, never, or more slowly than results come; and clients that talk too much."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.frames import Frame
from handstream.protocol import wire
from handstream.server import transport
from tests.server.serving import WAIT_S, Serving, jpeg, jpeg_of_noise, open_without_reading, send_unread, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

ACK = '{"type": "ack", "frame_id": %d}'


@contextmanager
def v1_with_features(server: Serving, *features: str, small_buffers: bool = False) -> Iterator[tuple[ClientConnection, Any]]:
    """A connection that has said hello, and its welcome; if asked for, one that takes little from the network ahead of its reader."""
    connection = socket.socket()
    if small_buffers:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    offered = [Subprotocol(wire.SUBPROTOCOL)]
    with connect(server.video_url, sock=connection, subprotocols=offered, compression=None, max_size=None, max_queue=1) as websocket:
        websocket.send(json.dumps({"type": "hello", "features": features}))
        yield websocket, json.loads(websocket.recv(WAIT_S))


def results_after_a_pause(server: Serving, *features: str) -> list[int]:
    """The results of a client that reads nothing while 100 frames are processed, and then all that there is."""
    processed = server.executor_statistics().processed
    with v1_with_features(server, *features) as (websocket, _):
        for frame_id in range(100):
            websocket.send(wire.encode_frame(Frame(frame_id, jpeg())))
            server.settle(processed + frame_id + 1)
        results: list[int] = []
        while not results or results[-1] != 99:
            message = websocket.recv(WAIT_S)
            if isinstance(message, bytes):
                results.append(wire.decode_result(message).frame_id)
                if features:
                    websocket.send(ACK % results[-1])
        return results


def test_a_client_that_acknowledges_gets_few_old_results_after_a_pause() -> None:
    """Results without a picture are small: the buffers of a connection hold hundreds of them."""
    with serving(output="landmarks") as server:
        fresh, plain = results_after_a_pause(server, "ack"), results_after_a_pause(server)
    assert len(fresh) <= 5 < len(plain)


def test_a_result_that_waits_leaves_with_its_acknowledgement() -> None:
    with serving(output="landmarks") as server, v1_with_features(server, "ack") as (websocket, _):
        for frame_id in range(3):
            websocket.send(wire.encode_frame(Frame(frame_id, jpeg())))
            server.settle(frame_id + 1)
        assert [wire.decode_result(websocket.recv(WAIT_S, decode=False)).frame_id for _ in range(2)] == [0, 1]
        with pytest.raises(TimeoutError):
            websocket.recv(0.05)
        websocket.send(ACK % 1)
        assert wire.decode_result(websocket.recv(WAIT_S, decode=False)).frame_id == 2


def test_a_client_that_takes_nothing_is_closed_with_a_reason_and_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_LINGER_S", WAIT_S)  # The reason is behind all that the client has not taken.
    with (
        serving(output="annotated", jpeg_quality=95, reader_timeout_s=0.3) as server,
        v1_with_features(server, small_buffers=True) as (websocket, welcome),
        server.plain() as other,
    ):
        picture = jpeg_of_noise()
        for frame_id in range(40):
            if server.sessions().parked:
                break
            websocket.send(wire.encode_frame(Frame(frame_id, picture)))
            other.send(jpeg())
            assert "frame_id" in json.loads(other.recv(WAIT_S)), "nobody else notices"
        until(lambda: server.sessions().parked)
        assert read_to_the_end(websocket)[1] == (4001, "reader_timeout")
        with server.v1(hello=None) as again:
            again.send(json.dumps({"type": "hello", "resume": welcome["resume_token"]}))
            assert json.loads(again.recv(WAIT_S))["resumed"]


def test_a_client_that_acknowledges_nothing_is_closed_with_a_reason() -> None:
    with serving(output="landmarks", reader_timeout_s=0.3) as server, v1_with_features(server, "ack") as (websocket, _):
        for frame_id in range(3):
            websocket.send(wire.encode_frame(Frame(frame_id, jpeg())))
            server.settle(frame_id + 1)
        assert read_to_the_end(websocket)[1] == (4001, "reader_timeout")


def test_a_session_without_frames_owes_nothing() -> None:
    with serving(output="landmarks", reader_timeout_s=0.2) as server, v1_with_features(server, "ack") as (websocket, _):
        websocket.send(wire.encode_frame(Frame(0, jpeg())))
        assert isinstance(websocket.recv(WAIT_S), bytes)
        with pytest.raises(TimeoutError):
            websocket.recv(0.5)
        websocket.send(wire.encode_frame(Frame(1, jpeg())))
        assert isinstance(websocket.recv(WAIT_S), bytes), "an unacknowledged result that nothing waits behind harms nobody"


def test_a_connection_that_is_never_read_is_gone_soon_after() -> None:
    with serving(output="annotated", jpeg_quality=95, reader_timeout_s=0.2) as server:
        connection = open_without_reading(server.url)
        with suppress(ConnectionError):  # it may be gone before all is sent
            send_unread(connection, jpeg_of_noise(1280, 960))
        until(lambda: server.executor_statistics().lanes == 0)
        until(lambda: not server.server.server_state.connections)
        connection.close()


def test_ten_thousand_settings_messages_end_their_session_and_no_other() -> None:
    with serving() as server, server.v1() as flooding, server.plain() as other:
        with suppress(ConnectionClosed):
            for number in range(10_000):
                flooding.send(json.dumps({"type": "settings", "settings": {"jpeg_quality": 1 + number % 100}}))
        other.send(jpeg())
        assert "frame_id" in json.loads(other.recv(WAIT_S))
        told, close = read_to_the_end(flooding)
        until(lambda: server.executor_statistics().lanes == 1)
    assert "too_many_messages" in str(told[-1])
    assert close == (1008, "too_many_messages")


def read_to_the_end(websocket: ClientConnection) -> tuple[list[str | bytes], tuple[int, str]]:
    """All that comes until the server closes, and the code and reason that it closes with."""
    told: list[str | bytes] = []
    try:
        while True:
            told.append(websocket.recv(WAIT_S))
    except ConnectionClosed as closed:
        return told, (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
