"""The steps of the comparison, each adding its rows to the results: `compare_scene`, `compare_stills`, `measure_machine_use`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.engine_comparison.agreement import Sighting, agreement, duplicates, errors_to_truth, sightings
from benchmarks.engine_comparison.bars import GOLDEN
from benchmarks.engine_comparison.contenders import OURS, REFERENCE, ours
from benchmarks.engine_comparison.environment import environment_mib
from benchmarks.engine_comparison.overhead import overhead_ms
from benchmarks.engine_comparison.processes import first_result, memory
from benchmarks.engine_comparison.results import AccuracyRow, AgreementRow, TimingRow
from benchmarks.engine_comparison.throughput import throughput
from benchmarks.engine_comparison.timing import run_scene

from handstream.processors import usable_cpus
from handstream.vision.engines import TrackerOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.engine_comparison.contenders import Contender
    from benchmarks.engine_comparison.results import Results
    from benchmarks.engine_comparison.scenes import Scene
    from benchmarks.engine_comparison.timing import Run
    from numpy.typing import NDArray

__all__ = ["compare_scene", "compare_stills", "measure_machine_use"]

GOLDEN_SCENE = "asl_hand"
THROUGHPUT_FRAMES = 60
FULL_SESSIONS, QUICK_SESSIONS = (1, 10, 100, 1000), (1, 10)
FULL_SECONDS, QUICK_SECONDS = 4.0, 1.0


def compare_scene(
    results: Results, entrants: Sequence[Contender], scene: Scene, golden: NDArray[np.float64] | None, *, complexities: tuple[int, ...]
) -> None:
    """Every model and maximum of hands that makes sense for the scene."""
    for complexity, max_hands in itertools.product(complexities, (1, 2)):
        if max_hands < (scene.hands_in_view or 0):
            continue
        options = TrackerOptions(max_hands=max_hands, model_complexity=complexity, min_detection_confidence=0.5)
        runs = run_scene(scene, [entrant for entrant in entrants if complexity in entrant.complexities], options)
        results.timings += [_timing_row(scene, options, name, run) for name, run in runs.items()]
        results.agreements += _agreement_rows(scene, options, runs, golden)
        if scene.truth_px:
            errors = errors_to_truth([run.hands for run in runs.values()], _as_sightings(scene.truth_px))
            results.accuracy += [
                AccuracyRow(scene.name, complexity, max_hands, name, error) for name, error in zip(runs, errors, strict=True)
            ]


def _timing_row(scene: Scene, options: TrackerOptions, name: str, run: Run) -> TimingRow:
    return TimingRow(
        scene=scene.name,
        hands_in_view=scene.hands_in_view,
        complexity=options.model_complexity,
        max_hands=options.max_hands,
        contender=name,
        frames=len(run.hands),
        p50_ms=run.percentile_ms(50),
        p95_ms=run.percentile_ms(95),
        p99_ms=run.percentile_ms(99),
        back_to_back_p50_ms=float(np.median(run.back_to_back_ms)),
        cpu_frame_ms=run.cpu_frame_ms,
        hands_per_frame=sum(map(len, run.hands)) / len(run.hands),
        duplicates=duplicates(run.hands),
    )


def _agreement_rows(scene: Scene, options: TrackerOptions, runs: dict[str, Run], golden: NDArray[np.float64] | None) -> list[AgreementRow]:
    references = {name: run.hands for name, run in runs.items() if name != OURS}
    if golden is not None and (scene.name, options.model_complexity, options.max_hands) == (GOLDEN_SCENE, 1, 1):
        references[GOLDEN] = _as_sightings([[hand] for hand in golden])
    return [
        AgreementRow(scene.name, options.model_complexity, options.max_hands, name, agreement(runs[OURS].hands, reference))
        for name, reference in references.items()
    ]


def compare_stills(results: Results, entrants: Sequence[Contender], pictures: Sequence[NDArray[np.uint8]]) -> None:
    """Photographs, RGB, that have nothing to do with each other: each engine in its static mode."""
    for complexity in (0, 1) if pictures else ():
        options = TrackerOptions(model_complexity=complexity, min_detection_confidence=0.5, static_image_mode=True)
        found = {entrant.name: _hands_in(pictures, entrant, options) for entrant in entrants if complexity in entrant.complexities}
        found_by_ours = found.pop(OURS)
        results.agreements += [
            AgreementRow("stills", complexity, options.max_hands, name, agreement(found_by_ours, reference))
            for name, reference in found.items()
        ]


def _hands_in(pictures: Sequence[NDArray[np.uint8]], entrant: Contender, options: TrackerOptions) -> list[list[Sighting]]:
    session = entrant.open(options)
    found = [sightings(session.hands(session.process(rgb)), (rgb.shape[1], rgb.shape[0])) for rgb in pictures]
    session.close()
    return found


def _as_sightings(frames: Iterable[Iterable[NDArray[np.floating]]]) -> list[list[Sighting]]:
    return [[Sighting(points_px) for points_px in hands] for hands in frames]


def measure_machine_use(results: Results, entrants: Sequence[Contender], scene: Scene, *, quick: bool) -> None:
    """Throughput, what ours adds around the networks, memory, the first result and the disk."""
    options = TrackerOptions(max_hands=1, min_detection_confidence=0.5)
    frames = list(itertools.islice(scene.frames(), THROUGHPUT_FRAMES))
    one_thread_each = ours(threads=1)
    measured = [entrant for entrant in entrants if entrant.name in (OURS, REFERENCE)]
    seconds, session_counts = (QUICK_SECONDS, QUICK_SESSIONS) if quick else (FULL_SECONDS, FULL_SESSIONS)
    for entrant in measured:
        chosen = one_thread_each if entrant.name == OURS else entrant
        results.throughput.append(throughput(chosen, frames, options, threads=usable_cpus(), seconds=seconds))
        results.memory += memory(entrant.name, session_counts)
        results.first_results.append(first_result(entrant.name))
    results.overhead_ms = float(np.median(overhead_ms(one_thread_each, scene, options)))
    results.environment_mib = environment_mib()
