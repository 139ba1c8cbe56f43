"""Which CPUs each instance gets, and what distance costs."""
