"""Records behave as frozen dataclasses do."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, fields, is_dataclass, replace

import pytest

from cerberus_plan.model.network import Delay, TicketLock
from cerberus_plan.model.quantity import Quantity

LENGTH = Quantity(value=2.0, unit="s", low=1.0, high=3.0)


def test_a_record_is_a_dataclass_for_others() -> None:
    """fields, replace and asdict work as on a generated dataclass."""
    assert is_dataclass(LENGTH)
    assert [field.name for field in fields(LENGTH)][:2] == ["value", "unit"]
    assert replace(LENGTH, value=2.5).value == 2.5
    assert asdict(LENGTH)["high"] == 3.0


def test_equal_fields_make_equal_records() -> None:
    """Equality and hash follow the fields and the class; copies and pickles are equal."""
    assert Delay(1.0) == Delay(demand=1.0)
    assert Delay(1.0) != Delay(2.0)
    assert hash(Delay(1.0)) == hash(Delay(1.0))
    assert copy.copy(LENGTH) == LENGTH
    assert pickle.loads(pickle.dumps(LENGTH)) == LENGTH
    assert eval(repr(Delay(1.0)), {"Delay": Delay}) == Delay(1.0)


def test_a_record_cannot_be_changed() -> None:
    """Fields are neither assigned nor deleted."""
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'value'"):
        LENGTH.value = 1.0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'value'"):
        del LENGTH.value


def test_wrong_fields_are_refused() -> None:
    """Missing, unknown, doubled and too many values are told by name."""
    with pytest.raises(TypeError, match="Delay needs demand"):
        Delay()
    with pytest.raises(TypeError, match="Delay has no field speed"):
        Delay(1.0, speed=2.0)
    with pytest.raises(TypeError, match="Delay got demand twice"):
        Delay(1.0, demand=2.0)
    with pytest.raises(TypeError, match="TicketLock takes at most 1 values without a name"):
        TicketLock(1.0, 2.0)
