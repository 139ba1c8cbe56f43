"""Several machines and several workloads with rates: which workload on which machine, in which split."""
