"""How the world behaves: quantities, machines, workloads, contention laws and the exact solver.

Pure: no files, no clock, no terminal, and no imports from the other folders.
"""
