"""pytest-benchmark JSON: times of Python functions, parametrised by the number of cores.

Shape: ``benchmarks[]`` with ``name, fullname, params{} or null, stats{median, ...}``, beside ``machine_info``.
A point is the median of the rounds: rounds of one process are not independent repeats.
Assumption: each call does the same work whatever the parameter, so a call per second is throughput.
Source: the JSON of pytest-benchmark 3 to 5 (``--benchmark-json``).
"""

from __future__ import annotations

from cerberus_plan.calibration.programs.imports import parameters
from cerberus_plan.calibration.programs.imports.json_source import Node, load
from cerberus_plan.calibration.programs.imports.results import Curve, Imported, axis_of
from cerberus_plan.calibration.programs.imports.source import Source


def sniff(text: str) -> bool:
    """Whether it has the members this reader needs."""
    return text.lstrip().startswith("{") and all(f'"{key}"' in text for key in ("benchmarks", "stats"))


def parse(source: Source, parameter: str | None = None) -> Imported:
    """A curve of calls per second for each benchmark over the parameter that counts cores.

    Args:
        source: the file.
        parameter: the parameter that counts cores, if its name does not say so.

    Raises:
        InputError: not this JSON, no parameter, or a median that is not positive.
    """
    root = load(source)
    benchmarks = root.field("benchmarks").elements()
    given = [(node, _params(node)) for node in benchmarks]
    names = list(dict.fromkeys(name for _, params in given for name in params))
    if not names:
        expected = 'benchmarks parametrised by cores: @pytest.mark.parametrize("cores", [1, 2, 4])'
        source.refuse(None, f"{len(benchmarks)} benchmarks without parameters", expected)
    axis = parameters.choose(source, names, parameter)
    pairs: dict[str, list[tuple[int, float]]] = {}
    for node, params in given:
        if axis in params:
            series, n = _series(node, params, axis), parameters.whole(params[axis])
            if n is None:
                node.field("params").refuse(f"{axis} to be a whole number of at least 1")
            median = node.field("stats").field("median").number(positive=True)
            pairs.setdefault(series, []).append((n, 1.0 / median))
    counts = axis_of(axis) or axis
    curves = [Curve.of(found, series=series, axis=counts, unit="calls/s") for series, found in pairs.items()]
    left = sum(axis not in params for _, params in given)
    notes = [f"{left} benchmarks without the parameter {axis} are left out"] if left else []
    return Imported(curves=tuple(curves), notes=tuple(notes))


def _params(node: Node) -> dict[str, object]:
    params = node.maybe("params")
    if params is None:
        return {}
    if not isinstance(params.value, dict):
        params.refuse("an object of parameters or null")
    return params.value


def _series(node: Node, params: dict[str, object], axis: str) -> str:
    """The function's name without its parameters, then the other parameters."""
    function = node.field("name").text().split("[", 1)[0]
    return " ".join(part for part in (function, parameters.others(params, axis)) if part)
