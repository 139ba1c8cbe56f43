"""pytest-benchmark JSON: times of Python functions, parametrised by the number of cores.

Shape: ``benchmarks[]`` with ``name, fullname, params{} or null, extra_info{}, stats{median, rounds, iterations}``,
beside ``machine_info``. A point is the median of the rounds: rounds of one process are not independent repeats. The
number of cores is a parameter or an entry of ``extra_info``. Most files in the wild scan nothing or sizes: they
give the time of a call of each benchmark, and a sentence on how to make a curve.
Assumption: each call does the same work whatever the parameter, so a call per second is throughput.
Trap: only elapsed time is known; for a plan measure processor time (``observe``).
Source: the JSON of pytest-benchmark 3 to 5 (``--benchmark-json``).
"""

from __future__ import annotations

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports import parameters
from cerberus_plan.calibration.programs.imports.json_source import Node, load
from cerberus_plan.calibration.programs.imports.parameters import NOTHING_ASKED, Asked
from cerberus_plan.calibration.programs.imports.results import Curve, Imported, axis_of
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.digits import counted

HOW = 'for a curve parametrise by cores: @pytest.mark.parametrize("cores", [1, 2, 4])'


def sniff(text: str) -> bool:
    """Whether it has the members this reader needs."""
    return text.lstrip().startswith("{") and all(f'"{key}"' in text for key in ("benchmarks", "stats"))


def parse(source: Source, asked: Asked = NOTHING_ASKED) -> Imported:
    """A curve of calls per second for each benchmark over the parameter that counts cores, else times of calls.

    Args:
        source: the file.
        asked: the parameter that counts cores, if its name does not say so.

    Raises:
        InputError: not this JSON, no benchmark, no such parameter, or a median that is not positive.
    """
    root = load(source)
    benchmarks = root.field("benchmarks").elements()
    if not benchmarks:
        root.field("benchmarks").refuse("at least one benchmark; did all of them fail?")
    given = [(node, _params(node)) for node in benchmarks]
    names = list(dict.fromkeys(name for _, params in given for name in params))
    axis = parameters.choose(source, names, asked.parameter)
    if axis is None:
        bare = f"{counted(len(benchmarks), 'benchmark')} without parameters, so no curve"
        why = parameters.unfit(names) if names else bare
        return Imported(demands=tuple(_demand(node) for node, _ in given), notes=(why, HOW))
    scanned = [(node, params) for node, params in given if axis in params]
    runs = [(node, params, n) for node, params in scanned if (n := parameters.whole(params[axis])) is not None]
    left = len(given) - len(scanned)
    notes = [f"{counted(left, 'benchmark')} left out, without the parameter {axis}"] if left else []
    if not runs:
        given[0][0].field("params").refuse(f"{axis} to be a whole number of at least 1")
    notes += parameters.left_out([params[axis] for _, params in scanned], axis)
    curves = tuple(_curves(runs, axis))
    return Imported(curves=curves, notes=(*notes, *parameters.assumption(axis, asked.parameter)))


def _curves(given: list[tuple[Node, dict[str, object], int]], axis: str) -> list[Curve]:
    pairs: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for node, params, n in given:
        key = _series(node, params, axis), _file(node)
        pairs.setdefault(key, []).append((n, 1.0 / _median(node)))
    counts = axis_of(axis) or axis
    return [
        Curve.of(found, series=series, axis=counts, unit="calls/s", settings={"file": file} if file else {})
        for (series, file), found in pairs.items()
    ]


def _demand(node: Node) -> Demand:
    """The time of a call; how many there were is not what it is divided by, for it is a median."""
    name = node.maybe("fullname") or node.field("name")
    return Demand(unit="call", elapsed_s=_median(node), source=name.text())


def _median(node: Node) -> float:
    return node.field("stats").field("median").number(positive=True)


def _params(node: Node) -> dict[str, object]:
    """Parameters, and what the benchmark itself noted of the number of cores in extra_info."""
    found: dict[str, object] = {}
    for place in ("params", "extra_info"):
        given = node.maybe(place)
        if given is not None and not isinstance(given.value, dict):
            given.refuse("an object of parameters or null")
        for name, value in (given.value if given else {}).items():
            if place == "params" or (axis_of(name) not in (None, "n") and parameters.whole(value) is not None):
                found.setdefault(name, value)
    return found


def _file(node: Node) -> str:
    name = node.maybe("fullname")
    return name.text().partition("::")[0] if name is not None and "::" in name.text() else ""


def _series(node: Node, params: dict[str, object], axis: str) -> str:
    """The function's name without its parameters, then the other parameters."""
    function = node.field("name").text().split("[", 1)[0]
    return " ".join(part for part in (function, parameters.others(params, axis)) if part)
