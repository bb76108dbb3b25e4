"""What keeps a session fresh: a slow engine, a client that does not read, and the event loop through both."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
from websockets.sync.client import connect

from handstream.frames import Frame
from handstream.protocol import wire
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, Serving, jpeg, jpeg_of_noise, open_without_reading, send_unread, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection


def test_a_slow_engine_neither_blocks_the_loop_nor_gets_any_frame_but_the_newest() -> None:
    engine, may_go = FakeEngine(), threading.Event()
    with serving(lambda: engine) as server, server.v1() as websocket:
        engine.meanwhile = may_go.wait
        for frame_id in range(50):
            websocket.send(wire.encode_frame(Frame(frame_id, jpeg())))
            until(server.is_processing)
        until(lambda: server.sessions().totals.frames.received == 50)
        may_go.set()
        answered, dropped = outcomes(websocket, 50)
    assert dropped == list(range(1, 49)), "one is processed at a time, and what came meanwhile is dropped but for the newest"
    assert answered == [0, 49], "the newest frame is never dropped"


def test_a_client_that_never_reads_costs_neither_memory_nor_the_others() -> None:
    with serving(output="annotated", jpeg_quality=95, reader_timeout_s=WAIT_S) as server:
        picture = jpeg_of_noise()
        with server.plain() as reader:
            round_trip_s(reader, picture)
            alone_s = [round_trip_s(reader, picture) for _ in range(20)]
            stopped = open_without_reading(server.url)
            send_unread(stopped, picture)
            before_bytes = psutil.Process().memory_info().rss
            beside_s = []
            for _ in range(40):
                send_unread(stopped, picture)
                beside_s.append(round_trip_s(reader, picture))
            grown_bytes = psutil.Process().memory_info().rss - before_bytes
            unsent_bytes = max(connection.transport.get_write_buffer_size() for connection in tuple(server.server.server_state.connections))
            stopped.close()
            until(lambda: server.executor_statistics().lanes == 1)
            alone_s += [round_trip_s(reader, picture) for _ in range(20)]
    assert grown_bytes < 20e6, "all that it sent is 70 MB"
    assert unsent_bytes < 3 * len(picture), "more than one result waits"
    assert statistics.quantiles(beside_s)[0] < 5 * statistics.median(alone_s), "behind all those frames it would be 20 times as long"


def test_a_reader_that_wakes_up_gets_what_is_new() -> None:
    """Only what the network held when the client stopped reading is old; nothing waits in the server but the newest result."""
    frames = 200
    with serving(output="annotated", jpeg_quality=95) as server, plain_with_small_buffers(server) as websocket:
        picture = jpeg_of_noise()
        for _ in range(frames):
            websocket.send(picture)
            time.sleep(0.01)
        answers = [json.loads(websocket.recv(WAIT_S))]
        while answers[-1]["frame_id"] != frames - 1:
            answers.append(json.loads(websocket.recv(WAIT_S)))
    assert answers[-1]["dropped"] == frames - len(answers), "every frame is answered or counted as dropped"
    # 64 KB of the client's socket and 16 KB of the server's hold one result of 100 KB, and the client's library two. 9 of 10 are dropped.
    assert len(answers) < frames / 10


def test_a_client_that_reads_no_errors_is_not_listened_to_for_ever() -> None:
    """Each of its messages is answered with a text, and texts are not dropped: so no more are read than can be answered."""
    text = b"\x81\xfe" + (1_000).to_bytes(2, "big") + bytes(4) + b"x" * 1_000
    with serving() as server:
        connection = open_without_reading(server.url, receive_buffer_bytes=4_096)
        connection.settimeout(0.5)
        assert not sends(connection, text * 20_000)
        with server.plain() as other:
            round_trip_s(other, jpeg())
        connection.close()
        until(lambda: server.executor_statistics().lanes == 0)


def sends(connection: socket.socket, data: bytes) -> bool:
    """Whether the other side takes all of that."""
    try:
        for start in range(0, len(data), 100_000):
            connection.sendall(data[start : start + 100_000])
    except TimeoutError:
        return False
    return True


@contextmanager
def plain_with_small_buffers(server: Serving) -> Iterator[ClientConnection]:
    """A client that takes no more from the network than it has been asked for."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    with connect(server.video_url, sock=connection, compression=None, max_size=None, max_queue=1) as websocket:
        yield websocket


def outcomes(websocket: ClientConnection, frames: int) -> tuple[list[int], list[int]]:
    """The numbers of the frames that were answered, and of those that were dropped."""
    answered: list[int] = []
    dropped: list[int] = []
    while len(answered) + len(dropped) < frames:
        message = websocket.recv(WAIT_S)
        if isinstance(message, bytes):
            result = wire.decode_result(message)
            assert result.dropped <= frames - len(answered) - 1
            answered.append(result.frame_id)
        else:
            told = json.loads(message)
            assert told["type"] == "dropped", told
            dropped.append(told["frame_id"])
    return answered, dropped


def round_trip_s(websocket: ClientConnection, image: bytes) -> float:
    start_s = time.perf_counter()
    websocket.send(image)
    assert "frame_id" in json.loads(websocket.recv(WAIT_S))
    return time.perf_counter() - start_s
