"""Both networks of one model complexity on OpenVINO: `OpenVINONetworks` turns pictures into palms and hands, for many threads at once."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from handstream.processors import usable_cpus
from handstream.vision.engines.compiled import CompiledNetwork, Layout, NetworkShape, compile_yielding, open_core
from handstream.vision.engines.precision import Arithmetic, arithmetic
from handstream.vision.landmarks import HandEstimate, LandmarkOutputs, decode_hand, warp_hand
from handstream.vision.models import find_models
from handstream.vision.palm import PalmDetection, decode_palms, warp_letterbox
from handstream.vision.search import SearchPool
from handstream.vision.spreading import Spreading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import openvino as ov
    from numpy.typing import NDArray

    from handstream.vision.engines import Precision
    from handstream.vision.engines.compiled import Request
    from handstream.vision.occupancy import Occupancy
    from handstream.vision.roi import Roi
    from handstream.vision.search import SearchStatistics
    from handstream.vision.tracker import PendingSearch

__all__ = ["OpenVINONetworks"]

PALM_SHAPE = NetworkShape((1, 192, 192, 3), ((1, 2016, 18), (1, 2016, 1)))
"""Boxes with keypoints, and raw scores, for each anchor."""

LANDMARK_SHAPE = NetworkShape((1, 224, 224, 3), ((1, 63), (1, 1), (1, 1), (1, 63)))
"""Landmarks, presence, the probability of "Left", world landmarks."""

ALONE_THREADS = 2
"""Threads of an inference that has the machine to itself and spreads.

Where threads start at once two take 0.5 to 0.7 of one thread's time and 1.3 to 1.5 times its processor time. Four gain a tenth more and
spin while they wait for each other: 1.5 to 2.5 times the processor time (docs/decisions/0012-two-threads-where-they-pay.md).
"""


class OpenVINONetworks:
    """The palm and the landmark network, compiled once for all trackers. Implements `HandNetworks`. Safe to use from many threads.

    A network is compiled in two layouts. *Alone* serves one inference of the picture that has the machine to itself, on two threads.
    *Narrow* serves all else with one thread an inference, as many at once as there may be: the hands of such a picture side by side, and
    those of pictures that meet one after another, as all are where more threads are measured not to pay. The searches beside have models of
    their own, whose threads yield to all others.

    Blocks until alone is ready; narrow is compiled in the background, and until then alone serves everything but the searches beside.

    Args:
        model_complexity: 0 is the lite model, 1 the full one.
        occupancy: How busy the engine is, over all its networks.
        searches: The most searches beside that run at the same time. As many may wait for their turn.
        threads: The most threads for one picture; None decides by the load.
        at_once: The most pictures at the same time; None is one for each core.
        models: A folder or a `.task` bundle to take the models from; None for the cache.
        precision: See `Precision`.

    Raises:
        HandstreamError: The models cannot be had.
    """

    def __init__(
        self,
        model_complexity: int,
        occupancy: Occupancy,
        searches: int,
        *,
        threads: int | None = None,
        at_once: int | None = None,
        models: Path | None = None,
        precision: Precision = "f32",
    ) -> None:
        files = find_models(model_complexity, source=models)
        computes = arithmetic(precision)
        cores = usable_cpus()
        limit = min(threads or cores, cores)
        alone = (Layout(1, ALONE_THREADS),) if limit > 1 else ()
        narrow = Layout(min(at_once or cores, cores), 1)
        core = open_core()
        compiling = ThreadPoolExecutor(max_workers=1, thread_name_prefix="handstream-compile")
        self._palm, self._landmark = _compile(
            compiling,
            core,
            _Plan(files.palm, PALM_SHAPE, computes.palm, (*alone, narrow)),
            _Plan(files.landmark, LANDMARK_SHAPE, computes.landmark, (*alone, narrow)),
        )
        self._searches = compiling.submit(_open_searches, core, files.palm, computes.palm, searches)
        compiling.shutdown(wait=False)
        self._landmark.wait()
        self._palm.wait()
        self._occupancy = occupancy
        self._closed = False

    def detect_palms(self, rgb: NDArray[np.uint8], *, min_confidence: float, limit: int) -> list[PalmDetection]:
        """The palms in a picture, the best first, at most `limit`. Blocks."""
        self._require_open()
        with (
            self._occupancy.picture() as is_alone,
            self._palm.chosen_layout(is_alone=is_alone) as (network, _),
            network.request() as request,
        ):
            warp_letterbox(rgb, request.input)
            request.run()
            return _palms(request.outputs, picture_wh=(rgb.shape[1], rgb.shape[0]), min_confidence=min_confidence, limit=limit)

    def estimate_hands(self, rgb: NDArray[np.uint8], rois: Sequence[Roi]) -> list[HandEstimate]:
        """The hand in each ROI, in that order; side by side while cores are idle. Blocks."""
        self._require_open()
        with (
            self._occupancy.picture() as is_alone,
            self._landmark.chosen_layout(is_alone=is_alone, inferences=len(rois)) as (network, spreads),
        ):
            return _side_by_side(network, rgb, rois) if spreads else _one_by_one(network, rgb, rois)

    def start_search(self, rgb: NDArray[np.uint8], *, min_confidence: float, limit: int) -> PendingSearch | None:
        """Begins `detect_palms` beside; None if no place is free. Does not block and keeps no reference to the picture."""
        self._require_open()
        if not self._searches.done():
            return None
        read = partial(_palms, picture_wh=(rgb.shape[1], rgb.shape[0]), min_confidence=min_confidence, limit=limit)
        return self._searches.result().start(partial(warp_letterbox, rgb), read)

    def statistics(self) -> SearchStatistics:
        """How many searches beside are under way, and how many were refused because every place was taken."""
        return self._searches.result().statistics()

    def crowding(self) -> float:
        """How many pictures of other streams share the cores with this one, see `Occupancy.crowding`."""
        return self._occupancy.crowding()

    def close(self) -> None:
        """Whatever is asked afterwards raises RuntimeError. Does not block; what is being inferred is still answered."""
        self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("The engine was closed")


class _Network:
    """One network in its layouts: the first is ready, the other may still be compiling.

    Args:
        layouts: Alone first, narrow last; narrow by itself where a picture has but one thread.
    """

    def __init__(self, layouts: list[Future[CompiledNetwork]]) -> None:
        self._layouts = layouts
        self._spreading, self._spreading_of_several = Spreading(), Spreading()

    @contextmanager
    def chosen_layout(self, *, is_alone: bool, inferences: int = 1) -> Iterator[tuple[CompiledNetwork, bool]]:
        """The network for so many inferences of one picture, and whether they spread: if it is alone and that is measured to pay."""
        if not is_alone or len(self._layouts) == 1 or not self._layouts[-1].done():
            yield self.narrow_layout(), False
            return
        with (self._spreading if inferences == 1 else self._spreading_of_several).inference() as spreads:
            yield self._layouts[0 if spreads and inferences == 1 else -1].result(), spreads

    def narrow_layout(self) -> CompiledNetwork:
        """The network with one thread an inference; while that is being compiled the layout that is ready."""
        narrow = self._layouts[-1]
        return (narrow if narrow.done() else self._layouts[0]).result()

    def wait(self) -> None:
        """Blocks until the first layout is ready; raises what its compiling raised."""
        self._layouts[0].result()


class _Plan(NamedTuple):
    """How one network is to be compiled."""

    path: Path
    shape: NetworkShape
    arithmetic: Arithmetic
    layouts: tuple[Layout, ...]


def _compile(thread: ThreadPoolExecutor, core: ov.Core, *plans: _Plan) -> list[_Network]:
    """Compiles every network on that thread, one after the other: the first layouts of all plans come first. Does not wait."""
    compiled = [
        [
            thread.submit(CompiledNetwork, core, plan.path, plan.shape, layout, plan.arithmetic)
            for plan, layout in zip(plans, turn, strict=True)
        ]
        for turn in zip(*(plan.layouts for plan in plans), strict=True)
    ]
    return [_Network(list(layouts)) for layouts in zip(*compiled, strict=True)]


def _open_searches(core: ov.Core, palm: Path, arithmetic: Arithmetic, streams: int) -> SearchPool:
    requests = compile_yielding(core, palm, PALM_SHAPE, streams=streams, requests_each=2, arithmetic=arithmetic)
    return SearchPool(requests)


def _one_by_one(network: CompiledNetwork, rgb: NDArray[np.uint8], rois: Sequence[Roi]) -> list[HandEstimate]:
    hands = []
    with network.request() as request:
        for roi in rois:
            warp_hand(rgb, roi, request.input)
            request.run()
            hands.append(_hand(request, roi))
    return hands


def _side_by_side(network: CompiledNetwork, rgb: NDArray[np.uint8], rois: Sequence[Roi]) -> list[HandEstimate]:
    """Each hand's crop is cut while the one before is being inferred; the last is inferred on this thread."""
    with ExitStack() as lent:
        requests = [lent.enter_context(network.request()) for _ in rois]
        with ExitStack() as running:
            for request, roi in zip(requests[:-1], rois, strict=False):
                warp_hand(rgb, roi, request.input)
                request.start()
                running.callback(request.wait)
            warp_hand(rgb, rois[-1], requests[-1].input)
            requests[-1].run()
        return [_hand(request, roi) for request, roi in zip(requests, rois, strict=True)]


def _palms(
    outputs: Sequence[NDArray[np.float32]], *, picture_wh: tuple[int, int], min_confidence: float, limit: int
) -> list[PalmDetection]:
    boxes, scores = outputs
    return decode_palms(boxes[0], scores[0, :, 0], picture_wh=picture_wh, min_confidence=min_confidence, limit=limit)


def _hand(request: Request, roi: Roi) -> HandEstimate:
    landmarks, presence, left_probability, world_landmarks = request.outputs
    # The outputs are views of the request's own memory, which its next borrower overwrites: `decode_hand` makes new arrays of them.
    outputs = LandmarkOutputs(landmarks[0], presence.item(), left_probability.item(), world_landmarks[0])
    return decode_hand(outputs, roi)
