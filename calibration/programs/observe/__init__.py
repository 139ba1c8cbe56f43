"""Run the user's own program at several core counts and learn its curve and its demand."""
