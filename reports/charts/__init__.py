"""Charts, one a file: each takes numbers and returns a figure with its text alternative."""
