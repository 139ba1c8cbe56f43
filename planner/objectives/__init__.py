"""Choosing a split for what a user wants beside throughput: a rate, limits of the response time, cost."""
