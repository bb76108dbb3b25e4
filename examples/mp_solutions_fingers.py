"""Counts raised fingers in a video, from the landmarks: the classic first project with MediaPipe.

A script for MediaPipe's documented API; only its import line names handstream instead.

    python mp_solutions_fingers.py [VIDEO]      without a video: the first camera, until Ctrl-C
"""

from __future__ import annotations

import math
import sys
from typing import Any

import cv2

from handstream import solutions

HandLandmark = solutions.hands.HandLandmark

FINGERS = {
    HandLandmark.INDEX_FINGER_TIP: HandLandmark.INDEX_FINGER_PIP,
    HandLandmark.MIDDLE_FINGER_TIP: HandLandmark.MIDDLE_FINGER_PIP,
    HandLandmark.RING_FINGER_TIP: HandLandmark.RING_FINGER_PIP,
    HandLandmark.PINKY_TIP: HandLandmark.PINKY_PIP,
}


def distance(first: Any, second: Any) -> float:
    """The distance of two world landmarks in metres."""
    return math.dist((first.x, first.y, first.z), (second.x, second.y, second.z))


def raised_fingers(hand: Any) -> int:
    """How many fingers are stretched: the tip is farther from the wrist (the thumb's: from the pinky) than a joint below it."""
    landmarks = hand.landmark
    wrist, pinky = landmarks[HandLandmark.WRIST], landmarks[HandLandmark.PINKY_MCP]
    count = sum(distance(landmarks[tip], wrist) > 1.1 * distance(landmarks[joint], wrist) for tip, joint in FINGERS.items())
    thumb = distance(landmarks[HandLandmark.THUMB_TIP], pinky) > 1.1 * distance(landmarks[HandLandmark.THUMB_IP], pinky)
    return count + thumb


def main(source: str | int) -> None:
    """Prints one line a frame."""
    cap = cv2.VideoCapture(source)
    hands = solutions.hands.Hands(max_num_hands=1, min_detection_confidence=0.7, min_tracking_confidence=0.5)
    while True:
        success, image = cap.read()
        if not success:
            break
        results = hands.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        for hand in results.multi_hand_world_landmarks or ():
            print("fingers:", raised_fingers(hand))
        if not results.multi_hand_world_landmarks:
            print("no hand")
    hands.close()
    cap.release()


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else 0)
