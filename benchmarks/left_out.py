"""What published quantities are when the fit has not seen them: `python benchmarks/left_out.py [--write]`.

Prints docs/left-out.md: every quantity left out alone and in groups, how many 90 % intervals hold the published
number, how many numbers the fit really has (the rank of the slopes), and how large the model's own error is by
restricted maximum likelihood. With --write it stores the predictions in calibration/paper/left_out.json, which
`reproduce` shows, and the page. Takes two minutes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from sections import replace_page, table

from cerberus_plan.calibration.paper.freedom import SWITCHES, effective_parameters, error_parts
from cerberus_plan.calibration.paper.left_out import GROUPS, LeftOut, coverage, refit
from cerberus_plan.calibration.paper.targets import TARGETS
from cerberus_plan.calibration.store.files import write_atomically

PAGE = Path(__file__).resolve().parents[1] / "docs" / "left-out.md"
_HEADER = ["quantity", "published", "predicted", "90 % interval", ""]


def rows(found: Iterable[LeftOut]) -> list[list[str]]:
    """One line a quantity; a missed one is marked."""
    published = {target.id: target.published for target in TARGETS}
    return [
        [f"`{one.id}`", f"{published[one.id]:g}", f"{one.predicted:.4g}", f"{one.low:.4g} to {one.high:.4g}",
         _remark(one)]
        for one in found
    ]  # fmt: skip


def _remark(one: LeftOut) -> str:
    if not one.identified:
        return "not identified"
    return "" if one.holds else "**outside**"


def page(alone: Sequence[LeftOut], groups: dict[str, list[LeftOut]]) -> str:
    """The page."""
    one, n_one = coverage(alone)
    together, n_together = coverage([row for rows_ in groups.values() for row in rows_])
    parts = [
        "# Published numbers that the fit has not seen",
        "Made by `python benchmarks/left_out.py --write`. Each table is a fit to all other quantities; *predicted* is "
        "what it says of those left out, with the interval that a plan would give (costs left uncertain, the model's "
        "own error, rounding). Where the others say nothing (ends tenfold apart) the quantity is not identified, nor "
        "counted. "
        "Structures were chosen after seeing all numbers, so values are blind here, forms are not.",
        f"- One by one: {one} of {n_one} published numbers lie inside their 90 % interval ({one / n_one:.0%}).",
        f"- By group: {together} of {n_together} ({together / n_together:.0%}).",
        f"- Numbers that the fit really has: {effective_parameters()} directions of the shipped values move a judged "
        f"quantity by more than 5 % when they move by a factor of e; {len(SWITCHES)} choices of structure beside them.",
        "- The model's own error by restricted maximum likelihood, and as plans use it (standard deviations of log "
        "rate): " + ", ".join(f"{name} {a:.3f} / {b:.3f}" for name, (a, b) in error_parts().items()) + ".",
        "## One by one",
        table(_HEADER, rows(alone)),
    ]
    for name, found in groups.items():
        parts += [f"## Without {name}", table(_HEADER, rows(found))]
    parts += ["## Choices of structure", "Each was made after seeing the numbers, and is worth part of a number.",
              "\n".join(f"- {name}: {cost}" for name, cost in SWITCHES.items())]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Refit, print, and store if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"store left_out.json and docs/{PAGE.name}")
    options = parser.parse_args()
    alone = [refit([target.id])[0] for target in TARGETS if target.role == "calibrated"]
    groups = {name: refit(members) for name, members in GROUPS.items()}
    text = page(alone, groups)
    if not options.write:
        print(text)
        return
    record = {
        "format": 1,
        "one_by_one": [_rounded(one) for one in alone],
        "groups": {name: [_rounded(one) for one in found] for name, found in groups.items()},
    }
    folder = Path(str(resources.files("cerberus_plan.calibration.paper")))
    write_atomically(folder / "left_out.json", json.dumps(record, indent=1) + "\n")
    replace_page(PAGE, text)


def _rounded(one: LeftOut) -> dict[str, float | str]:
    """Four digits: what can be read off a page."""
    return {name: value if isinstance(value, str) else float(f"{value:.4g}") for name, value in asdict(one).items()}


if __name__ == "__main__":
    main()
