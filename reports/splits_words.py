"""Fitted splits in words, the same on the terminal and on the page: the verdict, and whose the contention is.

Takes the document of `calibration.splits.document`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports.formats import ends, estimate, number, percent

LEAST_SHOWN = 0.01
# Relative standard deviation of a run beyond which it is worth a sentence: three times the usual one.
NOISY = 0.09


def verdict(answer: Mapping[str, Any]) -> str:
    """Which split, what it gives, and how sure that is."""
    best = answer["best"]
    known = "measured" if best["measured"] else f"90 % interval {ends(best['low'], best['high'])}"
    value = estimate(best["value"], best["low"], best["high"])
    among = counted(len(answer["splits"]), "split")
    return (
        f"Run {name(best)}: {answer['quantity']} {value} ({known}). It is the best of {among} with probability "
        f"{percent(best['probability_best'])}, expected to lose {percent(best['regret'])} to the true best."
    )


def likely(answer: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Owners of the contention worth a word, the likeliest first."""
    ranked = sorted(answer["owner"].items(), key=lambda item: -item[1])
    return [(owner, share) for owner, share in ranked if share >= LEAST_SHOWN]


def untold(answer: Mapping[str, Any]) -> list[str]:
    """What the runs leave open, in sentences: how far they reach, what contradicts, and whose the contention is."""
    told = []
    if answer["extrapolated"]:
        told.append(
            f"Extrapolated: runs reach {counted(answer['measured']['cores'], 'core')}. What the machine shares beyond "
            "(memory bandwidth, hardware threads, sockets) shows in none of them and may halve what is expected: run "
            "one split of all cores."
        )
    if apart := answer["measured"]["contradiction"]:
        told.append(
            f"Runs of {name(apart)} contradict each other, {number(apart['ratio'], 2)} times apart, and all runs are "
            "taken to be as noisy: repeat them on a quiet host first."
        )
    elif answer["measured"]["noise"] > NOISY:
        told.append(
            f"Runs vary by {percent(answer['measured']['noise'])}, by their repeats or by the low and high of their "
            "rows: repeat them on a quiet host."
        )
    if wanted := answer["owner_next"]:
        told.append(f"Whose the contention is these runs do not tell: run {name(wanted)} to know.")
    return told


def name(split: Mapping[str, Any]) -> str:
    """Instances x cores of each."""
    return f"{split['instances']} x {split['cores_per_instance']}"
