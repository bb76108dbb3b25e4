"""Looks at this machine as handstream would use it: `examine` gives findings, each with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handstream.doctor.address import examine_address
from handstream.doctor.finding import Finding, Verdict
from handstream.doctor.installation import examine_installation
from handstream.doctor.trial import try_capacity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handstream.server.settings import ServerSettings

__all__ = ["Finding", "Verdict", "examine"]


def examine(settings: ServerSettings, *, with_trial: bool = True) -> Iterator[Finding]:
    """The findings, one after another as they are made. Blocks for a second or so in all, and for some five more with the trial.

    Args:
        settings: What `handstream serve` would be told.
        with_trial: Whether to try what the machine carries, which needs the models.
    """
    yield from examine_installation(settings)
    yield from examine_address(settings)
    if with_trial:
        yield try_capacity(settings)
