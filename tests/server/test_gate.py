"""What comes before a session: slow, silent, many and malformed connections, over real sockets."""

from __future__ import annotations

import errno
import json
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.server import listener
from tests.server.serving import WAIT_S, jpeg, serving, until

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

    from tests.server.serving import Serving


def refusals(server: Serving) -> dict[str, int]:
    return dict(server.sessions().refused)


def raw(server: Serving, sent: bytes = b"") -> socket.socket:
    """A connection on which so much was sent."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), WAIT_S)
    with suppress(ConnectionError):  # The server may have ended it, on a busy machine for having waited so long.
        connection.sendall(sent)
    return connection


def ends(connection: socket.socket) -> bytes:
    """What comes until the server ends the connection."""
    received = b""
    with connection:
        while True:
            try:
                part = connection.recv(65_536)
            except ConnectionResetError:
                return received
            if not part:
                return received
            received += part


def track(server: Serving) -> None:
    """An honest client."""
    with server.plain() as websocket:
        websocket.send(jpeg())
        assert '"hands"' in str(websocket.recv(WAIT_S))


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nX-Slow: a", b"POST /access HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbody"]
)
def test_a_request_that_does_not_end_in_time_is_ended(sent: bytes) -> None:
    with serving(handshake_timeout_s=0.2) as server:
        ends(raw(server, sent))
        until(lambda: refusals(server).get("handshake_timeout") == 1)
        until(lambda: not server.server.server_state.connections)


def test_a_byte_now_and_then_is_no_reason_to_wait() -> None:
    with serving(handshake_timeout_s=0.3) as server, raw(server, b"GET / HTTP/1.1\r\nX-Slow: ") as connection:
        begin_s = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - begin_s < WAIT_S:
                connection.sendall(b"a")
                time.sleep(0.02)
        assert refusals(server) == {"handshake_timeout": 1}


def test_silent_connections_crowd_out_each_other_and_nobody_else() -> None:
    with serving(max_waiting_connections=20) as server:
        silent = [raw(server) for _ in range(60)]
        until(lambda: refusals(server).get("too_many_waiting") == 40)
        track(server)
        for connection in silent:
            connection.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 20_000,
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Many: a\r\n" * 101 + b"\r\n",
    ],
)
def test_a_head_that_is_too_large_is_refused(head: bytes) -> None:
    with serving() as server:
        assert ends(raw(server, head)).startswith(b"HTTP/1.1 431 ")
        assert refusals(server)["head_too_large"] == 1
        track(server)


def test_what_is_no_request_is_refused() -> None:
    with serving() as server:
        assert ends(raw(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")).startswith(b"HTTP/1.1 400 ")
        assert refusals(server) == {"bad_request": 1}


UPGRADE = b"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.mark.parametrize(
    ("method", "rest", "status"),
    [
        (b"GET", KEY + b"X-Long: " + b"a" * 9_000 + b"\r\n\r\n", 431),
        (b"GET", KEY + b"Content-Length: 4\r\n\r\nbody", 400),
        (b"GET", KEY + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST", KEY + b"\r\n", 405),
        (b"GET", b"\r\n", 400),
    ],
    ids=["long header", "body", "chunked body", "post", "no key"],
)
def test_what_is_no_upgrade_request_is_refused_and_its_connection_ended(method: bytes, rest: bytes, status: int) -> None:
    with serving() as server:
        answer = ends(raw(server, method + b" /ws/video HTTP/1.1\r\n" + UPGRADE + rest))
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert answer.endswith(b".\n"), "the answer says what is wrong"
        until(lambda: not server.server.server_state.connections)
        assert refusals(server) == {"bad_request": 1}


def test_requests_that_wait_for_others_on_their_connection_are_bounded() -> None:
    with serving() as server:
        assert b"HTTP/1.1 400 " in ends(raw(server, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 100))
        until(lambda: refusals(server).get("bad_request") == 1)
        connection = raw(server, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 4 + b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert ends(connection).count(b"HTTP/1.1 200 ") == 5


def test_a_body_that_ends_after_the_answer_wins_no_time() -> None:
    with serving(handshake_timeout_s=1) as server:
        connection = raw(server, b"POST /access HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 204 ")
        with suppress(ConnectionError):  # its time may be over
            connection.sendall(b"body")
        ends(connection)
        until(lambda: refusals(server).get("handshake_timeout") == 1)


def test_what_strangers_send_writes_no_line_of_the_log_for_each(caplog: pytest.LogCaptureFixture) -> None:
    with serving(max_requests_per_second_by_address=1_000) as server:
        for request in (b"\x00\r\n\r\n", b"GET /healthz HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n"):
            for _ in range(10):
                ends(raw(server, request))
    assert [record.message for record in caplog.records if record.levelname != "INFO"] == ["refused"]


@pytest.mark.parametrize("pause", ["_REFUSAL_PAUSE_S", "_LEAST_PAUSE_S"])
def test_who_is_refused_and_comes_again_at_once_has_to_wait(monkeypatch: pytest.MonkeyPatch, pause: str) -> None:
    monkeypatch.setattr(listener, pause, 10.0 * WAIT_S)
    with serving(max_requests_per_second_by_address=1) as server:
        for _ in range(100):
            with suppress(ConnectionResetError):
                raw(server).close()
        until(lambda: "too_many_connections" in refusals(server))
        with raw(server) as late:
            late.settimeout(0.2)
            with pytest.raises(TimeoutError):
                late.recv(1)
        assert refusals(server)["too_many_connections"] <= listener._ACCEPTS_AT_ONCE


@pytest.mark.parametrize("workers", [1, 2])
def test_a_connection_that_cannot_be_accepted_keeps_out_none_that_come_later(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Linux passes on what befell a connection while it waited, such as a route that went away, as the error of accept."""
    monkeypatch.setattr(listener, "_FAILURE_PAUSE_S", 0.01)
    accept, failures = socket.socket.accept, [OSError(errno.EPROTO, "Protocol error"), OSError(errno.EMFILE, "Too many open files")]

    def accept_after_failures(waiting: socket.socket) -> Any:
        if failures:
            raise failures.pop()
        return accept(waiting)

    with serving(workers=workers) as server:
        monkeypatch.setattr(socket.socket, "accept", accept_after_failures)
        track(server)
        assert refusals(server) == {"accept_failed": 1, "no_file_descriptors": 1}


def test_a_flood_of_connections_is_closed_before_it_is_read_and_harms_no_session() -> None:
    with serving(max_requests_per_second_by_address=1) as server, server.plain() as honest:
        for _ in range(100):
            with suppress(ConnectionResetError):  # the refusal may come before the connection is known to be there
                raw(server).close()
        until(lambda: refusals(server).get("too_many_connections", 0) >= 40)
        honest.send(jpeg())
        assert '"hands"' in str(honest.recv(WAIT_S))


def test_a_flood_of_requests_on_one_connection_is_refused() -> None:
    with serving(max_requests_per_second_by_address=0.2) as server, httpx.Client(base_url=server.url) as browser:
        answers = [browser.get("/healthz") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429], "ten seconds' worth at once"
        refused = answers[-1]
        assert refused.json()["error"]["code"] == "too_many_requests"
        assert refused.headers["Retry-After"] == "5"
        assert refused.headers["Connection"] == "close"
        with pytest.raises(InvalidStatus) as error, server.plain():
            pass
        assert error.value.response.status_code == 429


def from_proxy(server: Serving, address: str) -> Any:
    return connect(server.video_url, compression=None, additional_headers={"X-Forwarded-For": address})


def test_one_address_cannot_have_all_sessions_behind_a_trusted_proxy_too() -> None:
    with serving(max_sessions_by_address=2, trusted_proxies="127.0.0.0/8") as server:
        with from_proxy(server, "192.0.2.1"), from_proxy(server, "192.0.2.1"):
            with pytest.raises(InvalidStatus) as error, from_proxy(server, "192.0.2.1"):
                pass
            assert error.value.response.status_code == 429
            assert json.loads(error.value.response.body)["error"]["code"] == "too_many_sessions"
            with from_proxy(server, "192.0.2.2") as websocket:
                websocket.send(jpeg())
                assert '"hands"' in str(websocket.recv(WAIT_S))
        until(lambda: server.executor_statistics().lanes == 0)
        with from_proxy(server, "192.0.2.1"):
            pass


def test_a_stranger_cannot_choose_its_address() -> None:
    with serving(max_sessions_by_address=1) as server, from_proxy(server, "192.0.2.1"):
        with pytest.raises(InvalidStatus) as error, from_proxy(server, "192.0.2.2"):
            pass
        assert error.value.response.status_code == 429


def test_who_vanishes_again_and_again_displaces_only_sessions_of_the_own_address() -> None:
    with serving(max_sessions_by_address=2, trusted_proxies="127.0.0.1") as server:

        def vanish(address: str) -> str:
            options: dict[str, Any] = {"subprotocols": [Subprotocol("handstream.v1")], "additional_headers": {"X-Forwarded-For": address}}
            with connect(server.video_url, compression=None, **options) as websocket:
                websocket.send('{"type": "hello"}')
                token: str = json.loads(websocket.recv(WAIT_S))["resume_token"]
                websocket.socket.shutdown(socket.SHUT_RDWR)
            until(lambda: server.sessions().open == 0)
            return token

        kept = vanish("192.0.2.1")
        for _ in range(6):
            vanish("192.0.2.2")
        assert server.sessions().parked == 3
        with server.v1(json.dumps({"type": "hello", "resume": kept})):
            until(lambda: server.sessions().resumed == 1)


def test_those_who_say_hello_and_vanish_keep_nobody_out_of_a_full_server() -> None:
    with serving(max_sessions=3) as server:
        for _ in range(5):
            with server.v1() as websocket:
                websocket.socket.shutdown(socket.SHUT_RDWR)
            until(lambda: server.sessions().open == 0)
        track(server)
        assert server.sessions().refused == {}


# --- how long a connection may last


def listen(websocket: ClientConnection, hello: str | None) -> None:
    """Says hello, if there is one, and reads until the server closes."""
    if hello is not None:
        websocket.send(hello)
    while True:
        websocket.recv(WAIT_S)


def closed_by(server: Serving, subprotocol: str | None, hello: str | None) -> tuple[int, str]:
    offered = [Subprotocol(subprotocol)] if subprotocol is not None else None
    with connect(server.video_url, subprotocols=offered, compression=None) as websocket, pytest.raises(ConnectionClosed) as closed:
        listen(websocket, hello)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.mark.parametrize(
    ("settings", "subprotocol", "hello", "close"),
    [
        ({"handshake_timeout_s": 1.5}, "handstream.v1", None, (1002, "hello_expected")),
        ({"idle_timeout_s": 0.2}, "handstream.v1", '{"type": "hello"}', (4002, "idle_timeout")),
        ({"idle_timeout_s": 0.2}, None, None, (4002, "idle_timeout")),
        ({"connection_lifetime_s": 0.2}, "handstream.v1", '{"type": "hello"}', (4003, "connection_lifetime")),
    ],
)
def test_a_connection_that_lasts_too_long_is_closed(
    settings: dict[str, Any], subprotocol: str | None, hello: str | None, close: tuple[int, str]
) -> None:
    with serving(**settings) as server:
        assert closed_by(server, subprotocol, hello) == close


def test_frames_keep_a_session_from_being_idle() -> None:
    idle_timeout_s = 2
    with serving(idle_timeout_s=idle_timeout_s) as server, server.plain() as websocket:
        time.sleep(0.25 * idle_timeout_s)
        sent_s = time.monotonic()
        websocket.send(jpeg())
        assert '"hands"' in str(websocket.recv(WAIT_S))
        with pytest.raises(ConnectionClosed):
            websocket.recv(WAIT_S)
        assert time.monotonic() - sent_s > 0.9 * idle_timeout_s, "the time is counted from the frame on"
