"""The skeleton drawn into a video: MediaPipe's webcam loop, with a file to write to in place of the window.

A script for MediaPipe's documented API; only its import line names handstream instead.

    python mp_solutions_video.py OUTPUT.mp4 [VIDEO]      without a video: the first camera, until Ctrl-C
"""

from __future__ import annotations

import sys

import cv2

import handstream as mp

mp_drawing = mp.solutions.drawing_utils
mp_drawing_styles = mp.solutions.drawing_styles
mp_hands = mp.solutions.hands


def main(output: str, source: str | int) -> None:
    """Annotates every frame of the source."""
    cap = cv2.VideoCapture(source)
    size = int(cap.get(cv2.CAP_PROP_FRAME_WIDTH)), int(cap.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(output, cv2.VideoWriter.fourcc(*"mp4v"), cap.get(cv2.CAP_PROP_FPS) or 30, size)
    with mp_hands.Hands(model_complexity=0, min_detection_confidence=0.5, min_tracking_confidence=0.5) as hands:
        while cap.isOpened():
            success, image = cap.read()
            if not success:
                break

            # Marking the picture as not writeable lets MediaPipe pass it on by reference.
            image.flags.writeable = False
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            results = hands.process(image)

            image.flags.writeable = True
            image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
            if results.multi_hand_landmarks:
                for hand_landmarks in results.multi_hand_landmarks:
                    mp_drawing.draw_landmarks(
                        image,
                        hand_landmarks,
                        mp_hands.HAND_CONNECTIONS,
                        mp_drawing_styles.get_default_hand_landmarks_style(),
                        mp_drawing_styles.get_default_hand_connections_style(),
                    )
            print("hands:", len(results.multi_hand_landmarks or []))
            writer.write(image)
    cap.release()
    writer.release()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if sys.argv[2:] else 0)
