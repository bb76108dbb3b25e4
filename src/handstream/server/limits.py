"""How many may come, from one address and in all: `Arrivals` for connections and requests, `Waiting` for those that ask for nothing.

Theory of operation
-------------------

A session is bounded by its own budgets (`protocol/session.py`). What comes before a session is bounded here, by two rules that need no
knowledge of who is honest:

- *Arrivals* are counted against a budget of their address and then against one of all addresses. A flood from one address empties its own
  and costs the others nothing; one from many addresses costs newcomers, and never those who have a session.
- *Waiting* connections, which have no session yet, are bounded in number. One more ends the one that has waited longest. Who waits long
  says nothing or little, so silent connections can keep nobody out, however many there are.

Time is an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Generic, TypeVar

from handstream.protocol.budget import Budget

__all__ = ["Arrivals", "Waiting", "address_group"]

_BURST_S = 10.0
"""A page is some ten requests at once, and the people of a house may open it together."""

_ALL_BURST_S = 4.0
"""After a restart all who had a session come back within a second or two (`protocol/backoff.py` spreads them). By the defaults that is as
many as there may be sessions."""

_MAX_ADDRESSES = 4096
"""How many addresses are remembered. One that is forgotten begins with a full budget; the budget of all bounds what that is good for."""

_IPV6_GROUP_BITS = 64
"""What one customer has at the least (RFC 6177), and can choose addresses from at will."""

C = TypeVar("C")


@lru_cache(_MAX_ADDRESSES)
def address_group(address: str) -> str:
    """What counts as one address: an IPv4 address, or the 64-bit network of an IPv6 address. Anything else counts as itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed.packed, _IPV6_GROUP_BITS), strict=False))


class Arrivals:
    """How many may still come."""

    def __init__(self, *, per_second: float, per_second_by_address: float, processes: int = 1) -> None:
        """Nobody has come yet.

        Args:
            per_second: How many may come in the long run from all addresses together.
            per_second_by_address: How many may from one.
            processes: How many processes have such a share of what may come. A page's requests may all meet one of them, so the burst is
                not shared out.
        """
        self._all = Budget(per_second, burst_s=_ALL_BURST_S * processes)
        self._per_second_by_address = per_second_by_address
        self._burst_s = _BURST_S * processes
        self._by_address: OrderedDict[str, Budget] = OrderedDict()

    def take(self, address: str | None, now_ns: int) -> bool:
        """Whether one more may come from that address.

        Args:
            address: Where from; None counts against the budget of all alone, as for a proxy that speaks for many.
            now_ns: When, on a monotonic clock.
        """
        if address is not None and not self._budget_of(address_group(address)).take(now_ns):
            return False
        return self._all.take(now_ns)

    def _budget_of(self, group: str) -> Budget:
        budget = self._by_address.pop(group, None) or Budget(self._per_second_by_address, burst_s=self._burst_s)
        self._by_address[group] = budget  # now the newest
        if len(self._by_address) > _MAX_ADDRESSES:
            self._by_address.popitem(last=False)
        return budget


class Waiting(Generic[C]):
    """Connections that have no session yet, whatever a connection is: a hashable object."""

    def __init__(self, most: int) -> None:
        """None waits yet.

        Args:
            most: How many may.
        """
        self._most = most
        self._connections: OrderedDict[C, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._connections)

    def enter(self, connection: C) -> C | None:
        """That connection waits from now on, also where it has waited before.

        Returns:
            The one that is to be ended, as there are too many: the one that has waited longest.
        """
        self._connections[connection] = None
        self._connections.move_to_end(connection)
        return self._connections.popitem(last=False)[0] if len(self._connections) > self._most else None

    def leave(self, connection: C) -> None:
        """That connection waits no more. A second call does nothing."""
        self._connections.pop(connection, None)
