"""Grading what was graded before: judged again from what was observed, or run again to see it come out the same."""
