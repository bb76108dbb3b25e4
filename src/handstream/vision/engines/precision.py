"""What the networks compute in: `arithmetic`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import openvino as ov

from handstream.vision.engines import Precision

__all__ = ["F32", "Arithmetic", "NetworkArithmetic", "arithmetic"]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What one network computes in.

    Attributes:
        element_type: OpenVINO's name of the type, `f32` or `bf16`.
        convolutions: The convolutions that multiply in it, counted from the input; everything else is in f32. None for the whole network.
    """

    element_type: str
    convolutions: frozenset[int] | None = None


F32 = Arithmetic("f32")

_MIXED = Arithmetic("bf16", frozenset({2, 3, 8, 12, 14, 15, 18, 20, 21, 23, 24, 27, 29, 30, 32, 33, 36, 38, 39, 41, 42}))
"""21 of the landmark network's 47 convolutions, each of which by itself moves the landmarks by less than 0.03 % of the palm. Of the others
some move them by more than all of these together (docs/decisions/0016-landmarks-partly-in-bfloat16.md). The lite and the full network
have the same layers."""


@dataclass(frozen=True, slots=True)
class NetworkArithmetic:
    """What each network computes in."""

    palm: Arithmetic
    landmark: Arithmetic


def arithmetic(precision: Precision) -> NetworkArithmetic:
    """What a precision means on this processor.

    With `auto`, where the processor multiplies in bfloat16 (AVX-512 BF16, AMX), the palm network computes in it: it only says where to
    look, and the landmark network corrects it. The landmark network as a whole would miss the bound of parity (docs/engine.md), so of it
    only those convolutions do that tolerate it.

    Raises:
        ValueError: There is no such precision.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision must be one of {', '.join(get_args(Precision))}, not {precision!r}")
    capabilities = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "auto" and "BF16" in capabilities:
        return NetworkArithmetic(palm=Arithmetic("bf16"), landmark=_MIXED)
    return NetworkArithmetic(palm=F32, landmark=F32)
