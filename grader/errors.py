"""What a user did or has that the grader cannot work with: one clear sentence, exit code 2."""


class BadInput(ValueError):
    """Something handed to the grader cannot be used; the message says what, where, and what to do."""
