"""What the suite says is counted by section, and what nobody has explained stands out."""

from __future__ import annotations

import pytest
from benchmarks.hardening_trials.conformance import Ending, conform, sections

from handstream.errors import HandstreamError


@pytest.mark.parametrize(
    ("behavior", "behavior_close", "reason", "is_unexplained"),
    [
        ("OK", "OK", "", False),
        ("INFORMATIONAL", "INFORMATIONAL", "", False),
        ("UNIMPLEMENTED", "OK", "", False),
        ("NON-STRICT", "OK", "", True),
        ("OK", "FAILED BY CLIENT", "", True),
        ("FAILED", "WRONG CODE", "The library takes it for an error.", False),
    ],
)
def test_what_is_not_known_why(behavior: str, behavior_close: str, reason: str, is_unexplained: bool) -> None:
    assert Ending("1.1", behavior, behavior_close, 1000, reason).is_unexplained == is_unexplained


def test_cases_are_counted_by_section() -> None:
    endings = [Ending(case, "OK", "OK", 1000, "") for case in ("1.1.1", "1.2.1", "10.1.1")]
    counts = sections(endings)
    assert (counts["1"]["OK"], counts["10"]["OK"], counts["2"]["OK"]) == (2, 1, 0)


@pytest.mark.parametrize("python2", ["no-such-python", "python3"])
def test_what_is_no_python_2_is_told(python2: str) -> None:
    with pytest.raises(HandstreamError, match=rf"needs Python 2.7 with pip, and {python2} is none"):
        conform(python2)
