"""The differential run: copies of a program on half of the cores beside streams on the others, for its memory traffic.

Each round has three parts in random order: the streams alone, beside more streams where the copies run, beside the
copies. ``calibration.programs.observe.displaced`` makes a number of them, or says why not. Copies, since one alone
changes less on many cores than memory does by itself from one moment to the next.
When not to use it: for servers, whose load would count; beside other work, which a round cannot tell from the program;
for a program that cannot run twice at a time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from cerberus_plan.calibration.host.topology import system_topology
from cerberus_plan.calibration.programs.memory_traffic import memory_traffic
from cerberus_plan.calibration.programs.observe.displaced import Round, Traffic, traffic_of
from cerberus_plan.calibration.programs.observe.hogs import Hogs, array_size
from cerberus_plan.calibration.programs.observe.meter import Kind
from cerberus_plan.calibration.programs.observe.run_plan import Plan
from cerberus_plan.calibration.programs.observe.runs import Extras
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.digits import DECIMAL_BYTES, spread
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.planner.placing.placement import Place, place
from cerberus_plan.planner.verify.together import Order, run_together

ROUNDS = 6
WINDOW_S = 0.5
_SETTLE_S = 0.05


def measure(plan: Plan, signals: Signals, say: Callable[[str], None], *, rounds: int = ROUNDS) -> Traffic:
    """Run copies of the program beside streams.

    Raises:
        InputError: Its output does not hold the number looked for.
        CannotAnswerError: It failed, or the streams did not begin.
        Stopped: The user asked to stop; nothing is left running.
    """
    each = plan.counts[0]
    copies = max(len(plan.cpus) // (2 * each), 1)
    if copies * each >= len(plan.cpus):
        return Traffic(why=f"the program has all {each} cores, and none is left for a stream")
    places = place(system_topology(tuple(sorted(plan.cpus))), (each,) * copies).places
    own = [cpu for one in places for cpu in one.cpus]
    others = [cpu for cpu in plan.cpus if cpu not in own]
    size = array_size(len(plan.cpus), own[0])
    if size is None:
        return Traffic(why="there is not memory enough for streams larger than the caches")
    say(f"looking at memory: {copies} of the program beside streams on {len(others)} other cores, {rounds} rounds")
    draw = random.Random(plan.seed)  # noqa: S311 (an order, not a secret)
    with Hogs(others, size) as hogs, Hogs(own, size) as more:
        more.pause()
        parts = _Parts(plan, signals, places, hogs, more)
        found = [parts.round(draw) for _ in range(rounds)]
    return traffic_of(found, streams=len(others), copies=copies)


def with_memory(plan: Plan, signals: Signals, known: Extras, say: Callable[[str], None]) -> Extras:
    """What is known of the program and what it asks of memory, or a note why that is not; perf's counts come first.

    Raises:
        InputError: Its output does not hold the number looked for.
        Stopped: The user asked to stop; nothing is left running.
    """
    if known.counters is not None and memory_traffic(known.counters):
        return replace(known, notes=(*known.notes, "--memory was left out: perf counts cache misses here"))
    try:
        found = measure(plan, signals, say)
    except CannotAnswerError as error:
        found = Traffic(why=str(error))
    moved = found.memory_bytes
    if moved is None:
        note = f"what it asks of memory is not known: {found.why}"
    else:
        scale, unit = next((size for size in DECIMAL_BYTES if moved.value >= size[0]), DECIMAL_BYTES[-1])
        low, high = (None if end is None else end / scale for end in (moved.low, moved.high))
        note = f"one {plan.meter.unit} moves {spread(moved.value / scale, low, high, unit)} to and from memory"
    return replace(known, memory_bytes=moved, notes=(*known.notes, note))


class _Parts:
    """The three parts of a round."""

    def __init__(self, plan: Plan, signals: Signals, places: Sequence[Place], hogs: Hogs, more: Hogs) -> None:
        self._plan, self._signals, self._places = plan, signals, places
        self._hogs, self._more = hogs, more

    def round(self, draw: random.Random) -> Round:
        """All three, in random order."""
        known = {"alone": self._alone, "beside": self._units, "beside_stream": self._stream}
        rates, streams = {}, {}
        for part in draw.sample(sorted(known), 3):
            time.sleep(_SETTLE_S)
            before = self._hogs.seen()
            rates[part] = known[part]()
            streams[part] = self._hogs.rate(before)
        return Round(**streams, stream=rates["beside_stream"], units=rates["beside"])

    def _alone(self) -> float:
        time.sleep(WINDOW_S)
        return 0.0

    def _stream(self) -> float:
        """Bytes a second of the streams in the copies' place, over the wall clock as the copies' are."""
        before, started = self._more.seen(), time.perf_counter()
        self._more.go_on()
        time.sleep(WINDOW_S)
        self._more.pause()
        return float((self._more.seen() - before)[:, 0].sum()) / (time.perf_counter() - started)

    def _units(self) -> float:
        """Units of work a second of all copies."""
        order = Order(command=self._plan.command, timeout_s=self._plan.timeout_s)
        seconds, ended = run_together(order, self._places, self._signals)
        meter = self._plan.meter
        clock = meter.kind is Kind.CLOCK
        return len(ended) / seconds if clock else sum(meter.throughput(one) for one in ended)
