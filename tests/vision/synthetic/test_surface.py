"""Sphere tracing, against shapes whose pictures are known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from handstream.vision.synthetic.flesh import Part, RoundCone
from handstream.vision.synthetic.placement import Camera
from handstream.vision.synthetic.surface import trace

CAMERA = Camera(160, 120, 155.0)


def sphere(x: float, y: float, z: float, radius: float, *, group: int = 0, blend: float = 0.05) -> RoundCone:
    return RoundCone(np.array([x, y, z]), np.array([x, y, z + 1e-3]), radius, radius, Part.PALM, blend, group)


def test_a_sphere_is_a_disc_of_the_right_size_and_depth() -> None:
    surface = trace([sphere(0, 0, 5, 0.5)], CAMERA)
    assert surface is not None
    # A sphere is seen under the angle asin(radius / distance); pixels that it touches by half count as hit.
    radius_px = np.tan(np.arcsin(0.5 / 5.0)) * CAMERA.focal_px + 0.5
    assert surface.hit.sum() == pytest.approx(np.pi * radius_px**2, rel=0.04)
    assert surface.depth[surface.hit].min() == pytest.approx(4.5, abs=0.01)


def test_its_normals_point_away_from_its_centre() -> None:
    surface = trace([sphere(0.3, -0.2, 5, 0.5)], CAMERA)
    assert surface is not None
    outward = surface.points - np.array([0.3, -0.2, 5.0], np.float32).reshape(3, 1, 1)
    outward /= np.linalg.norm(outward, axis=0)
    agreement = (outward * surface.normals).sum(axis=0)[surface.hit]
    assert np.percentile(agreement, 5) > 0.995


def test_the_nearer_sphere_hides_the_farther() -> None:
    surface = trace([sphere(0, 0, 6, 0.8, group=0), sphere(0, 0, 4, 0.2, group=1)], CAMERA)
    assert surface is not None
    row, column = (size // 2 for size in surface.depth.shape)
    assert surface.depth[row, column] == pytest.approx(3.8, abs=0.01)
    assert surface.nearest[row, column] == 1
    assert surface.hit[row, :].sum() > 30, "and the farther is seen around it, without a gap between"


def test_one_group_flows_together_and_two_groups_do_not() -> None:
    def middle_depth(group: int) -> float:
        surface = trace([sphere(-0.3, 0, 5, 0.32, blend=0.3), sphere(0.3, 0, 5, 0.32, group=group, blend=0.3)], CAMERA)
        assert surface is not None
        row, column = (size // 2 for size in surface.depth.shape)
        return float(surface.depth[row, column])

    assert middle_depth(0) < middle_depth(1) - 0.05


def test_nothing_in_view_gives_nothing() -> None:
    assert trace([sphere(40, 0, 5, 0.5)], CAMERA) is None


def test_a_shape_across_the_edge_is_traced_as_far_as_the_picture_goes() -> None:
    surface = trace([sphere(2.58, 0, 5, 0.5)], CAMERA)
    assert surface is not None
    assert surface.window.right == CAMERA.width_px
    assert surface.hit[:, -1].any()
