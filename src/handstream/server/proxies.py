"""Who really asks, where proxies stand between: `client_of` follows their headers as far as they can be trusted.

Theory of operation
-------------------

Each proxy appends to `X-Forwarded-For` (or `Forwarded`, RFC 7239) the address that it was asked from. So the list is read from its end:
the last entry is the word of our peer, and is believed if the peer's address is one of the trusted networks; the entry before is the word
of the one just found, and so on, until one that is not trusted: that is the client. What stands before it is the client's own invention.

A proxy removes or extends one of the two headers and may pass the other on as it came, from a stranger. So where both are there and do not
name the same client, neither is believed, and the request counts as the proxy's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from starlette.datastructures import Headers

    Networks = Sequence[IPv4Network | IPv6Network]

__all__ = ["Client", "client_of", "is_trusted"]

_MAX_HOPS = 16
"""The most proxies that are followed; a longer list is cut at its beginning, which is the client's word in any case."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, and what for, as the outermost trusted proxy saw it.

    Attributes:
        address: The client's IP address.
        scheme: `http` or `https`; None where no proxy said so.
        host: The `Host` that the client asked for; None where no proxy said so.
    """

    address: str
    scheme: str | None = None
    host: str | None = None


def is_trusted(address: str, trusted: Networks) -> bool:
    """Whether that address lies in one of those networks. What is no IP address does not."""
    if not trusted:
        return False  # Most servers trust nobody, and an address takes time to read.
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in network for network in trusted)


def client_of(peer: str, headers: Headers, trusted: Networks) -> Client:
    """Who asks.

    Args:
        peer: The address of the other end of the connection.
        headers: Those of the request.
        trusted: The networks of our proxies.
    """
    if not is_trusted(peer, trusted):
        return Client(peer)
    told = [
        client
        for client in (_x_forwarded(peer, headers, trusted), _forwarded(peer, headers.getlist("forwarded"), trusted))
        if client is not None
    ]
    if len({client.address for client in told}) != 1:
        return Client(peer)
    return told[0]


def _x_forwarded(peer: str, headers: Headers, trusted: Networks) -> Client | None:
    """What the X-Forwarded headers say; None if there are none."""
    hops = _items(headers.getlist("x-forwarded-for"), ",")
    if not hops:
        return None
    scheme = _items(headers.getlist("x-forwarded-proto"), ",")
    host = _items(headers.getlist("x-forwarded-host"), ",")
    return _client(_follow(peer, hops, trusted)[0], scheme[-1] if scheme else None, host[-1] if host else None)


def _forwarded(peer: str, values: Sequence[str], trusted: Networks) -> Client | None:
    """What `Forwarded` says; None if there is none. Each element is one proxy's word on who asked it, and how."""
    elements = [dict(_pair(pair) for pair in _items([element], ";")) for element in _items(values, ",")]
    if not elements:
        return None
    address, believed = _follow(peer, [element.get("for", "") for element in elements], trusted)
    outermost = elements[-believed]
    return _client(address, outermost.get("proto"), outermost.get("host"))


def _client(address: str, scheme: str | None, host: str | None) -> Client:
    lowered = scheme.lower() if scheme is not None else None
    return Client(address, lowered if lowered in ("http", "https") else None, host)


def _follow(peer: str, hops: Sequence[str], trusted: Networks) -> tuple[str, int]:
    """The first address from the end that is not trusted, or the last one that could be read; and how many entries were believed.

    One is believed in any case: our peer's, whatever can be read of it.
    """
    address, believed = peer, 0
    for hop in reversed(hops[-_MAX_HOPS:]):
        said = _address(hop)
        if said is None:
            break
        address, believed = said, believed + 1
        if not is_trusted(address, trusted):
            break
    return address, max(1, believed)


def _address(hop: str) -> str | None:
    """The IP address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`; None if it is another thing."""
    end = "]" if hop.startswith("[") else ":" if hop.count(":") == 1 else " "
    try:
        return str(ip_address(hop.removeprefix("[").partition(end)[0]))
    except ValueError:
        return None


def _items(values: Sequence[str], separator: str) -> list[str]:
    """What stands between the separators, outside of quotes."""
    items = [""]
    is_quoted = False
    for character in separator.join(values):
        is_quoted ^= character == '"'
        if character == separator and not is_quoted:
            items.append("")
        else:
            items[-1] += character
    return [item.strip() for item in items if item.strip()]


def _pair(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return name.strip().lower(), value.strip().strip('"')
