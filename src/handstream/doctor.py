"""Looks at this machine as handstream would use it: `examine` gives findings, each with what to do about it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import openvino as ov

from handstream import __version__
from handstream.errors import HandstreamError
from handstream.vision.engines.compiled import available_cores
from handstream.vision.engines.precision import element_types
from handstream.vision.models import MODELS, cache_dir, find_model

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Finding", "Verdict", "examine"]

Verdict = Literal["good", "note", "bad"]
"""`bad` stops something from working; `note` is worth knowing."""

_REFERENCE_VERSION = "0.10.21"


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


def examine() -> Iterator[Finding]:
    """The findings, one after another as they are made. Blocks for a second or so in all; loads no network and opens no socket."""
    yield Finding("good", "handstream", f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    yield _processor()
    yield _precision()
    yield from _models()
    yield _cache()
    yield _page()
    yield _reference()


def _processor() -> Finding:
    name = ov.Core().get_property("CPU", "FULL_DEVICE_NAME")
    cores = available_cores()
    text = f"{name}, {cores} usable {'core' if cores == 1 else 'cores'}"
    if cores == 1:
        return Finding(
            "note", "processor", text, "With one core the search for further hands takes its time from the frames; give it two or more."
        )
    return Finding("good", "processor", text)


def _precision() -> Finding:
    auto = element_types("auto")
    if auto.palm == "f32":
        return Finding("good", "precision", "f32 for both networks; this processor has no faster type that keeps parity")
    return Finding(
        "good",
        "precision",
        f"f32 for both networks; with precision auto {auto.palm} for the palm network, for which this processor has instructions",
    )


def _models() -> Iterator[Finding]:
    for model in MODELS:
        subject = f"model {model.file_name}"
        try:
            path = find_model(model)
        except HandstreamError as error:
            yield Finding("bad", subject, str(error), "handstream models fetch")
            continue
        if path is None:
            yield Finding(
                "note", subject, "not on this machine yet", "It is fetched when it is first needed; to do it now: handstream models fetch"
            )
        else:
            yield Finding("good", subject, f"{path}, its SHA-256 is right")


def _cache() -> Finding:
    folder = cache_dir()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if os.access(existing, os.W_OK):
        return Finding("good", "cache", f"{folder} can be written")
    return Finding(
        "note",
        "cache",
        f"{folder} cannot be written: every start compiles the networks anew",
        "Set HANDSTREAM_CACHE_DIR to a folder that can.",
    )


def _page() -> Finding:
    if Path(str(files("handstream").joinpath("page", "index.html"))).exists():
        return Finding("good", "page", "built, so that the server has it")
    return Finding("note", "page", "not built in this checkout", "make run builds it; a wheel has it inside")


def _reference() -> Finding:
    try:
        found = version("mediapipe")
    except PackageNotFoundError:
        return Finding("good", "mediapipe", "not installed; only the reference engine needs it")
    if found == _REFERENCE_VERSION:
        return Finding("good", "mediapipe", f"{found}: the reference engine can be used")
    return Finding(
        "note",
        "mediapipe",
        f"{found} has no mp.solutions; the reference engine needs {_REFERENCE_VERSION}",
        f"pip install --no-deps mediapipe=={_REFERENCE_VERSION}",
    )
