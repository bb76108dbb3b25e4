"""Less jitter for some lag: `HandFilter`, the One Euro filter over the landmarks of one hand.

Theory of operation: each coordinate passes a first-order low pass whose cutoff rises with its speed, so a hand at rest is held still and
a hand in motion is followed closely. Source: Casiez, Roussel and Vogel, "1 Euro Filter", CHI 2012. Speeds are measured in hand
sizes per second, as MediaPipe's `LandmarksSmoothingCalculator` does, so that a hand near the camera is filtered like one far away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.vision.landmarks import HandEstimate

__all__ = ["HandFilter", "Smoothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing:
    """How strongly the landmarks are smoothed.

    Attributes:
        min_cutoff_hz: The cutoff for a hand at rest; lower is smoother. Default 1.
        beta: How many Hz the cutoff rises for a speed of one hand size per second; higher lags less in motion. Default 20.
        derivative_cutoff_hz: The cutoff of the speed's own low pass. Default 1, as in the paper.
    """

    min_cutoff_hz: float = 1.0
    beta: float = 20.0
    derivative_cutoff_hz: float = 1.0

    def __post_init__(self) -> None:
        for name in ("min_cutoff_hz", "derivative_cutoff_hz"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0.0 <= self.beta < math.inf:
            raise ValueError(f"beta must be 0 or more, not {self.beta}")


class HandFilter:
    """The filters of one hand's landmarks and world landmarks.

    Args:
        smoothing: How strongly.
    """

    __slots__ = ("_landmarks", "_world_landmarks")

    def __init__(self, smoothing: Smoothing) -> None:
        self._landmarks, self._world_landmarks = _PointFilter(smoothing), _PointFilter(smoothing)

    def filter(self, hand: HandEstimate, time_ns: int) -> HandEstimate:
        """The hand with both sets of landmarks smoothed.

        Args:
            hand: The hand in the next picture.
            time_ns: When the picture was taken. A picture that is not later than the last one leaves the filters as they are.
        """
        return replace(
            hand,
            landmarks_px=self._landmarks.filter(hand.landmarks_px, time_ns),
            world_landmarks=self._world_landmarks.filter(hand.world_landmarks, time_ns),
        )

    def scale(self, factor: float) -> None:
        """Takes the landmarks' state to the pixels of another resolution; world landmarks are in metres and stay."""
        self._landmarks.scale(factor)


class _PointFilter:
    """The filter of one set of points.

    Args:
        smoothing: How strongly.
    """

    __slots__ = ("_points", "_smoothing", "_speeds", "_time_ns")

    def __init__(self, smoothing: Smoothing) -> None:
        self._smoothing = smoothing
        self._points: NDArray[np.float32] | None = None
        self._speeds: NDArray[np.float32] = np.zeros(0, np.float32)
        self._time_ns = 0

    def filter(self, points: NDArray[np.float32], time_ns: int) -> NDArray[np.float32]:
        """The smoothed points of the next picture.

        Args:
            points: float32 `(21, 3)` in any unit that is the same for x and y.
            time_ns: When the picture was taken. A picture that is not later than the last one leaves the filter as it is.
        """
        if self._points is None:
            self._points, self._speeds, self._time_ns = points, np.zeros_like(points), time_ns
        elif time_ns > self._time_ns:
            elapsed_s = (time_ns - self._time_ns) / 1e9
            hand_size = max(float(np.ptp(points[:, :2], axis=0).max()), 1e-6)
            step = points - self._points
            self._speeds = self._speeds + _weight(self._smoothing.derivative_cutoff_hz, elapsed_s) * (
                step / (elapsed_s * hand_size) - self._speeds
            )
            self._points = (
                self._points + _weight(self._smoothing.min_cutoff_hz + self._smoothing.beta * np.abs(self._speeds), elapsed_s) * step
            )
            self._time_ns = time_ns
        return self._points

    def scale(self, factor: float) -> None:
        """Takes the state to a unit that is smaller by the factor. Speeds are in hand sizes and stay."""
        if self._points is not None:
            self._points = self._points * np.float32(factor)


def _weight(cutoff_hz: float | NDArray[np.floating], elapsed_s: float) -> NDArray[np.float32]:
    """The share of the newest value in a low pass of that cutoff (the paper's alpha), float32 of the cutoff's shape."""
    return np.asarray(1 / (1 + 1 / (2 * math.pi * cutoff_hz * elapsed_s)), np.float32)
