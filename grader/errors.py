"""The two ways in which a command ends without having done what was asked: whose doing it is tells the exit code."""


class BadInput(ValueError):
    """Something handed to the grader cannot be used; the message says what, where, and what to do: exit code 2."""


class GraderFault(Exception):
    """Something of the grader's own failed, and the message says what: exit code 1."""
