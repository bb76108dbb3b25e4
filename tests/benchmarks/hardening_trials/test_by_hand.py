"""What is written by hand is a WebSocket, and what fuzzers send is not always one."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from benchmarks.hardening_trials.by_hand import BINARY, TEXT, masked, upgrade
from benchmarks.hardening_trials.fuzzing import _come, _v1_messages

from tests.server.serving import WAIT_S, Serving, jpeg, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def upgraded(server: Serving, *, is_v1: bool) -> Iterator[socket.socket]:
    """A WebSocket that was opened by hand."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), WAIT_S) as connection:
        connection.sendall(upgrade(is_v1=is_v1, query="?output=landmarks"))
        assert b" 101 " in connection.recv(4096)
        yield connection


def received(connection: socket.socket, expected: bytes) -> bytes:
    """What comes until that has come."""
    said = b""
    while expected not in said:
        part = connection.recv(65_536)
        assert part, f"the server closed after {said!r}"
        said += part
    return said


def test_a_server_understands_it() -> None:
    with serving() as server, upgraded(server, is_v1=True) as connection:
        connection.sendall(masked(TEXT, b'{"type": "hello"}'))
        assert b"landmarks" in received(connection, b'"welcome"')


@pytest.mark.parametrize("size_bytes", [0, 125, 126, 65_535, 65_536])
def test_messages_of_any_size_are_whole(size_bytes: int) -> None:
    with serving() as server, upgraded(server, is_v1=False) as connection:
        connection.sendall(masked(BINARY, bytes(size_bytes)) + masked(BINARY, jpeg()))
        received(connection, b'"hands"')


def test_fuzzers_damage_texts_and_frames_alike() -> None:
    sent = list(islice(_v1_messages(seed=1), 1_000))
    assert [opcode for opcode, _ in sent].count(TEXT) == 500
    assert len({message for _, message in sent}) > 900
    for opcode, message in sent:
        assert opcode == BINARY or message.decode() is not None, "a text is valid UTF-8"


def test_a_server_takes_what_fuzzers_send_and_goes_on() -> None:
    with serving() as server:
        sent, answered = _come("127.0.0.1", int(server.url.rpartition(":")[2]), 0.5)
        assert sent["frames and images"] > 0
        assert answered["errors"] > 0
        with server.plain() as websocket:
            websocket.send(jpeg())
            assert '"hands"' in str(websocket.recv(WAIT_S))
