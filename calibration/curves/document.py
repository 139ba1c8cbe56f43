"""The JSON document of a fit; its keys are a contract: add, never rename.

With `inverted`, values are times: the forecast of a rate is turned over, low end and high end change places.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.fit import Fit, Prediction
from cerberus_plan.calibration.curves.interval import LEVEL
from cerberus_plan.calibration.curves.laws import LAWS
from cerberus_plan.model.digits import percent

MODEL = "weighed average of mechanistic laws with drift"


def document(
    fit: Fit, *, inverted: bool = False, clients: bool = False, measured: Curve | None = None
) -> dict[str, Any]:
    """All of the answer as plain numbers and text; ``measured`` has the points that were kept out as well."""
    largest = float(fit.curve.n[-1])
    counts = np.array([p.n for p in fit.path])
    return {
        "model": MODEL,
        "level": LEVEL,
        "curve": fit.curve.name,
        "quantity": "time" if inverted else "throughput",
        "count": "clients" if clients else "cores",
        "measured": {
            "levels": int(fit.curve.n.size),
            "points": int(fit.curve.repeats.sum()),
            "largest_n": whole(largest),
        },
        "points": points(measured or fit.curve, largest, inverted),
        "predictions": [prediction(p, largest, inverted) for p in fit.predictions],
        "path": [prediction(p, largest, inverted) for p in fit.path],
        "peak": {
            "n": whole(fit.peak.n),
            "low": whole(fit.peak.low),
            "high": whole(fit.peak.high),
            "rising": fit.peak.rising,
        },
        "laws": [
            {"name": name, "weight": round(weight, 6), "cause": LAWS[name].cause}
            for name, weight in fit.law_weights.items()
        ],
        "incumbents": [
            {
                "name": law.name,
                "scale": law.scale,
                "contention": law.contention,
                "coherency": law.coherency,
                "predictions": [
                    {"n": whole(p.n), "value": 1 / value if inverted else value}
                    for p, value in zip(fit.predictions, law.predictions, strict=True)
                ],
                "path": [
                    {"n": whole(p.n), "value": float(1 / value if inverted else value)}
                    for p, value in zip(fit.path, law.at(counts), strict=True)
                ],
            }
            for law in fit.incumbents
        ],
        "decided": fit.decided,
        "trusted_to": whole(fit.trusted_to),
        "horizon": whole(fit.horizon),
        "next": {"n": whole(fit.advice.n), "reduction": round(fit.advice.reduction, 4)},
        "confirm": None if fit.confirm is None else {"n": whole(fit.confirm.n), "why": fit.confirm.why},
        "verdict": verdict(fit, noun="clients" if clients else "cores"),
    }


def whole(n: float) -> float:
    """A count as an integer where it is one, so that it reads as a count."""
    return int(n) if n == round(n) else n


def points(measured: Curve, largest: float, inverted: bool) -> list[dict[str, Any]]:
    """The measured points: median of the repeats of each count, and whether the fit saw it."""
    return [
        {
            "n": whole(float(n)),
            "value": float(1 / value if inverted else value),
            "repeats": int(repeats),
            "used": bool(n <= largest),
        }
        for n, value, repeats in zip(measured.n, measured.value, measured.repeats, strict=True)
    ]


def prediction(p: Prediction, largest: float, inverted: bool) -> dict[str, float]:
    """One forecast, with how far beyond the largest measured count it is."""
    value, low, high = (1 / p.value, 1 / p.high, 1 / p.low) if inverted else (p.value, p.low, p.high)
    return {"n": whole(p.n), "value": value, "low": low, "high": high, "extrapolation": p.n / largest}


def verdict(fit: Fit, *, noun: str = "cores") -> str:
    """The answer in one or two sentences."""
    peak, last = fit.peak, fit.curve.n[-1]
    if peak.rising:
        sentence = f"Throughput is expected to rise up to {fit.horizon:g} {noun}"
        if peak.low < peak.n:
            sentence += f", but the best count may be as low as {peak.low:g}"
    else:
        best = noun.removesuffix("s") if peak.n == 1 else noun
        sentence = f"Throughput is expected to be best at {peak.n:g} {best} (90 %: {peak.low:g} to {peak.high:g})"
    if fit.decided:
        return sentence + "."
    known = f"beyond {fit.trusted_to:g} {noun}" if fit.trusted_to >= last else "even within what was measured"
    return (
        f"{sentence}. The points cannot tell {known}: "
        f"measure at n = {fit.advice.n:g}, which takes away {percent(fit.advice.reduction)} of the doubt."
    )
