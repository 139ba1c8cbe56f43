"""hyperfine --export-json: repeated wall-clock times of commands, usually over a parameter scan.

Shape: ``results[]`` with ``command, mean, times[], user, system, exit_codes[], parameters{}``; before 1.10
one ``parameter`` string; ``times`` may be missing. Times are seconds; user and system are means of all runs.
A scan over cores (``-L cores 1,2,4``) gives a curve of runs per second and a demand at each n; several commands are
several curves. A scan over anything else (a compiler, a size) gives the demand of each command, and so does a
value among counts that is none (``auto``), which a note tells.
Trap: hyperfine goes on after failures with ``-i``; such runs are refused, they measure nothing.
Source: the JSON of hyperfine 1.5 to 1.19.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports import parameters
from cerberus_plan.calibration.programs.imports.json_source import Node, load
from cerberus_plan.calibration.programs.imports.parameters import NOTHING_ASKED, Asked
from cerberus_plan.calibration.programs.imports.results import Curve, Imported, axis_of
from cerberus_plan.calibration.programs.imports.source import Source

UNNAMED = "n"  # the parameter that versions before 1.10 give without its name


@dataclass(frozen=True, slots=True)
class _Result:
    node: Node
    command: str
    times: list[float]
    parameters: dict[str, object]


def sniff(text: str) -> bool:
    """Whether it has the members this reader needs."""
    return text.lstrip().startswith("{") and all(f'"{key}"' in text for key in ("results", "command", "mean"))


def parse(source: Source, asked: Asked = NOTHING_ASKED) -> Imported:
    """Curves over the parameter that counts cores, and the demand of each command.

    Args:
        source: the file.
        asked: the parameter that counts cores, if its name does not say so.

    Raises:
        InputError: not this JSON, failed runs, times that are not positive.
    """
    root = load(source)
    results = [_result(node) for node in root.field("results").elements()]
    if not results:
        root.field("results").refuse("at least one result")
    names = list(dict.fromkeys(name for result in results for name in result.parameters))
    axis = parameters.choose(source, names, asked.parameter)
    if axis == UNNAMED and asked.parameter is None and _counts_nothing(results):
        axis = None
    curves = _curves(results, axis) if axis else []
    demands = tuple(_demand(result, axis) for result in results)
    notes = parameters.assumption(axis, asked.parameter) if axis else [parameters.unfit(names)]
    notes += parameters.left_out([r.parameters[axis] for r in results if axis in r.parameters], axis) if axis else []
    return Imported(curves=tuple(curves), demands=demands, notes=tuple(notes))


def _counts_nothing(results: list[_Result]) -> bool:
    """Whether the parameter without a name (before 1.10) is a text somewhere."""
    return any(UNNAMED in r.parameters and parameters.whole(r.parameters[UNNAMED]) is None for r in results)


def _result(node: Node) -> _Result:
    command = node.field("command").text()
    codes = node.maybe("exit_codes")
    for code in codes.elements() if codes else []:
        if code.value not in (0, None):
            code.refuse("exit code 0: a failed run measures nothing; mend the command and repeat")
    listed = node.maybe("times")
    times = [time.number(positive=True) for time in listed.elements()] if listed else []
    scanned = node.maybe("parameters")
    given = dict(scanned.value) if scanned and isinstance(scanned.value, dict) else {}
    if (single := node.maybe("parameter")) is not None:
        given = {UNNAMED: single.text()}
    return _Result(node, command, times or [node.field("mean").number(positive=True)], given)


def _curves(results: list[_Result], axis: str) -> list[Curve]:
    """A curve for each command and each setting of the other parameters, told apart by their order at each n."""
    commands: dict[tuple[str, int], list[str]] = {}
    curves: dict[tuple[str, int], list[tuple[int, _Result]]] = {}
    given = [result for result in results if axis in result.parameters]
    counted = [(result, n) for result in given if (n := parameters.whole(result.parameters[axis])) is not None]
    if not counted:
        given[0].node.refuse(f"the parameter {axis} to be a whole number of at least 1")
    for result, n in counted:
        others = parameters.others(result.parameters, axis)
        here = commands.setdefault((others, n), [])
        if result.command not in here:
            here.append(result.command)
        curves.setdefault((others, here.index(result.command)), []).append((n, result))
    counts = axis_of(axis) or axis
    return [
        Curve.of(
            [(n, 1.0 / time) for n, result in found for time in result.times],
            series=others or "runs",
            axis=counts,
            unit="runs/s",
            settings={"command": _template(found, axis)},
        )
        for (others, _), found in curves.items()
    ]


def _template(found: list[tuple[int, _Result]], axis: str) -> str:
    """The command with the parameter in the place of its value, from the largest n, which stands for itself most."""
    n, result = max(found, key=lambda pair: pair[0])
    return re.sub(rf"(?<![\d.]){n}(?![\d.])", f"{{{axis}}}", result.command)


def _demand(result: _Result, axis: str | None) -> Demand:
    times = {}
    for name in ("user", "system"):
        node = result.node.maybe(name)
        times[name] = None if node is None else node.number()
    counts_cores = axis is not None and axis_of(axis) in ("cores", "threads", "processes")
    return Demand(
        cores=parameters.whole(result.parameters.get(axis)) if axis and counts_cores else None,
        elapsed_s=sum(result.times) / len(result.times),
        user_s=times["user"],
        system_s=times["system"],
        source=_whose(result, axis),
    )


def _whose(result: _Result, axis: str | None) -> str:
    """The command, and the parameters that it does not show."""
    hidden = {name: value for name, value in result.parameters.items() if str(value) not in result.command}
    others = parameters.others(hidden, axis or "")
    return f"{result.command} ({others})" if others else result.command
