"""Systems: how an OS structure maps the operations of a workload onto contention points, one a file."""
