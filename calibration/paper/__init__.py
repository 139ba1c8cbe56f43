"""The source paper's numbers, the fit of the shipped machines to them, and the comparison.

``facts`` (what was published), ``targets`` (what the model is judged on), ``derived`` (closed forms), ``runs`` and
``predictions`` (the model's side), ``fit`` (run it with ``python -m calibration.paper.refit``), ``compare`` (both
side by side), ``predicates`` (orderings and crossovers).
"""
