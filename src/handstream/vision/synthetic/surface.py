"""Finds the surface of a hand's cones as the camera sees it, by sphere tracing.

Sphere tracing (Hart, "Sphere tracing: a geometric method for the antialiased ray tracing of implicit surfaces", 1996): the distance
from a point to the surface is a step that a ray can take without crossing it. Cones of one group are united by a polynomial smooth
minimum, which lets the surfaces flow together like skin over a joint. A cone is evaluated only inside the rectangle of the picture
that it can reach, which is what makes this quick enough in plain numpy.

Pictures of vectors are held as planes, `(3, height, width)`, float32.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from handstream.vision.synthetic.flesh import RoundCone
    from handstream.vision.synthetic.placement import Camera

__all__ = ["Surface", "Window", "cone_coordinates", "dot", "trace"]

_COARSE_STEPS: Final = 16
_FINE_STEPS: Final = 5
_LATE_STEPS: Final = 3
_LATE_ROUNDS: Final = 24
_GRAZE_SHARE: Final = 6.0
_STEP_SHARE: Final = 0.92  # the smooth minimum overstates the distance a little, so that full steps would cut corners
_REACH: Final = 0.09  # how far beyond its own radius a cone is looked for at least; as far as it flows into others if that is more
_FAR: Final = 24.0
_GONE: Final = 20.0  # beyond it a ray has left the hand behind
_NORMAL_STEP: Final = 0.004
_HIT_PX: Final = 0.5  # a ray that comes this close to the surface has met it
_TETRAHEDRON: Final = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels: the first column and row, and those after the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index a picture with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def coarse(self) -> Window:
        """The rectangle in a picture of every second pixel."""
        return Window(self.left // 2, self.top // 2, (self.right + 1) // 2, (self.bottom + 1) // 2)

    def within(self, outer: Window) -> Window:
        """The same rectangle, counted from the outer one's corner."""
        return Window(self.left - outer.left, self.top - outer.top, self.right - outer.left, self.bottom - outer.top)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What the camera sees of the cones, inside `window`; `(height, width)` arrays of that size unless said.

    Attributes:
        window: The part of the picture that the arrays cover.
        cones: The cones, with their windows counted from `window`'s corner.
        rays: `(3, ...)` unit directions from the camera.
        depth: Distance from the camera along the ray, in palms; far where nothing is hit.
        points: `(3, ...)` camera-space points of the surface.
        normals: `(3, ...)` unit vectors out of the surface.
        hit: bool, whether the ray meets the surface.
        coverage: 0..1, how much of the pixel the surface covers.
        nearest: int, the index of the cone that lies nearest to the point.
    """

    window: Window
    cones: tuple[tuple[RoundCone, Window], ...]
    rays: NDArray[np.float32]
    depth: NDArray[np.float32]
    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    hit: NDArray[np.bool_]
    coverage: NDArray[np.float32]
    nearest: NDArray[np.intp]


def trace(cones: Sequence[RoundCone], camera: Camera) -> Surface | None:
    """The surface of the cones as the camera sees it, or None if no cone can be in view."""
    visible = [(cone, window) for cone in cones if (window := _reach_of(cone, camera)) is not None]
    if not visible:
        return None
    bounds = _union([window for _, window in visible])
    members = tuple((cone, window.within(bounds)) for cone, window in visible)
    rays = _rays(bounds, camera)
    depth, clearance = _march(members, rays, _coarse_depth(members, rays), _FINE_STEPS)
    pixel_size = _pixel_size(cones, camera)
    _finish(members, rays, depth, tolerance=_HIT_PX * pixel_size)
    points = depth * rays
    hit = depth < _GONE
    coverage = np.where(hit, 1.0, np.clip(0.5 - clearance / pixel_size * 0.5, 0.0, 1.0)).astype(np.float32)
    return Surface(bounds, members, rays, depth, points, _normals(members, points), hit, coverage, _nearest(members, points))


def cone_coordinates(points: NDArray[np.float32], cone: RoundCone) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Where points lie relative to a cone: offset from its axis, distance along the axis in palms, and share of the axis, 0..1."""
    axis = (cone.end - cone.start).astype(np.float32)
    length = float(np.linalg.norm(axis))
    offset = points - cone.start.astype(np.float32).reshape(3, *[1] * (points.ndim - 1))
    along = dot(axis / np.float32(length), offset)
    share = np.clip(along / np.float32(length), 0.0, 1.0)
    offset -= axis.reshape(3, *[1] * (points.ndim - 1)) * share
    return offset, along, share


def dot(vector: NDArray[np.floating], planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The scalar product of one vector with each of the planes' vectors, without a detour through the threads of a BLAS."""
    x, y, z = vector.astype(np.float32)
    product: NDArray[np.float32] = planes[0] * x
    product += planes[1] * y
    product += planes[2] * z
    return product


def _coarse_depth(members: tuple[tuple[RoundCone, Window], ...], rays: NDArray[np.float32]) -> NDArray[np.float32]:
    """A depth from which every ray can start: that of every second ray, or of a neighbour of it that ended nearer to the camera."""
    members = tuple((cone, window.coarse()) for cone, window in members)
    coarse_rays = rays[:, ::2, ::2]
    start = np.full(coarse_rays.shape[1:], _FAR, np.float32)
    for cone, window in members:
        front = (
            min(np.linalg.norm(cone.start) - cone.start_radius, np.linalg.norm(cone.end) - cone.end_radius) - max(_REACH, cone.blend) - 0.03
        )
        np.minimum(start[window.slices], np.float32(front), out=start[window.slices])
    depth, _ = _march(members, coarse_rays, start, _COARSE_STEPS)
    nearest = cv2.erode(depth, np.ones((3, 3), np.uint8)) - np.float32(_REACH / 4)
    height, width = rays.shape[1:]
    return np.asarray(np.repeat(np.repeat(nearest, 2, axis=0), 2, axis=1)[:height, :width], np.float32)


def _march(
    members: tuple[tuple[RoundCone, Window], ...], rays: NDArray[np.float32], start: NDArray[np.float32], steps: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The depth at which each ray ends, and how close it came to the surface on its way."""
    depth = start.copy()
    clearance = np.full_like(depth, np.inf)
    for _ in range(steps):
        distance = _distance(members, depth * rays)
        np.minimum(clearance, distance, out=clearance)
        depth += distance * np.float32(_STEP_SHARE)
        np.minimum(depth, np.float32(_FAR), out=depth)
    return depth, clearance


def _finish(members: tuple[tuple[RoundCone, Window], ...], rays: NDArray[np.float32], depth: NDArray[np.float32], tolerance: float) -> None:
    """Marches on, in place, with the few rays that have neither met the surface nor left it behind: those that pass close to an edge.

    Of the very few that are undecided even then, those that graze the surface count as having met it.
    """
    distance = _distance(members, depth * rays)
    late_rows, late_columns = np.nonzero((distance > tolerance) & (depth < _GONE))
    for _ in range(_LATE_ROUNDS):
        row = tuple((cone, Window(0, 0, late_rows.size, 1)) for cone, _ in members)
        late_rays = rays[:, late_rows, late_columns][:, None, :]
        late_depth, _ = _march(row, late_rays, depth[late_rows, late_columns][None, :], _LATE_STEPS)
        depth[late_rows, late_columns] = late_depth[0]
        distance = _distance(row, late_depth * late_rays)
        still_late = ((distance > tolerance) & (late_depth < _GONE))[0]
        late_rows, late_columns, distance = late_rows[still_late], late_columns[still_late], distance[:, still_late]
    receding = distance[0] > _GRAZE_SHARE * tolerance
    depth[late_rows[receding], late_columns[receding]] = _FAR


def _distance(members: tuple[tuple[RoundCone, Window], ...], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The signed distance from points to the surface, in palms."""
    groups: defaultdict[int, list[tuple[RoundCone, Window]]] = defaultdict(list)
    for cone, window in members:
        groups[cone.group].append((cone, window))
    nearest = np.full(points.shape[1:], 4.0, np.float32)
    for group in groups.values():
        bounds = _union([window for _, window in group])
        united = np.full((bounds.bottom - bounds.top, bounds.right - bounds.left), 4.0, np.float32)
        for cone, window in group:
            rows, columns = window.slices
            distance, share = _cone_distance(points[:, rows, columns], cone)
            inner = window.within(bounds).slices
            united[inner] = _smooth_minimum(united[inner], distance, _blend(cone, share))
        np.minimum(nearest[bounds.slices], united, out=nearest[bounds.slices])
    return nearest


def _cone_distance(points: NDArray[np.float32], cone: RoundCone) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The signed distance to one cone, and the share of its axis at which it is nearest."""
    offset, _, share = cone_coordinates(points, cone)
    offset *= offset
    distance = np.sqrt(offset[0] + offset[1] + offset[2])
    distance -= np.float32(cone.start_radius) + np.float32(cone.end_radius - cone.start_radius) * share
    if cone.waist:
        distance += np.float32(4.0 * cone.waist) * share * (1.0 - share)
    return distance, share


def _blend(cone: RoundCone, share: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.float32(cone.blend) * (np.maximum(0.12, 1.0 - 1.6 * share) if cone.fades else np.ones_like(share))


def _smooth_minimum(first: NDArray[np.float32], second: NDArray[np.float32], blend: NDArray[np.float32]) -> NDArray[np.float32]:
    """The quadratic smooth minimum (Quilez, "Smooth minimum", 2013)."""
    weight = np.clip(0.5 + 0.5 * (first - second) / blend, 0.0, 1.0)
    return np.asarray(first + (second - first) * weight - blend * weight * (1.0 - weight), np.float32)


def _normals(members: tuple[tuple[RoundCone, Window], ...], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distance's gradient, from its values at a small tetrahedron's corners."""
    gradient = np.zeros_like(points)
    for corner in _TETRAHEDRON:
        direction = corner.reshape(3, 1, 1)
        gradient += direction * _distance(members, points + direction * np.float32(_NORMAL_STEP))
    length = np.sqrt((gradient * gradient).sum(axis=0)) + np.float32(1e-6)
    gradient /= length
    return gradient


def _nearest(members: tuple[tuple[RoundCone, Window], ...], points: NDArray[np.float32]) -> NDArray[np.intp]:
    best = np.full(points.shape[1:], np.inf, np.float32)
    index = np.zeros(points.shape[1:], np.intp)
    for number, (cone, window) in enumerate(members):
        rows, columns = window.slices
        distance, _ = _cone_distance(points[:, rows, columns], cone)
        nearer = distance < best[rows, columns]
        best[rows, columns][nearer] = distance[nearer]
        index[rows, columns][nearer] = number
    return index


def _pixel_size(cones: Sequence[RoundCone], camera: Camera) -> float:
    """A pixel's size at the nearest cone's distance: one size for the whole outline keeps its softness even."""
    return min(float(cone.start[2]) for cone in cones) / camera.focal_px


def _rays(window: Window, camera: Camera) -> NDArray[np.float32]:
    x = (np.arange(window.left, window.right, dtype=np.float32) + 0.5 - camera.width_px / 2) / camera.focal_px
    y = (np.arange(window.top, window.bottom, dtype=np.float32) + 0.5 - camera.height_px / 2) / camera.focal_px
    directions = np.stack(np.broadcast_arrays(x[None, :], y[:, None], np.float32(1.0)))
    rays: NDArray[np.float32] = directions / np.sqrt((directions * directions).sum(axis=0))
    return rays


def _reach_of(cone: RoundCone, camera: Camera) -> Window | None:
    """The pixels that a cone can touch, or None if they all lie outside the picture."""
    corners = []
    for centre, radius in ((cone.start, cone.start_radius), (cone.end, cone.end_radius)):
        depth = max(0.3, centre[2])
        # A sphere off the picture's middle is seen as an ellipse; 6 % more than its radius covers that within this field of view.
        reach_px = (radius + max(_REACH, cone.blend)) * camera.focal_px / depth * 1.06 + 1.0
        x = centre[0] / depth * camera.focal_px + camera.width_px / 2
        y = centre[1] / depth * camera.focal_px + camera.height_px / 2
        corners += [(x - reach_px, y - reach_px), (x + reach_px, y + reach_px)]
    xs, ys = zip(*corners, strict=True)
    left, top = max(0, math.floor(min(xs))), max(0, math.floor(min(ys)))
    right, bottom = min(camera.width_px, math.ceil(max(xs)) + 1), min(camera.height_px, math.ceil(max(ys)) + 1)
    return Window(left, top, right, bottom) if left < right and top < bottom else None


def _union(windows: Sequence[Window]) -> Window:
    return Window(
        min(window.left for window in windows),
        min(window.top for window in windows),
        max(window.right for window in windows),
        max(window.bottom for window in windows),
    )
