"""Who may connect: origins and tokens by tables, then over real sockets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from handstream import client
from handstream.errors import HandstreamError
from handstream.server.access import Access, AccessError, check_exposure
from handstream.server.settings import ServerSettings
from tests.server.serving import WAIT_S, jpeg, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websockets.sync.client import ClientConnection

    from tests.server.serving import Serving

TOKEN = "a-token.that_nobody~guesses"
SECRET = "a secret of thirty-two bytes or more"


def headers(**values: str) -> Headers:
    return Headers({name.replace("_", "-"): value for name, value in values.items()})


def refusal(access: Access, scheme: str, asked: Headers, subprotocols: tuple[str, ...] = ()) -> str | None:
    try:
        access.check(scheme, asked, subprotocols)
    except AccessError as error:
        return error.code
    return None


# --- which pages


@pytest.mark.parametrize(
    ("scheme", "origin", "host", "allowed"),
    [
        ("ws", None, "hands.example", True),  # no browser
        ("ws", "http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("ws", "http://localhost:8000", "localhost:8000", True),
        ("ws", "http://[::1]:8000", "[::1]:8000", True),
        ("ws", "http://127.0.0.1", "127.0.0.1:80", True),
        ("ws", "https://127.0.0.1", "127.0.0.1", True),  # a proxy speaks https before us
        ("wss", "https://127.0.0.1", "127.0.0.1:443", True),
        ("wss", "http://127.0.0.1", "127.0.0.1", False),  # a page that anyone on its way could change
        ("ws", "http://127.0.0.1:3000", "127.0.0.1:8000", False),
        ("ws", "http://localhost:8000", "127.0.0.1:8000", False),
        ("ws", "http://evil.example", "127.0.0.1:8000", False),
        ("ws", "http://127.0.0.1.evil.example:8000", "127.0.0.1:8000", False),
        ("ws", "null", "127.0.0.1:8000", False),
        ("ws", "", "", False),
        ("ws", "http://", "", False),
        ("ws", "http://[", "[", False),
        ("ws", "http://127.0.0.1:8000:1", "127.0.0.1:8000:1", False),
        ("ws", "file://", "127.0.0.1:8000", False),
        ("ws", "http://evil.example:8000", "evil.example:8000", False),  # its name leads to us: DNS rebinding
        ("ws", "http://friend.example", "127.0.0.1:8000", True),
        ("ws", "HTTP://Friend.Example", "127.0.0.1:8000", True),
        ("ws", "http://friend.example:81", "127.0.0.1:8000", False),
    ],
)
def test_pages_of_others_may_not_connect(scheme: str, origin: str | None, host: str, allowed: bool) -> None:
    access = Access.of(ServerSettings(allow_origins="http://friend.example, https://other.example"))
    asked = headers(host=host) if origin is None else headers(host=host, origin=origin)
    assert refusal(access, scheme, asked) == (None if allowed else "origin_not_allowed")


@pytest.mark.parametrize("settings", [{"token": TOKEN}, {"allow_anyone": True}])
def test_a_server_that_keeps_strangers_out_otherwise_answers_to_its_name(settings: dict[str, Any]) -> None:
    asked = headers(host="hands.example", origin="https://hands.example", authorization=f"Bearer {TOKEN}")
    assert refusal(Access.of(ServerSettings(**settings)), "wss", asked) is None


def test_a_file_may_connect_where_that_was_said() -> None:
    assert refusal(Access.of(ServerSettings(allow_origins="null")), "ws", headers(host="127.0.0.1", origin="null")) is None


# --- which tokens


@pytest.mark.parametrize(
    ("shown", "subprotocols", "code"),
    [
        ({}, (), "token_missing"),
        ({}, ("handstream.v1",), "token_missing"),
        ({"authorization": f"Bearer {TOKEN}"}, (), None),
        ({"authorization": f"bearer  {TOKEN} "}, (), None),
        ({}, ("handstream.v1", f"handstream.bearer.{TOKEN}"), None),
        ({"cookie": f"a=b; handstream_token={TOKEN}"}, (), None),
        ({"authorization": f"Basic {TOKEN}"}, (), "token_missing"),
        ({"authorization": f"Bearer {TOKEN}x"}, (), "token_invalid"),
        ({"authorization": "Bearer "}, (), "token_invalid"),
        ({"authorization": "Bearer wrong", "cookie": f"handstream_token={TOKEN}"}, (), "token_invalid"),  # the first that is there
        ({}, ("handstream.bearer.",), "token_invalid"),
        ({"cookie": "handstream_token="}, (), "token_invalid"),
        ({"cookie": "\x00"}, (), "token_missing"),
        ({"authorization": "Bearer \udcff"}, (), "token_invalid"),
    ],
)
def test_where_a_token_is_shown(shown: dict[str, str], subprotocols: tuple[str, ...], code: str | None) -> None:
    asked = Headers(raw=[(name.encode(), value.encode("latin-1", "replace")) for name, value in shown.items()])
    assert refusal(Access.of(ServerSettings(token=TOKEN)), "ws", asked, subprotocols) == code


def signed(claims: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm)


def now_s() -> int:
    return int(time.time())


def shows(access: Access, token: str) -> str | None:
    return refusal(access, "ws", headers(authorization=f"Bearer {token}"))


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 60, "aud": "hands", "iss": "me"}, None),
        ({"exp": -60, "aud": "hands", "iss": "me"}, "token_expired"),
        ({"aud": "hands", "iss": "me"}, "token_invalid"),
        ({"exp": 60, "aud": "feet", "iss": "me"}, "token_invalid"),
        ({"exp": 60, "iss": "me"}, "token_invalid"),
        ({"exp": 60, "aud": "hands", "iss": "you"}, "token_invalid"),
        ({"exp": 60, "aud": "hands"}, "token_invalid"),
        ({"exp": 600, "nbf": 300, "aud": "hands", "iss": "me"}, "token_invalid"),
    ],
)
def test_what_a_json_web_token_must_say(claims: dict[str, Any], code: str | None) -> None:
    access = Access.of(ServerSettings(jwt_secret=SECRET, jwt_audience="hands", jwt_issuer="me"))
    from_now = {name: now_s() + value if name in ("exp", "nbf") else value for name, value in claims.items()}
    assert shows(access, signed(from_now)) == code


def test_a_json_web_token_does_not_choose_its_algorithm(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(public_pem)
    access = Access.of(ServerSettings(jwt_public_key_file=tmp_path / "key.pem"))
    claims = {"exp": now_s() + 60}
    assert shows(access, signed(claims, key, "RS256")) is None
    assert shows(access, signed(claims, key, "PS256")) == "token_invalid"
    assert shows(access, signed(claims, None, "none")) == "token_invalid"
    head, body = signed(claims).split(".")[:2]  # signed with the public key as if it were a secret
    forged = base64.urlsafe_b64encode(hmac.new(public_pem, f"{head}.{body}".encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    assert shows(access, f"{head}.{body}.{forged}") == "token_invalid"


@pytest.mark.parametrize(
    ("key", "algorithm"), [(ec.generate_private_key(ec.SECP256R1()), "ES256"), (ed25519.Ed25519PrivateKey.generate(), "EdDSA")]
)
def test_keys_on_curves(tmp_path: Path, key: Any, algorithm: str) -> None:
    (tmp_path / "key.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    access = Access.of(ServerSettings(jwt_public_key_file=tmp_path / "key.pem"))
    assert shows(access, signed({"exp": now_s() + 60}, key, algorithm)) is None
    assert shows(access, signed({"exp": now_s() + 60})) == "token_invalid"


def test_a_file_of_tokens(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# the old one, until Friday\n{TOKEN}\n\n  another-token-of-ours \n")
    access = Access.of(ServerSettings(token_file=path))
    assert shows(access, TOKEN) is None
    assert shows(access, "another-token-of-ours") is None
    assert shows(access, "# the old one, until Friday") == "token_invalid"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"token": "short"}, "16 to 512"),
        ({"token": "a token with spaces in it"}, "16 to 512"),
        ({"token_file": "none"}, "cannot be read"),
        ({"token_file": "empty"}, "holds no token"),
        ({"jwt_secret": "short"}, "at least 32 bytes"),
        ({"jwt_secret": SECRET, "jwt_public_key_file": "empty"}, "not both"),
        ({"jwt_public_key_file": "empty"}, "no public key in PEM"),
        ({"jwt_public_key_file": "none"}, "cannot be read"),
        ({"jwt_public_key_file": "p521"}, "must be RSA"),
    ],
)
def test_what_is_wrong_with_a_token_or_key_is_told(tmp_path: Path, options: dict[str, str], told: str) -> None:
    (tmp_path / "empty").write_text("# nothing in it\n")
    curve = ec.generate_private_key(ec.SECP521R1()).public_key()
    (tmp_path / "p521").write_bytes(curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    given: dict[str, Any] = {name: tmp_path / value if name.endswith("_file") else value for name, value in options.items()}
    with pytest.raises(HandstreamError, match=told) as error:
        Access.of(ServerSettings(**given))
    assert options.get("token", "a token of mine") not in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("option", [{"trusted_proxies": "10.0.0.1/8"}, {"trusted_proxies": "proxy"}, {"allow_origins": "friend.example"}])
def test_a_list_that_cannot_be_read_is_told(option: dict[str, Any]) -> None:
    with pytest.raises(HandstreamError, match=r"--(trusted-proxies|allow-origins) takes"):
        ServerSettings(**option)


# --- where it listens


@pytest.mark.parametrize(
    ("settings", "is_open"),
    [
        ({"host": "127.0.0.1"}, False),
        ({"host": "localhost"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "192.0.2.1"}, True),
        ({"host": "0.0.0.0", "token": TOKEN}, False),
        ({"host": "0.0.0.0", "jwt_secret": SECRET}, False),
        ({"host": "0.0.0.0", "allow_anyone": True}, False),
    ],
)
def test_a_server_without_a_token_listens_on_this_machine_alone(settings: dict[str, Any], is_open: bool) -> None:
    if not is_open:
        check_exposure(ServerSettings(**settings))
        return
    with pytest.raises(HandstreamError, match="--token auto") as error:
        check_exposure(ServerSettings(**settings))
    assert "--allow-anyone" in str(error.value)


# --- over real sockets


@contextmanager
def opened(server: Serving, **options: Any) -> Iterator[ClientConnection]:
    with connect(server.video_url, compression=None, **options) as websocket:
        yield websocket


def refused(server: Serving, **options: Any) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as error, opened(server, **options):
        pass
    response = error.value.response
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
    return response.status_code, json.loads(response.body)["error"]["code"]


def bearer(token: str) -> dict[str, Any]:
    return {"additional_headers": {"Authorization": f"Bearer {token}"}}


def test_a_wrong_origin_is_refused() -> None:
    with serving() as server:
        assert refused(server, origin=Origin("https://evil.example")) == (403, "origin_not_allowed")
        with opened(server, origin=Origin(server.url)) as websocket:
            websocket.send(jpeg())
            assert '"hands"' in str(websocket.recv(WAIT_S))


def test_no_token_and_a_wrong_one_are_refused() -> None:
    with serving(token=TOKEN) as server:
        assert refused(server) == (401, "token_missing")
        assert refused(server, **bearer("another-token-of-nobody")) == (401, "token_invalid")
        with pytest.raises(InvalidStatus) as error, connect(f"{server.video_url}?token={TOKEN}", compression=None):
            pass
        assert error.value.response.status_code == 401, "a token in the query is none"
        with opened(server, **bearer(TOKEN)) as websocket:
            websocket.send(jpeg())
            assert '"hands"' in str(websocket.recv(WAIT_S))
        assert server.sessions().refused == {"token_missing": 2, "token_invalid": 1}


def test_an_expired_token_is_refused() -> None:
    with serving(jwt_secret=SECRET) as server:
        assert refused(server, **bearer(signed({"exp": now_s() - 60}))) == (401, "token_expired")


def test_a_connection_ends_with_its_token_and_its_session_can_be_resumed() -> None:
    with serving(jwt_secret=SECRET) as server:
        offered = [Subprotocol("handstream.v1")]
        with opened(server, subprotocols=offered, **bearer(signed({"exp": now_s() + 3}))) as websocket:
            websocket.send('{"type": "hello"}')
            welcome = json.loads(websocket.recv(WAIT_S))
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(WAIT_S)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4004, "token_expired")
        with opened(server, subprotocols=offered, **bearer(signed({"exp": now_s() + 60}))) as websocket:
            websocket.send(json.dumps({"type": "hello", "resume": welcome["resume_token"]}))
            assert json.loads(websocket.recv(WAIT_S))["resumed"] is True
        with opened(server, subprotocols=offered, **bearer(signed({"exp": now_s() + 60}))) as websocket:
            websocket.send(json.dumps({"type": "hello", "resume": welcome["resume_token"]}))
            assert json.loads(websocket.recv(WAIT_S))["reason"] == "cannot_resume", "a resume token is good once"


@pytest.mark.parametrize("way", ["handstream.v1", "handstream.plain"])
def test_a_page_shows_its_token_as_a_subprotocol_which_is_not_repeated(way: str) -> None:
    with serving(token=TOKEN) as server:
        offered = [Subprotocol(f"handstream.bearer.{TOKEN}"), Subprotocol(way)]
        with opened(server, subprotocols=offered, origin=Origin(server.url)) as websocket:
            assert websocket.subprotocol == way
            assert websocket.response is not None
            assert TOKEN not in str(websocket.response.headers)


async def test_the_python_client_shows_its_token() -> None:
    with serving(token=TOKEN) as server:
        async with client.connect(server.url, token=TOKEN) as session:
            await session.send(jpeg())
            assert isinstance(await anext(session), client.Answered)
        with pytest.raises(HandstreamError) as error:
            async with client.connect(server.url):
                pass
        assert error.value.code == "token_missing"


def test_a_page_can_ask_why_it_is_refused_and_have_a_cookie() -> None:
    with serving(token=TOKEN) as server, httpx.Client(base_url=server.url) as browser:
        answer = browser.get("/access")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_missing")
        assert browser.get("/access", headers={"Origin": "https://evil.example"}).status_code == 403
        assert browser.post("/access").status_code == 401
        kept = browser.post("/access", headers={"Authorization": f"Bearer {TOKEN}"})
        assert kept.status_code == 204
        attributes = {part.strip().lower() for part in kept.headers["Set-Cookie"].split(";")}
        assert {"httponly", "samesite=strict", "path=/"} <= attributes
        assert "secure" not in attributes, "it would not be sent over http"
        assert browser.get("/access").status_code == 204
        cookie = {"additional_headers": {"Cookie": f"handstream_token={TOKEN}"}}
        with opened(server, **cookie) as websocket:
            websocket.send(jpeg())
            assert '"hands"' in str(websocket.recv(WAIT_S))


def test_the_page_and_the_probes_need_no_token_and_the_metrics_do() -> None:
    with serving(token=TOKEN) as server:
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        assert httpx.get(f"{server.url}/docs").status_code == 200
        assert httpx.get(f"{server.url}/").status_code in (200, 503)
        assert httpx.get(f"{server.url}/metrics").status_code == 401
        assert httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_token_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(token=TOKEN, log_level="debug") as server:
        with opened(server, **bearer(TOKEN)):
            pass
        with opened(server, subprotocols=[Subprotocol("handstream.v1"), Subprotocol(f"handstream.bearer.{TOKEN}")]):
            pass
        httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Cookie": f"handstream_token={TOKEN}"})
        refused(server, **bearer("another-token-of-nobody"))
        until(lambda: not server.server.server_state.connections)
    ours = [record for record in caplog.records if not record.name.startswith(("websockets", "httpx", "httpcore"))]  # the clients' own
    text = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in ours)
    assert "token_invalid" in text
    assert TOKEN not in text
    assert "another-token-of-nobody" not in text


def test_behind_a_trusted_proxy_the_outer_name_is_the_servers_own() -> None:
    told = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hands.example"}
    with serving(token=TOKEN, trusted_proxies="127.0.0.1") as server:
        own = bearer(TOKEN)["additional_headers"] | told
        with opened(server, additional_headers=own, origin=Origin("https://hands.example")):
            pass
        assert refused(server, additional_headers=own, origin=Origin("http://hands.example"))[0] == 403
        assert "secure" in httpx.post(f"{server.url}/access", headers=own).headers["Set-Cookie"].lower()
    with serving(token=TOKEN) as server:
        assert refused(server, additional_headers=own, origin=Origin("https://hands.example"))[0] == 403


def test_two_authorization_headers_show_no_second_token() -> None:
    with serving(token=TOKEN) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=WAIT_S)
        connection.putrequest("GET", "/access")
        connection.putheader("Authorization", "Bearer wrong")
        connection.putheader("Authorization", f"Bearer {TOKEN}")
        connection.endheaders()
        assert connection.getresponse().status == 401
        connection.close()
