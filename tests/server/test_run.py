"""Binding the port: what is said when it cannot be, and which address is shown."""

from __future__ import annotations

import socket

import pytest

from handstream.errors import HandstreamError
from handstream.server.run import address, bind
from handstream.server.settings import ServerSettings


def test_an_occupied_port_is_named_with_what_to_do() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(HandstreamError, match=rf"port {port}: another program listens there.*--port"):
            bind("127.0.0.1", port)


def test_a_port_that_needs_more_rights_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(HandstreamError, match="port 80: this user may not listen there"):
        bind("127.0.0.1", 80)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_this_machines_is_named(host: str) -> None:
    with pytest.raises(HandstreamError, match=r"no such address.*--host"):
        bind(host, 0)


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")])
def test_the_address_is_one_that_a_browser_here_can_open(host: str, shown: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with bind(host, 0) as listener:
        assert address(listener) == f"http://{shown}:{listener.getsockname()[1]}"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDSTREAM_JPEG_QUALITY", "80")
    monkeypatch.setenv("HANDSTREAM_MAX_HANDS", "1")
    settings = ServerSettings()
    assert settings.session_settings.jpeg_quality == 80
    assert settings.session_settings.max_hands == 1


def test_settings_survive_the_way_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ServerSettings(port=0, engine="mediapipe", min_tracking_confidence=0.25, log_level="debug")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert ServerSettings() == settings


def test_the_servers_own_number_of_hands_is_within_the_limit() -> None:
    assert ServerSettings(max_hands=6).limits.max_hands == 6
