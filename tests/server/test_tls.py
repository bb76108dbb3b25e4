"""Certificates: what is wrong with one is told, and one that is made works for both clients."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from handstream import client
from handstream.errors import HandstreamError
from handstream.server import transport
from handstream.server.run import prepared
from handstream.server.settings import ServerSettings
from handstream.server.tls import certified, machine_addresses, make_certificate
from tests.server.serving import WAIT_S, jpeg, serving, until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pairs of certificate and key, an encrypted key, and a file that is neither."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("one", "two"):
        certificate, key = make_certificate(["127.0.0.1", "::1"])
        (folder / f"{name}.pem").write_bytes(certificate)
        (folder / f"{name}.key").write_bytes(key)
    private_key = load_pem_private_key((folder / "one.key").read_bytes(), None)
    encrypted = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (folder / "encrypted.key").write_bytes(encrypted)
    (folder / "both.pem").write_bytes((folder / "one.pem").read_bytes() + (folder / "one.key").read_bytes())
    (folder / "neither.pem").write_text("neither")
    return folder


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("one.pem", "two.key", r"key in .*two.key is not that of the certificate in .*one.pem"),
        ("one.pem", "encrypted.key", r"encrypted.*openssl pkey"),
        ("one.pem", None, r"one.pem holds no private key.*--ssl-keyfile"),
        ("none.pem", "one.key", r"--ssl-certfile .*none.pem: there is no such file"),
        ("one.pem", "none.key", r"--ssl-keyfile .*none.key: there is no such file"),
        ("neither.pem", "one.key", r"neither.pem is no certificate in PEM"),
        ("one.pem", "neither.pem", r"cannot be used"),
        (None, "one.key", r"needs the certificate too"),
    ],
)
def test_what_is_wrong_is_told(folder: Path, certificate: str | None, key: str | None, told: str) -> None:
    settings = ServerSettings(
        ssl_certfile=None if certificate is None else folder / certificate, ssl_keyfile=None if key is None else folder / key
    )
    with pytest.raises(HandstreamError, match=told), certified(settings):
        pass


def test_a_certificate_that_is_named_is_not_made(folder: Path) -> None:
    settings = ServerSettings(https=True, ssl_certfile=folder / "both.pem")
    with pytest.raises(HandstreamError, match="--https makes a certificate"), certified(settings):
        pass


def test_a_file_may_hold_both(folder: Path) -> None:
    with certified(ServerSettings(ssl_certfile=folder / "both.pem")) as settings:
        assert settings.ssl_certfile == folder / "both.pem"


def test_a_made_certificate_is_short_lived_and_for_all_addresses_and_leaves_nothing() -> None:
    with prepared(ServerSettings(https=True)) as settings:
        assert settings.ssl_certfile is not None
        assert settings.ssl_keyfile is not None
        certificate = x509.load_pem_x509_certificate(settings.ssl_certfile.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert {str(address) for address in names.get_values_for_type(x509.IPAddress)} == set(machine_addresses())
        assert "localhost" in names.get_values_for_type(x509.DNSName)
        assert certificate.not_valid_after_utc - dt.datetime.now(dt.UTC) <= dt.timedelta(days=7)
        assert stat.S_IMODE(settings.ssl_keyfile.stat().st_mode) == 0o600
        folder = settings.ssl_keyfile.parent
    assert not folder.exists()


def test_addresses_that_others_reach_come_first() -> None:
    addresses = machine_addresses()
    assert "127.0.0.1" in addresses
    loopback = [ipaddress.ip_address(address).is_loopback for address in addresses]
    assert loopback == sorted(loopback)


# --- over real sockets


@pytest.fixture
def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "one.pem")


async def test_the_python_client_over_wss(folder: Path, trusting: ssl.SSLContext) -> None:
    with serving(ssl_certfile=folder / "one.pem", ssl_keyfile=folder / "one.key") as server:
        assert server.url.startswith("https://127.0.0.1:")
        async with client.connect(server.url, tls=trusting) as session:
            await session.send(jpeg())
            assert isinstance(await anext(session), client.Answered)
        with pytest.raises(HandstreamError) as error:
            async with client.connect(server.url):
                pass
        assert error.value.code == "cannot_connect", "nobody vouches for this certificate"


def test_a_browser_may_insist_on_https_only_where_the_certificate_lasts(folder: Path, trusting: ssl.SSLContext) -> None:
    lasting: dict[str, Any] = {"ssl_certfile": folder / "one.pem", "ssl_keyfile": folder / "one.key"}
    with serving(**lasting) as server:
        assert "Strict-Transport-Security" in httpx.get(f"{server.url}/healthz", verify=trusting).headers
    with serving(**lasting, https=True) as server:
        assert "Strict-Transport-Security" not in httpx.get(f"{server.url}/healthz", verify=trusting).headers
    with serving() as server:
        assert "Strict-Transport-Security" not in httpx.get(f"{server.url}/healthz").headers


def test_a_message_that_is_too_large_is_answered_with_a_close_code_over_tls_too(folder: Path, trusting: ssl.SSLContext) -> None:
    with serving(ssl_certfile=folder / "one.pem", ssl_keyfile=folder / "one.key", max_message_bytes=10_000) as server:
        with connect(server.video_url, compression=None, ssl=trusting) as websocket:
            websocket.send(bytes(20_000))
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(WAIT_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        until(lambda: not server.server.server_state.connections)


def test_a_client_that_failed_and_fell_silent_is_closed_over_tls_too(
    folder: Path, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_LINGER_S", 10 * WAIT_S)
    with (
        serving(ssl_certfile=folder / "one.pem", ssl_keyfile=folder / "one.key") as server,
        connect(server.video_url, compression=None, ssl=trusting) as websocket,
    ):
        websocket.socket.sendall(b"\xff" * 100)
        until(lambda: not server.server.server_state.connections)


def test_what_does_not_speak_tls_is_refused_and_counted(folder: Path, trusting: ssl.SSLContext) -> None:
    with serving(ssl_certfile=folder / "one.pem", ssl_keyfile=folder / "one.key") as server:
        with pytest.raises(httpx.TransportError):
            httpx.get(server.url.replace("https", "http"))
        until(lambda: server.sessions().refused == {"tls_handshake_failed": 1})
        assert httpx.get(f"{server.url}/healthz", verify=trusting).status_code == 200


def test_handshakes_that_do_not_end_crowd_out_each_other_and_end_in_time(folder: Path, trusting: ssl.SSLContext) -> None:
    options: dict[str, Any] = {"ssl_certfile": folder / "one.pem", "ssl_keyfile": folder / "one.key", "max_waiting_connections": 5}
    with serving(**options, handshake_timeout_s=2) as server:
        host, port = server.url.removeprefix("https://").split(":")
        silent = [socket.create_connection((host, int(port)), WAIT_S) for _ in range(12)]
        until(lambda: server.sessions().refused.get("too_many_waiting") == 7)
        assert httpx.get(f"{server.url}/healthz", verify=trusting).status_code == 200
        until(lambda: server.sessions().refused.get("handshake_timeout", 0) >= 4)
        for connection in silent:
            with connection, suppress(ConnectionResetError):
                assert connection.recv(1) == b"", "the server has ended it"
