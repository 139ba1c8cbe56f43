"""Answers kept in files: written, read back as plans, and compared with one another."""
