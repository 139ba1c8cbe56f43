"""Contention laws, one a file: how fast a station serves when k customers are present.

Each law is written once, as an undecorated function ``service_time(lib, customers, ...)`` whose first
argument is the mathematics namespace: numpy evaluates it, numba compiles it (``lib`` is the numpy module),
``model.laws.symbolic.SYMBOLIC`` lets sympy differentiate and print it. The completion rate with k customers is
``1 / service_time``; the form with time in the numerator lets a demand be zero.
"""
