"""What a session may ask for: `SessionSettings`, and the `Limits` that the server sets to it.

`SessionSettings.changed` is the entry point: it checks what a client wrote, all of it, before any of it takes effect.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from handstream.errors import MessageError
from handstream.frames import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Limits", "SessionSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server takes from a session at most.

    Attributes:
        max_message_bytes: The largest WebSocket message, in bytes. A larger one closes the connection with code 1009.
        max_frame_pixels: The most pixels that a picture may declare, width times height. 8294400 is one picture of 3840x2160.
        max_hands: The most hands that a session may ask for, 1..255.
        max_frames_per_second: The most frames that are processed in the long run; 120 is twice what the fastest usual cameras give.
        max_texts_per_second: The most texts that are read in the long run. One takes the server some 0.1 ms, so 100 of them take a
            hundredth of the event loop.
    """

    max_message_bytes: int = 4 * 1024 * 1024
    max_frame_pixels: int = 3840 * 2160
    max_hands: int = 4
    max_frames_per_second: float = 120.0
    max_texts_per_second: float = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """The settings of one session, as `docs/protocol.md` lists them. A value of this type has been checked.

    Attributes:
        output: What results carry.
        jpeg_quality: Quality of the annotated JPEG, 1..100 on libjpeg's scale.
        max_hands: The most hands reported in one picture, 1..the server's limit.
        model_complexity: 0 is the lite model, 1 the full one.
        min_detection_confidence: The least score of a palm detection, 0..1.
        min_tracking_confidence: The least hand presence for a hand to be followed, 0..1.
        world_landmarks: Whether results that carry landmarks carry world landmarks too.
    """

    output: Output = Output.ANNOTATED
    jpeg_quality: int = 50
    max_hands: int = 2
    model_complexity: int = 0
    min_detection_confidence: float = 0.7
    min_tracking_confidence: float = 0.5
    world_landmarks: bool = False

    def changed(self, changes: Mapping[str, object], limits: Limits) -> SessionSettings:
        """These settings with those changes, which come from a client and are not trusted.

        Raises:
            MessageError: `bad_settings`: a setting is unknown, of the wrong type or out of its range; the text names it and its range.
        """
        checks = _checks(limits)
        checked: dict[str, object] = {}
        for name, value in changes.items():
            if name not in checks:
                raise MessageError(f"There is no setting {name[:40]!r}. There are {', '.join(checks)}.", code="bad_settings")
            checked[name] = checks[name](name, value)
        return replace(self, **checked)  # type: ignore[arg-type]  # each check gives its own field's type

    def tracks_like(self, other: SessionSettings) -> bool:
        """Whether one tracker serves both: they differ at most in what is done with the hands once they are found."""
        return all(getattr(self, name) == getattr(other, name) for name in _TRACKING)

    def as_json(self) -> dict[str, str | int | float | bool]:
        """The settings under their names on the wire."""
        return asdict(self) | {"output": self.output.value}


_TRACKING = ("max_hands", "model_complexity", "min_detection_confidence", "min_tracking_confidence")


def _checks(limits: Limits) -> dict[str, Callable[[str, object], object]]:
    """How each setting is checked. A check returns the value in its own type or raises."""
    return {
        "output": _output,
        "jpeg_quality": _whole_number(1, 100),
        "max_hands": _whole_number(1, limits.max_hands),
        "model_complexity": _whole_number(0, 1),
        "min_detection_confidence": _fraction,
        "min_tracking_confidence": _fraction,
        "world_landmarks": _truth,
    }


def _output(name: str, value: object) -> Output:
    if not isinstance(value, str) or value not in set(Output):
        raise _bad(name, value, " or ".join(f'"{output}"' for output in Output))
    return Output(value)


def _whole_number(least: int, most: int) -> Callable[[str, object], int]:
    def check(name: str, value: object) -> int:
        # JSON has one kind of number, so that 2.0 is as good as 2; but true is not 1.
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or not least <= value <= most:
            raise _bad(name, value, f"a whole number in {least}..{most}")
        return int(value)

    return check


def _fraction(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _bad(name, value, "a number in 0..1")
    return float(value)


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _bad(name, value, "true or false")
    return value


def _bad(name: str, value: object, allowed: str) -> MessageError:
    return MessageError(f"{name} must be {allowed}, not {repr(value)[:40]}.", code="bad_settings")
