"""Who is compared, and how each is started and met: `CONTENDERS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handstream.bench.servers import CURES

__all__ = ["CONTENDERS", "OURS", "BrowserPeer", "ServerPeer"]


@dataclass(frozen=True, slots=True)
class ServerPeer:
    """One that tracks on a server.

    Attributes:
        key: Its name on the command line and in the results.
        name: Its name in the tables.
        environment: Where its server runs, see `environments.python_of`.
        server: The server's module and options. It prints its address once it can track.
        client: The client's module and options.
        client_environment: Where the clients run.
    """

    key: str
    name: str
    environment: str
    server: tuple[str, ...]
    client: tuple[str, ...]
    client_environment: str = "handstream"


@dataclass(frozen=True, slots=True)
class BrowserPeer:
    """One that tracks in the visitor's own browser: there are never several on one machine.

    Attributes:
        key: Its name on the command line and in the results.
        name: Its name in the tables.
        engine: The engine that the page loads, as it names it.
    """

    key: str
    name: str
    engine: str


_SERVE = ("handstream", "serve", "--port", "0")
_ORIGINAL = ("handstream.bench.original", "--port", "0")
_CURED = (*_ORIGINAL, *CURES)
_PLAIN, _V1, _WEBRTC = (f"benchmarks.peers.clients.{name}" for name in ("plain", "v1", "webrtc"))
_AIORTC = "benchmarks.peers.servers.aiortc_server"
_FASTRTC = "benchmarks.peers.servers.fastrtc_server"
_TO_AIORTC = (_WEBRTC, "--offer-path", "/offer")
_TO_FASTRTC = (_WEBRTC, "--offer-path", "/webrtc/offer", "--input-path", "/input")

CONTENDERS: Final[tuple[ServerPeer | BrowserPeer, ...]] = (
    ServerPeer("plain", "handstream, plain way", "handstream", _SERVE, (_PLAIN,)),
    ServerPeer("v1", "handstream.v1", "handstream", _SERVE, (_V1,)),
    ServerPeer("v1-landmarks", "handstream.v1, landmarks only", "handstream", _SERVE, (_V1, "--output", "landmarks")),
    ServerPeer("original", "original, no cure", "original", _ORIGINAL, (_PLAIN,)),
    ServerPeer("cured", "original, three cures", "original", _CURED, (_PLAIN,)),
    ServerPeer("cured-waiting", "original, cures, client waits", "original", _CURED, (_PLAIN, "--wait-for-answer")),
    ServerPeer("fastrtc", "FastRTC", "fastrtc", (_FASTRTC,), _TO_FASTRTC, "aiortc"),
    ServerPeer("aiortc", "aiortc, as its example", "aiortc", (_AIORTC,), _TO_AIORTC, "aiortc"),
    ServerPeer("aiortc-latest", "aiortc, newest frame only", "aiortc", (_AIORTC, "--latest"), _TO_AIORTC, "aiortc"),
    BrowserPeer("hands-js", "browser, @mediapipe/hands", "hands"),
    BrowserPeer("tasks-js", "browser, MediaPipe Tasks", "tasks"),
)
"""In the tables' order."""

OURS: Final = tuple(peer.key for peer in CONTENDERS if isinstance(peer, ServerPeer) and peer.server == _SERVE)
"""The keys of handstream's own rows."""
