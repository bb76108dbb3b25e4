"""Whether a server could listen where it is told to, and browsers would give it a camera there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from handstream.doctor.address import examine_address
from handstream.server.settings import ServerSettings
from handstream.server.tls import make_certificate
from tests.server.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

    from handstream.doctor import Finding


def findings(**settings: Any) -> dict[str, Finding]:
    return {finding.subject.split()[0]: finding for finding in examine_address(ServerSettings(**{"port": 0} | settings))}


def test_this_machine_alone_needs_nothing() -> None:
    assert {finding.verdict for finding in findings().values()} == {"good"}


def test_a_port_that_is_taken_stands_in_the_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finding = findings(port=port)["port"]
    assert finding.verdict == "bad"
    assert str(port) in finding.text
    assert "--port" in finding.advice


def test_a_handstream_server_that_runs_already_is_worth_knowing() -> None:
    with serving() as server:
        assert findings(port=int(server.url.rpartition(":")[2]))["port"].verdict == "note"


def test_beyond_this_machine_it_takes_a_token_and_https() -> None:
    found = findings(host="0.0.0.0")
    assert [found[subject].verdict for subject in ("who", "encryption", "camera")] == ["bad", "note", "note"]
    assert "--token" in found["who"].advice
    assert "--https" in found["camera"].advice


def test_with_a_token_and_https_a_phone_may_come() -> None:
    found = findings(host="0.0.0.0", token="a-token-of-some-length-1234567890", https=True)
    assert [found[subject].verdict for subject in ("who", "encryption", "camera")] == ["good", "note", "good"]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_token_that_serve_would_refuse_stands_in_the_way(host: str) -> None:
    found = findings(host=host, token="short")["who"]
    assert (found.verdict, "short" in found.text) == ("bad", False)


@pytest.mark.parametrize("options", [{}, {"host": "0.0.0.0"}, {"host": "0.0.0.0", "allow_anyone": True}])
def test_who_has_a_token_may_connect_also_where_it_is_made(options: dict[str, Any]) -> None:
    assert findings(**options, token="auto")["who"].text == "clients that show the token"


def test_a_certificate_that_ends_soon_is_to_be_renewed(tmp_path: Path) -> None:
    certificate, key = make_certificate(["127.0.0.1"])
    (tmp_path / "both.pem").write_bytes(certificate + key)
    finding = findings(ssl_certfile=tmp_path / "both.pem")["encryption"]
    assert finding.verdict == "note", "it is made for seven days"
    assert finding.advice == "Renew it soon."


@pytest.mark.parametrize("text", ["", "no certificate"])
def test_a_certificate_that_is_none_stands_in_the_way(text: str, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text(text)
    assert findings(ssl_certfile=tmp_path / "none.pem")["encryption"].verdict == "bad"
