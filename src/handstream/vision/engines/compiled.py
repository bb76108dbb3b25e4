"""A network compiled by OpenVINO: `CompiledNetwork` lends out infer requests, each with its own input buffer.

A network may be compiled in several *layouts* over the same weights, from one inference on several threads to as many side by side as there
are cores, on one thread each; `networks` says which serves what. The conversion of the uint8 picture to float and its scaling are part of
the compiled graph, so a warp writes straight into the network's input: no slower than converting outside (3 % either way is noise), and one
picture-sized buffer less.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count, cycle
from typing import TYPE_CHECKING

import openvino as ov
from openvino.preprocess import PrePostProcessor

from handstream.errors import HandstreamError
from handstream.vision.affinity import HelperThreads
from handstream.vision.background import naming_threads, yield_to_others
from handstream.vision.engines.mixed import keep_in_f32
from handstream.vision.engines.precision import F32, Arithmetic
from handstream.vision.models import cache_dir

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CompiledNetwork", "Layout", "NetworkShape", "Request", "compile_yielding", "open_core"]

_one_at_a_time = threading.Lock()
"""Held while a network is compiled. OpenVINO reads its cache with the process' locale set to "C", and afterwards sets it to what it was
before. Two at once take each other's "C" for that and leave it, and from then on Python reads and writes files as ASCII. And a thread that
compiles bears the name of those that it starts, so that another one's `HelperThreads.find` would take it for one of them."""


_HELPERS = "hs-inference"

_helpers = HelperThreads(_HELPERS)
"""OpenVINO's threads, but those of what yields. One set for the process: models share the ones that divide up an inference (TBB's)."""

_yielding_numbers = count()
"""Tells the threads of one model from those of another."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How inferences use the cores.

    Attributes:
        streams: Inferences that run side by side.
        threads_each: Threads of one inference. One alone is the thread that asks.
    """

    streams: int
    threads_each: int


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """The dimensions of a network's input and of its outputs in their order."""

    input: tuple[int, ...]
    outputs: tuple[tuple[int, ...], ...]


class Request:
    """One infer request of a compiled network. Belongs to one borrower at a time.

    Attributes:
        input: uint8 `(size, size, 3)`, RGB: the network's own input tensor. Fill it, then call `run` or `start` and `wait`.
        outputs: float32 views of the network's output tensors, valid until the request runs again.
    """

    __slots__ = ("_request", "_spreads", "input", "outputs")

    def __init__(self, compiled: ov.CompiledModel, *, spreads: bool = False) -> None:
        self._request = compiled.create_infer_request()
        self._spreads = spreads
        self.input: NDArray[np.uint8] = self._request.get_input_tensor().data[0]
        self.outputs: list[NDArray[np.float32]] = [self._request.get_output_tensor(i).data for i in range(len(compiled.outputs))]

    def run(self) -> None:
        """Infers. Blocks, and lets other Python threads run meanwhile."""
        if self._spreads:
            _helpers.leave_this_processor()
        # Without sharing, the outputs would be copied into a dictionary that nobody reads.
        self._request.infer(share_outputs=True)

    def start(self) -> None:
        """Begins to infer on OpenVINO's threads and returns at once."""
        _helpers.leave_this_processor()
        self._request.start_async()

    def is_done(self) -> bool:
        """Whether what `start` began has ended. If it failed, `wait` says why."""
        try:
            return bool(self._request.wait_for(0))
        except RuntimeError:
            return True

    def wait(self) -> None:
        """Blocks until what `start` began is done."""
        self._request.wait()


class CompiledNetwork:
    """One network in one layout, with a pool of infer requests. Safe to use from many threads.

    The pool begins with a request for each inference that can run side by side, each of which has run once: the first run of a model
    allocates its memory, 5 MB for the landmark network, and takes two to three times as long. The pool grows to the number of requests that
    were ever in use at the same time and never beyond.

    OpenVINO infers on the thread that asks only where a model has one stream of one thread. From one of several streams each inference
    is handed over to a thread of OpenVINO's and back, and each time it waits for its turn at a core: on a busy machine for milliseconds. So
    a layout of one thread an inference is compiled once for each stream, and its requests are dealt out to these copies.

    Args:
        core: OpenVINO's core, shared by all networks.
        model_path: The `.tflite` file.
        shape: What the network must take and give.
        layout: How inferences use the cores.
        arithmetic: What the network computes in.

    Raises:
        HandstreamError: The file holds no network, or another one.
    """

    def __init__(self, core: ov.Core, model_path: Path, shape: NetworkShape, layout: Layout, arithmetic: Arithmetic = F32) -> None:
        copies = layout.streams if layout.threads_each == 1 else 1
        each = Layout(layout.streams // copies, layout.threads_each)
        with _one_at_a_time:
            with naming_threads(_HELPERS):
                models = _compile(core, model_path, shape, each, arithmetic, copies=copies)
                self._copies = cycle(models)
                self._spreads = each.threads_each > 1
                self._idle = deque(Request(model, spreads=self._spreads) for model in models for _ in range(each.streams))
                _run_once(self._idle)
            _helpers.find()

    @contextmanager
    def request(self) -> Iterator[Request]:
        """Lends a request; it returns to the pool afterwards, so it must not be running any more."""
        request = self._borrow()
        try:
            yield request
        finally:
            self._idle.append(request)

    def _borrow(self) -> Request:
        """A request for the caller alone, the one used last if there is an idle one, whose buffers are still in the processor's cache."""
        try:
            return self._idle.pop()
        except IndexError:
            return Request(next(self._copies), spreads=self._spreads)


def compile_yielding(
    core: ov.Core, model_path: Path, shape: NetworkShape, *, streams: int, requests_each: int, arithmetic: Arithmetic = F32
) -> list[Request]:
    """Requests for inferences that no picture waits for: the threads that run them yield to all others.

    Args:
        core: OpenVINO's core, shared by all networks.
        model_path: The `.tflite` file.
        shape: What the network must take and give.
        streams: Inferences that run side by side, each on one thread of OpenVINO's.
        requests_each: Requests of each, of which one runs and the others wait for their turn.
        arithmetic: As for `CompiledNetwork`.

    Returns:
        The requests, first one of each stream, then the next. They are to be started, not run, which would be done by the thread that asks.

    Raises:
        HandstreamError: The file holds no network, or another one.
    """
    by_stream = [_yielding(core, model_path, shape, requests_each, arithmetic) for _ in range(streams)]
    return [requests[turn] for turn in range(requests_each) for requests in by_stream]


def _yielding(core: ov.Core, model_path: Path, shape: NetworkShape, requests: int, arithmetic: Arithmetic) -> list[Request]:
    name = f"hs-search-{next(_yielding_numbers)}"
    with _one_at_a_time, naming_threads(name):
        (model,) = _compile(core, model_path, shape, Layout(1, 1), arithmetic)
    made = [Request(model) for _ in range(requests)]
    yield_to_others(name, lambda: _run_once(made))
    return made


def _run_once(requests: Collection[Request]) -> None:
    """Side by side, as far as they can. Blocks until all are done."""
    for request in requests:
        request.start()
    for request in requests:
        request.wait()


def open_core() -> ov.Core:
    """OpenVINO with its cache of compiled models, which halves the time of compiling; without it where it cannot be written."""
    core = ov.Core()
    folder = cache_dir() / "openvino"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if os.access(folder, os.W_OK):
        core.set_property({"CACHE_DIR": str(folder)})
    return core


def _compile(
    core: ov.Core, model_path: Path, shape: NetworkShape, layout: Layout, arithmetic: Arithmetic, *, copies: int = 1
) -> list[ov.CompiledModel]:
    """The network so many times. `_one_at_a_time` is held."""
    model, element_type = _with_picture_input(_read(core, model_path, shape)), arithmetic.element_type
    if arithmetic.convolutions is not None:
        marked = keep_in_f32(core, model, but=arithmetic.convolutions)
        # Where no part of a network can be kept in f32, all of it is.
        model, element_type = (marked, element_type) if marked else (model, "f32")
    properties = {
        "NUM_STREAMS": layout.streams,
        "INFERENCE_NUM_THREADS": layout.streams * layout.threads_each,
        # Without the hint OpenVINO computes in bfloat16 where the processor can, and the landmarks move by whole pixels.
        "INFERENCE_PRECISION_HINT": element_type,
        # Pinned threads would share one core with those of another process that pins its own in the same order.
        "ENABLE_CPU_PINNING": False,
    }
    return [core.compile_model(model, "CPU", properties) for _ in range(copies)]


def _read(core: ov.Core, path: Path, shape: NetworkShape) -> ov.Model:
    try:
        model = core.read_model(path)
    except RuntimeError as error:
        raise HandstreamError(f"OpenVINO cannot read the network in {path}: {error}", code="model_corrupt") from error
    found = NetworkShape(tuple(model.input().shape), tuple(tuple(output.shape) for output in model.outputs))
    if found != shape:
        raise HandstreamError(
            f"{path} holds another network than expected: it takes {found.input} and gives {found.outputs}, not {shape.input} and "
            f"{shape.outputs}. Take the hand models of mediapipe 0.10.21: handstream models fetch",
            code="model_corrupt",
        )
    return model


def _with_picture_input(model: ov.Model) -> ov.Model:
    """The model with an input of uint8 0..255 in place of float 0..1."""
    processor = PrePostProcessor(model)
    picture = processor.input()
    picture.tensor().set_element_type(ov.Type.u8)
    picture.preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    return processor.build()
