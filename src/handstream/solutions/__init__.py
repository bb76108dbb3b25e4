"""A drop-in for `mediapipe.solutions`: `hands`, with `drawing_utils` and `drawing_styles` for hands.

In a script, `import mediapipe as mp` becomes `import handstream as mp`, or `from mediapipe import solutions` becomes
`from handstream import solutions`; the rest stays.
"""

from __future__ import annotations

from handstream.solutions import drawing_styles, drawing_utils, hands

__all__ = ["drawing_styles", "drawing_utils", "hands"]


def __getattr__(name: str) -> object:
    raise AttributeError(f"handstream.solutions has no {name!r}: it stands in for MediaPipe's hands alone ({', '.join(__all__)})")
