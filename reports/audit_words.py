"""An audit in words: the sentence that terminal, page and ``--json`` share, and the price of a deviation."""

from __future__ import annotations

from cerberus_plan.model.digits import counted
from cerberus_plan.planner.audit.deviation import Verdict
from cerberus_plan.planner.audit.promised import Promise
from cerberus_plan.reports.formats import number, percent

_OTHER_CAUSES = (("missing", "what is missing"), ("overlap", "neighbours"), ("quota", "limits of CPU time"))


def verdict_sentence(promise: Promise, verdict: Verdict) -> str:
    """How much is not as planned, and what that costs of what was promised."""
    count, checked = len(verdict.deviations), verdict.checked
    if not count:
        return f"All {counted(checked, 'instance')} are as planned." if checked != 1 else "The instance is as planned."
    where = f" in {counted(checked, 'instance')}" if checked else ", and no instance was seen"
    found = f"{counted(count, 'deviation')}{where}"
    return f"{found}; {_cost(promise, verdict)}."


def _cost(promise: Promise, verdict: Verdict) -> str:
    if verdict.total_price > 0.0:
        promised = f"{number(promise.throughput)} {promise.unit}"
        return f"{_lost(verdict)} {percent(verdict.total_price)} of {promised}"
    if any(each.price for each in verdict.deviations):  # instances that may all run anywhere leave each other room
        return "wrong CPUs cost nothing all together, each alone what its row says"
    if any(each.price is None for each in verdict.deviations):
        return "what that costs is not known"
    return "nothing is lost by that"


def _lost(verdict: Verdict) -> str:
    """What the price is of: kinds of deviation that are there."""
    kinds = {each.kind for each in verdict.deviations}
    parts = [words for kind, words in _OTHER_CAUSES if kind in kinds]
    if not parts or kinds & {"cpus", "count"}:
        parts.append("wrong CPUs")
    if parts == ["what is missing"]:
        return "what is missing costs"
    return f"{' and '.join([', '.join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]} cost"


def price_words(price: float | None) -> str:
    """What a deviation costs."""
    return "not known" if price is None else percent(price)
