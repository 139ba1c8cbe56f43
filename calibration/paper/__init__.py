"""The source paper's numbers, the fit of the shipped machines to them, and the comparison.

``facts`` (what was published), ``targets`` (what the model is judged on), ``derived`` (closed forms), ``runs`` and
``predictions`` (the model's side), ``refit`` (run it with ``python -m cerberus_plan.calibration.paper.refit``),
``compare`` (both side by side), ``statements`` (orderings and crossovers).
"""
