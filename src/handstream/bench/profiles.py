"""What a path is like: `PROFILES` names the networks that `handstream.bench.relay` can stand for.

A path is two links, up (client to server) and down. A link is a bottleneck with a queue before it, and a way of constant length behind it
that jitter makes longer. Real networks vary by more than any profile does; each is a stated point in that space, with the reason for its
figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["PROFILES", "LinkProfile", "PathProfile", "Recurrence"]

_MIN_CHUNK_BYTES = 1_448
"""What one TCP segment carries on Ethernet, 1500 bytes less 20 of IPv4, 20 of TCP and 12 of its timestamps (RFC 7323)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProfile:
    """One direction of a path.

    Attributes:
        delay_ms: The least time that a byte takes, apart from the bottleneck.
        jitter_ms: The mean of what is added to it. It is distributed exponentially, as the waiting time behind other traffic at a single
            server is (M/M/1), and order is preserved, as TCP does.
        jitter_correlation_ms: How far apart in time jitter is drawn afresh; between two draws it moves steadily from one to the other.
        bandwidth_mbps: What the bottleneck passes on, in Mbit/s.
        burst_bytes: What it passes on at once after a rest: the depth of the token bucket.
        queue_ms: The queue before the bottleneck, as the time that it takes to drain. When it is full, the sender has to wait.
        losses_per_s: How often on average a packet is lost in a way that TCP mends only by a timeout. All behind it waits for it, and
            then arrives at once.
        retransmission_timeout_ms: How long that takes.
    """

    delay_ms: float
    jitter_ms: float
    jitter_correlation_ms: float = 50.0
    bandwidth_mbps: float
    burst_bytes: int = _MIN_CHUNK_BYTES
    queue_ms: float
    losses_per_s: float = 0.0
    retransmission_timeout_ms: float = 200.0

    def __post_init__(self) -> None:
        for name in ("delay_ms", "jitter_ms", "burst_bytes", "queue_ms", "losses_per_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name)}")
        for name in ("jitter_correlation_ms", "bandwidth_mbps", "retransmission_timeout_ms"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be more than 0, not {getattr(self, name)}")

    @property
    def bytes_per_s(self) -> float:
        """The bandwidth in bytes a second."""
        return self.bandwidth_mbps * 1e6 / 8

    @property
    def chunk_bytes(self) -> int:
        """The most that travels as one piece: 2 ms of the bandwidth, about as fine as an event loop's timers, within sensible bounds."""
        return round(min(65_536, max(_MIN_CHUNK_BYTES, self.bytes_per_s * 0.002)))

    @property
    def capacity_bytes(self) -> int:
        """The most that is on the link at a time: the queue, and what is on its way behind the bottleneck (bandwidth times delay)."""
        under_way_ms = self.queue_ms + self.delay_ms + self.jitter_ms
        return self.burst_bytes + max(2 * self.chunk_bytes, round(self.bytes_per_s * under_way_ms / 1e3))


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Something that happens every `every_s` seconds, first after as long, and lasts for `duration_s`."""

    every_s: float
    duration_s: float

    def __post_init__(self) -> None:
        if not 0 < self.duration_s < self.every_s:
            raise ValueError(f"duration_s must lie between 0 and every_s ({self.every_s}), not be {self.duration_s}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathProfile:
    """A path between a client and a server.

    Attributes:
        name: What the command line calls it.
        up: From the client to the server.
        down: From the server to the client.
        stalls: When nothing gets through, either way, though the connection lives on.
        refusals: When all connections are reset and new ones are refused.
    """

    name: str
    up: LinkProfile
    down: LinkProfile
    stalls: Recurrence | None = None
    refusals: Recurrence | None = None

    @property
    def round_trip_s(self) -> float:
        """The least round trip of a byte, in seconds."""
        return (self.up.delay_ms + self.down.delay_ms) / 1e3


def _symmetric(name: str, link: LinkProfile) -> PathProfile:
    return PathProfile(name=name, up=link, down=link)


_LAN = _symmetric("lan", LinkProfile(delay_ms=0, jitter_ms=0, bandwidth_mbps=1_000, burst_bytes=65_536, queue_ms=5))
"""Gigabit Ethernet through one switch. Its round trip of 0.1 to 0.3 ms is less than the timers of an event loop resolve, and about what
the relay itself takes, so no delay is added. The burst lets a whole frame pass at once; the queue is the 0.5 MB of a small switch."""

_WIFI = _symmetric("wifi", LinkProfile(delay_ms=1, jitter_ms=2.5, jitter_correlation_ms=30, bandwidth_mbps=50, queue_ms=50))
"""A shared access point. The hop's latency has its median at about 3 ms and its 90th percentile at 20 ms in Sui et al., "Characterizing
and Improving WiFi Latency in Large-Scale Operational Networks" (MobiSys 2016); this profile stays in the better half of that. 50 Mbit/s
is what a loaded 802.11n or ac cell leaves to one of its clients; the queue holds 50 ms: to be felt,
and no bufferbloat."""

_4G = _symmetric("4g", LinkProfile(delay_ms=30, jitter_ms=5, bandwidth_mbps=5, queue_ms=200))
"""A round trip of 60 ms and 5 Mbit/s each way, the project's stated target. The radio's scheduling grants and retransmissions (HARQ, 8 ms
a round in LTE) are the jitter; they hide losses from TCP. Cellular queues are deep (Jiang et al., "Tackling bufferbloat in 3G/4G
networks", IMC 2012): 200 ms here, so that a client that fills it feels it."""

_3G = _symmetric(
    "3g",
    LinkProfile(
        delay_ms=100,
        jitter_ms=15,
        jitter_correlation_ms=100,
        bandwidth_mbps=1,
        queue_ms=400,
        losses_per_s=0.02,
        retransmission_timeout_ms=400,
    ),
)
"""A round trip of 200 ms and 1 Mbit/s each way, the project's stated target, near the mobile presets of Lighthouse (150 ms, 1.6 and 0.75
Mbit/s). Now and then a loss costs a timeout: the round trip and Linux's TCP_RTO_MIN of 200 ms, where RFC 6298 would have 1 s."""

PROFILES: dict[str, PathProfile] = {
    profile.name: profile
    for profile in (
        _LAN,
        _WIFI,
        _4G,
        _3G,
        replace(_WIFI, name="stall", stalls=Recurrence(every_s=10, duration_s=2)),
        replace(_WIFI, name="reconnect", refusals=Recurrence(every_s=10, duration_s=1)),
    )
}
"""The profiles by name. `stall` is Wi-Fi on which nothing moves for 2 s of every 10, as when a phone roams or a lift door closes; on
`reconnect` every 10 s all connections are reset and for 1 s none is accepted, as when a server restarts."""
