"""Gradescope: the zip that makes it grade one assignment, and what runs there for each submission."""
