"""Unequal splits and several workloads together: who gets which cores, in which instances."""
