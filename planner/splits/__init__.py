"""Even splits of one workload: candidates, evaluation, doubt, choice and explanation."""
