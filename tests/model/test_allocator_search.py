"""Law of block allocation under collisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws.allocator_search import AllocatorSearch


@given(base=st.floats(1e-6, 1), search=st.floats(0, 1), width=st.floats(0.1, 50))
def test_search_grows_from_none_to_all(base: float, search: float, width: float) -> None:
    """Alone only the base is paid; the search grows with allocators and is bounded."""
    times = AllocatorSearch(base, search=search, width=width).service_times(200)
    assert times[0] == base
    assert (times[1:] >= times[:-1]).all()
    assert times[-1] <= base + search + 1e-12


def test_width_must_not_vanish() -> None:
    """The law divides by the width."""
    with pytest.raises(InputError, match="width"):
        AllocatorSearch(1.0, search=1.0, width=0.0)
