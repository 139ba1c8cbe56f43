"""Compares what is really pinned with what was planned, and says what each difference costs."""
