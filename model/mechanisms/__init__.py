"""The source system's mechanisms, one a file: what each costs as a function of VMs, cores and calls.

Each law is an undecorated function whose first argument is the mathematics namespace (see ``model.laws``).
"""
