"""`handstream serve`: the server. Its options are the fields of `ServerSettings`, so that each is written once."""

from __future__ import annotations

import inspect
import logging
import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import segno
import typer
from annotated_types import Ge, Le
from rich.console import Console
from rich.style import Style
from rich.text import Text

from handstream.errors import HandstreamError
from handstream.server.logs import configure_logs
from handstream.server.run import run, run_reloading
from handstream.server.settings import ENVIRONMENT_PREFIX, ServerSettings
from handstream.server.supervisor import run_supervised
from handstream.server.telemetry import check_telemetry
from handstream.server.tls import machine_addresses
from handstream.server.tokens import AUTO, make_token

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["serve"]

logger = logging.getLogger(__name__)

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - it is compared, not bound

_MADE_CERTIFICATE = (
    "The certificate was made for this run, and nobody vouches for it: the browser will warn of it, go on all the same."
    " A phone in the same network can open this address too."
)

_RELOAD = Annotated[bool, typer.Option(help="Start anew when a file of handstream changes; for its developers.")]


def serve(*, reload: bool = False, **options: Any) -> None:
    """Serve the page and the tracker until Ctrl-C."""
    settings = ServerSettings(**options)
    configure_logs(settings.log_level, settings.log_format)
    if settings.trace_sample_ratio:
        check_telemetry()
    shows_token = settings.token == AUTO
    if shows_token and settings.log_format == "json":
        raise HandstreamError(
            "--token auto prints the token, and a log is no place for one. Give yours with HANDSTREAM_TOKEN.", code="bad_option"
        )
    if shows_token:
        settings = settings.model_copy(update={"token": make_token()})
    announcements = _LoggedAnnouncements() if settings.log_format == "json" else _Announcements(settings, shows_token=shows_token)
    if reload:
        run_reloading(settings, on_listening=announcements.reloading)
        return
    (run if settings.workers == 1 else run_supervised)(settings, on_listening=announcements.listening, on_ready=announcements.ready)


class _Announcements:
    """What a person is told when the server starts."""

    def __init__(self, settings: ServerSettings, *, shows_token: bool) -> None:
        """Shows a token that was made for this run, since nobody knows it yet; one that was given is for a terminal alone."""
        self._console = Console(stderr=True, soft_wrap=True)
        self._settings = settings
        self._token = settings.token if shows_token or self._console.is_terminal else None
        self._url = ""

    def listening(self, url: str) -> None:
        self._url = self._opened(url)
        self._console.print(f"handstream loads the models for [bold]{self._settings.engine}[/] ...")

    def ready(self) -> None:
        self._console.print("Open", _link(self._url), "(Ctrl-C stops the server)")
        if self._settings.https:
            self._console.print(_MADE_CERTIFICATE)
            if self._console.is_terminal:
                segno.make_qr(self._url).terminal(sys.stderr, compact=True)

    def reloading(self, url: str) -> None:
        self._console.print("handstream reloads itself at", _link(self._opened(url)))

    def _opened(self, url: str) -> str:
        """What to open: from a phone too if that is what the certificate is for, and with the token where only the page can see it."""
        if self._settings.https and self._settings.host in _EVERY_ADDRESS:
            url = urlsplit(url)._replace(netloc=f"{_bracketed(machine_addresses()[0])}:{urlsplit(url).port}").geturl()
        return url if self._token is None else f"{url}/#token={self._token}"


class _LoggedAnnouncements:
    """The same as events, where whatever is written is for programs to read."""

    def listening(self, url: str) -> None:
        logger.info("listening", extra={"url": url})

    def ready(self) -> None:
        logger.info("ready")

    def reloading(self, url: str) -> None:
        logger.info("listening and reloading", extra={"url": url})


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _link(url: str) -> Text:
    """Not by markup: the brackets of an IPv6 address would be taken for a tag."""
    return Text(url, Style(bold=True, link=url))


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    """One setting as a typed parameter of the command."""
    limits: dict[str, Any] = {}
    for constraint in field.metadata:
        match constraint:
            case Ge(least):
                limits["min"] = least
            case Le(most):
                limits["max"] = most
    declarations = [f"--{name.replace('_', '-')}"] if field.annotation is bool and not field.default else []
    option = typer.Option(*declarations, help=field.description, envvar=f"{ENVIRONMENT_PREFIX}{name.upper()}", **limits)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[field.rebuild_annotation(), option]
    )


# typer makes a command's options from the function's signature, so the settings are put there.
serve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        *(_parameter(name, field) for name, field in ServerSettings.model_fields.items()),
        inspect.Parameter("reload", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_RELOAD),
    ]
)
