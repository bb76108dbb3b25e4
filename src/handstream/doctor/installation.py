"""What there is: package, processor, models, their cache, page and reference engine. `examine_installation` looks at each."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import openvino as ov

from handstream import __version__
from handstream.doctor.finding import Finding
from handstream.errors import HandstreamError
from handstream.processors import usable_cpus
from handstream.vision.engines.networks import ALONE_THREADS
from handstream.vision.engines.openvino import CORES_PER_SEARCH
from handstream.vision.engines.precision import F32, arithmetic
from handstream.vision.models import MODELS, cache_dir, find_model, find_models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handstream.server.settings import ServerSettings

__all__ = ["examine_installation"]

_REFERENCE_VERSION = "0.10.21"

_FAST = ("FP32", "FP16", "BF16", "INT8")
"""OpenVINO's names of the element types that networks can compute in."""


def examine_installation(settings: ServerSettings) -> Iterator[Finding]:
    """The findings, one after another as they are made. Blocks for a second or so in all; loads no network and opens no socket."""
    yield Finding("good", "handstream", f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    yield _processor()
    yield _inferences()
    yield _precision()
    yield from _models() if settings.models is None else [_named_models(settings.models, settings.model_complexity)]
    yield _cache()
    yield _page()
    yield _reference()


def _processor() -> Finding:
    name = ov.Core().get_property("CPU", "FULL_DEVICE_NAME")
    cores = usable_cpus()
    fast = [capability for capability in _FAST if capability in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")]
    text = f"{name}, {cores} usable {'core' if cores == 1 else 'cores'}; it multiplies fast in {', '.join(fast)}"
    if cores == 1:
        return Finding(
            "note", "processor", text, "With one core the search for further hands takes its time from the frames; give it two or more."
        )
    return Finding("good", "processor", text)


def _inferences() -> Finding:
    """How the engine shares out the cores."""
    cores = usable_cpus()
    alone, searches = min(ALONE_THREADS, cores), max(1, cores // CORES_PER_SEARCH)
    text = (
        f"one on {alone} {'thread' if alone == 1 else 'threads'} for a picture that is alone, {cores} side by side on one each under load"
    )
    return Finding("good", "inferences", f"{text}, and {searches} of them at most to search beside")


def _precision() -> Finding:
    auto = arithmetic("auto")
    if auto.palm == F32:
        return Finding("good", "precision", "f32 for both networks; this processor has no faster type that keeps parity")
    faster = f"{auto.palm.element_type} for the palm network and part of the landmark network, for which this processor has instructions"
    return Finding("good", "precision", f"f32 for both networks; with precision auto {faster}")


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


def _named_models(source: Path, model_complexity: int) -> Finding:
    try:
        find_models(model_complexity, source=source)
    except HandstreamError as error:
        return Finding(
            "bad", "models", str(error), "Let HANDSTREAM_MODELS name a folder or bundle that has them, or nothing, to have them fetched."
        )
    return Finding("good", "models", f"those of {source}, which HANDSTREAM_MODELS names")


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
