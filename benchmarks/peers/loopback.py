"""What the WebRTC servers and their client change in aiortc: loopback alone and, in the client, when a frame is handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aioice.ice
from aiortc import RTCConfiguration
from aiortc.jitterbuffer import JitterBuffer, JitterFrame

if TYPE_CHECKING:
    from aiortc.rtp import RtpPacket

__all__ = ["NO_ICE_SERVERS", "release_on_marker", "stay_on_loopback"]

NO_ICE_SERVERS = RTCConfiguration(iceServers=[])


def stay_on_loopback() -> None:
    """Makes 127.0.0.1 the only ICE host candidate; aioice leaves it out otherwise."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]  # noqa: ARG005 - the names are aioice's


def release_on_marker() -> None:
    """Lets aiortc's video jitter buffer hand on a frame when its last packet, the one with the RTP marker, is there.

    As it is, aiortc waits for the first packet of the next frame, a frame interval later. Browsers do not wait, so a client that stands in
    for one must not either. The servers keep aiortc's own way.
    """
    wait_for_next = JitterBuffer._remove_frame  # noqa: SLF001 - there is no public way

    def remove_frame(self: JitterBuffer, sequence_number: int) -> JitterFrame | None:
        return _marked_frame(self) if self._is_video else wait_for_next(self, sequence_number)

    JitterBuffer._remove_frame = remove_frame  # noqa: SLF001


def _marked_frame(buffer: JitterBuffer) -> JitterFrame | None:
    """The buffer's first frame if it is whole, taken out."""
    packets: list[RtpPacket] = []
    for place in range(buffer.capacity):
        packet = buffer._packets[(buffer._origin + place) % buffer.capacity]  # noqa: SLF001
        if packet is None:
            return None
        if packets and packet.timestamp != packets[0].timestamp:  # the last frame's marker was lost
            return _taken(buffer, packets)
        packets.append(packet)
        if packet.marker:
            return _taken(buffer, packets)
    return None


def _taken(buffer: JitterBuffer, packets: list[RtpPacket]) -> JitterFrame:
    buffer.remove(len(packets))
    return JitterFrame(data=b"".join(packet._data for packet in packets), timestamp=packets[0].timestamp)  # noqa: SLF001
