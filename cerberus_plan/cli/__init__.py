"""The command line: one command a file in ``commands``, and what several of them share."""
