"""Plans that pass through what was measured: demands and runs of splits as one body of evidence."""
