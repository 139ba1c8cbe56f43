"""Sums over the customers at shared stations of every split under every draw, in one compiled pass.

Equations: with P of one instance of k threads, w_J = J! g_s(J) and c the coefficients of P^m,

    G = sum_J w_J c_J        X = sum_J J w_(J-1) c_J / G

as m P^(m-1) P' = (P^m)' and P' is P of a thread less: the shared stations with J customers complete g_s(J-1) / g_s(J)
a second, as one station would (Norton's theorem). For other polynomials R in the place of one instance's,

    sum_J w_J [z^J] R P^(m-1) = sum_i R_i c_i        c_i = sum_j w_(i+j) [z^j] P^(m-1)

Powers are carried from one number of instances to the next of as many threads.
Numerics: blocks of doubles (``scaled_kernel``); no term cancels. Where series span too much answers are "not a number".
When not to use it: for few threads (``model.exact.shared_series``), which needs no compiler.
Source: Chandy, Herzog, Woo, IBM Journal 19 (1975), for the theorem.
"""

from __future__ import annotations

import math

from cerberus_plan.model.exact.scaled_kernel import BLOCK, MOST_SPAN, NOTHING, UNSEEN, Whole, lowered, multiply
from cerberus_plan.model.kernel import inlined, kernel
from cerberus_plan.model.laws.station import Array

_LOG_2 = math.log(2.0)


@kernel
def log_dot(one: Array, powers: Whole, other: Array, other_powers: Whole, unseen: int) -> float:
    """Logarithm of the sum of the products of coefficients, as far as both go."""
    blocks = min(powers.size, other_powers.size)
    best = 2 * NOTHING
    for block in range(blocks):
        best = max(best, powers[block] + other_powers[block])
    total = 0.0
    for block in range(blocks):
        power = powers[block] + other_powers[block] - best
        if power >= -unseen:
            part, at = 0.0, block * BLOCK
            first, second = one[at : at + BLOCK], other[at : at + BLOCK]
            for t in range(BLOCK):
                part += first[t] * second[t]
            total += part * lowered(-power)
    return math.log(total) + best * _LOG_2 if best > NOTHING else -math.inf


@kernel
def log_flow(series: Array, powers: Whole, weights: Array, weights_powers: Whole, unseen: int) -> float:
    """Logarithm of sum_J J w_(J-1) c_J."""
    blocks = min(powers.size, weights_powers.size)
    best = 2 * NOTHING
    for block in range(blocks):
        before = weights_powers[block - 1] if block > 0 else NOTHING
        best = max(best, powers[block] + max(weights_powers[block], before))
    total = 0.0
    for block in range(blocks):
        at = block * BLOCK
        power = powers[block] + weights_powers[block] - best
        if power >= -unseen:
            part = 0.0
            for t in range(1, BLOCK):
                part += (at + t) * weights[at + t - 1] * series[at + t]
            total += part * lowered(-power)
        if block > 0 and powers[block] + weights_powers[block - 1] - best >= -unseen:
            part = at * weights[at - 1] * series[at]
            total += part * lowered(best - powers[block] - weights_powers[block - 1])
    return math.log(total) + best * _LOG_2 if best > NOTHING else -math.inf


@inlined
def raised(  # noqa: PLR0917
    exponent: int,
    threads: int,
    state: Whole,
    span: float,
    squares: Array,
    square_powers: Whole,
    spans: Array,
    buffers: Array,
    buffer_powers: Whole,
    windows: Array,
) -> float:
    """Carry a power of P on to an exponent; the largest span of its blocks then.

    ``state`` says which of the first two buffers holds the power, its exponent so far, and how many of P, P^2, P^4, ...
    ``squares`` holds one after the other; where it has too few they are made.
    """
    step, at, first = exponent - state[1], 0, 0
    while step > 0:
        degree = threads << at
        blocks = degree // BLOCK + 1
        end = first + blocks
        if at == state[2]:
            half = (threads << (at - 1)) // BLOCK + 1
            before = squares[(first - half) * BLOCK : first * BLOCK]
            before_powers = square_powers[first - half : first]
            slack = 2.0 * spans[at - 1]
            spans[at] = math.inf
            if slack < MOST_SPAN:
                spans[at] = multiply(
                    before, before_powers, degree // 2 + 1, before, before_powers, min(0, at), UNSEEN + int(slack),
                    squares[first * BLOCK : end * BLOCK], square_powers[first:end], windows, buffer_powers[3],
                )  # fmt: skip
            state[2] += 1
        if step & 1:
            one, one_powers, terms = squares[first * BLOCK : end * BLOCK], square_powers[first:end], degree + 1
            count, into = state[1] * threads // BLOCK + 1, (state[1] * threads + degree) // BLOCK + 1
            other, other_powers = buffers[state[0]][: count * BLOCK], buffer_powers[state[0]][:count]
            if count < blocks:
                one, one_powers, other, other_powers = other, other_powers, one, one_powers
                terms = state[1] * threads + 1
            slack = span + spans[at]
            span = math.inf
            state[0], state[1] = 1 - state[0], state[1] + (1 << at)
            if slack < MOST_SPAN:
                span = multiply(
                    one, one_powers, terms, other, other_powers, min(0, at), UNSEEN + int(slack),
                    buffers[state[0]][: into * BLOCK], buffer_powers[state[0]][:into], windows, buffer_powers[3],
                )  # fmt: skip
        step >>= 1
        at += 1
        first = end
    return span


@inlined
def replaced(  # noqa: PLR0917
    power: Array,
    powers: Whole,
    weight: Array,
    weight_powers: Whole,
    unseen: int,
    parts: Array,
    parts_powers: Whole,
    first: int,
    last: int,
    parts_span: float,
    turned: Array,
    turned_powers: Whole,
    result: Array,
    result_powers: Whole,
    windows: Array,
    window_powers: Whole,
    found: Array,
    split: int,
    draw: int,
) -> None:
    """Logarithms of the sums of one split with each polynomial in the place of one instance's."""
    blocks, wide = powers.size, last - first
    for t in range(power.size):
        turned[t] = power[power.size - 1 - t]
    for block in range(blocks):
        turned_powers[block] = powers[blocks - 1 - block]
    # The power backwards times the weights: the sums come after BLOCK - 1 numbers without meaning.
    span = multiply(
        turned[: blocks * BLOCK], turned_powers[:blocks], blocks * BLOCK, weight, weight_powers, blocks - 1, unseen,
        result[: wide * BLOCK], result_powers[:wide], windows, window_powers,
    )  # fmt: skip
    for part in range(parts.shape[0]):
        row = min(draw, parts.shape[1] - 1)
        found[part, split, draw] = log_dot(
            parts[part, row][first * BLOCK : last * BLOCK], parts_powers[part, row][first:last],
            result[: wide * BLOCK], result_powers[:wide],
            UNSEEN + int(span + parts_span),
        )  # fmt: skip


@kernel
def sums(  # noqa: PLR0917
    own: Array,
    own_powers: Whole,
    own_starts: Whole,
    own_span: float,
    sizes: Whole,
    first_split: Whole,
    vms: Whole,
    table_of: Whole,
    weights: Array,
    weights_powers: Whole,
    weights_starts: Whole,
    spans: Array,
    parts: Array,
    parts_powers: Whole,
    parts_starts: Whole,
    squares: Array,
    square_powers: Whole,
    square_spans: Array,
    buffers: Array,
    buffer_powers: Whole,
    windows: Array,
    state: Whole,
    found: Array,
) -> None:
    """Logarithms of the sums of every split under every draw.

    Args:
        own: Numbers of P of each size of instance, one after the other: shape (draws or 1, blocks x BLOCK).
        own_powers: Their exponents.
        own_starts: Block at which each size starts, and where the last one ends.
        own_span: The largest span of their blocks.
        sizes: Threads of each size of instance.
        first_split: The first split of each size, and how many splits there are.
        vms: Instances of each split, rising within a size.
        table_of: Table of weights of each split.
        weights: Numbers of the weights, one table after the other: shape (draws, blocks x BLOCK).
        weights_powers: Their exponents.
        weights_starts: Block at which each table starts, and where the last one ends.
        spans: Largest span of each table's blocks under each draw: shape (draws, tables).
        parts: Polynomials in the place of one instance's, after BLOCK - 1 zeros, each laid out as ``own``:
            shape (parts, draws or 1, blocks x BLOCK). None: G and the flow of all instances.
        parts_powers: Their exponents.
        parts_starts: Block at which each size starts in them, and where the last one ends.
        squares: Scratch for P, P^2, P^4, ...
        square_powers: Their exponents.
        square_spans: Their spans.
        buffers: Scratch of three series of the largest split.
        buffer_powers: Their exponents, and those of the windows.
        windows: Scratch of ``multiply``.
        state: Scratch of three.
        found: Shape (2 or parts, splits, draws).
    """
    for draw in range(found.shape[2]):
        row, other = min(draw, own.shape[0] - 1), min(draw, spans.shape[0] - 1)
        for size in range(sizes.size):
            threads, begin, end = sizes[size], own_starts[size], own_starts[size + 1]
            for t in range((end - begin) * BLOCK):
                squares[t] = own[row, begin * BLOCK + t]
            for block in range(end - begin):
                square_powers[block] = own_powers[row, begin + block]
            square_spans[0] = own_span
            span, state[0], state[1], state[2] = 0.0, 0, 0, 1
            buffer_powers[0, 0] = 0
            for t in range(BLOCK):
                buffers[0, t] = 1.0 if t == 0 else 0.0
            for split in range(first_split[size], first_split[size + 1]):
                exponent = vms[split] - (1 if parts.shape[0] > 0 else 0)
                span = raised(
                    exponent, threads, state, span, squares, square_powers, square_spans, buffers, buffer_powers,
                    windows,
                )  # fmt: skip
                blocks, table = exponent * threads // BLOCK + 1, table_of[split]
                slack = span + spans[other, table]
                if not slack < MOST_SPAN:
                    for part in range(found.shape[0]):
                        found[part, split, draw] = math.nan
                    continue
                power, powers = buffers[state[0]][: blocks * BLOCK], buffer_powers[state[0]][:blocks]
                at, last = weights_starts[table], weights_starts[table + 1]
                weight, weight_powers = weights[other, at * BLOCK : last * BLOCK], weights_powers[other, at:last]
                unseen = UNSEEN + int(slack)
                if parts.shape[0] == 0:
                    found[0, split, draw] = log_dot(power, powers, weight, weight_powers, unseen)
                    found[1, split, draw] = log_flow(power, powers, weight, weight_powers, unseen)
                    continue
                first, last = parts_starts[size], parts_starts[size + 1]
                replaced(
                    power, powers, weight, weight_powers, unseen, parts, parts_powers, first, last, own_span,
                    buffers[2], buffer_powers[2], buffers[1 - state[0]], buffer_powers[1 - state[0]], windows,
                    buffer_powers[3], found, split, draw,
                )  # fmt: skip
