"""Which split is best: candidates, evaluation, choice, placement, deployment files."""
