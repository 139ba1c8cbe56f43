"""Exact answers: the solver, the tables for all splits at once, and what the laws imply in formulas."""
