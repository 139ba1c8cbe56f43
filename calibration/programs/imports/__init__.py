"""Files people already have, read into our nouns; one format a file."""
