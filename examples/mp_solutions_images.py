"""Hands in photographs: prints where the index finger points and writes the annotated pictures.

A script for MediaPipe's documented API; only its import line names handstream instead.

    python mp_solutions_images.py OUTPUT_FOLDER PICTURE...
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2

import handstream as mp

mp_drawing = mp.solutions.drawing_utils
mp_drawing_styles = mp.solutions.drawing_styles
mp_hands = mp.solutions.hands


def main(output_folder: Path, picture_files: list[str]) -> None:
    """Annotates each picture into a file of the same name."""
    with mp_hands.Hands(static_image_mode=True, max_num_hands=2, min_detection_confidence=0.5) as hands:
        for file in picture_files:
            picture = cv2.imread(file)
            if picture is None:
                sys.exit(f"{file} is not a picture")
            # The picture is flipped because MediaPipe takes it to be a mirrored one when it tells left from right.
            image = cv2.flip(picture, 1)
            results = hands.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            if not results.multi_hand_landmarks or not results.multi_handedness:
                print(f"{Path(file).name}: no hand")
                continue

            image_height, image_width, _ = image.shape
            annotated_image = image.copy()
            for hand_landmarks, handedness in zip(results.multi_hand_landmarks, results.multi_handedness, strict=True):
                tip = hand_landmarks.landmark[mp_hands.HandLandmark.INDEX_FINGER_TIP]
                label = handedness.classification[0].label
                print(f"{Path(file).name}: {label} index finger tip at {tip.x * image_width:.1f} {tip.y * image_height:.1f}")
                mp_drawing.draw_landmarks(
                    annotated_image,
                    hand_landmarks,
                    mp_hands.HAND_CONNECTIONS,
                    mp_drawing_styles.get_default_hand_landmarks_style(),
                    mp_drawing_styles.get_default_hand_connections_style(),
                )
            cv2.imwrite(str(output_folder / Path(file).name), cv2.flip(annotated_image, 1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
