"""Who really asks, where proxies stand between."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from handstream.server.proxies import Client, client_of, is_trusted

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))


def asked_by(peer: str, *headers: tuple[str, str]) -> Client:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return client_of(peer, Headers(raw=raw), PROXIES)


@pytest.mark.parametrize(
    ("address", "trusted"),
    [("10.1.2.3", True), ("11.1.2.3", False), ("::ffff:10.1.2.3", True), ("2001:db8:ffff::1", True), ("::1", False), ("unix:", False)],
)
def test_trusted_networks(address: str, trusted: bool) -> None:
    assert is_trusted(address, PROXIES) == trusted


XFF = "X-Forwarded-For"


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("192.0.2.1", [(XFF, "198.51.100.1")], "192.0.2.1"),  # a stranger's word
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [(XFF, "198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", [(XFF, "203.0.113.9, 198.51.100.1")], "198.51.100.1"),  # what the client put before it
        ("10.0.0.1", [(XFF, "203.0.113.9"), (XFF, "198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", [(XFF, "198.51.100.1, 10.0.0.2")], "198.51.100.1"),  # two proxies
        ("10.0.0.1", [(XFF, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),  # a client beside the proxies
        ("10.0.0.1", [(XFF, "198.51.100.1, unknown")], "10.0.0.1"),
        ("10.0.0.1", [(XFF, "unknown, 10.0.0.2")], "10.0.0.2"),
        ("10.0.0.1", [(XFF, " , ")], "10.0.0.1"),
        ("10.0.0.1", [(XFF, "198.51.100.1:4711")], "198.51.100.1"),
        ("10.0.0.1", [(XFF, "[2001:db8::1]:4711")], "2001:db8::1"),
        ("10.0.0.1", [(XFF, "2001:db8::1")], "2001:db8::1"),
        ("10.0.0.1", [("Forwarded", "for=198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", [("Forwarded", 'for=203.0.113.9, For="[2001:db8::1]:4711";proto=https')], "2001:db8::1"),
        ("10.0.0.1", [("Forwarded", 'for="_hidden, for=203.0.113.9"')], "10.0.0.1"),
        ("10.0.0.1", [("Forwarded", "proto=https")], "10.0.0.1"),
        ("10.0.0.1", [(XFF, "198.51.100.1"), ("Forwarded", "for=198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", [(XFF, "198.51.100.1"), ("Forwarded", "for=203.0.113.9")], "10.0.0.1"),  # one of them came from the client
    ],
)
def test_the_client_is_the_first_from_the_end_that_is_no_proxy(peer: str, headers: list[tuple[str, str]], client: str) -> None:
    assert asked_by(peer, *headers).address == client


def test_a_trusted_proxy_tells_scheme_and_host() -> None:
    told = asked_by("10.0.0.1", (XFF, "198.51.100.1"), ("X-Forwarded-Proto", "HTTPS"), ("X-Forwarded-Host", "evil, hands.example"))
    assert told == Client("198.51.100.1", "https", "hands.example")
    assert asked_by("10.0.0.1", ("Forwarded", 'for=198.51.100.1;proto=https;host="hands.example:8443"')) == Client(
        "198.51.100.1", "https", "hands.example:8443"
    )
    assert asked_by("10.0.0.1", (XFF, "198.51.100.1"), ("X-Forwarded-Proto", "gopher")).scheme is None


def test_of_two_proxies_the_outer_one_tells_scheme_and_host() -> None:
    through = "for=203.0.113.9;proto=gopher;host=evil, for=198.51.100.1;proto=https;host=hands.example, for=10.0.0.2;proto=http;host=inside"
    assert asked_by("10.0.0.1", ("Forwarded", through)) == Client("198.51.100.1", "https", "hands.example")
    assert asked_by("10.0.0.1", ("Forwarded", "for=unknown;proto=https;host=hands.example")) == Client("10.0.0.1", "https", "hands.example")


def test_a_stranger_tells_nothing() -> None:
    assert asked_by("192.0.2.1", (XFF, "10.0.0.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "x")) == Client("192.0.2.1")


@given(st.lists(st.tuples(st.sampled_from([XFF, "Forwarded"]), st.text('for="[];,:. 0123456789abcdef', max_size=40)), max_size=4))
def test_whatever_is_written_the_client_is_an_address(headers: list[tuple[str, str]]) -> None:
    address = asked_by("10.0.0.1", *headers).address
    assert address.replace(":", "").replace(".", "").isalnum()


def test_a_client_cannot_pass_for_another_by_what_it_writes() -> None:
    @given(st.text('for="[];,:. 0123456789abcdef', max_size=60))
    def check(written: str) -> None:
        told = asked_by("10.0.0.1", (XFF, f"{written}, 198.51.100.1"))
        assert told.address in ("198.51.100.1", "10.0.0.1")

    check()
