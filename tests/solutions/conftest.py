"""The real MediaPipe, which the drop-in is compared with."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest


@pytest.fixture(scope="session")
def mediapipe() -> Any:
    """The module `mediapipe`, 0.10.21; the tests that need it skip where it cannot be imported, as on Python 3.13."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it imports warns on newer Pythons, and that is not ours to mend
        try:
            module = importlib.import_module("mediapipe")
        except ImportError as error:
            pytest.skip(f"needs mediapipe 0.10.21 to compare with: {error}")
    if not hasattr(module, "solutions"):
        pytest.skip(f"mediapipe {module.__version__} has no solutions to compare with")
    return module
