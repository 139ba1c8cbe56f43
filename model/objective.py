"""What a user wants of a split beside throughput: a rate to carry, limits of the response time, what things cost.

Models: nothing; nouns that options and the tables [objective] (workload file) and [prices] (machine file) become.
Units: rates in the workload's unit, limits in seconds, prices in any one unit per instance and per core.
When not to use it: for what bounds the number and the size of instances; those are constraints of a plan.
"""

from __future__ import annotations

import math

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown
from cerberus_plan.model.quantity import UNITS
from cerberus_plan.model.record import Record

THROUGHPUT, LATENCY, COST = "throughput", "latency", "cost"
KINDS = (THROUGHPUT, LATENCY, COST)
INSTANCE, SOCKET = "instance", "socket"
LOSSES = (INSTANCE, SOCKET)
# Beyond this the tail is shorter than the numbers that describe it.
MOST_PERCENTILE = 99.99
# Digits of a number that somebody typed.
MOST_DIGITS = 40


class Slo(Record):
    """A limit of the response time.

    Attributes:
        name: "mean" or a percentile such as "p99".
        seconds: The limit [s].
    """

    name: str
    seconds: float

    def __post_init__(self) -> None:
        if self.name != "mean" and not 0.0 < _percent(self.name) <= MOST_PERCENTILE:
            raise InputError(f"{shown(self.name)} must be mean or a percentile up to p{MOST_PERCENTILE}, such as p99")
        if not (isinstance(self.seconds, int | float) and 0.0 < self.seconds < math.inf):
            raise InputError(f"{self.name} = {shown(self.seconds)} must be a positive time in seconds, such as 0.01")

    @property
    def share(self) -> float | None:
        """Share of the requests that must keep the limit; None for the mean."""
        return None if self.name == "mean" else float(self.name[1:]) / 100.0

    @staticmethod
    def parse(text: str, where: str = "slo") -> Slo:
        """A limit from a text such as ``p99=10ms``.

        Raises:
            InputError: It is none; ``where`` says where it stands.
        """
        name, _, time = text.partition("=")
        number = time.strip().rstrip("nmus")
        unit = time.strip()[len(number) :]
        times = {unit: factor for unit, (dimension, factor) in UNITS.items() if dimension == "time"}
        if unit not in times or not _plain(number.strip()):
            raise InputError(f"{where} {shown(text)} must be a limit such as p99=10ms or mean=2ms ({', '.join(times)})")
        try:
            return Slo(name=name.strip(), seconds=float(number) * times[unit])
        except InputError as error:
            raise InputError(f"{where} {shown(text)}: {error}") from None


def _percent(name: str) -> float:
    """99.9 of p99.9, 0 of what is no percentile."""
    return float(name[1:]) if name[:1] == "p" and _plain(name[1:]) else 0.0


def _plain(text: str) -> bool:
    """Whether it is a number in digits, such as 12 or 0.5."""
    whole, _, part = text.partition(".")
    return text.isascii() and (whole + part).isdigit() and len(text) <= MOST_DIGITS


class Prices(Record):
    """What a split costs.

    Attributes:
        per_instance: Cost of an instance.
        per_core: Cost of a core in use.
        unit: What they are counted in, such as "EUR/month"; empty for a bare number.
    """

    per_instance: float = 0.0
    per_core: float = 0.0
    unit: str = ""

    def __post_init__(self) -> None:
        for name in ("per_instance", "per_core"):
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise InputError(f"{name} = {value!r} must be a finite number of at least 0")

    def of(self, instances: int, cores: int) -> float:
        """Cost of so many instances on so many cores together."""
        return instances * self.per_instance + cores * self.per_core


# Without prices a core costs one and instances nothing: cost is then the number of cores.
CORES = Prices(per_core=1.0, unit="cores")


class Objective(Record):
    """What a split is chosen for.

    Attributes:
        kind: Larger "throughput" (within the limits), smaller "latency" at the rate, or less "cost".
        rate: Rate to carry, in the workload's unit; None for none.
        slos: Limits of the response time.
        survive: What may be lost without breaking a limit: "instance", "socket", or empty.
        prices: What things cost.
    """

    kind: str = THROUGHPUT
    rate: float | None = None
    slos: tuple[Slo, ...] = ()
    survive: str = ""
    prices: Prices = CORES

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"objective = {shown(self.kind)} is unknown; use one of {', '.join(KINDS)}")
        if self.rate is not None and not (isinstance(self.rate, int | float) and 0.0 < self.rate < math.inf):
            raise InputError(f"rate = {shown(self.rate)} must be a positive number, in the workload's unit")
        if self.survive and self.survive not in LOSSES:
            raise InputError(f"survive = {shown(self.survive)} is unknown; use one of {', '.join(LOSSES)}")
        if self.kind == LATENCY and self.rate is None:
            raise InputError("the objective latency needs a rate: give --rate, such as --rate 20000/s")
        if isinstance(self.slos, Slo | str) or not all(isinstance(slo, Slo) for slo in self.slos):
            raise InputError(f"slos = {shown(self.slos)} must be a list of limits, such as [Slo.parse('p99=10ms')]")
        self.__dict__["slos"] = tuple(self.slos)
        names = [slo.name for slo in self.slos]
        if len(set(names)) < len(names):
            raise InputError(f"each limit may be given once, but {', '.join(names)} are given")
