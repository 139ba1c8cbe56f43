"""From a few measured points to a forecast with honest intervals.

`read` a CSV file into a `Curve`; `fit` weighs a family of mechanistic `laws` by how well each predicts,
lets the truth drift away from them (`drift`), and gives predictive intervals that were calibrated on
program families left out of the learning (`learn`). `incumbents` are printed beside; `advise` names the
next core count to measure; `contention` and `to_workload` make what the planner reads.
"""
