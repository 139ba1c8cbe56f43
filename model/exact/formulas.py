"""What the laws imply, derived by sympy: ceilings, saturation, collapse, crossings, sensitivities.

Every expression is derived from the function that the solver evaluates (``model.laws``, ``model.mechanisms``), not
typed in. The derivations use bounds and flow balance, so each formula says what it is worth:

- ceiling: exact limit of throughput with ever more threads.
- saturation: where the two exact asymptotes n / (think + hold) and the ceiling meet; below it more cores help.
- collapse: flow balance (n - k) / think = 1 / service_time(k) of k threads at a lock and n - k elsewhere. The
  congested solution exists from the n at which its discriminant vanishes. The exact throughput peaks there, within
  40 % either way (checked against the solver).
- crossing: where a system that still scales overtakes one at its ceiling.
- sensitivity: of the exact throughput to a station's time, by an identity (``sensitivity_identity``).

When not to use it: for numbers; the solver is exact and faster. Importing this module imports sympy.
Source: asymptotic bounds of Denning and Buzen (1978); the identity follows from d ln G / d ln D = mean queue length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy

from cerberus_plan.model.laws import run_queue as law_of_run_queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.symbolic import SYMBOLIC
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.mechanisms import messages, paging

CUSTOMERS = sympy.Symbol("k", positive=True)
CORES = sympy.Symbol("n", positive=True)
THINK = sympy.Symbol("think", positive=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """One derived expression.

    Attributes:
        name: What it gives, in a few words.
        says: One sentence for people.
        symbol: Left-hand side.
        expression: Right-hand side, a sympy expression.
    """

    name: str
    says: str
    symbol: str
    expression: Any

    @property
    def text(self) -> str:
        """The formula on one line."""
        return f"{self.symbol} = {sympy.sstr(self.expression)}"

    @property
    def mathml(self) -> str:
        """The formula as presentation MathML, without its math element."""
        equation = sympy.Eq(sympy.Symbol(self.symbol), self.expression, evaluate=False)
        return str(sympy.mathml(equation, printer="presentation")).replace("<mi>&ExponentialE;</mi>", "<mi>e</mi>")

    def value(self, **numbers: float) -> float:
        """The expression with numbers for its symbols.

        Raises:
            ValueError: A symbol has no number, or the result is not real.
        """
        known = {symbol: numbers.get(symbol.name, symbol) for symbol in self.expression.free_symbols}
        found = self.expression.subs(known)
        if found.free_symbols:
            raise ValueError(f"{self.text}: no number for {', '.join(sorted(str(s) for s in found.free_symbols))}")
        if not found.is_extended_real:
            raise ValueError(f"{self.text}: {found} is not a real number, with {numbers}")
        return float(found)


def symbols(law: type[Station]) -> dict[str, Any]:
    """Symbols of a law's parameters by name."""
    return {name: sympy.Symbol(name, positive=True) for name in law.parameter_names}


def service_time(law: type[Station]) -> Any:
    """The law's time per completion with k customers, symbolically."""
    return law.law(SYMBOLIC, CUSTOMERS, *symbols(law).values())


def ceiling(law: type[Station]) -> Formula:
    """Throughput with ever more customers: the limit of 1 / service_time."""
    crowd = sympy.limit(_for_many(service_time(law)), CUSTOMERS, sympy.oo)
    limit = sympy.oo if crowd == 0 else sympy.simplify(1 / crowd)
    return Formula(
        name="ceiling", says="More threads than the lock can serve do not help.", symbol="X_max", expression=limit
    )


def run_queue() -> Formula:
    """Factor on all times when r of an instance's threads are runnable on c cores."""
    runnable, cores = sympy.symbols("r c", positive=True)
    return Formula(
        name="run queue",
        says="More runnable threads than cores share them evenly.",
        symbol="stretch",
        expression=law_of_run_queue.stretch(SYMBOLIC, runnable, cores),
    )


def beyond() -> Formula:
    """Share of the core time that is lost where X is the rate that runs show and D the one by the stations alone."""
    shown, demanded = sympy.symbols("X D", positive=True)
    return Formula(
        name="contention beyond the demands",
        says="What runs show and no station explains.",
        symbol="L",
        expression=1 - shown / demanded,
    )


def _for_many(expression: Any) -> Any:
    """The expression for many customers: a minimum with a constant takes the constant."""
    return expression.replace(sympy.Min, lambda *parts: sympy.Mul(*[p for p in parts if not p.has(CUSTOMERS)]))


def saturation(law: type[Station]) -> Formula:
    """Cores at which the law's ceiling meets the line of perfect scaling; infinite without a ceiling, 0 in collapse."""
    alone = (
        service_time(law)
        .subs(CUSTOMERS, 1)
        .replace(sympy.Min, lambda *parts: sympy.Min(*parts) if 1 not in parts else 1)
    )
    scaling = CORES / (THINK + alone)
    top = ceiling(law).expression
    found = sympy.oo if top is sympy.oo else sympy.solve(sympy.Eq(scaling, top), CORES)[0] if top != 0 else 0
    return Formula(
        name="saturation",
        says="Below this many cores more cores help; above, they wait.",
        symbol="n_sat",
        expression=sympy.factor(found),
    )


def onset(law: type[Station]) -> Formula:
    """Cores at which flow balance keeps one customer at the station: from there on others wait."""
    balance = sympy.Eq((CORES - 1) * service_time(law).subs(CUSTOMERS, 1), THINK)
    return Formula(
        name="onset of waiting",
        says="From this many cores somebody waits all the time.",
        symbol="n_wait",
        expression=sympy.expand(sympy.solve(balance, CORES)[0]),
    )


@cache
def collapse() -> Formula:
    """Cores at which a ticket lock's congested state appears: the discriminant of flow balance vanishes.

    It applies where that state has somebody waiting, think >= ``collapse_threshold``; below, throughput falls
    gradually from ``onset``.
    """
    roots = sympy.solve(sympy.Eq(sympy.discriminant(_balance(), CUSTOMERS), 0), CORES)
    sample = {THINK: 100, **dict.fromkeys(symbols(TicketLock).values(), 1)}
    largest = max(roots, key=lambda root: float(root.subs(sample)))
    return Formula(
        name="collapse",
        says="From about this many cores the lock's hand-over feeds its own queue, and throughput falls.",
        symbol="n_collapse",
        expression=sympy.expand(largest),
    )


def _balance() -> Any:
    """Flow balance of a ticket lock, (n - k) T(k) - think, quadratic in k."""
    return sympy.expand((CORES - CUSTOMERS) * service_time(TicketLock) - THINK)


@cache
def collapse_threshold() -> Formula:
    """Smallest think time at which the congested state appears suddenly: its k at ``collapse`` is then 1."""
    state = sympy.solve(sympy.diff(_balance(), CUSTOMERS), CUSTOMERS)[0]
    found = sympy.solve(sympy.Eq(state.subs(CORES, collapse().expression), 1), THINK)
    return Formula(
        name="collapse threshold",
        says="With less time elsewhere than this the fall is gradual.",
        symbol="think_min",
        expression=sympy.simplify(found[-1]),
    )


@cache
def crossing() -> Formula:
    """Cores from which a system of that cycle time, while it scales, overtakes another at its best rate."""
    cycle, rate = sympy.symbols("cycle other_rate", positive=True)
    found = sympy.solve(sympy.Eq(CORES / cycle, rate), CORES)[0]
    return Formula(
        name="crossing",
        says="From this many cores the system that still scales overtakes the other at its best.",
        symbol="n_cross",
        expression=found,
    )


@cache
def hypervisor_ceiling() -> Formula:
    """Cycles per second that the machine-wide hypervisor can serve."""
    operations, cost, per_core, m, per_chip, distance = sympy.symbols(
        "operations hypervisor_operation hypervisor_per_core m cores_per_chip chip_distance", positive=True
    )
    factor = messages.distance_factor(SYMBOLIC, CORES, per_chip, distance)
    each = paging.hypervisor_time(SYMBOLIC, cost, m, per_core) * factor
    return Formula(
        name="hypervisor ceiling",
        says="All VMs share the hypervisor: larger VMs (m cores) and more cores (n) lower what it can serve.",
        symbol="X_hypervisor",
        expression=1 / (operations * each),
    )


def elasticity(formula: Formula, name: str) -> Any:
    """D ln(formula) / d ln(symbol of that name), simplified.

    Raises:
        ValueError: The formula does not contain the symbol.
    """
    for symbol in formula.expression.free_symbols:
        if symbol.name == name:
            return sympy.simplify(symbol / formula.expression * sympy.diff(formula.expression, symbol))
    raise ValueError(f"{formula.text} does not contain {name}")


@cache
def instances_bound() -> Formula:
    """VMs beyond which a broadcast to all others costs more than the shorter queue at each VM's lock saves.

    Two bounds meet: V locks serve V / hold, and n threads whose cycle grows by broadcasts x round_trip a VM.
    """
    vms, hold, calls, round_trip = sympy.symbols("V hold address_space_calls round_trip", positive=True)
    cycle = THINK + calls * messages.broadcast_time(SYMBOLIC, vms, round_trip)
    roots = sympy.solve(sympy.Eq(vms / hold, CORES / cycle), vms)
    numbers = {hold: 1, calls: 1, round_trip: 1, THINK: 100, CORES: 100}
    return Formula(
        name="most useful VMs",
        says="More VMs help until broadcasts cost more than their locks save.",
        symbol="V_max",
        expression=max(roots, key=lambda root: float(root.subs(numbers))),
    )


@cache
def sensitivity_identity(population: int = 3) -> tuple[Any, Any]:
    """Both sides of d ln X / d ln D = Q(n - 1) - Q(n) for a delay and a single server, to be compared.

    With G(n) the normalising constant, X = G(n - 1) / G(n) and Q = d ln G / d ln D. Derived for one population;
    the property tests compare it with the solver for any station.
    """
    demand = sympy.Symbol("demand", positive=True)

    def constant(n: int) -> Any:
        return sum(demand**j * THINK ** (n - j) / sympy.factorial(n - j) for j in range(n + 1))

    def length(n: int) -> Any:
        terms = [demand**j * THINK ** (n - j) / sympy.factorial(n - j) for j in range(n + 1)]
        return sum(j * term for j, term in enumerate(terms)) / constant(n)

    rate = constant(population - 1) / constant(population)
    left = sympy.simplify(demand / rate * sympy.diff(rate, demand))
    return left, sympy.simplify(length(population - 1) - length(population))
