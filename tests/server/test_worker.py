"""What each of several processes keeps to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.errors import HandstreamError
from handstream.server.settings import ServerSettings
from handstream.server.worker import check_shares, share_of

COUNTS = ("max_sessions", "max_sessions_by_address", "max_waiting_connections", "max_parked_sessions")
RATES = ("max_requests_per_second", "max_requests_per_second_by_address")

count = st.integers(1, 1000)


@given(workers=st.integers(2, 64), counts=st.tuples(*[count] * len(COUNTS)), rates=st.tuples(*[st.floats(0.1, 1e5)] * len(RATES)))
def test_all_together_keep_to_the_settings(workers: int, counts: tuple[int, ...], rates: tuple[float, ...]) -> None:
    settings = ServerSettings.model_validate({"workers": workers, **dict(zip(COUNTS + RATES, counts + rates, strict=True))})
    shares = [share_of(settings, index) for index in range(workers)]
    for name in COUNTS:
        assert sum(getattr(share, name) for share in shares) == getattr(settings, name)
        assert max(getattr(share, name) for share in shares) - min(getattr(share, name) for share in shares) <= 1
    for name in RATES:
        assert sum(getattr(share, name) for share in shares) == pytest.approx(getattr(settings, name))


@pytest.mark.parametrize("name", COUNTS[:3])
def test_a_limit_that_leaves_a_process_nothing_is_refused(name: str) -> None:
    check_shares(ServerSettings.model_validate({"workers": 3, name: 3}))
    with pytest.raises(HandstreamError, match=rf"--{name.replace('_', '-')} 2 .* 3 processes"):
        check_shares(ServerSettings.model_validate({"workers": 3, name: 2}))


def test_threads_that_are_set_are_those_of_each_process() -> None:
    assert share_of(ServerSettings(workers=3, threads=5), 0).threads == 5
    assert share_of(ServerSettings(workers=64), 0).threads == 1
