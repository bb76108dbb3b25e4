"""The truth file beside the clip: where each joint is in each frame, compact, rounded to a hundredth of a pixel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from handstream.vision.synthetic.placement import HandTruth
from handstream.vision.synthetic.scene import Chapter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handstream.frames import Handedness

__all__ = ["ClipTruth"]

_FORMAT: Final = 1
_DECIMALS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class ClipTruth:
    """What is known of a clip.

    Attributes:
        frames: For each frame the hands that have a joint in view, in the order of their identities.
        frames_per_second: The clip's rate.
        resolution_wh: Its width and height in pixels.
        chapters: Its named parts, in order.
        clip_sha256: The clip file that it belongs to, in hexadecimal.
        renderer: What the clip was rendered with: names and values.
    """

    frames: tuple[tuple[HandTruth, ...], ...]
    frames_per_second: int
    resolution_wh: tuple[int, int]
    chapters: tuple[Chapter, ...]
    clip_sha256: str
    renderer: dict[str, str | int]

    def chapter(self, frame_index: int) -> str:
        """The name of the part that the frame belongs to."""
        return next(chapter.name for chapter in reversed(self.chapters) if chapter.first_frame <= frame_index)

    def frames_of(self, chapter: str) -> range:
        """The frames of the part with that name.

        Raises:
            ValueError: There is none.
        """
        names = [part.name for part in self.chapters]
        if chapter not in names:
            raise ValueError(f"the clip's chapters are {', '.join(names)}, not {chapter!r}")
        ends = [*(part.first_frame for part in self.chapters[1:]), len(self.frames)]
        index = names.index(chapter)
        return range(self.chapters[index].first_frame, ends[index])

    def to_json(self) -> str:
        """The text of the truth file."""
        return json.dumps(
            {
                "format": _FORMAT,
                "clip_sha256": self.clip_sha256,
                "renderer": self.renderer,
                "frames_per_second": self.frames_per_second,
                "resolution_wh": self.resolution_wh,
                "chapters": [[chapter.name, chapter.first_frame] for chapter in self.chapters],
                "frames": [[_hand_to_json(hand) for hand in hands] for hands in self.frames],
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> ClipTruth:
        """Reads the truth file's text.

        Raises:
            ValueError: It is of another format than this version of handstream writes.
        """
        content = json.loads(text)
        if content["format"] != _FORMAT:
            raise ValueError(f"the truth file has format {content['format']}, this version of handstream reads {_FORMAT}")
        width_px, height_px = content["resolution_wh"]
        return cls(
            tuple(tuple(_hand_from_json(hand, (width_px, height_px)) for hand in hands) for hands in content["frames"]),
            content["frames_per_second"],
            (width_px, height_px),
            tuple(Chapter(name, first_frame) for name, first_frame in content["chapters"]),
            content["clip_sha256"],
            content["renderer"],
        )


def _hand_to_json(hand: HandTruth) -> dict[str, int | str | list[float]]:
    return {"id": hand.hand_id, "side": hand.side, "xy": _rounded(hand.joints_px.ravel()), "z": _rounded(hand.depth_px)}


def _hand_from_json(hand: dict[str, Any], resolution_wh: tuple[int, int]) -> HandTruth:
    side: Handedness = hand["side"]
    return HandTruth(hand["id"], side, np.array(hand["xy"]).reshape(-1, 2), np.array(hand["z"]), resolution_wh)


def _rounded(values: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    return [round(float(value), _DECIMALS) + 0.0 for value in values]  # adding 0 turns -0.0 into 0.0
