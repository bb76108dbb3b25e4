"""One thing that the doctor looked at: `Finding`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Verdict"]

Verdict = Literal["good", "note", "bad"]
"""`bad` stops something from working; `note` is worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        verdict: Whether it stands in the way.
        subject: What was looked at, in a word or two.
        text: What was found.
        advice: What to do, empty where nothing is to be done.
    """

    verdict: Verdict
    subject: str
    text: str
    advice: str = ""
