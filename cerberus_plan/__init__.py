"""The front door: public names, loaded on first use, and the command line."""
