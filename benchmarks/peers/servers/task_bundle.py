"""Makes the hand landmarker bundle that MediaPipe Tasks wants, of the networks in the mediapipe wheel. Its argument is the file to write.

A bundle is a zip, stored without compression, with both networks; each must say in its metadata that it takes pixels from 0 to 1.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import mediapipe as mp
from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter

_NETWORKS = {
    "hand_detector.tflite": "palm_detection/palm_detection_lite.tflite",
    "hand_landmarks_detector.tflite": "hand_landmark/hand_landmark_lite.tflite",
}
"""Their names in the bundle, and the wheel's."""

_MEAN, _DEVIATION = [0.0] * 3, [255.0] * 3


def _write(file: Path) -> None:
    modules = Path(mp.__file__).parent / "modules"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as bundle:
        for name, source in _NETWORKS.items():
            writer = MetadataWriter.create(bytearray((modules / source).read_bytes()))
            network, _ = writer.add_image_input(_MEAN, _DEVIATION).populate()
            bundle.writestr(name, bytes(network))


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
