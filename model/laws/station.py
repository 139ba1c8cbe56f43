"""What every station has in common: a name, a law and checked parameters.

Models: one service centre of a closed network. With k customers present it completes one every
``service_time(k)`` seconds, whoever is served.
Assumptions: exponential holds (any distribution at a delay); the state is the number present.
Parameters are numbers or numpy arrays (a leading batch shape, one value a draw); checked on creation.
When not to use it: for what depends on more than the number present (who holds, who waits elsewhere).
Source: load-dependent centres of Baskett, Chandy, Muntz, Palacios (1975).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import KW_ONLY, replace
from typing import Any, ClassVar, Self

import numpy as np

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown
from cerberus_plan.model.record import Record

# What numpy.typing.NDArray[np.float64] means; that module alone would take a millisecond to import.
Array = np.ndarray[Any, np.dtype[np.float64]]
# A parameter: one number, or an array with one number a draw.
Parameter = float | Array

_CUSTOMERS = np.arange(1.0, 129.0)


class Station(Record, kw_only=False):
    """Base of all stations: a subclass names its law and, in the law's order, its parameters.

    Raises:
        InputError: A parameter is negative, infinite, not a number, or outside its own bounds.
    """

    # service_time(lib, customers, *parameters) of the law's module
    law: ClassVar[Callable[..., Any]]
    # parameter -> (smallest, largest) value allowed; where silent, any finite number from 0
    bounds: ClassVar[dict[str, tuple[float, float]]] = {}
    parameter_names: ClassVar[tuple[str, ...]] = ()
    # parameters that are pure numbers; all others are times
    pure_numbers: ClassVar[frozenset[str]] = frozenset()

    _: KW_ONLY
    name: str = ""

    def __post_init__(self) -> None:
        for name in self.parameter_names:
            value = getattr(self, name)
            if isinstance(value, np.generic) and value.dtype.kind in "fiu":  # a cell of an array or of a data frame
                self.__dict__[name] = value = value.item()
            self._check(name, value)

    def _check(self, name: str, value: Any) -> None:
        least, most = self.bounds.get(name, (0.0, math.inf))
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
            good = bool(np.isfinite(value).all() and (value >= least).all() and (value <= most).all())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            good = math.isfinite(value) and least <= value <= most
        else:
            good = False
        if not good:
            allowed = f"at least {least:g}" if most == math.inf else f"between {least:g} and {most:g}"
            raise InputError(f"{type(self).__name__}: {name} = {shown(value)} must be a finite number {allowed}")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The law's parameters in the law's order."""
        return tuple(getattr(self, name) for name in self.parameter_names)

    def stretched(self, factor: Any) -> Self:
        """The station with all its times multiplied by a number, or an array with one number a draw."""
        times = (name for name in self.parameter_names if name not in self.pure_numbers)
        return replace(self, **{name: getattr(self, name) * factor for name in times})

    def service_times(self, most: int) -> Array:
        """Time per completion with 1..most customers present: shape (batch..., most) [s]."""
        present = _CUSTOMERS[:most] if most <= _CUSTOMERS.size else np.arange(1.0, most + 1.0)
        columns = [p[..., None] if isinstance(p, np.ndarray) else p for p in self.parameters]
        return np.asarray(type(self).law(np, present, *columns), dtype=np.float64)
