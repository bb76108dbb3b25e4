"""Encryption: `certified` gives the settings a certificate that works, made for this run if the settings ask for one.

Browsers open a camera only for https or this very machine, so to try a phone one needs a certificate, and no authority signs one for an
address at home. The one that is made here is its own authority: the browser warns of it, and a person has to go on all the same.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handstream.server.settings import ServerSettings

__all__ = ["certified", "machine_addresses", "make_certificate"]

_VALID_FOR = dt.timedelta(days=7)
"""It is for trying. Who runs a server for longer has a certificate of an authority."""

_CLOCKS_DIFFER_BY = dt.timedelta(hours=1)


@contextmanager
def certified(settings: ServerSettings) -> Iterator[ServerSettings]:
    """The settings with a certificate that was tried; one that is made exists for the length of the block.

    Raises:
        HandstreamError: Certificate or key cannot be used; the text says which and what to do.
    """
    if settings.ssl_certfile is None and settings.ssl_keyfile is not None:
        raise HandstreamError("--ssl-keyfile needs the certificate too: --ssl-certfile.", code="bad_certificate")
    if settings.ssl_certfile is not None and settings.https:
        text = "--https makes a certificate, and --ssl-certfile names one. With --ssl-certfile the server speaks https in any case."
        raise HandstreamError(text, code="bad_certificate")
    if settings.ssl_certfile is not None:
        _try(settings.ssl_certfile, settings.ssl_keyfile)
    if not settings.https:
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="handstream-") as folder:  # only this user may look into it
        certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        certificate_pem, key_pem = make_certificate(machine_addresses())
        certificate.write_bytes(certificate_pem)
        key.touch(mode=0o600)
        key.write_bytes(key_pem)
        yield settings.model_copy(update={"ssl_certfile": certificate, "ssl_keyfile": key})


def make_certificate(addresses: Sequence[str]) -> tuple[bytes, bytes]:
    """A certificate for these addresses and this machine's names that nobody but itself vouches for.

    Args:
        addresses: IP addresses.

    Returns:
        The certificate and its private key (P-256), both PEM.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    host = socket.gethostname()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "handstream, made for trying")])
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    names += [x509.DNSName(text) for text in dict.fromkeys(("localhost", host, f"{host.partition('.')[0]}.local")) if text.isascii()]
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER_BY)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(
            x509.SubjectAlternativeName([*names, *(x509.IPAddress(ipaddress.ip_address(one)) for one in addresses)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM), key_pem


def machine_addresses() -> list[str]:
    """All IP addresses of this machine, those that others in the same network can reach first."""
    found = {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6)
    }
    return sorted(found, key=_farness)


def _farness(address: str) -> tuple[bool, bool, bool, str]:
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback, parsed.is_link_local, parsed.version != 4, address  # noqa: PLR2004 - the version's number


def _try(certificate: Path, key: Path | None) -> None:
    """Loads both as the server will."""
    for path, option in ((certificate, "--ssl-certfile"), (key, "--ssl-keyfile")):
        if path is not None and not path.is_file():
            raise HandstreamError(f"{option} {path}: there is no such file.", code="bad_certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except PermissionError as error:
        raise HandstreamError(f"This user may not read {key or certificate}.", code="bad_certificate") from error
    except ssl.SSLError as error:
        raise HandstreamError(_why(error, certificate, key), code="bad_certificate") from error


def _why(error: ssl.SSLError, certificate: Path, key: Path | None) -> str:
    where = f"{key or certificate}"
    match error.reason:
        case "KEY_VALUES_MISMATCH":
            return f"The key in {where} is not that of the certificate in {certificate}. Name the two that belong together."
        case _ if key is None and b"PRIVATE KEY" not in certificate.read_bytes():
            return f"{certificate} holds no private key. Name the file that does with --ssl-keyfile."
        case _ if b"-----BEGIN CERTIFICATE-----" not in certificate.read_bytes():
            return f"{certificate} is no certificate in PEM (-----BEGIN CERTIFICATE-----)."
    return f"The certificate in {certificate} or the key in {where} cannot be used. Both are to be PEM ({error.reason or error})."


def _no_password() -> str:
    text = "The private key is encrypted, and nobody is asked for its password. Decrypt it: openssl pkey -in key.pem -out plain.pem"
    raise HandstreamError(text, code="bad_certificate")
