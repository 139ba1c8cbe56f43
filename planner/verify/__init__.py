"""Runs a plan for real, with processes as instances, and compares with what was predicted."""
