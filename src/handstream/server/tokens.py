"""Bearer tokens: `Tokens` says whether one may be shown here, and until when.

A token is one of a list that the server was given, or a JSON Web Token (RFC 7519) that was signed with the right key. The list is kept and
compared as SHA-256, all of it each time, so the time that it takes tells nothing of a token. A JSON Web Token's algorithm follows from the
kind of the key and never from the token, which could otherwise choose a weaker one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from handstream.server.settings import ServerSettings

    Key = bytes | RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

__all__ = ["AUTO", "JsonWebTokens", "TokenError", "Tokens", "make_token", "tokens_of"]

AUTO = "auto"
"""The token that asks for one to be made."""

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,512}")
"""What a WebSocket's subprotocol, a header and a URL's fragment can all carry; 16 characters of it are 96 bits, if they are random."""

_LEEWAY_S = 10
"""How far the clocks of two servers may be apart."""

_MIN_SECRET_BYTES = 32
"""RFC 7518, section 3.2: as long as HS256's output."""

_MIN_RSA_BITS = 2048
"""RFC 7518, section 3.3."""


class TokenError(HandstreamError):
    """A token is not taken. The code is `token_invalid` or `token_expired`."""

    code = "token_invalid"


class JsonWebTokens:
    """Judges JSON Web Tokens."""

    def __init__(self, key: Key, *, audience: str | None, issuer: str | None) -> None:
        """Takes the key as it was read by `tokens_of`.

        Args:
            key: A secret, or a public key.
            audience: What `aud` must name; a token that names an audience where none is expected is not taken.
            issuer: What `iss` must be; None where it does not matter.
        """
        self._key = key
        self._algorithm = _algorithm(key)
        self._audience = audience
        self._issuer = issuer

    def check(self, token: str) -> float:
        """When that token expires, in seconds since 1970.

        Raises:
            TokenError: It is not taken.
        """
        required = ["exp", *(["aud"] if self._audience is not None else []), *(["iss"] if self._issuer is not None else [])]
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                options={"require": required},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenError("This token has expired. Get another one.", code="token_expired") from error
        except jwt.PyJWTError as error:
            raise _invalid() from error
        return float(claims["exp"])


class Tokens:
    """All tokens that a server takes."""

    def __init__(self, listed: Sequence[str], signed: JsonWebTokens | None) -> None:
        """Keeps no token as it is written.

        Args:
            listed: The tokens of the list.
            signed: Who judges JSON Web Tokens; None where none is taken.
        """
        self._digests = [_digest(token) for token in listed]
        self._signed = signed

    def check(self, token: str) -> float | None:
        """When that token expires, in seconds since 1970; None for one that does not.

        Raises:
            TokenError: It is not taken.
        """
        digest = _digest(token)
        if sum([hmac.compare_digest(digest, known) for known in self._digests]):
            return None
        if self._signed is None:
            raise _invalid()
        return self._signed.check(token)


def tokens_of(settings: ServerSettings) -> Tokens | None:
    """The tokens that those settings name; None where they name none. Reads files.

    Raises:
        HandstreamError: A token or a key is not usable; the text says which and why, and holds neither.
    """
    listed = [*([settings.token] if settings.token is not None else []), *_tokens_in(settings.token_file)]
    if any(_TOKEN.fullmatch(token) is None for token in listed):
        text = "A token has 16 to 512 of the characters A-Z a-z 0-9 . _ ~ -; --token auto makes one, and so does: openssl rand -hex 24"
        raise HandstreamError(text, code="bad_option")
    key = _key(settings)
    if key is None:
        return Tokens(listed, None) if listed else None
    return Tokens(listed, JsonWebTokens(key, audience=settings.jwt_audience, issuer=settings.jwt_issuer))


def make_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(24)


def _tokens_in(path: Path | None) -> list[str]:
    if path is None:
        return []
    lines = [line.strip() for line in _read(path, "--token-file").decode("utf-8", "replace").splitlines()]
    tokens = [line for line in lines if line and not line.startswith("#")]
    if not tokens:
        raise HandstreamError(f"--token-file {path} holds no token.", code="bad_option")
    return tokens


def _key(settings: ServerSettings) -> Key | None:
    if settings.jwt_secret is not None and settings.jwt_public_key_file is not None:
        raise HandstreamError("Give --jwt-secret or --jwt-public-key-file, not both.", code="bad_option")
    if settings.jwt_secret is not None:
        secret = settings.jwt_secret.encode()
        if len(secret) < _MIN_SECRET_BYTES:
            text = (
                f"--jwt-secret has at least {_MIN_SECRET_BYTES} bytes (RFC 7518), not {len(secret)}; this makes one: openssl rand -hex 32"
            )
            raise HandstreamError(text, code="bad_option")
        return secret
    if settings.jwt_public_key_file is not None:
        return _public_key(settings.jwt_public_key_file)
    return None


def _public_key(path: Path) -> Key:
    try:
        key = load_pem_public_key(_read(path, "--jwt-public-key-file"))
    except (ValueError, UnsupportedAlgorithm) as error:
        text = (
            f"--jwt-public-key-file {path} is no public key in PEM (-----BEGIN PUBLIC KEY-----). From a private one: openssl pkey -pubout"
        )
        raise HandstreamError(text, code="bad_option") from error
    match key:
        case RSAPublicKey() if key.key_size >= _MIN_RSA_BITS:
            return key
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return key
        case Ed25519PublicKey():
            return key
    text = f"--jwt-public-key-file {path} must be RSA of {_MIN_RSA_BITS} bits or more, P-256 or Ed25519."
    raise HandstreamError(text, code="bad_option")


def _algorithm(key: Key) -> str:
    match key:
        case bytes():
            return "HS256"
        case RSAPublicKey():
            return "RS256"
        case EllipticCurvePublicKey():
            return "ES256"
        case Ed25519PublicKey():
            return "EdDSA"


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise HandstreamError(f"{option} {path} cannot be read: {error.strerror}.", code="bad_option") from error


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _invalid() -> TokenError:
    return TokenError("This token is not one that is taken here.")
