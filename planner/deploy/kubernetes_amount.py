"""Amounts of CPU and memory as Kubernetes writes them: ``2``, ``2000m``, ``4915Mi``, ``5G``, ``5e9``.

Exact, as a fraction: whole CPUs are those that the kubelet's static policy gives away, and ``2000m`` is two.
When not to use it: for sizes of other tools, whose ``G`` may be 1024 cubed.
Source: Kubernetes documentation, "Quantity" in the reference of the API, resource units.
"""

from __future__ import annotations

import re
from fractions import Fraction

from cerberus_plan.calibration.store import decode
from cerberus_plan.planner.deploy.seen import MOST_BYTES

_QUANTITY = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?(?:[eE]\+?[0-9]{1,2})?)(m|[kMGTPE]|[KMGTPE]i|)", re.ASCII)
_SUFFIXES = {
    "": Fraction(1),
    "m": Fraction(1, 1000),
    **{prefix: Fraction(1000) ** power for power, prefix in enumerate("kMGTPE", 1)},
    **{f"{prefix}i": Fraction(1024) ** power for power, prefix in enumerate("KMGTPE", 1)},
}


def kubernetes_amount(text: str, where: str) -> Fraction:
    """An amount as Kubernetes writes it: ``2``, ``2000m``, ``4915Mi``, ``5G``, ``5e9``.

    Raises:
        InputError: It is none, or more than anything has.
    """
    found = _QUANTITY.fullmatch(text)
    value = Fraction(found[1]) * _SUFFIXES[found[2]] if found else Fraction(-1)
    if not 0 <= value <= MOST_BYTES:
        decode.refuse(text, where, "an amount such as 2, 500m, 4915Mi or 5G")
    return value
