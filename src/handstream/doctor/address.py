"""Whether a server could listen where it is told to, and browsers would give it a camera there: `examine_address` looks at each."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509

from handstream.doctor.finding import Finding
from handstream.errors import HandstreamError
from handstream.server.access import check_exposure, is_loopback
from handstream.server.run import bind
from handstream.server.tls import certified
from handstream.server.tokens import AUTO, make_token, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handstream.server.settings import ServerSettings

__all__ = ["examine_address"]

_PROBE_TIMEOUT_S = 1.0
_RENEW_WITHIN = timedelta(days=14)


def examine_address(settings: ServerSettings) -> Iterator[Finding]:
    """The findings. Binds the port for a moment, and if it is taken asks whoever listens there whether it is handstream."""
    yield _port(settings)
    yield _exposure(settings)
    yield from _encryption(settings)
    yield _camera(settings)


def _port(settings: ServerSettings) -> Finding:
    subject = f"port {settings.port}" if settings.port else "port"
    try:
        bind(settings.host, settings.port).close()
    except HandstreamError as error:
        if _is_handstream(settings):
            return Finding(
                "note", subject, "a handstream server listens there already", "To run another one, choose another port with --port."
            )
        return Finding("bad", subject, str(error), "Stop what listens there, or choose another port with --port.")
    text = f"free on {settings.host}" if settings.port else "any that is free"
    return Finding("good", subject, text)


def _is_handstream(settings: ServerSettings) -> bool:
    """Whether a handstream server without TLS answers there."""
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=_PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return "version" in json.loads(connection.getresponse().read(1024))
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        return False
    finally:
        connection.close()


def _exposure(settings: ServerSettings) -> Finding:
    subject = "who may connect"
    if settings.token == AUTO:
        settings = settings.model_copy(update={"token": make_token()})
    try:
        check_exposure(settings)
        asks_for_token = tokens_of(settings) is not None
    except HandstreamError as error:
        return Finding("bad", subject, str(error), "--token auto makes a token that clients have to show.")
    if asks_for_token:
        return Finding("good", subject, "clients that show the token")
    if is_loopback(settings.host):
        return Finding("good", subject, f"{settings.host} is this machine alone")
    text = f"everyone who reaches {settings.host}, without a token (--allow-anyone)"
    return Finding("note", subject, text, "Let something else keep strangers out: a proxy that asks who they are, or a firewall.")


def _encryption(settings: ServerSettings) -> Iterator[Finding]:
    try:
        with certified(settings):
            pass
    except HandstreamError as error:
        yield Finding("bad", "encryption", str(error), "Name a certificate and its key, both PEM, with --ssl-certfile and --ssl-keyfile.")
        return
    if settings.https:
        text = "https with a certificate made for each run, of which browsers warn"
        yield Finding("note", "encryption", text, "Good for trying. For others, get a certificate of an authority.")
    elif settings.ssl_certfile is not None:
        yield _expiry(settings.ssl_certfile)
    elif is_loopback(settings.host):
        yield Finding("good", "encryption", "none, and none is needed within this machine")
    else:
        advice = "Serve https (--https to try, --ssl-certfile for good), or let a proxy do it."
        yield Finding("note", "encryption", f"none: pictures would cross the network to {settings.host} in the clear", advice)


def _expiry(certificate: Path) -> Finding:
    """How long a certificate that has been tried will still be taken."""
    ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    left = ends - datetime.now(UTC)
    text = f"https with {certificate}, valid until {ends:%Y-%m-%d}"
    if left < timedelta():
        return Finding("bad", "encryption", f"{text}: it has expired", "Renew it.")
    return Finding("note", "encryption", text, "Renew it soon.") if left < _RENEW_WITHIN else Finding("good", "encryption", text)


def _camera(settings: ServerSettings) -> Finding:
    """Browsers give a camera to secure contexts only (W3C Secure Contexts, 3.1): https, or this machine itself."""
    if settings.https or settings.ssl_certfile is not None:
        return Finding("good", "camera", "browsers give it to pages that come by https")
    if is_loopback(settings.host):
        port = f":{settings.port}" if settings.port else ""
        return Finding("good", "camera", f"browsers on this machine give it to http://localhost{port} and http://127.0.0.1{port}")
    text = "browsers on other machines give no camera to a page that comes by http; the demo clip works"
    return Finding("note", "camera", text, "Serve https: --https makes a certificate to try a phone with.")
