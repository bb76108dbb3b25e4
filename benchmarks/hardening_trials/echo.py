"""An echo on the server's own listener, HTTP and WebSocket classes, which is what the Autobahn suite talks to: `main`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from handstream.server.gate import Gate
from handstream.server.listener import Server
from handstream.server.refusals import Refusals
from handstream.server.run import address, bind, uvicorn_config
from handstream.server.settings import ServerSettings
from handstream.server.tls import certified

if TYPE_CHECKING:
    from typing import Any

    from starlette.types import Receive, Scope, Send

__all__ = ["main"]

MAX_MESSAGE_BYTES = 16 * 2**20
"""The suite's largest message. The server's own limit is lower, and tests/server shows what comes of a message beyond it."""

SETTINGS = ServerSettings(
    max_message_bytes=MAX_MESSAGE_BYTES, max_requests_per_second=1e6, max_requests_per_second_by_address=1e6, log_level="warning"
)
"""The suite opens hundreds of connections as fast as it can, which the server would refuse a stranger."""


def main() -> None:
    """Serves until the process is told to stop, and prints where. Blocks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hardening_trials.echo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--https", action="store_true", help="with TLS, and a certificate made for this run")
    options = parser.parse_args()
    with certified(SETTINGS.model_copy(update={"https": options.https})) as settings, bind("127.0.0.1", 0) as listener:
        server = Server(uvicorn_config(_echo, settings))  # type: ignore[arg-type]  # uvicorn takes any ASGI application
        print(f"listening on {address(listener, settings).replace('http', 'ws', 1)}", flush=True)
        server.run(sockets=[listener])


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(scope["state"], receive, send)
    elif scope["type"] == "websocket":
        await _repeat(receive, send)


async def _live(state: dict[str, Any], receive: Receive, send: Send) -> None:
    await receive()
    state["gate"] = Gate(SETTINGS, Refusals(lambda _: None))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def _repeat(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": message.get("bytes"), "text": message.get("text")})


if __name__ == "__main__":
    main()
