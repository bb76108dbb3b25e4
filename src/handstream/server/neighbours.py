"""The other processes of one server: `Neighbours` passes a connection on to the process that has the session which it resumes.

Theory of operation
-------------------

Which process accepts a connection is chance, and a session lives in one of them. So a token begins with the number of the process that
issued it, and a connection that is opened to resume a session (`?resume=true`) is asked for its hello before anything else is done. If the
token is another process' own, this one becomes a relay: it opens a stream to that process over a Unix socket, in a folder that only this
server's user may enter, and passes every message on, both ways, one at a time, so that nothing piles up in between. The other process
serves the stream as it serves a connection of its own. If it is not there any more, the session is not either, and the connection begins a
new one here.

A message on the stream is a kind (1 byte), a length (4 bytes, big-endian) and a body: a text in UTF-8, a binary message, or a close code (2
bytes) with its reason. The first is a text: where the connection comes from and what it asked for, in JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import socket
import struct
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from starlette.websockets import WebSocketDisconnect

from handstream.errors import MessageError
from handstream.protocol.control import Hello
from handstream.protocol.parsing import parse_client_message
from handstream.server.websocket import READER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from pathlib import Path
    from typing import Any

    from starlette.websockets import WebSocket

__all__ = ["Forwarded", "Neighbours", "PassedOn"]

_HEADER = struct.Struct("!BI")
_CODE = struct.Struct("!H")

_CONNECT_TIMEOUT_S = 0.5
"""A process that lives takes a connection in less than a millisecond. One that hangs will be killed soon."""

_KERNEL_BYTES = 32 * 1024
"""What the kernel holds of one stream and direction: about one annotated picture."""

_MAX_PREAMBLE_BYTES = 16 * 1024

_LOST = 1006
"""The code of an end without a close frame (RFC 6455, section 7.4.1)."""

_GOING_AWAY = 1001
"""What a client is told whose session has gone with its process: connect again (RFC 6455, section 7.4.1)."""


class _Kind(IntEnum):
    TEXT = 1
    BINARY = 2
    CLOSE = 3


@dataclass(frozen=True, slots=True)
class PassedOn:
    """What the process that accepted a connection tells the one that serves it.

    Attributes:
        address: Where the connection comes from.
        subprotocol: The subprotocol that was agreed on.
        query: The query of its upgrade request.
        traceparent: Its trace context, or an empty string.
        token_expires_s: When what let it in expires, in seconds since 1970; None for never.
    """

    address: str
    subprotocol: str
    query: tuple[tuple[str, str], ...]
    traceparent: str
    token_expires_s: float | None


class Neighbours:
    """The processes of one server, seen from one of them. Belongs to its event loop.

    Attributes:
        index: Which of them this is, from 0.
    """

    def __init__(self, folder: Path, index: int) -> None:
        """Knows nobody yet.

        Args:
            folder: Where the sockets of all of them lie.
            index: Which of them this is.
        """
        self._folder = folder
        self.index = index
        self._server: asyncio.Server | None = None
        self._served: set[asyncio.Task[None]] = set()

    def token(self, secret: str) -> str:
        """A token that this process issues."""
        return f"{self.index}.{secret}"

    async def bind(self, serve: Callable[[Forwarded], Awaitable[None]]) -> None:
        """Prepares to take connections that others pass on, and to serve each with that. Nobody gets through before `listen`."""

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            stream = _Stream(reader, writer)
            task = asyncio.current_task()
            assert task is not None, "asyncio runs this as a task"
            self._served.add(task)
            try:
                await serve(Forwarded(PassedOn(**json.loads(await stream.receive_text(_MAX_PREAMBLE_BYTES))), stream))
            except (OSError, EOFError, ValueError, WebSocketDisconnect):
                pass  # The process that passed it on has gone.
            finally:
                self._served.discard(task)
                stream.close()

        path = self._path(self.index)
        path.unlink(missing_ok=True)  # of a process that served here before and was killed
        self._server = await asyncio.start_unix_server(take, path, start_serving=False)
        path.chmod(0o600)

    async def listen(self) -> None:
        """Takes connections from now on, until `close`: this process has what it takes to serve them."""
        assert self._server is not None, "it is bound"
        await self._server.start_serving()

    def close(self) -> None:
        """Takes no more, and ends those that were passed on."""
        if self._server is not None:
            self._server.close()
        for task in self._served:
            task.cancel()

    async def forward(self, websocket: WebSocket, first: MutableMapping[str, Any], passed_on: PassedOn, send_timeout_s: float) -> bool:
        """Passes a connection on if its first message names a session of another process, and relays until either side ends it.

        Args:
            websocket: The connection, accepted.
            first: Its first message.
            passed_on: What to tell the other process.
            send_timeout_s: How long the client may take to take one message.

        Returns:
            Whether the connection was passed on; then it has ended.
        """
        owner = self._owner(first.get("text") or "")
        stream = None if owner is None else await self._connect(owner)
        if stream is None:
            return False
        try:
            await stream.send(_Kind.TEXT, json.dumps(asdict(passed_on)).encode())
            await stream.send(_Kind.TEXT, first["text"].encode())
            await _relay(websocket, stream, send_timeout_s)
        except OSError:  # It has gone at this moment, and has taken nothing.
            return False
        finally:
            stream.close()
        return True

    def _owner(self, hello: str) -> int | None:
        """The other process that issued the token in that hello; None if this one did, or it names none."""
        with suppress(MessageError):
            message = parse_client_message(hello)
            if isinstance(message, Hello) and message.resume is not None:
                index = message.resume.partition(".")[0]
                if index.isascii() and index.isdecimal() and len(index) <= 2 and int(index) != self.index:  # noqa: PLR2004 - digits
                    return int(index)
        return None

    async def _connect(self, owner: int) -> _Stream | None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                return _Stream(*await asyncio.open_unix_connection(self._path(owner)))
        return None

    def _path(self, index: int) -> Path:
        return self._folder / f"worker-{index}.sock"


class Forwarded:
    """A connection that another process accepted, as `server/websocket.py` uses one."""

    def __init__(self, passed_on: PassedOn, stream: _Stream) -> None:
        self.passed_on = passed_on
        self._stream = stream

    async def receive(self) -> dict[str, Any]:
        """The next message in the form of ASGI; a stream that breaks is a connection that was lost."""
        try:
            kind, body = await self._stream.receive()
        except (OSError, EOFError):
            return {"type": "websocket.disconnect", "code": _LOST, "reason": ""}
        match kind:
            case _Kind.TEXT:
                return {"type": "websocket.receive", "text": body.decode()}
            case _Kind.BINARY:
                return {"type": "websocket.receive", "bytes": body}
            case _Kind.CLOSE:
                return {"type": "websocket.disconnect", "code": _CODE.unpack_from(body)[0], "reason": body[_CODE.size :].decode()}

    async def send_text(self, text: str) -> None:
        """Sends a text."""
        await self._send(_Kind.TEXT, text.encode())

    async def send_bytes(self, message: bytes) -> None:
        """Sends a binary message."""
        await self._send(_Kind.BINARY, message)

    async def close(self, code: int, reason: str) -> None:
        """Ends the connection."""
        await self._send(_Kind.CLOSE, _CODE.pack(code) + reason.encode())

    async def _send(self, kind: _Kind, body: bytes) -> None:
        try:
            await self._stream.send(kind, body)
        except OSError as error:
            raise WebSocketDisconnect(_LOST) from error


class _Stream:
    """One stream between two processes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        writer.transport.set_write_buffer_limits(high=0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)

    async def send(self, kind: _Kind, body: bytes) -> None:
        """Sends one message, and returns when the kernel has taken all of it."""
        self._writer.write(_HEADER.pack(kind, len(body)) + body)
        await self._writer.drain()

    async def receive(self, most_bytes: float = math.inf) -> tuple[_Kind, bytes]:
        """The next message.

        Raises:
            EOFError: There is none.
            ValueError: It is longer than that, or of no kind that there is.
        """
        kind, length = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
        if length > most_bytes:
            raise ValueError(f"a message of at most {most_bytes} bytes was expected, not of {length}")
        return _Kind(kind), await self._reader.readexactly(length)

    async def receive_text(self, most_bytes: int) -> str:
        """The next message, which is to be a text that is not longer.

        Raises:
            EOFError: There is none.
            ValueError: It is something else.
        """
        kind, body = await self.receive(most_bytes)
        if kind is not _Kind.TEXT:
            raise ValueError(f"a text was expected, not kind {kind}")
        return body.decode()

    def close(self) -> None:
        """Ends the stream at once; a second call does nothing."""
        self._writer.transport.abort()


async def _relay(websocket: WebSocket, stream: _Stream, send_timeout_s: float) -> None:
    """Passes messages on until either side ends, and tells the other how."""
    up = asyncio.create_task(_pass_up(websocket, stream))
    down = asyncio.create_task(_pass_down(websocket, stream, send_timeout_s))
    try:
        await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def _pass_up(websocket: WebSocket, stream: _Stream) -> None:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            await stream.send(_Kind.CLOSE, _CODE.pack(message["code"]) + (message.get("reason") or "").encode())
            return
        if message.get("bytes") is not None:
            await stream.send(_Kind.BINARY, message["bytes"])
        else:
            await stream.send(_Kind.TEXT, message["text"].encode())


async def _pass_down(websocket: WebSocket, stream: _Stream, send_timeout_s: float) -> None:
    try:
        while True:
            kind, body = await stream.receive()
            async with asyncio.timeout(send_timeout_s):
                match kind:
                    case _Kind.TEXT:
                        await websocket.send_text(body.decode())
                    case _Kind.BINARY:
                        await websocket.send_bytes(body)
                    case _Kind.CLOSE:
                        await websocket.close(_CODE.unpack_from(body)[0], body[_CODE.size :].decode())
                        return
    except TimeoutError:  # The client takes nothing. For the process that has its session it is lost, so that it may come back.
        stream.close()
        await websocket.close(READER_TIMEOUT.code, READER_TIMEOUT.reason)
    except (EOFError, OSError):
        await websocket.close(_GOING_AWAY, "the session has gone with its process: connect again")
