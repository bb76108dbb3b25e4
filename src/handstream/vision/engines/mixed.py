"""A network that computes in bfloat16 in part: `keep_in_f32` marks the layers that don't.

OpenVINO takes one type for a whole model. Its CPU plugin leaves out layers that carry a mark, an attribute that its own transformations set
where a type would cost too much. Python cannot set it; OpenVINO's reader of its file format can. So the network is written in that format,
each layer but the given convolutions is marked, and it is read again.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import openvino as ov
from openvino import opset13

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["keep_in_f32"]

_MARK = {"name": "DisablePrecisionConversion", "version": "0", "value": "dynamic:f16"}
"""OpenVINO's `ov::DisablePrecisionConversion`. The CPU plugin asks for `f16` and then leaves the layer out of bfloat16 as well."""

_CONVOLUTIONS = ("Convolution", "GroupConvolution")


def keep_in_f32(core: ov.Core, model: ov.Model, *, but: Collection[int]) -> ov.Model | None:
    """The model with every layer marked to stay in f32 but the convolutions `but`, which are counted from the input.

    What such a convolution adds up stays in f32 too: only the two factors of its products are rounded.

    Args:
        core: OpenVINO's core.
        model: The model. Its matrix products become convolutions, which give the same.
        but: The convolutions that compute in what the model is compiled for.

    Returns:
        None where this OpenVINO does not know the mark.
    """
    _products_as_convolutions(model)
    with TemporaryDirectory() as folder:
        xml, weights = Path(folder, "network.xml"), Path(folder, "network.bin")
        ov.serialize(model, xml, weights)
        network = ET.parse(xml).getroot()  # noqa: S314 - written in the line above
        _mark(network, but)
        marked = core.read_model(ET.tostring(network), ov.Tensor(np.fromfile(weights, np.uint8)))
    return marked if any(_MARK["name"] in key for op in marked.get_ops() for key in op.get_rt_info()) else None


def _products_as_convolutions(model: ov.Model) -> None:
    """Makes each matrix product the 1x1 convolution of one pixel. OpenVINO makes new layers of matrix products, which lose the mark."""
    for op in model.get_ordered_ops():
        if op.get_type_name() == "MatMul":
            values, weights = op.input_values()
            outputs, inputs = weights.get_shape()
            pixel, kernel = opset13.reshape(values, [1, inputs, 1, 1], False), opset13.reshape(weights, [outputs, inputs, 1, 1], False)
            product = opset13.convolution(pixel, kernel, strides=[1, 1], pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1])
            op.output(0).replace(opset13.reshape(product, [1, outputs], False).output(0))


def _mark(network: ET.Element, but: Collection[int]) -> None:
    convolutions = [layer for layer in network.iter("layer") if layer.get("type") in _CONVOLUTIONS]
    unmarked = [convolutions[index] for index in but]
    for layer in network.iter("layer"):
        if layer not in unmarked:
            info = layer.find("rt_info")
            ET.SubElement(ET.SubElement(layer, "rt_info") if info is None else info, "attribute", _MARK)
