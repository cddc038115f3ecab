"""Submitting: a notebook goes in, a recorded grade and a report come out."""
