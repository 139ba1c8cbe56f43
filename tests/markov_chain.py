"""The Markov chain of a small network, solved by linear algebra: the judge of the product form.

State: how many threads of each instance are at each of its steps. Threads of one instance are lumped together. At a
shared station with K threads, k of them of this instance with demand factor f, they complete at rate
k / (K f service_time(K)): the station is shared equally (for f = 1 any order gives the same counts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cerberus_plan.model.network import Instance, Station

_State = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ChainAnswer:
    """Throughput of each instance; queue length and busy probability of each station, local ones first."""

    per_instance: list[float]
    queue_lengths: list[float]
    utilisations: list[float]


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


def _states(instances: Sequence[Instance], shared: Sequence[Station]) -> list[_State]:
    found: list[_State] = [()]
    for instance in instances:
        steps = len(instance.stations) + len(shared)
        found = [(*state, own) for state in found for own in _compositions(instance.threads, steps)]
    return found


def markov_chain(instances: Sequence[Instance], shared: Sequence[Station]) -> ChainAnswer:
    """Stationary measures of the network's Markov chain."""
    states = _states(instances, shared)
    index = {state: position for position, state in enumerate(states)}
    generator = np.zeros((len(states), len(states)))
    completions = np.zeros((len(states), len(instances)))
    for state, row in index.items():
        for v, instance in enumerate(instances):
            for step, present in enumerate(state[v]):
                if not present:
                    continue
                rate = _rate(instances, shared, state, (v, step))
                steps = len(state[v])
                moved = list(state[v])
                moved[step] -= 1
                moved[(step + 1) % steps] += 1
                generator[row, index[(*state[:v], tuple(moved), *state[v + 1 :])]] += rate
                generator[row, row] -= rate
                if step == len(instance.stations) - 1:
                    completions[row, v] = rate
    stationary = _stationary(generator)
    lengths = [
        np.array([state[v][step] for state in states])
        for v, instance in enumerate(instances)
        for step in range(len(instance.stations))
    ] + [
        np.array(
            [sum(own[len(i.stations) + step] for own, i in zip(state, instances, strict=True)) for state in states]
        )
        for step in range(len(shared))
    ]
    return ChainAnswer(
        per_instance=[float(x) for x in stationary @ completions],
        queue_lengths=[float(stationary @ length) for length in lengths],
        utilisations=[float(stationary @ (length > 0)) for length in lengths],
    )


def _everyone(instances: Sequence[Instance], state: _State, position: int) -> int:
    """Threads of all instances at one shared station."""
    return sum(counts[len(i.stations) + position] for counts, i in zip(state, instances, strict=True))


def _rate(instances: Sequence[Instance], shared: Sequence[Station], state: _State, where: tuple[int, int]) -> float:
    """Completions per second of one instance's threads at one step."""
    v, step = where
    own, threads = instances[v].stations, instances[v].threads
    if step < len(own):
        return float(1.0 / own[step].service_times(threads)[state[v][step] - 1])
    everyone = _everyone(instances, state, step - len(own))
    time = shared[step - len(own)].service_times(everyone)[-1]
    return float(state[v][step] / everyone / (time * instances[v].shared_factor))


def _stationary(generator: np.ndarray) -> np.ndarray:
    balance = generator.T.copy()
    balance[-1] = 1.0
    right = np.zeros(len(generator))
    right[-1] = 1.0
    return np.linalg.solve(balance, right)
