"""Files in and out: machines, workloads, networks and profiles, each read and written in one place."""
