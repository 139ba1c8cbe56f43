"""Find a good split by running few of them for real: what to run, running it, what follows."""
