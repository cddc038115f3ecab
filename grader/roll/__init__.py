"""Roll: what a learning platform handed over, turned into a list of whose submission is which file."""
