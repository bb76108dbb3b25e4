"""The element types that the networks compute in: `element_types`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import openvino as ov

from handstream.vision.engines import Precision

__all__ = ["ElementTypes", "element_types"]


@dataclass(frozen=True, slots=True)
class ElementTypes:
    """OpenVINO's names of the element types, one for each network."""

    palm: str
    landmark: str


def element_types(precision: Precision) -> ElementTypes:
    """What a precision means on this processor.

    With `auto` the palm network computes in bfloat16 where the processor multiplies in it (AVX-512 BF16, AMX): it only says where to look,
    and the landmark network corrects it. The landmark network stays in f32: in bfloat16 it misses the bound of parity (docs/engine.md).

    Raises:
        ValueError: There is no such precision.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision must be one of {', '.join(get_args(Precision))}, not {precision!r}")
    capabilities = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ElementTypes(palm="bf16" if precision == "auto" and "BF16" in capabilities else "f32", landmark="f32")
